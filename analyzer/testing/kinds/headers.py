"""Lies and weaknesses about block headers and the chain's name."""

from __future__ import annotations

from typing import Any

from analyzer.testing.kinds.kind import UNCHANGED, Moment, Stage, kind

HEADERS = ("eth_getBlockByNumber", "eth_getBlockByHash")


def _numbered(moment: Moment, header: object) -> bool:
    """Whether the request names a block by number or hash, not by a tag, and got a header."""
    asked = str(moment.ask.params[0]) if moment.ask.params else ""
    return asked.startswith("0x") and isinstance(header, dict)


def _flipped(text: str) -> str:
    """A hash with its last byte changed."""
    return f"{text[:-2]}{int(text[-2:], 16) ^ 0xFF:02x}"


@kind("header-null", Stage.RESULT, seen="load balancers whose nodes are not at the same block",
      methods=HEADERS)  # fmt: skip
def header_null(moment: Moment, header: Any) -> Any:
    """`null` for the header of a block that is there."""
    return None if _numbered(moment, header) else UNCHANGED


@kind("latest-null", Stage.RESULT, seen="nodes that are starting", methods=HEADERS)
def latest_null(moment: Moment, header: Any) -> Any:
    """`null` for a tag (`latest`, `safe`, `finalized`)."""
    asked = str(moment.ask.params[0])
    return None if not asked.startswith("0x") and header is not None else UNCHANGED


@kind("header-parent", Stage.RESULT, seen="no honest node", methods=HEADERS)
def header_parent(moment: Moment, header: Any) -> Any:
    """A header that names another parent than the block before it."""
    if not _numbered(moment, header):
        return UNCHANGED
    return header | {"parentHash": _flipped(header["parentHash"])}


@kind("header-hash", Stage.RESULT, seen="a reorg, or two nodes behind one address",
      methods=HEADERS)  # fmt: skip
def header_hash(moment: Moment, header: Any) -> Any:
    """A header with another hash."""
    return header | {"hash": _flipped(header["hash"])} if _numbered(moment, header) else UNCHANGED


@kind("header-hash-later", Stage.RESULT, seen="a reorg while a block is read", methods=HEADERS)
def header_hash_later(moment: Moment, header: Any) -> Any:
    """A header asked for again has another hash than the first time."""
    if not _numbered(moment, header):
        return UNCHANGED
    seen: set[str] = moment.memory.setdefault("seen", set())
    if header["number"] in seen:
        return header | {"hash": _flipped(header["hash"])}
    seen.add(header["number"])
    return UNCHANGED


@kind("header-neighbour", Stage.RESULT, seen="caches with a wrong key", methods=HEADERS)
def header_neighbour(moment: Moment, header: Any) -> Any:
    """The header of the block before the one that was asked for."""
    if not _numbered(moment, header) or int(header["number"], 16) == 0:
        return UNCHANGED
    return moment.source.header(int(header["number"], 16) - 1)


@kind("bloom-zero", Stage.RESULT, seen="several L2s, whose blooms are always zero",
      methods=HEADERS)  # fmt: skip
def bloom_zero(moment: Moment, header: Any) -> Any:
    """A header whose bloom filter has no bit set."""
    return header | {"logsBloom": "0x" + "00" * 256} if isinstance(header, dict) else UNCHANGED


@kind("bloom-strange", Stage.RESULT, seen="no honest node", methods=HEADERS)
def bloom_strange(moment: Moment, header: Any) -> Any:
    """A bloom filter that belongs to other logs."""
    bloom = f"0x{1 << moment.rng.randrange(2048):0512x}"
    return header | {"logsBloom": bloom} if isinstance(header, dict) else UNCHANGED


@kind("header-time-absurd", Stage.RESULT, seen="no honest node", methods=HEADERS)
def header_time_absurd(moment: Moment, header: Any) -> Any:
    """A timestamp of 2**70 seconds."""
    return header | {"timestamp": hex(2**70)} if isinstance(header, dict) else UNCHANGED


@kind("header-hash-short", Stage.RESULT, seen="no honest node", methods=HEADERS)
def header_hash_short(moment: Moment, header: Any) -> Any:
    """A hash of 31 bytes."""
    return header | {"hash": header["hash"][:-2]} if isinstance(header, dict) else UNCHANGED


@kind("header-number-strange", Stage.RESULT, seen="no honest node", methods=HEADERS)
def header_number_strange(moment: Moment, header: Any) -> Any:
    """A block number that is no number."""
    return header | {"number": "0xyz"} if isinstance(header, dict) else UNCHANGED


@kind("header-fields-missing", Stage.RESULT, seen="pending blocks of some nodes", methods=HEADERS)
def header_fields_missing(moment: Moment, header: Any) -> Any:
    """A header without hash and parent."""
    if not isinstance(header, dict):
        return UNCHANGED
    return {k: v for k, v in header.items() if k not in ("hash", "parentHash")}


@kind("header-is-text", Stage.RESULT, seen="gateways with a cache of texts", methods=HEADERS)
def header_is_text(moment: Moment, header: Any) -> Any:
    """A text in place of a header."""
    return "not ready" if isinstance(header, dict) else UNCHANGED


@kind("chain-id-changes", Stage.RESULT, seen="a DNS name that is pointed elsewhere",
      methods=("eth_chainId",))  # fmt: skip
def chain_id_changes(moment: Moment, result: Any) -> Any:
    """Another chain id than before."""
    return hex(int(str(result), 16) + 1)


@kind("chain-id-strange", Stage.RESULT, seen="gateways that answer for a node",
      methods=("eth_chainId",))  # fmt: skip
def chain_id_strange(moment: Moment, result: Any) -> Any:
    """A chain id that is no number."""
    return "0x"
