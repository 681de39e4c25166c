"""The plug of Aave V3: each stage is a module of this folder; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from analyzer.model.block import BlockRef
from analyzer.model.book import Book, Prices
from analyzer.model.closure import Closure
from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.model.rows import BackstopRow, MarginRow
from analyzer.protocols.aave_v3.backstops import backstops
from analyzer.protocols.aave_v3.book import book
from analyzer.protocols.aave_v3.cautions import cautions
from analyzer.protocols.aave_v3.closures import liquidate
from analyzer.protocols.aave_v3.deployments import (
    PROTOCOL,
    REQUIRED_CONTRACTS,
    shipped_deployments,
)
from analyzer.protocols.aave_v3.details import details
from analyzer.protocols.aave_v3.fold import AaveLedger, fold
from analyzer.protocols.aave_v3.margin import margin
from analyzer.protocols.aave_v3.observe import AaveObservation, observe
from analyzer.protocols.aave_v3.prices import reference_prices
from analyzer.protocols.aave_v3.reprice import reprice
from analyzer.protocols.aave_v3.sources import follow, sources
from analyzer.protocols.aave_v3.state import AaveState
from analyzer.protocols.aave_v3.truth import JUDGE_SELECTORS, truth
from analyzer.protocols.base import (
    Caution,
    Details,
    Judge,
    Ledger,
    Observation,
    Repriced,
    Source,
)


def state_of(found: Book) -> AaveState:
    """The state inside a book of this protocol. Raises: TypeError for another protocol's."""
    if not isinstance(found.state, AaveState):
        raise TypeError(f"this book is of another protocol ({type(found.state).__name__})")
    return found.state


class AaveV3:
    """Aave V3: pooled lending, every account cross-margined over its reserves."""

    name = PROTOCOL
    methodology = "aave-v3/1 (@aave/core-v3 1.19.3, @aave-dao/aave-v3-origin 3.6.0)"
    required_contracts = REQUIRED_CONTRACTS

    def deployments(self) -> Sequence[Deployment]:
        """The markets that ship with the package."""
        return shipped_deployments()

    def sources(self, deployment: Deployment) -> Sequence[Source]:
        """The contracts known from the start. Raises: InputError when a role is missing."""
        return sources(deployment)

    def follow(self, deployment: Deployment, event: Event) -> Sequence[Source]:
        """The configurator, and the tokens of a new reserve."""
        return follow(deployment, event)

    def fold(self, deployment: Deployment, events: Iterable[Event]) -> Reading[Ledger]:
        """Events in (block, log index) order to state; asks each Pool code for its revision."""
        return fold(deployment, events)

    def observe(
        self, deployment: Deployment, ledger: Ledger, block: BlockRef
    ) -> Reading[Observation]:
        """What logs cannot give at the block."""
        return observe(deployment, _ledger(ledger), block)

    def book(
        self, deployment: Deployment, block: BlockRef, ledger: Ledger, observation: Observation
    ) -> Book:
        """Every account's cross-margin state."""
        if not isinstance(observation, AaveObservation):
            raise TypeError("this observation is of another protocol")
        return book(deployment, block, _ledger(ledger), observation)

    def prices(self, book: Book) -> Prices:
        """The oracle's prices at the block."""
        return reference_prices(state_of(book))

    def margin(self, book: Book, prices: Prices) -> Sequence[MarginRow]:
        """Exact margin of every account, in book order."""
        return margin(state_of(book), prices, book.account_ids)

    def details(self, book: Book, prices: Prices, margin: Sequence[MarginRow]) -> Details:
        """Rows for the tables beside margin."""
        return details(state_of(book), prices)

    def cautions(
        self, book: Book, prices: Prices, margin: Sequence[MarginRow]
    ) -> Sequence[Caution]:
        """Revisions never run, pauses, blocked liquidations, deficits, bad prices."""
        return cautions(state_of(book), prices, margin)

    def reprice(
        self, book: Book, factors: Sequence[str], shocks: npt.NDArray[np.float64]
    ) -> Repriced:
        """Margin under shocked factors, float64."""
        return reprice(state_of(book), book, factors, shocks)

    def liquidate(self, book: Book, prices: Prices, account_id: str) -> Sequence[Closure]:
        """What the contract would close of this account now."""
        return liquidate(state_of(book), prices, account_id)

    def backstops(self, book: Book, prices: Prices) -> Sequence[BackstopRow]:
        """The loss waterfall with capacities."""
        return backstops(state_of(book), prices)

    def truth(
        self, book: Book, prices: Prices, margin: Sequence[MarginRow], account_ids: Sequence[str]
    ) -> Sequence[Judge]:
        """Questions to the contract's own views."""
        return truth(state_of(book), prices, margin, account_ids)

    def judge_selectors(self) -> frozenset[str]:
        """Every selector that `truth` may use."""
        return JUDGE_SELECTORS


def _ledger(ledger: Ledger) -> AaveLedger:
    """The ledger as this protocol's. Raises: TypeError for another protocol's."""
    if not isinstance(ledger, AaveLedger):
        raise TypeError(f"this ledger is of another protocol ({type(ledger).__name__})")
    return ledger
