"""The plug: what a protocol gives, and in what order the house asks for it.

    sources -> fold -> observe -> book -> value -> margin -> liquidate -> backstops -> truth

Everything here is pure: logs come in as decoded events, reads go out as requests and come back as
answers. A protocol imports `model` and `abi`, and no other protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from analyzer.model.block import BlockRef
from analyzer.model.book import Book, Price, Prices
from analyzer.model.closure import Closure
from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.model.reads import Reading, ReadRequest
from analyzer.model.rows import (
    AccountRow,
    BackstopRow,
    CollateralRow,
    ImplementationRow,
    MarginRow,
    MarketRow,
    OrderRow,
    PositionRow,
    StatementLine,
    TotalRow,
)
from analyzer.model.rows import Caution as Caution
from analyzer.model.rows import SilentChange as SilentChange
from analyzer.protocols.simulation import Simulation


@dataclass(frozen=True, slots=True)
class Source:
    """One contract to index.

    role: the name under which its events reach `fold` (`vault`, `pool`). abi: name of the ABI
    file (`perp_v2/Vault`; `package:path` for a file among another package's data, see
    `abi.contract.load_abi`). events: names of the events to index. from_block: first block whose
    logs are wanted (a source that a log names may start before that log).
    """

    role: str
    address: str
    abi: str
    events: tuple[str, ...]
    from_block: int


class Ledger(Protocol):
    """What `fold` makes of the logs: protocol-owned, but it can be listed and compared."""

    def account_ids(self) -> Sequence[str]:
        """Every account that any log names, in order of first appearance."""
        ...


class Observation(Protocol):
    """What `observe` read at the block: protocol-owned."""


class Valued(Protocol):
    """A book at given prices, what `value` gives: protocol-owned, but for these two.

    What the stages below it need of an account is computed when the first of them asks, and kept.
    Nobody changes a book that is valued; one that moves is a `Simulation`.
    """

    @property
    def book(self) -> Book:
        """The book that is valued."""
        ...

    @property
    def prices(self) -> Prices:
        """The prices that it is valued at."""
        ...


@dataclass(frozen=True, slots=True)
class Details:
    """Everything of a book that is written out beside margin: rows for the snapshot's tables."""

    accounts: Sequence[AccountRow]
    collateral: Sequence[CollateralRow]
    positions: Sequence[PositionRow]
    orders: Sequence[OrderRow]
    markets: Sequence[MarketRow]
    prices: Sequence[Price]
    implementations: Sequence[ImplementationRow]
    statements: Sequence[StatementLine]
    silent_changes: Sequence[SilentChange] = ()
    totals: Sequence[TotalRow] = ()
    own: Sequence[MarginRow] = ()
    """Margin of the protocol's own accounts (treasury, fees, pools of its LPs), which the book does
    not hold: listed with their status, and in no count, sum, finding or answer."""


Expected: TypeAlias = int | bool | str | tuple[tuple[str | int, ...], ...] | None
"""What a judge's field should be; a tuple of tuples for an array of structs."""


@dataclass(frozen=True, slots=True)
class Judge:
    """One question to the contract's own view, and what the rebuild says the answer is.

    fields[i] has ABI type types[i] and should equal expected[i] (None = not compared).
    expected_revert: the rebuild says that this view reverts (with that error name, or "" for
    any): then a value is a divergence. No types: the answer is only that it did not revert, and
    the one field should be true.
    """

    account_id: str | None
    market_id: str | None
    contract: str
    request: ReadRequest
    fields: tuple[str, ...]
    types: tuple[str, ...]
    expected: tuple[Expected, ...]
    expected_revert: str | None = None


@dataclass(frozen=True, slots=True)
class ProofSlot:
    """Where one number of ours lies in storage: in the `bits` from `first_bit` (0 = lowest) of a
    word, in two's complement where it may be negative. contract: its role. sure: whether the layout
    was compared with words of real contracts; where it was not, a word that does not hold the
    number speaks as much against the layout, and is no contradiction."""

    account_id: str | None
    market_id: str | None
    contract: str
    address: str
    slot: int
    what: str
    number: int
    first_bit: int = 0
    bits: int = 256
    sure: bool = True


@dataclass(frozen=True, slots=True)
class StoredNumbers:
    """The numbers of ours that storage holds, with their words; not_in_storage: those that no word
    holds as such, a sentence each."""

    slots: Sequence[ProofSlot]
    not_in_storage: tuple[str, ...] = ()


@runtime_checkable
class Provable(Protocol):
    """A plug that says where its numbers lie; what it does not say of is not proved."""

    def proof_slots(self, valued: Valued, account_ids: Sequence[str]) -> StoredNumbers:
        """The words that hold the numbers of these accounts, and of what their margin rests on:
        balances, debts, positions, indexes, parameters, prices where a feed keeps them."""
        ...


@dataclass(frozen=True, slots=True)
class Repriced:
    """Margin under many price vectors, float64, for stress: never a verdict.

    Shapes: [account, scenario], in whole units of the settlement currency. headroom: the least over
    all tests that let anybody liquidate something of the account, below zero where one of them
    does; None where maintenance is the only test.
    """

    equity: npt.NDArray[np.float64]
    margin_equity: npt.NDArray[np.float64]
    maintenance: npt.NDArray[np.float64]
    initial: npt.NDArray[np.float64]
    headroom: npt.NDArray[np.float64] | None = None

    def to_liquidation(self, *, every_test: bool) -> npt.NDArray[np.float64]:
        """How far each account is above maintenance, or with `every_test` above the test that
        catches it first. Shape: [account, scenario]."""
        if every_test and self.headroom is not None:
            return self.headroom
        return self.margin_equity - self.maintenance


