"""What a kind of fault is, and the list of all of them.

world      another chain answers the exchange: one that lags, or is on another branch
refusal    one request is answered with an error
result     one result is another than the true one
envelope   the JSON-RPC answer as a whole: ids, order, number of answers
wire       the HTTP exchange: status, headers, body, connection
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol, TypeVar

from analyzer.testing.rpc import Ask, JsonObject, RefusedError
from analyzer.testing.source import ChainSource


class Stage(Enum):
    """Where in an exchange a kind has its place; the order is that of an answer's making."""

    WORLD = "world"
    REFUSAL = "refusal"
    RESULT = "result"
    ENVELOPE = "envelope"
    WIRE = "wire"


class _Unchanged:
    """What a kind returns when it has nothing to do here: no hit."""


UNCHANGED: Final = _Unchanged()


@dataclass(slots=True)
class Moment:
    """What a kind is told. asks: the requests of the exchange, or the one request. source: who
    answers truly. hits: how often it did something before. memory: its own, kept between moments.
    options: its defaults and what the fault said. counts: set to False when something was done
    that is no hit."""

    asks: Sequence[Ask]
    source: ChainSource
    rng: random.Random
    hits: int
    memory: dict[str, Any]
    options: Mapping[str, Any]
    times: int | None = None
    counts: bool = True

    @property
    def ask(self) -> Ask:
        """The request."""
        return self.asks[0]

    def number(self, name: str) -> int:
        """An option that is a number."""
        return int(self.options[name])


class Wire(Protocol):
    """One HTTP exchange, to be answered in whatever way."""

    def send(
        self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """A whole answer; Content-Length is that of the body unless `headers` say otherwise."""
        ...

    def begin(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Status line and headers only."""
        ...

    def raw(self, data: bytes) -> bool:
        """More bytes of a body; False when nobody listens any more, or the node is closing."""
        ...

    def hang_up(self, *, reset: bool = False) -> None:
        """Closes the connection; `reset`: by a TCP reset."""
        ...

    def pause(self, seconds: float) -> bool:
        """Waits; False when the node is closing."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault. does: what the node does. seen: which real nodes do it. methods: the
    requests that it concerns unless a fault names others, () = all. bulk: whether it concerns
    bulk calls (True), plain calls and those inside a bulk call (False), or both (None)."""

    name: str
    stage: Stage
    does: str
    seen: str
    apply: Callable[..., Any]
    methods: tuple[str, ...] = ()
    bulk: bool | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


KINDS: dict[str, Kind] = {}
"""Every kind by its name."""

Applied = TypeVar("Applied", bound=Callable[..., Any])


def kind(
    name: str,
    stage: Stage,
    *,
    seen: str,
    methods: tuple[str, ...] = (),
    bulk: bool | None = None,
    **options: Any,
) -> Callable[[Applied], Applied]:
    """Enters a function into `KINDS`; its docstring says what the node does.

    Signatures by stage: world (moment) -> ChainSource; refusal (moment) -> RefusedError; result
    (moment, result) -> result; envelope (moment, answers, batch) -> document; wire (moment, body,
    wire) -> None. The first four may return UNCHANGED.
    """

    def enter(apply: Applied) -> Applied:
        if name in KINDS:
            raise ValueError(f"two kinds are called {name}")
        does = " ".join((apply.__doc__ or "").split())
        KINDS[name] = Kind(name, stage, does, seen, apply, methods, bulk, options)
        return apply

    return enter


def refuse(
    name: str,
    code: int,
    message: str,
    *,
    seen: str,
    methods: tuple[str, ...] = (),
    data: object = None,
    bulk: bool | None = None,
) -> None:
    """Enters a kind that answers a request with one fixed error."""

    def apply(moment: Moment) -> RefusedError:
        return RefusedError(code, message, data)

    apply.__doc__ = f"Error {code}, '{message}'" + (" with hex in error.data." if data else ".")
    kind(name, Stage.REFUSAL, seen=seen, methods=methods, bulk=bulk)(apply)


Answers = list[JsonObject]
"""The answers of an exchange, in the order of its requests."""
