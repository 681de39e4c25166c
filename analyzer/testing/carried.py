"""Bulk calls taken apart, so that a fault reaches each call that travels inside one.

Three are known: the two programs that the analyzer installs by state override (`chain.evm`), and
Multicall3's aggregate3. Whoever answers for a chain without an EVM answers them this way too.

    bulk caller    calldata  20 bytes address | 4 bytes n | n bytes       returns  1 byte success
    Multicall3     aggregate3((address, bool, bytes)[])                   | 31 bytes m | m bytes
    slot reader    put in place of a contract's code; calldata and answer are words of 32 bytes
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analyzer.chain.carriers import MULTICALL3, ZERO_ADDRESS
from analyzer.chain.evm import BULK_CALLER, SLOT_READER, assemble
from analyzer.testing.rpc import Ask, RefusedError

_AGGREGATE3 = "0x82ad56cb"
_REVERT = 3

Inner = tuple[bool, bytes]
"""Whether a call inside succeeded, and what it returned."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A bulk call. entries: for each call inside, its requests (one eth_call, or one
    eth_getStorageAt for each slot). pack: results in order -> the hex answer."""

    entries: list[list[Ask]]
    pack: Callable[[Sequence[Inner]], str]


def unpack_bulk(ask: Ask) -> Carried | None:
    """The calls inside an eth_call; None when it carries none.

    Raises RefusedError for a state override that is none of ours: there is no EVM here.
    """
    overrides = ask.params[2] if len(ask.params) > 2 else None
    block = ask.params[1] if len(ask.params) > 1 else "latest"
    if overrides:
        readers = _slot_readers(overrides)
        entries = [
            _slots(to, data, block) if to in readers else [_call(to, data, block)]
            for to, data in _entries(bytes.fromhex(ask.data[2:]))
        ]
        return Carried(entries, _packed_entries)
    if ask.to == MULTICALL3 and ask.data.startswith(_AGGREGATE3):
        calls = _aggregate3(bytes.fromhex(ask.data[10:]))
        return Carried([[_call(to, data, block)] for to, data in calls], _packed_aggregate3)
    return None


def inner_result(results: Sequence[object]) -> Inner:
    """What a call inside gives the caller: a revert is its failure; any other error is the
    node's, and fails the whole call (raised)."""
    out = b""
    for result in results:
        if isinstance(result, RefusedError):
            if result.error["code"] != _REVERT:
                raise result
            data = result.error.get("data")
            return False, bytes.fromhex(data[2:]) if isinstance(data, str) else b""
        try:
            out += bytes.fromhex(str(result)[2:])
        except ValueError:
            raise RefusedError(
                -32000, f"the answer inside a bulk call is no hex: {result}"
            ) from None
    return True, out


def _slot_readers(overrides: object) -> set[str]:
    """The contracts whose code a slot reader replaces. Raises RefusedError for strangers."""
    caller, reader = ("0x" + assemble(program).hex() for program in (BULK_CALLER, SLOT_READER))
    codes = (
        {str(to).lower(): change for to, change in overrides.items()}
        if isinstance(overrides, dict)
        else {}
    )
    known = codes.pop(ZERO_ADDRESS, None) == {"code": caller}
    if not known or any(change != {"code": reader} for change in codes.values()):
        raise RefusedError(-32602, "this state override is not supported")
    return set(codes)


def _call(to: str, data: str, block: object) -> Ask:
    """One eth_call from inside."""
    return Ask("eth_call", [{"to": to, "data": data}, block], inside=True)


def _slots(to: str, data: str, block: object) -> list[Ask]:
    """The slots of one run."""
    keys = [data[i : i + 64] for i in range(2, len(data), 64)]
    return [Ask("eth_getStorageAt", [to, "0x" + key, block], inside=True) for key in keys]


def _entries(calldata: bytes) -> list[tuple[str, str]]:
    """The (address, data) of the bulk caller's calldata."""
    out: list[tuple[str, str]] = []
    at = 0
    while at < len(calldata):
        length = int.from_bytes(calldata[at + 20 : at + 24], "big")
        data = calldata[at + 24 : at + 24 + length]
        out.append(("0x" + calldata[at : at + 20].hex(), "0x" + data.hex()))
        at += 24 + length
    return out


def _packed_entries(results: Sequence[Inner]) -> str:
    """The bulk caller's answer."""
    parts = [bytes([success]) + len(data).to_bytes(31, "big") + data for success, data in results]
    return "0x" + b"".join(parts).hex()


def _aggregate3(arguments: bytes) -> list[tuple[str, str]]:
    """The (address, data) of aggregate3's calldata."""

    def word(at: int) -> int:
        return int.from_bytes(arguments[at : at + 32], "big")

    out: list[tuple[str, str]] = []
    for i in range(word(32)):
        at = 64 + word(64 + 32 * i)
        tail = at + word(at + 64)
        data = arguments[tail + 32 : tail + 32 + word(tail)]
        out.append((f"0x{word(at):040x}", "0x" + data.hex()))
    return out


def _packed_aggregate3(results: Sequence[Inner]) -> str:
    """(bool, bytes)[] of the results."""
    heads: list[bytes] = []
    tails: list[bytes] = []
    offset = 32 * len(results)
    for success, data in results:
        padded = data + bytes(-len(data) % 32)
        heads.append(offset.to_bytes(32, "big"))
        words = (int(success), 64, len(data))
        tails.append(b"".join(w.to_bytes(32, "big") for w in words) + padded)
        offset += len(tails[-1])
    top = (32).to_bytes(32, "big") + len(results).to_bytes(32, "big")
    return "0x" + (top + b"".join(heads + tails)).hex()
