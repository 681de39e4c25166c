"""The plug of Perp V2: each stage is a module of this folder; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from analyzer.model.block import BlockRef
from analyzer.model.book import Book, Price, Prices
from analyzer.model.closure import Closure
from analyzer.model.deployment import Deployment
from analyzer.model.integers import WAD
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.model.rows import BackstopRow, MarginRow
from analyzer.protocols.base import (
    Caution,
    Details,
    Judge,
    Ledger,
    Observation,
    Repriced,
    Source,
)
from analyzer.protocols.perp_v2.backstops import backstops
from analyzer.protocols.perp_v2.book import book
from analyzer.protocols.perp_v2.cautions import cautions
from analyzer.protocols.perp_v2.deployments import REQUIRED_CONTRACTS, shipped_deployments
from analyzer.protocols.perp_v2.details import details
from analyzer.protocols.perp_v2.fold import PerpLedger, fold
from analyzer.protocols.perp_v2.liquidate import liquidate
from analyzer.protocols.perp_v2.margin import margin
from analyzer.protocols.perp_v2.observe import PerpObservation, observe
from analyzer.protocols.perp_v2.prices import reference_prices
from analyzer.protocols.perp_v2.reprice import reprice
from analyzer.protocols.perp_v2.sources import follow, sources
from analyzer.protocols.perp_v2.state import PerpState
from analyzer.protocols.perp_v2.truth import JUDGE_SELECTORS, truth


def state_of(found: Book) -> PerpState:
    """The state inside a book of this protocol. Raises: TypeError for another protocol's."""
    if not isinstance(found.state, PerpState):
        raise TypeError(f"this book is of another protocol ({type(found.state).__name__})")
    return found.state


class PerpV2:
    """Perpetual Protocol V2 ("Curie"): cross-margin perpetuals on Uniswap V3 ranges."""

    name = "perp-v2"
    methodology = "perp-v2/1 (@perp/curie-contract 2.8.4)"
    required_contracts = REQUIRED_CONTRACTS

    def deployments(self) -> Sequence[Deployment]:
        """The deployments that ship with the package."""
        return shipped_deployments()

    def sources(self, deployment: Deployment) -> Sequence[Source]:
        """The contracts known from the start. Raises: InputError when a role is missing."""
        return sources(deployment)

    def follow(self, deployment: Deployment, event: Event) -> Sequence[Source]:
        """The base token and pool of a new market."""
        return follow(deployment, event)

    def fold(self, deployment: Deployment, events: Iterable[Event]) -> Reading[Ledger]:
        """Events in (block, log index) order to state; asks nothing."""
        yield from ()
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
        if not isinstance(observation, PerpObservation):
            raise TypeError("this observation is of another protocol")
        return book(deployment, block, _ledger(ledger), observation)

    def prices(self, book: Book) -> Prices:
        """The protocol's reference prices, and the settlement token, which is the unit."""
        state = state_of(book)
        factors = {asset.asset_id: asset.factor for asset in book.assets}
        unit = Price(
            state.settlement_token,
            state.settlement_symbol,
            factors[state.settlement_token],
            WAD,
            "fixed",
            "unit of account: the Vault counts its settlement token at 1",
        )
        return Prices({unit.asset_id: unit, **reference_prices(state, factors).by_asset})

    def margin(self, book: Book, prices: Prices) -> Sequence[MarginRow]:
        """Exact margin of every account, in book order."""
        return margin(state_of(book), prices, book.account_ids)

    def details(self, book: Book, prices: Prices, margin: Sequence[MarginRow]) -> Details:
        """Rows for the tables beside margin."""
        return details(book, state_of(book), prices)

    def cautions(
        self, book: Book, prices: Prices, margin: Sequence[MarginRow]
    ) -> Sequence[Caution]:
        """Pauses, blocked liquidations, bad prices."""
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
        return frozenset(JUDGE_SELECTORS)


def _ledger(ledger: Ledger) -> PerpLedger:
    """The ledger as this protocol's. Raises: TypeError for another protocol's."""
    if not isinstance(ledger, PerpLedger):
        raise TypeError(f"this ledger is of another protocol ({type(ledger).__name__})")
    return ledger
