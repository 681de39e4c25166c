"""The plug of Derive V2: each stage is a module of this folder; nothing is computed here."""

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
from analyzer.protocols.base import (
    Caution,
    Details,
    Judge,
    Ledger,
    Observation,
    Repriced,
    Source,
)
from analyzer.protocols.derive_v2.backstops import backstops
from analyzer.protocols.derive_v2.book import book
from analyzer.protocols.derive_v2.cautions import cautions
from analyzer.protocols.derive_v2.closures import liquidate
from analyzer.protocols.derive_v2.deployments import REQUIRED_CONTRACTS, shipped_deployments
from analyzer.protocols.derive_v2.details import details
from analyzer.protocols.derive_v2.fold import DeriveLedger, fold
from analyzer.protocols.derive_v2.margin import margin
from analyzer.protocols.derive_v2.observe import DeriveObservation, observe
from analyzer.protocols.derive_v2.prices import reference_prices
from analyzer.protocols.derive_v2.reprice import reprice
from analyzer.protocols.derive_v2.sources import follow, sources
from analyzer.protocols.derive_v2.state import DeriveState
from analyzer.protocols.derive_v2.truth import JUDGE_SELECTORS, truth


def state_of(found: Book) -> DeriveState:
    """The state inside a book of this protocol. Raises: TypeError for another protocol's."""
    if not isinstance(found.state, DeriveState):
        raise TypeError(f"this book is of another protocol ({type(found.state).__name__})")
    return found.state


class DeriveV2:
    """Derive V2 (Lyra V2): one account of cash, perps, options and base assets, margined by rule
    or by scenarios."""

    name = "derive-v2"
    methodology = "derive-v2/1 (derivexyz/v2-core 7736900d)"
    required_contracts = REQUIRED_CONTRACTS

    def deployments(self) -> Sequence[Deployment]:
        """None: recordings name their own contracts."""
        return shipped_deployments()

    def sources(self, deployment: Deployment) -> Sequence[Source]:
        """Every contract of the deployment. Raises: InputError when a role is missing."""
        return sources(deployment)

    def follow(self, deployment: Deployment, event: Event) -> Sequence[Source]:
        """Nothing: all contracts are in the deployment."""
        return follow(deployment, event)

    def fold(self, deployment: Deployment, events: Iterable[Event]) -> DeriveLedger:
        """Events in (block, log index) order to state."""
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
        if not isinstance(observation, DeriveObservation):
            raise TypeError("this observation is of another protocol")
        return book(deployment, block, _ledger(ledger), observation)

    def prices(self, book: Book) -> Prices:
        """Spot feeds, perps, base assets, cash and every option held."""
        return reference_prices(
            state_of(book), {asset.asset_id: asset.factor for asset in book.assets}
        )

    def margin(self, book: Book, prices: Prices) -> Sequence[MarginRow]:
        """Exact margin of every account, in book order."""
        return margin(state_of(book), prices, book.account_ids)

    def details(self, book: Book, prices: Prices, margin: Sequence[MarginRow]) -> Details:
        """Rows for the tables beside margin."""
        return details(book, state_of(book), prices)

    def cautions(
        self, book: Book, prices: Prices, margin: Sequence[MarginRow]
    ) -> Sequence[Caution]:
        """Stale feeds, blocked liquidations, blocked withdrawals, socialised losses."""
        return cautions(state_of(book), margin)

    def reprice(
        self, book: Book, factors: Sequence[str], shocks: npt.NDArray[np.float64]
    ) -> Repriced:
        """Margin under shocked factors, float64."""
        return reprice(state_of(book), book, factors, shocks)

    def liquidate(self, book: Book, prices: Prices, account_id: str) -> Sequence[Closure]:
        """What an auction would do with this account now."""
        return liquidate(state_of(book), prices, account_id)

    def backstops(self, book: Book, prices: Prices) -> Sequence[BackstopRow]:
        """The loss waterfall with capacities."""
        return backstops(state_of(book), prices)

    def truth(
        self, book: Book, prices: Prices, margin: Sequence[MarginRow], account_ids: Sequence[str]
    ) -> Sequence[Judge]:
        """Questions to the contracts' own views."""
        return truth(state_of(book), prices, margin, account_ids)

    def judge_selectors(self) -> frozenset[str]:
        """Every selector that `truth` may use."""
        return frozenset(JUDGE_SELECTORS)


def _ledger(ledger: Ledger) -> DeriveLedger:
    """The ledger as this protocol's. Raises: TypeError for another protocol's."""
    if not isinstance(ledger, DeriveLedger):
        raise TypeError(f"this ledger is of another protocol ({type(ledger).__name__})")
    return ledger


PLUG = DeriveV2()
"""The plug, as the entry point `analyzer.protocols` names it."""
