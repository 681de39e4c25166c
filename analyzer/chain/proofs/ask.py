"""Asks a node for what proves: receipts by block or by transaction, and eth_getProof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.chain.faults import Fault, FaultKind
from analyzer.chain.pool import Pool, Request
from analyzer.chain.proofs.source import Receipts, WantedWords
from analyzer.model.block import BlockRef
from analyzer.model.errors import UnreadError
from analyzer.model.reads import NotRead

SLOTS_AT_ONCE = 64
"""Storage keys of one eth_getProof: each brings a path of nodes."""
_BLOCKS_AT_ONCE = 64
"""Blocks whose receipts are held at once."""


def ask_receipts(pool: Pool, blocks: Sequence[BlockRef]) -> list[Receipts | NotRead]:
    """The receipts of each block: by eth_getBlockReceipts, and where the node does not know that
    method, transaction by transaction. Raises: UnreadError when no endpoint answers."""
    out: list[Receipts | NotRead] = []
    for start in range(0, len(blocks), _BLOCKS_AT_ONCE):
        part = blocks[start : start + _BLOCKS_AT_ONCE]
        requests: list[Request] = [("eth_getBlockReceipts", [hex(b.number)]) for b in part]
        answers = pool.batch(requests, _receipt_list)
        for block, answer in zip(part, answers, strict=True):
            if isinstance(answer, Fault) and answer.kind is FaultKind.UNSUPPORTED:
                out.append(_by_transaction(pool, block))
            else:
                out.append(_receipts(block, answer))
    return out


def ask_proof(
    pool: Pool, block: BlockRef, wanted: Sequence[WantedWords]
) -> list[Sequence[bytes] | NotRead]:
    """The nodes of each contract's proofs. Raises: UnreadError when no endpoint answers."""
    requests: list[Request] = []
    owners: list[int] = []
    for number, want in enumerate(wanted):
        for start in range(0, max(len(want.slots), 1), SLOTS_AT_ONCE):
            keys = [f"0x{slot:064x}" for slot in want.slots[start : start + SLOTS_AT_ONCE]]
            requests.append(("eth_getProof", [want.address, keys, hex(block.number)]))
            owners.append(number)
    nodes: list[dict[bytes, None]] = [{} for _ in wanted]
    failed: dict[int, str] = {}
    for number, answer in zip(owners, pool.batch(requests, _proof), strict=True):
        if isinstance(answer, list):
            nodes[number].update(dict.fromkeys(answer))
        else:
            failed.setdefault(number, f"eth_getProof of {wanted[number].address}: {answer}")
    return [
        NotRead(failed[number]) if number in failed else list(found)
        for number, found in enumerate(nodes)
    ]


def _by_transaction(pool: Pool, block: BlockRef) -> Receipts | NotRead:
    """The receipts of a block, one question for each of its transactions."""
    header = pool.batch([("eth_getBlockByNumber", [hex(block.number), False])])[0]
    hashes = header.get("transactions") if isinstance(header, Mapping) else None
    if not isinstance(hashes, list) or not all(isinstance(h, str) for h in hashes):
        return NotRead(f"the transactions of block {block.number} were not read")
    answers = pool.batch([("eth_getTransactionReceipt", [h]) for h in hashes])
    found = []
    for tx_hash, answer in zip(hashes, answers, strict=True):
        if not isinstance(answer, Mapping):
            return NotRead(f"the receipt of {tx_hash} in block {block.number}: {answer}")
        found.append(answer)
    return found


def _receipts(block: BlockRef, answer: object) -> Receipts | NotRead:
    """The receipts, or why there are none."""
    if isinstance(answer, list):
        return answer
    return NotRead(f"the receipts of block {block.number}: {answer}")


def _receipt_list(_place: int, result: object) -> object:
    """A list of objects. Raises: UnreadError for anything else; null is how nodes say that they
    do not have the block."""
    if result is None:
        return Fault(FaultKind.NO_BLOCK, None, "it answers null")
    if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
        raise UnreadError("the receipts are no list of objects")
    return result


def _proof(_place: int, result: object) -> object:
    """The nodes of an eth_getProof answer. Raises: UnreadError for what holds none."""
    if not isinstance(result, Mapping):
        raise UnreadError("the proof is no object")
    try:
        entries: Any = result["storageProof"]
        texts = [*result["accountProof"], *(node for entry in entries for node in entry["proof"])]
        return [bytes.fromhex(text.removeprefix("0x")) for text in texts]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UnreadError("the proof has no lists of nodes in hex") from None
