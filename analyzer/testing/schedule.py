"""When a fault happens: for which requests, how often, from when on, and how likely.

A fault counts the requests that concern it (its methods, blocks, contract and selector), skips
those before `first`, takes every `every`-th from there, lets `chance` decide, and ends after
`times` hits. All chance comes from the node's seed.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from analyzer.model.errors import InputError
from analyzer.testing.kinds.kind import KINDS, Kind, Moment
from analyzer.testing.rpc import Ask
from analyzer.testing.source import ChainSource

_RULES = ("methods", "blocks", "to", "selector", "chance", "first", "every", "times")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a node and its schedule.

    kind: a name of `KINDS`. methods: the requests it concerns; () = those of the kind. blocks:
    only requests that name a block in this range, both ends inside. to, selector: only reads of
    this contract, or eth_calls of this function (`0x` and 8 digits). first: the first concerned
    request (counted from 1) that may be hit; every: then each n-th; chance: how likely; times:
    how many hits in all, None = no end. options: what the kind itself can be told, by its own
    description. Raises InputError for an unknown kind or option, or a schedule without sense.
    """

    kind: str
    methods: tuple[str, ...] = ()
    blocks: tuple[int, int] | None = None
    to: str | None = None
    selector: str | None = None
    chance: float = 1.0
    first: int = 1
    every: int = 1
    times: int | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            near = ", ".join(get_close_matches(self.kind, KINDS)) or "see KINDS"
            raise InputError(f"there is no fault '{self.kind}' (near: {near})")
        strange = sorted(self.options.keys() - KINDS[self.kind].options.keys())
        if strange:
            known = ", ".join(KINDS[self.kind].options) or "none"
            raise InputError(f"fault '{self.kind}' has no option '{strange[0]}' (has: {known})")
        if not 0.0 < self.chance <= 1.0 or self.first < 1 or self.every < 1:
            raise InputError(f"fault '{self.kind}': chance is in (0, 1], first and every from 1 on")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """A fault as written in a shell: `KIND[:NAME=VALUE,...]`, for example
        `logs-empty:times=2,chance=0.5`, `head-lags:blocks=10..20,by=3`,
        `call-empty:methods=eth_call,selector=0x313ce567`. Raises InputError."""
        kind, _, rest = text.partition(":")
        rules: dict[str, Any] = {}
        options: dict[str, Any] = {}
        for part in filter(None, rest.split(",")):
            name, equals, value = part.partition("=")
            if not equals:
                raise InputError(f"fault '{text}': '{part}' is no NAME=VALUE")
            try:
                (rules if name in _RULES else options)[name] = _value(name, value)
            except ValueError:
                raise InputError(f"fault '{text}': '{value}' is no value of {name}") from None
        return cls(kind, **rules, options=options)


def _value(name: str, text: str) -> object:
    """The value of one rule or option. Raises ValueError."""
    if name == "methods":
        return tuple(text.split("+"))
    if name == "blocks":
        first, _, last = text.partition("..")
        return int(first), int(last or first)
    if name in ("to", "selector"):
        return text.lower()
    if name == "chance":
        return float(text)
    if name in ("first", "every", "times"):
        return int(text)
    try:
        return int(text)
    except ValueError:
        return text


@dataclass(slots=True)
class Scheduled:
    """A fault at work: its schedule's counters, its own chance, and its kind's memory."""

    fault: Fault
    rng: random.Random
    concerned: int = 0
    hits: int = 0
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """What it does."""
        return KINDS[self.fault.kind]

    def concerns(self, ask: Ask) -> bool:
        """Whether a request is one of those it may hit."""
        fault = self.fault
        methods = fault.methods or self.kind.methods
        if methods and ask.method not in methods:
            return False
        if ask.method == "eth_call" and self.kind.bulk is not None and ask.bulk != self.kind.bulk:
            return False
        if fault.blocks is not None and (
            ask.blocks is None or ask.blocks[1] < fault.blocks[0] or fault.blocks[1] < ask.blocks[0]
        ):
            return False
        if fault.to is not None and ask.to != fault.to.lower():
            return False
        return fault.selector is None or ask.data.startswith(fault.selector.lower())

    def due(self, asks: Sequence[Ask]) -> bool:
        """Whether it is its turn, for one request or for an exchange with several. Counts."""
        fault = self.fault
        if fault.times is not None and self.hits >= fault.times:
            return False
        if not any(self.concerns(ask) for ask in asks):
            return False
        self.concerned += 1
        behind = self.concerned - fault.first
        if behind < 0 or behind % fault.every:
            return False
        return fault.chance >= 1.0 or self.rng.random() < fault.chance

    def moment(self, asks: Sequence[Ask], source: ChainSource) -> Moment:
        """What its kind is told."""
        options = {**self.kind.options, **self.fault.options}
        return Moment(asks, source, self.rng, self.hits, self.memory, options, self.fault.times)
