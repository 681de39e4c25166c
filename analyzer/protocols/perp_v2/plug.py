"""The plug of Perp V2: each stage is a module of this folder; nothing is computed here."""

from __future__ import annotations

from typing import ClassVar

from analyzer.model.book import Book, Price, Prices
from analyzer.model.integers import WAD
from analyzer.protocols.kit.staged import StagedPlug, Stages, asks_nothing, checked_type
from analyzer.protocols.perp_v2.close.backstops import backstops
from analyzer.protocols.perp_v2.close.liquidate import liquidate
from analyzer.protocols.perp_v2.close.simulate import simulate
from analyzer.protocols.perp_v2.deployments import REQUIRED_CONTRACTS, shipped_deployments
from analyzer.protocols.perp_v2.judge.cautions import cautions
from analyzer.protocols.perp_v2.judge.truth import JUDGE_SELECTORS, truth
from analyzer.protocols.perp_v2.logs.fold import PerpLedger, fold
from analyzer.protocols.perp_v2.logs.sources import follow, sources
from analyzer.protocols.perp_v2.state.book import book
from analyzer.protocols.perp_v2.state.observe import PerpObservation, observe
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.details import details
from analyzer.protocols.perp_v2.value.margin import margin
from analyzer.protocols.perp_v2.value.prices import reference_prices
from analyzer.protocols.perp_v2.value.reprice import reprice


def state_of(found: Book) -> PerpState:
    """The state inside a book of this protocol. Raises: TypeError for another protocol's."""
    return checked_type(found.state, PerpState, "book")


def _prices(found: Book, state: PerpState) -> Prices:
    """The protocol's reference prices, and the settlement token, which is the unit."""
    factors = {asset.asset_id: asset.factor for asset in found.assets}
    unit = Price(
        state.settlement_token,
        state.settlement_symbol,
        factors[state.settlement_token],
        WAD,
        "fixed",
        "unit of account: the Vault counts its settlement token at 1",
    )
    return Prices({unit.asset_id: unit, **reference_prices(state, factors).by_asset})


class PerpV2(StagedPlug):
    """Perpetual Protocol V2 ("Curie"): cross-margin perpetuals on Uniswap V3 ranges."""

    name = "perp-v2"
    methodology = "perp-v2/1 (@perp/curie-contract 2.8.4)"
    required_contracts = REQUIRED_CONTRACTS
    ledger_type = PerpLedger
    observation_type = PerpObservation
    state_type = PerpState
    stages: ClassVar[Stages[PerpLedger, PerpObservation, PerpState]] = Stages(
        deployments=shipped_deployments,
        sources=sources,
        follow=follow,
        fold=asks_nothing(fold),
        observe=observe,
        book=book,
        prices=_prices,
        margin=margin,
        details=details,
        cautions=cautions,
        reprice=reprice,
        backstops=backstops,
        liquidate=liquidate,
        truth=truth,
        judges=frozenset(JUDGE_SELECTORS),
        simulate=simulate,
    )
