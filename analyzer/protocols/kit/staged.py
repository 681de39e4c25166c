"""A plug whose stages are plain functions over its own ledger, observation and state.

The house hands a protocol's own objects back to it as what they are to everybody else (`Ledger`,
`Observation`, `Book.state`); here each is checked to be this protocol's before a stage sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from analyzer.model.block import BlockRef
from analyzer.model.book import Book, Prices
from analyzer.model.closure import Closure
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.model.rows import BackstopRow, MarginRow, TotalRow
from analyzer.protocols.base import (
    Caution,
    Details,
    Folding,
    Judge,
    Ledger,
    Observation,
    Repriced,
    Source,
    StoredNumbers,
    Valued,
)
from analyzer.protocols.decisions import Decisions
from analyzer.protocols.kit.book_codec import BookCodec
from analyzer.protocols.kit.resumable import ResumableFold
from analyzer.protocols.rounds import Rounds
from analyzer.protocols.simulation import Simulation

L = TypeVar("L")
O = TypeVar("O")  # noqa: E741
V = TypeVar("V")
Shocks = npt.NDArray[np.float64]
Rows = Sequence[MarginRow]


def follows_nothing(deployment: Deployment, event: Event) -> Sequence[Source]:
    """Every contract is in the deployment: no event names another."""
    return ()


def warns_of_nothing(valued: object, margin: Rows) -> Sequence[Caution]:
    """Nothing in the protocol can block, pause or grow stale."""
    return ()


def stores_unknown(valued: object, account_ids: Sequence[str]) -> StoredNumbers:
    """Nobody has said where the protocol's numbers lie in storage."""
    return StoredNumbers((), ("all numbers: nobody has said where this protocol keeps them",))


@dataclass(frozen=True, slots=True)
class Stages(Generic[L, O, V]):
    """The stages of a protocol (see `base.Plug`), over its own types.

    L: what fold makes. O: what observe reads. V: what value gives.
    """

    sources: Callable[[Deployment], Sequence[Source]]
    fold: Callable[[Deployment, Iterable[Event]], Reading[L]]
    observe: Callable[[Deployment, L, BlockRef], Reading[O]]
    book: Callable[[Deployment, BlockRef, L, O], Book]
    prices: Callable[[Book], Prices]
    value: Callable[[Book, Prices], V]
    margin: Callable[[V], Rows]
    details: Callable[[V], Details]
    totals: Callable[[V], Sequence[TotalRow]]
    reprice: Callable[[V, Sequence[str], Shocks], Repriced]
    liquidate: Callable[[V, str], Sequence[Closure]]
    backstops: Callable[[V], Sequence[BackstopRow]]
    truth: Callable[[V, Rows, Sequence[str]], Sequence[Judge]]
    judges: frozenset[str]
    deployments: Callable[[], Sequence[Deployment]] = tuple
    """By default none ships."""
    follow: Callable[[Deployment, Event], Sequence[Source]] = follows_nothing
    cautions: Callable[[V, Rows], Sequence[Caution]] = warns_of_nothing
    simulate: Callable[[V], Simulation] | None = None
    proof_slots: Callable[[V, Sequence[str]], StoredNumbers] = stores_unknown
    folding: ResumableFold[Any, L] | None = None
    """The fold in steps, where it can be left off and gone on with; `fold` is the whole of it."""
    decide: Callable[[V], Decisions] | None = None
    """What may be decided about the book; None = the protocol does not say."""


def checked_type(found: object, kind: type[L], what: str) -> L:
    """`found` as this protocol's own `kind`. Raises: TypeError for another protocol's."""
    if not isinstance(found, kind):
        raise TypeError(f"this {what} is of another protocol ({type(found).__name__})")
    return found


