"""Which contracts are indexed, who named them, and which of a block's logs are theirs.

A contract is known from the start, or named by a log of a contract that is. What is indexed at a
block is the closure of the namings up to it, so the index of a block does not depend on how far
the index went beyond it, nor on where the chunks were cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from analyzer.abi.batch import Ints, LogBatch, distinct
from analyzer.abi.contract import ContractAbi, EventAbi
from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event, LogFilter, RawLog

LoadAbi = Callable[[str], ContractAbi]
"""Gives the ABI of that name."""


class SourceLike(Protocol):
    """One contract to index, as a plug declares it."""

    @property
    def role(self) -> str:
        """Name under which its events reach `fold`."""
        ...

    @property
    def address(self) -> str:
        """The contract, 0x."""
        ...

    @property
    def abi(self) -> str:
        """Name of its ABI."""
        ...

    @property
    def events(self) -> tuple[str, ...]:
        """Names of the events to index."""
        ...

    @property
    def from_block(self) -> int:
        """First block whose logs are wanted."""
        ...


class EventPlug(Protocol):
    """What the index needs of a protocol."""

    def sources(self, deployment: Deployment) -> Sequence[SourceLike]:
        """The contracts known from the start."""
        ...

    def follow(self, deployment: Deployment, event: Event) -> Sequence[SourceLike]:
        """Contracts that this event names."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class Naming:
    """Somebody says that a contract belongs to the deployment.

    via_role, via_address: the contract whose log says so; empty = known from the start.
    at: (block, log index) of the first log that says exactly this; (-1, n) for the n-th known
    from the start.
    """

    at: tuple[int, int]
    role: str
    address: str
    abi: str
    events: tuple[str, ...]
    from_block: int
    via_role: str = ""
    via_address: str = ""

    @property
    def initial(self) -> bool:
        """Whether it is known from the start."""
        return self.at[0] < 0

    @property
    def says(self) -> tuple[str, str, str, tuple[str, ...], int, str, str]:
        """Everything but where: two logs that say the same are one naming, the first."""
        return (
            self.role,
            self.address,
            self.abi,
            self.events,
            self.from_block,
            self.via_role,
            self.via_address,
        )


@dataclass(frozen=True, slots=True)
class Covered:
    """A contract under a role, with all that its namings ask for together."""

    role: str
    address: str
    abi: str
    events: tuple[str, ...]
    from_block: int


def initial_namings(sources: Sequence[SourceLike]) -> list[Naming]:
    """The namings of the contracts known from the start, in their order."""
    return [
        Naming((-1, n), s.role, s.address.lower(), s.abi, tuple(s.events), s.from_block)
        for n, s in enumerate(sources)
    ]


