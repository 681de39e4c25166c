"""How many calls travel inside one eth_call: by state override, or by Multicall3.

A carrier packs calls into one eth_call and takes its answer apart again. An answer may hold fewer
results than calls: the rest is asked for again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from analyzer.chain.evm import BULK_CALLER, SLOT_READER, assemble
from analyzer.model.errors import UnreadError
from analyzer.model.reads import ReadRequest

ZERO_ADDRESS = "0x" + "00" * 20
"""Where the bulk caller is installed: an eth_call without `from` comes from here, so the called
contract sees the same msg.sender and tx.origin as in a plain eth_call."""

MULTICALL3 = "0xca11bde05977b3631167028862be2a173976ca11"
"""Multicall3's address on the chains that have it (github.com/mds1/multicall3)."""

_AGGREGATE3 = "82ad56cb"
"""aggregate3((address target, bool allowFailure, bytes callData)[])."""

Result: TypeAlias = tuple[bool, bytes]
"""Whether the call succeeded, and what it returned."""


class CarrierError(UnreadError):
    """The answer is not what the carrier returns: the node did not do what was asked."""


class Carrier(Protocol):
    """Packs calls into one eth_call and unpacks the answer."""

    @property
    def name(self) -> str:
        """How `analyzer doctor` names the strategy."""
        ...

    def pack(self, requests: Sequence[ReadRequest]) -> list[object]:
        """The parameters of eth_call but for the block: [call] or [call, overrides]."""
        ...

    def unpack(self, answer: bytes, count: int) -> list[Result]:
        """At most `count` results. Raises CarrierError for an answer that is malformed."""
        ...


def block_first(parameters: list[object], block: object) -> list[object]:
    """eth_call's parameters with the block put in its place, before the overrides."""
    return [parameters[0], block, *parameters[1:]]


def _entry(to: str, data: str) -> str:
    """One entry of the bulk caller's calldata, in hex without 0x."""
    return f"{to[2:]}{(len(data) - 2) // 2:08x}{data[2:]}"


def _even_entries(answer: bytes, count: int) -> list[Result]:
    """The bulk caller's answer where all entries begin alike, as those of one view do; [] where
    they do not."""
    length = 32 + int.from_bytes(answer[1:32], "big")
    entries, rest = divmod(len(answer), length)
    if rest or answer[0] > 1 or not 1 < entries <= count:
        return []
    heads = np.frombuffer(answer, dtype=np.uint8).reshape(entries, length)[:, :32]
    if (heads != heads[0]).any():
        return []
    success = answer[0] == 1
    return [(success, answer[at : at + length - 32]) for at in range(32, len(answer), length)]


def unpack_entries(answer: bytes, count: int) -> list[Result]:
    """The bulk caller's answer, entry by entry. Raises CarrierError when it is cut or empty."""
    if answer and (even := _even_entries(answer, count)):
        return even
    out: list[Result] = []
    position, end = 0, len(answer)
    while position < end and len(out) < count:
        start = position + 32
        length = int.from_bytes(answer[position + 1 : start], "big")
        success = answer[position]
        if success > 1 or start + length > end:
            raise CarrierError("the node answered a bulk call with something else")
        out.append((success == 1, answer[start : start + length]))
        position = start + length
    if position != end or not out:
        raise CarrierError("the node answered a bulk call with something else")
    return out


@dataclass(frozen=True, slots=True)
class OverrideCaller:
    """Calls by a bulk caller that a state override installs at the zero address."""

    name: str = "state override"

    def pack(self, requests: Sequence[ReadRequest]) -> list[object]:
        """One eth_call to the installed program."""
        data = "0x" + "".join([_entry(r.to, r.data) for r in requests])
        code = "0x" + assemble(BULK_CALLER).hex()
        return [{"to": ZERO_ADDRESS, "data": data}, {ZERO_ADDRESS: {"code": code}}]

    def unpack(self, answer: bytes, count: int) -> list[Result]:
        """One result an entry; fewer than `count` when the gas ran low."""
        return unpack_entries(answer, count)


@dataclass(frozen=True, slots=True)
class OverrideSlots:
    """Slots by a reader that a state override puts in place of each contract's code.

    Requests have to be sorted by contract; one entry of the bulk caller reads `run` slots, so
    that an entry costs at most about 2.3 M gas.
    """

    name: str = "state override"
    run: int = 1000

    def runs(self, requests: Sequence[ReadRequest]) -> list[tuple[str, list[str]]]:
        """The requests as (contract, keys) in their order, cut where the contract changes."""
        out: list[tuple[str, list[str]]] = []
        for request in requests:
            if not out or out[-1][0] != request.to or len(out[-1][1]) >= self.run:
                out.append((request.to, []))
            out[-1][1].append(request.data)
        return out

    def pack(self, requests: Sequence[ReadRequest]) -> list[object]:
        """One eth_call to the bulk caller, which calls the readers."""
        runs = self.runs(requests)
        data = "".join([_entry(to, "0x" + "".join([k[2:] for k in keys])) for to, keys in runs])
        overrides = {to: {"code": "0x" + assemble(SLOT_READER).hex()} for to, _ in runs}
        overrides[ZERO_ADDRESS] = {"code": "0x" + assemble(BULK_CALLER).hex()}
        return [{"to": ZERO_ADDRESS, "data": "0x" + data}, overrides]

    def unpack(self, answer: bytes, count: int) -> list[Result]:
        """One result a slot, up to the first entry that failed (out of gas)."""
        out: list[Result] = []
        for success, data in unpack_entries(answer, count):
            if not success:
                break
            if len(data) % 32:
                raise CarrierError("the node answered a slot read with something else")
            out += [(True, data[i : i + 32]) for i in range(0, len(data), 32)]
        return out[:count]


@dataclass(frozen=True, slots=True)
class Multicall3:
    """Calls by the Multicall3 contract, encoded as text without a codec.

    The called contract sees Multicall3 as msg.sender.
    """

    name: str = "Multicall3"

    def pack(self, requests: Sequence[ReadRequest]) -> list[object]:
        """aggregate3 with allowFailure for each call."""
        tails: list[str] = []
        offsets: list[str] = []
        offset = 32 * len(requests)
        for request in requests:
            data = request.data[2:]
            length = len(data) // 2
            padding = -length % 32
            offsets.append(f"{offset:064x}")
            tails.append(
                f"{request.to[2:]:0>64}{1:064x}{96:064x}{length:064x}{data}{'00' * padding}"
            )
            offset += 128 + length + padding
        text = "".join([f"{32:064x}{len(requests):064x}", *offsets, *tails])
        return [{"to": MULTICALL3, "data": f"0x{_AGGREGATE3}{text}"}]

    def unpack(self, answer: bytes, count: int) -> list[Result]:
        """(bool success, bytes returnData)[] of exactly `count` items."""
        words = answer
        if len(words) < 64 + 32 * count or int.from_bytes(words[32:64], "big") != count:
            raise CarrierError("Multicall3 answered with something else")
        out: list[Result] = []
        for i in range(count):
            at = 64 + int.from_bytes(words[64 + 32 * i : 96 + 32 * i], "big")
            length = int.from_bytes(words[at + 64 : at + 96], "big")
            data = words[at + 96 : at + 96 + length]
            if len(data) != length or at + 96 > len(words):
                raise CarrierError("Multicall3 answered with something else")
            out.append((words[at + 31] == 1, data))
        return out