class StagedPlug:
    """A `Plug` made of `Stages`. A protocol's class names itself and its stages; that is all.

    ledger_type, observation_type, state_type, valued_type: the protocol's own. money: the unit of
    its 18-decimal amounts, empty = it has no name. interest: what the short side of its markets is
    called. liquidations: (role, event) of the events that tell of a liquidation. naming_events:
    names of the events from which `follow` may learn of a contract; None = any. Logs of the others
    go into the index without an object being made of them. rounds: prices that its logs tell, None
    = none.
    """

    name: str
    methodology: str
    required_contracts: tuple[str, ...]
    money: ClassVar[str] = ""
    interest: ClassVar[str] = "open interest"
    liquidations: ClassVar[tuple[tuple[str, str], ...]] = ()
    naming_events: ClassVar[frozenset[str] | None] = None
    rounds: ClassVar[Rounds | None] = None
    ledger_type: ClassVar[type[Any]]
    observation_type: ClassVar[type[Any]]
    state_type: ClassVar[type[Any]]
    valued_type: ClassVar[type[Any]]
    stages: ClassVar[Stages[Any, Any, Any]]

    def deployments(self) -> Sequence[Deployment]:
        """The deployments that ship with the package."""
        return self.stages.deployments()

    def sources(self, deployment: Deployment) -> Sequence[Source]:
        """The contracts known from the start. Raises: InputError when a role is missing."""
        return self.stages.sources(deployment)

    def follow(self, deployment: Deployment, event: Event) -> Sequence[Source]:
        """The contracts that this event names."""
        return self.stages.follow(deployment, event)

    @property
    def folding(self) -> Folding | None:
        """The fold in steps; None where it cannot be left off."""
        return self.stages.folding

    def fold(self, deployment: Deployment, events: Iterable[Event]) -> Reading[Ledger]:
        """Events in (block, log index) order to state."""
        return self.stages.fold(deployment, events)

    def observe(
        self, deployment: Deployment, ledger: Ledger, block: BlockRef
    ) -> Reading[Observation]:
        """What logs cannot give at the block."""
        found = checked_type(ledger, self.ledger_type, "ledger")
        return self.stages.observe(deployment, found, block)

    def book(
        self, deployment: Deployment, block: BlockRef, ledger: Ledger, observation: Observation
    ) -> Book:
        """Every account's cross-margin state."""
        found = checked_type(ledger, self.ledger_type, "ledger")
        seen = checked_type(observation, self.observation_type, "observation")
        return self.stages.book(deployment, block, found, seen)

    def prices(self, book: Book) -> Prices:
        """The protocol's reference prices at the book's block."""
        return self.stages.prices(self._own(book))

    def value(self, book: Book, prices: Prices) -> Valued:
        """The book at `prices`."""
        found: Valued = self._valued(self.stages.value(self._own(book), prices))
        return found

    def margin(self, valued: Valued) -> Rows:
        """Exact margin of every account, in book order."""
        return self.stages.margin(self._valued(valued))

    def details(self, valued: Valued) -> Details:
        """Rows for the tables beside margin, with the control totals."""
        own = self._valued(valued)
        return replace(self.stages.details(own), totals=self.stages.totals(own))

    def cautions(self, valued: Valued, margin: Rows) -> Sequence[Caution]:
        """Protocol facts that detectors report."""
        return self.stages.cautions(self._valued(valued), margin)

    def reprice(self, valued: Valued, factors: Sequence[str], shocks: Shocks) -> Repriced:
        """Margin under shocked factors, float64."""
        return self.stages.reprice(self._valued(valued), factors, shocks)

    def liquidate(self, valued: Valued, account_id: str) -> Sequence[Closure]:
        """What the contract would close of this account now."""
        return self.stages.liquidate(self._valued(valued), account_id)

    def backstops(self, valued: Valued) -> Sequence[BackstopRow]:
        """The loss waterfall with capacities."""
        return self.stages.backstops(self._valued(valued))

    def simulate(self, valued: Valued) -> Simulation:
        """The book in motion. Raises: InputError for a protocol that has no such stage."""
        if self.stages.simulate is None:
            raise InputError(f"{self.name} says what it closes, but not what follows: no cascade")
        return self.stages.simulate(self._valued(valued))

    def decide(self, valued: Valued) -> Decisions:
        """What the book allows whoever decides. Raises: InputError for a protocol that does not
        say."""
        if self.stages.decide is None:
            raise InputError(f"{self.name} does not say what may be decided about it")
        return self.stages.decide(self._valued(valued))

    def truth(self, valued: Valued, margin: Rows, account_ids: Sequence[str]) -> Sequence[Judge]:
        """Questions to the contract's own views."""
        return self.stages.truth(self._valued(valued), margin, account_ids)

    def proof_slots(self, valued: Valued, account_ids: Sequence[str]) -> StoredNumbers:
        """The words that hold our numbers."""
        return self.stages.proof_slots(self._valued(valued), account_ids)

    def pack(self, book: Book) -> bytes:
        """The book as bytes. Raises: CodecError with the path to what cannot be written."""
        return self._codec.pack(self._own(book))

    def unpack(self, data: bytes) -> Book:
        """The book that `pack` wrote. Raises: CodecError."""
        return self._codec.unpack(data)

    def judge_selectors(self) -> frozenset[str]:
        """Every selector that `truth` may use."""
        return self.stages.judges

    @cached_property
    def _codec(self) -> BookCodec:
        """Writes and reads this protocol's books; made at its first use."""
        return BookCodec(self.name, self.methodology, self.state_type)

    def _own(self, book: Book) -> Book:
        """The book, once it is sure that it is of this protocol. Raises: TypeError."""
        checked_type(book.state, self.state_type, "book")
        return book

    def _valued(self, valued: Valued) -> Any:
        """What `value` gave, as this protocol's own. Raises: TypeError for another's."""
        return checked_type(valued, self.valued_type, "valued book")


def asks_nothing(
    fold: Callable[[Deployment, Iterable[Event]], L],
) -> Callable[[Deployment, Iterable[Event]], Reading[L]]:
    """A fold that needs nothing but its events, as a stage."""

    def stage(deployment: Deployment, events: Iterable[Event]) -> Reading[L]:
        yield from ()
        return fold(deployment, events)

    return stage