class Catalogue:
    """The contracts of one deployment that are indexed."""

    def __init__(self, namings: Iterable[Naming], load_abi: LoadAbi) -> None:
        self._load_abi = load_abi
        self._namings: dict[object, Naming] = {}
        self._covered: dict[tuple[str, str], Covered] = {}
        self._matches: dict[tuple[bytes, bytes], list[tuple[Covered, EventAbi]]] = {}
        for naming in namings:
            self._keep(naming)
        self._refresh()

    @property
    def namings(self) -> list[Naming]:
        """All namings, in the order of the logs."""
        return sorted(self._namings.values())

    @property
    def covered(self) -> list[Covered]:
        """The contracts, in the order in which they were first named."""
        return list(self._covered.values())

    @property
    def first_block(self) -> int:
        """The first block in which a contract known from the start may have a log."""
        return min(n.from_block for n in self._namings.values() if n.initial)

    def add(self, naming: Naming) -> Covered | None:
        """Adds a naming; the contract when logs of it have to be fetched that were not asked for
        before, else None."""
        key = (naming.role, naming.address)
        before = self._covered.get(key)
        if not self._keep(naming):
            return None
        self._refresh()
        after = self._covered[key]
        return after if after != before else None

    def up_to(self, block: int) -> Catalogue:
        """The catalogue as it is when nothing above `block` is known."""
        known = [naming for naming in self._namings.values() if naming.at[0] <= block]
        kept = [naming for naming in known if naming.initial]
        active = {(naming.role, naming.address) for naming in kept}
        rest = [naming for naming in known if not naming.initial]
        while reached := [n for n in rest if (n.via_role, n.via_address) in active]:
            kept += reached
            active |= {(naming.role, naming.address) for naming in reached}
            rest = [naming for naming in rest if naming not in reached]
        return Catalogue(kept, self._load_abi)

    def match(self, raw: RawLog) -> tuple[Covered, EventAbi] | None:
        """Whose log this is and which event; None when nobody asked for it.

        Where two roles of one address ask for the same event, the one named first has it.
        """
        topic0 = raw.topics[0] if raw.topics else b""
        for covered, event in self._matches.get((raw.address, topic0), ()):
            if raw.block_number >= covered.from_block:
                return covered, event
        return None

    def match_batch(self, batch: LogBatch) -> list[tuple[Covered, EventAbi, Ints]]:
        """The same for many logs: whose they are, which event, and at which places of the batch."""
        found: list[tuple[Covered, EventAbi, Ints]] = []
        if not len(batch):
            return found
        keys = [batch.address, batch.topics[:, 0]] if batch.topics.shape[1] else [batch.address]
        kinds, kind = distinct(np.hstack(keys))
        order = np.argsort(kind, kind="stable")
        ends = np.searchsorted(kind[order], np.arange(len(kinds) + 1))
        for number, row in enumerate(kinds.tolist()):
            topic0 = batch.topics[row, 0].tobytes() if batch.topics.shape[1] else b""
            left = order[ends[number] : ends[number + 1]]
            for covered, event in self._matches.get((batch.address[row].tobytes(), topic0), ()):
                asked = batch.block_number[left] >= covered.from_block
                if asked.any():
                    found.append((covered, event, left[asked]))
                left = left[~asked]
        return found

    def matched(self) -> list[tuple[bytes, bytes, int]]:
        """(address, first topic, first block) of all logs that are somebody's."""
        return [
            (address, topic0, min(covered.from_block for covered, _ in asked))
            for (address, topic0), asked in self._matches.items()
        ]

    def event_abis(self, covered: Covered) -> list[EventAbi]:
        """The events that are indexed of a contract. Raises InputError for one the ABI lacks."""
        abi = self._load_abi(covered.abi)
        return [abi.event(name) for name in covered.events]

    def filters(self, only: Sequence[Covered] | None = None) -> list[LogFilter]:
        """One filter per set of events, over the contracts that have it."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for covered in self.covered if only is None else only:
            topics = tuple(sorted(event.topic0 for event in self.event_abis(covered)))
            groups.setdefault(topics, []).append(covered.address)
        return [
            LogFilter(tuple(sorted(set(addresses))), topics)
            for topics, addresses in sorted(groups.items())
            if topics
        ]

    def _keep(self, naming: Naming) -> bool:
        """Keeps a naming unless an earlier log said the same; whether anything changed."""
        known = self._namings.get(naming.says)
        if known is not None and known.at <= naming.at:
            return False
        self._namings[naming.says] = naming
        return True

    def _refresh(self) -> None:
        """Works out what the namings amount to."""
        self._covered = {}
        for naming in self.namings:
            key = (naming.role, naming.address)
            self._covered[key] = _merged(self._covered.get(key), naming)
        self._matches = {}
        for covered in self._covered.values():
            address = bytes.fromhex(covered.address[2:])
            for event in self.event_abis(covered):
                topic0 = bytes.fromhex(event.topic0[2:])
                self._matches.setdefault((address, topic0), []).append((covered, event))


def _merged(known: Covered | None, naming: Naming) -> Covered:
    """All that the namings of one contract ask for: every event, from the lowest block on.

    Raises: ValueError when they disagree about the ABI: a fault of the protocol's code.
    """
    if known is None:
        return Covered(naming.role, naming.address, naming.abi, naming.events, naming.from_block)
    if known.abi != naming.abi:
        raise ValueError(
            f"{naming.role} {naming.address} is named with two ABIs: {known.abi}, {naming.abi}"
        )
    more = tuple(name for name in naming.events if name not in known.events)
    return Covered(
        known.role,
        known.address,
        known.abi,
        known.events + more,
        min(known.from_block, naming.from_block),
    )
