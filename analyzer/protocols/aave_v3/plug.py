"""The plug of Aave V3: each stage is a module of this folder; nothing is computed here."""

from __future__ import annotations

from typing import ClassVar

from analyzer.protocols.aave_v3.close.backstops import backstops
from analyzer.protocols.aave_v3.close.decide import decide
from analyzer.protocols.aave_v3.close.liquidate import liquidate
from analyzer.protocols.aave_v3.close.simulate import simulate
from analyzer.protocols.aave_v3.deployments import (
    PROTOCOL,
    REQUIRED_CONTRACTS,
    shipped_deployments,
)
from analyzer.protocols.aave_v3.judge.cautions import cautions
from analyzer.protocols.aave_v3.judge.proof_slots import proof_slots
from analyzer.protocols.aave_v3.judge.totals import totals
from analyzer.protocols.aave_v3.judge.truth import JUDGE_SELECTORS, truth
from analyzer.protocols.aave_v3.logs.fold import FOLDING, AaveLedger, fold
from analyzer.protocols.aave_v3.logs.sources import follow, sources
from analyzer.protocols.aave_v3.state.book import book
from analyzer.protocols.aave_v3.state.observe import AaveObservation, observe
from analyzer.protocols.aave_v3.state.state import AaveState
from analyzer.protocols.aave_v3.value.details import details
from analyzer.protocols.aave_v3.value.feeds import price_feeds
from analyzer.protocols.aave_v3.value.margin import margin
from analyzer.protocols.aave_v3.value.prices import prices
from analyzer.protocols.aave_v3.value.reprice import reprice
from analyzer.protocols.aave_v3.value.value import AaveValued, value
from analyzer.protocols.kit.staged import StagedPlug, Stages


class AaveV3(StagedPlug):
    """Aave V3: pooled lending, every account cross-margined over its reserves."""

    name = PROTOCOL
    methodology = "aave-v3/2 (@aave/core-v3 1.16.2 to 1.19.3, aave-v3-origin 3.1.0 to 3.7)"
    required_contracts = REQUIRED_CONTRACTS
    money = "USD"
    interest = "borrowings"
    liquidations = (("pool", "LiquidationCall"),)
    price_feeds = staticmethod(price_feeds)
    ledger_type = AaveLedger
    observation_type = AaveObservation
    state_type = AaveState
    valued_type = AaveValued
    naming_events = frozenset({"ProxyCreated", "ReserveInitialized"})
    stages: ClassVar[Stages[AaveLedger, AaveObservation, AaveValued]] = Stages(
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
        liquidate=liquidate,
        backstops=backstops,
        truth=truth,
        judges=JUDGE_SELECTORS,
        simulate=simulate,
        proof_slots=proof_slots,
        decide=decide,
    )
