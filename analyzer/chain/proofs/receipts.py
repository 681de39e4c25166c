"""Receipts as the receipts root of a header holds them, and the logs that are in them.

A receipt of type 0 is rlp([status or state root, gas used so far, bloom, logs]); one of another
type is the type's byte before the same list (EIP-2718). A deposit of an OP chain (0x7e) has its
nonce and version at the end where it has a version, and neither where it has none (Canyon).
Arbitrum's types are encoded like any other, but for its oldest, of which no rule is known here.

The root holds no transaction hash and no index of a log: the index is the log's place in the
block. Whose transaction a log is, it says by the place of the receipt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.chain.proofs.header import ProvedHeader, quantity
from analyzer.chain.proofs.outcome import ContradictionError, NotProvableError
from analyzer.chain.proofs.tries import list_root
from analyzer.chain.wire import MOST_TOPICS
from analyzer.model.logs import RawLog

LEGACY = 0x00
_STANDARD = frozenset((0x01, 0x02, 0x03, 0x04))
"""EIP-2930, 1559, 4844, 7702."""
_ARBITRUM = frozenset((0x64, 0x65, 0x66, 0x68, 0x69, 0x6A))
"""Nitro's deposit, unsigned, contract, retry, submit-retryable and internal transactions."""
_OP_DEPOSIT = 0x7E
STATE_SYNC_CHAINS = {137: "Polygon PoS", 80002: "Polygon Amoy"}
"""Chains whose nodes list receipts that no receipts root holds (Bor's state syncs)."""

Receipt = Mapping[str, Any]
"""One element of an eth_getBlockReceipts answer."""


def proved_logs(header: ProvedHeader, receipts: Sequence[Receipt], chain_id: int) -> list[RawLog]:
    """All logs of a block, in order, once its receipts make the root of its header.

    Raises: ContradictionError where they make another root; NotProvableError for receipts that
    cannot be encoded: a type that is not known here, a field that is missing.
    """
    if chain_id in STATE_SYNC_CHAINS:
        raise NotProvableError(
            f"{STATE_SYNC_CHAINS[chain_id]} lists receipts that are not in its receipts roots"
        )
    root = receipts_root(header.number, receipts)
    if root != header.receipts_root:
        raise ContradictionError(
            header.number,
            "receiptsRoot",
            f"the {len(receipts)} receipts of block {header.number} make the root"
            f" 0x{root.hex()}, and its header has 0x{header.receipts_root.hex()}",
        )
    return _logs(header, receipts)


def receipts_root(number: int, receipts: Sequence[Receipt]) -> bytes:
    """The root that the receipts of a block make. Raises: NotProvableError."""
    items = []
    for place, receipt in enumerate(receipts):
        if not isinstance(receipt, Mapping):
            raise NotProvableError(f"receipt {place} of block {number} is no object")
        try:
            items.append(encoded(receipt))
        except (TypeError, ValueError, KeyError) as error:
            raise NotProvableError(
                f"receipt {place} of block {number} cannot be encoded: {str(error)[:200]}"
            ) from None
    return list_root(items)


def encoded(receipt: Receipt) -> bytes:
    """A receipt as the trie holds it. Raises: ValueError, KeyError or TypeError saying what is
    missing or not known."""
    import rlp

    kind = int(str(receipt.get("type") or "0x0"), 16)
    logs = [[_data(log["address"]), [_data(t) for t in log["topics"]], _data(log["data"])]
            for log in receipt["logs"]]  # fmt: skip
    body: list[object] = [
        _outcome(receipt),
        quantity(receipt["cumulativeGasUsed"]),
        _data(receipt["logsBloom"]),
        logs,
    ]
    if kind == LEGACY:
        return bytes(rlp.encode(body))
    if kind == _OP_DEPOSIT:
        version = receipt.get("depositReceiptVersion")
        if version is not None:
            body += [quantity(receipt["depositNonce"]), quantity(version)]
    elif kind not in _STANDARD and kind not in _ARBITRUM:
        raise ValueError(f"transaction type 0x{kind:x} is not known here")
    return bytes([kind]) + bytes(rlp.encode(body))


def _outcome(receipt: Receipt) -> bytes:
    """The first field: the status since Byzantium, the state root before it."""
    status = receipt.get("status")
    if status is not None:
        return quantity(status)
    root = receipt.get("root")
    if root is None:
        raise ValueError("it has neither a status nor a state root")
    return _data(root)


def _data(value: object) -> bytes:
    """Bytes in hex. Raises: ValueError."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError(f"{str(value)[:40]!r} is no hex")
    return bytes.fromhex(value[2:])


def _logs(header: ProvedHeader, receipts: Sequence[Receipt]) -> list[RawLog]:
    """The logs of receipts whose root was right. Their transaction hashes are the receipts' own
    word; what is no hex is left empty."""
    out: list[RawLog] = []
    block_hash = bytes.fromhex(header.hash[2:])
    for place, receipt in enumerate(receipts):
        try:
            tx_hash = _data(receipt.get("transactionHash"))
        except ValueError:
            tx_hash = b""
        for log in receipt["logs"]:
            topics = tuple(_data(topic) for topic in log["topics"])
            if len(topics) > MOST_TOPICS:
                raise NotProvableError(f"a log of block {header.number} has {len(topics)} topics")
            out.append(
                RawLog(
                    header.number,
                    len(out),
                    block_hash,
                    tx_hash,
                    place,
                    _data(log["address"]),
                    topics,
                    _data(log["data"]),
                )
            )
    return out
