"""The plug of Perp V2: each stage is a module of this folder; nothing is computed here."""

from __future__ import annotations

from typing import ClassVar

from analyzer.protocols.kit.staged import StagedPlug, Stages
from analyzer.protocols.perp_v2.close.backstops import backstops
from analyzer.protocols.perp_v2.close.decide import decide
from analyzer.protocols.perp_v2.close.liquidate import liquidate
from analyzer.protocols.perp_v2.close.simulate import simulate
from analyzer.protocols.perp_v2.deployments import REQUIRED_CONTRACTS, shipped_deployments
from analyzer.protocols.perp_v2.judge.cautions import cautions
from analyzer.protocols.perp_v2.judge.proof_slots import proof_slots
from analyzer.protocols.perp_v2.judge.totals import totals
from analyzer.protocols.perp_v2.judge.truth import JUDGE_SELECTORS, truth
from analyzer.protocols.perp_v2.logs.fold import FOLDING, PerpLedger, fold
from analyzer.protocols.perp_v2.logs.sources import follow, sources
from analyzer.protocols.perp_v2.state.book import book
from analyzer.protocols.perp_v2.state.observe import PerpObservation, observe
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.details import details
from analyzer.protocols.perp_v2.value.feeds import price_feeds
from analyzer.protocols.perp_v2.value.margin import margin
from analyzer.protocols.perp_v2.value.prices import prices
from analyzer.protocols.perp_v2.value.reprice import reprice
from analyzer.protocols.perp_v2.value.rounds import ROUNDS
from analyzer.protocols.perp_v2.value.value import PerpValued, value


class PerpV2(StagedPlug):
    """Perpetual Protocol V2 ("Curie"): cross-margin perpetuals on Uniswap V3 ranges."""

    name = "perp-v2"
    methodology = "perp-v2/1 (@perp/curie-contract 2.8.4)"
    required_contracts = REQUIRED_CONTRACTS
    money = "USDC"
    liquidations = (("clearing_house", "PositionLiquidated"), ("vault", "CollateralLiquidated"))
    rounds = ROUNDS
    price_feeds = staticmethod(price_feeds)
    ledger_type = PerpLedger
    observation_type = PerpObservation
    state_type = PerpState
    valued_type = PerpValued
    naming_events = frozenset({"PoolAdded"})
    stages: ClassVar[Stages[PerpLedger, PerpObservation, PerpValued]] = Stages(
        deployments=shipped_deployments,
        sources=sources,
        follow=follow,
        fold=fold,
        folding=FOLDING,
        observe=observe,
        book=book,
        prices=prices,
        value=value,
        margin=margin,
        details=details,
        totals=totals,
        cautions=cautions,
        reprice=reprice,
        backstops=backstops,
        liquidate=liquidate,
        truth=truth,
        judges=JUDGE_SELECTORS,
        simulate=simulate,
        proof_slots=proof_slots,
        decide=decide,
    )