class Folding(Protocol):
    """A fold that can be left off after any block and gone on with, in another process or year.

    version: of the program; what another one packed is not gone on from. `pack` after the same
    logs gives the same bytes, wherever the fold was left off in between.
    """

    @property
    def version(self) -> str:
        """Which program this is, a short text."""
        ...

    def begin(self, deployment: Deployment) -> Any:
        """The state before any log."""
        ...

    def go_on(self, deployment: Deployment, state: Any, events: Iterable[Event]) -> Reading[None]:
        """Takes the events of further whole blocks; changes `state`."""
        ...

    def end(self, deployment: Deployment, state: Any) -> Ledger:
        """The ledger; `state` is not used after it."""
        ...

    def pack(self, state: Any) -> bytes:
        """The state as bytes. Raises: CodecError."""
        ...

    def unpack(self, data: bytes) -> Any:
        """The state that `pack` wrote. Raises: CodecError."""
        ...


class Plug(Protocol):
    """One protocol. Registered under the entry-point group `analyzer.protocols`.

    Optional, texts: money, the unit of its 18-decimal amounts (`USD`); without it answers name no
    unit. interest: what the short side of its markets is called; without it `open interest`.
    Optional too: liquidations, (role, event) of the events that tell of one; without it nothing is
    said of how they cluster. rounds: prices that its logs tell (`rounds`); without it nobody has a
    price history from the index.
    Optional: proof_slots (`Provable`); without it no number is proved against storage.
    Optional: folding, a `Folding`; without it every scan folds all logs from the first.
    Optional: decide(valued), what may be decided about the book (`decisions`); without it nobody is
    told how far an account may grow, or what another parameter does.
    Optional: sold_legs(book), [leg] what a full close-out of its account trades; without it that is
    all positions where there is a unit of account, else all that moves equity.
    """

    name: str
    """`perp-v2`."""
    methodology: str
    """Version of the rules; part of the scan id."""
    required_contracts: tuple[str, ...]
    """Roles that a deployment must name."""

    def deployments(self) -> Sequence[Deployment]:
        """The deployments that ship with the package, with their provenance."""
        ...

    def sources(self, deployment: Deployment) -> Sequence[Source]:
        """The contracts known from the start."""
        ...

    def follow(self, deployment: Deployment, event: Event) -> Sequence[Source]:
        """Contracts that this event names and that are indexed from now on (often none)."""
        ...

    def fold(self, deployment: Deployment, events: Iterable[Event]) -> Reading[Ledger]:
        """Events in (block, log index) order to state. Exact integers.

        It may ask (at the pinned block) what a log names and only code can tell, such as the
        revision of an implementation; most protocols ask nothing.
        """
        ...

    def observe(
        self, deployment: Deployment, ledger: Ledger, block: BlockRef
    ) -> Reading[Observation]:
        """What logs cannot give at `block`: prices, parameters, implementations. No judge."""
        ...

    def book(
        self, deployment: Deployment, block: BlockRef, ledger: Ledger, observation: Observation
    ) -> Book:
        """Every account's cross-margin state."""
        ...

    def prices(self, book: Book) -> Prices:
        """The protocol's reference prices at the book's block."""
        ...

    def value(self, book: Book, prices: Prices) -> Valued:
        """The book at `prices`; every stage below takes what this gives."""
        ...

    def margin(self, valued: Valued) -> Sequence[MarginRow]:
        """Exact margin of every account, in book order."""
        ...

    def details(self, valued: Valued) -> Details:
        """Rows for the tables beside margin, control totals and statements included."""
        ...

    def cautions(self, valued: Valued, margin: Sequence[MarginRow]) -> Sequence[Caution]:
        """Protocol facts that detectors report: blocked liquidations, paused markets, oracles."""
        ...

    def reprice(
        self, valued: Valued, factors: Sequence[str], shocks: npt.NDArray[np.float64]
    ) -> Repriced:
        """Margin with each factor's price multiplied; shocks shape [factor, scenario], 1.0 = as
        it is. float64."""
        ...

    def liquidate(self, valued: Valued, account_id: str) -> Sequence[Closure]:
        """What the contract would close of this account now, each as if it came first."""
        ...

    def backstops(self, valued: Valued) -> Sequence[BackstopRow]:
        """The order in which losses are absorbed, with capacities."""
        ...

    def simulate(self, valued: Valued) -> Simulation:
        """The book in motion, for a cascade: liquidations that change what comes after them.
        Raises: InputError for a protocol that has none."""
        ...

    def truth(
        self, valued: Valued, margin: Sequence[MarginRow], account_ids: Sequence[str]
    ) -> Sequence[Judge]:
        """Questions to the contract's own views about these accounts, and about markets. A view
        knows only the protocol's own prices: `valued` is at the reference prices.

        margin: the rows as they are written, which is what the views are compared with."""
        ...

    def pack(self, book: Book) -> bytes:
        """The book, state included, as bytes that `unpack` reads back: the same bytes for the same
        book. Raises: CodecError for a state that cannot be written, with the path to the field."""
        ...

    def unpack(self, data: bytes) -> Book:
        """The book that `pack` wrote. Raises: CodecError for damaged bytes, another methodology, or
        a program whose state has other fields."""
        ...

    def judge_selectors(self) -> frozenset[str]:
        """Every 4-byte selector (0x) that `truth` may use: the rebuild uses none of them."""
        ...
