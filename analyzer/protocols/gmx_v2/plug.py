"""The plug of GMX V2: each stage is a module of this folder; nothing is computed here."""

from __future__ import annotations

from typing import ClassVar

from analyzer.protocols.gmx_v2.close.backstops import backstops
from analyzer.protocols.gmx_v2.close.decide import decide
from analyzer.protocols.gmx_v2.close.liquidate import liquidate
from analyzer.protocols.gmx_v2.close.simulate import simulate
from analyzer.protocols.gmx_v2.deployments import REQUIRED_CONTRACTS
from analyzer.protocols.gmx_v2.judge.cautions import cautions
from analyzer.protocols.gmx_v2.judge.proof_slots import proof_slots
from analyzer.protocols.gmx_v2.judge.totals import totals
from analyzer.protocols.gmx_v2.judge.truth import JUDGE_SELECTORS, truth
from analyzer.protocols.gmx_v2.logs.fold import FOLDING, GmxLedger, fold
from analyzer.protocols.gmx_v2.logs.sources import sources
from analyzer.protocols.gmx_v2.state.book import book
from analyzer.protocols.gmx_v2.state.observe import GmxObservation, observe
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.gmx_v2.value.details import details
from analyzer.protocols.gmx_v2.value.margin import margin
from analyzer.protocols.gmx_v2.value.prices import prices
from analyzer.protocols.gmx_v2.value.reprice import reprice
from analyzer.protocols.gmx_v2.value.rounds import ROUNDS
from analyzer.protocols.gmx_v2.value.value import GmxValued, value
from analyzer.protocols.kit.staged import StagedPlug, Stages


class GmxV2(StagedPlug):
    """GMX V2 (gmx-synthetics): isolated perpetual positions against pooled liquidity."""

    name = "gmx-v2"
    methodology = "gmx-v2/1 (gmx-synthetics v2.2, a5c0c883)"
    required_contracts = REQUIRED_CONTRACTS
    money = "USD"
    rounds = ROUNDS
    ledger_type = GmxLedger
    observation_type = GmxObservation
    state_type = GmxState
    valued_type = GmxValued
    naming_events = frozenset()
    stages: ClassVar[Stages[GmxLedger, GmxObservation, GmxValued]] = Stages(
        sources=sources,
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
