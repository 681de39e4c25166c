"""The plug of Nado: each stage is a module of this folder; nothing is computed here."""

from __future__ import annotations

from typing import ClassVar

from analyzer.protocols.kit.staged import StagedPlug, Stages
from analyzer.protocols.nado.close.backstops import backstops
from analyzer.protocols.nado.close.decide import decide
from analyzer.protocols.nado.close.liquidate import liquidate
from analyzer.protocols.nado.close.simulate import simulate
from analyzer.protocols.nado.deployments import REQUIRED_CONTRACTS
from analyzer.protocols.nado.judge.cautions import cautions
from analyzer.protocols.nado.judge.proof_slots import proof_slots
from analyzer.protocols.nado.judge.totals import totals
from analyzer.protocols.nado.judge.truth import JUDGE_SELECTORS, truth
from analyzer.protocols.nado.logs.fold import FOLDING
from analyzer.protocols.nado.logs.ledger import NadoLedger
from analyzer.protocols.nado.logs.sources import sources
from analyzer.protocols.nado.state.book import book
from analyzer.protocols.nado.state.observe import NadoObservation, observe
from analyzer.protocols.nado.state.state import NadoState
from analyzer.protocols.nado.value.details import details
from analyzer.protocols.nado.value.margin import margin
from analyzer.protocols.nado.value.prices import prices
from analyzer.protocols.nado.value.reprice import reprice
from analyzer.protocols.nado.value.value import NadoValued, value


class Nado(StagedPlug):
    """Nado: one account of spot deposits, spot borrows, perps and spreads between them."""

    name = "nado"
    methodology = "nado/1 (nadohq/nado-contracts 1.1.0)"
    required_contracts = REQUIRED_CONTRACTS
    money = "USDT0"
    liquidations = (("Clearinghouse", "Liquidation"),)
    naming_events = frozenset()
    ledger_type = NadoLedger
    observation_type = NadoObservation
    state_type = NadoState
    valued_type = NadoValued
    stages: ClassVar[Stages[NadoLedger, NadoObservation, NadoValued]] = Stages(
        sources=sources,
        fold=FOLDING.whole,
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
        decide=decide,
        proof_slots=proof_slots,
    )


PLUG = Nado()
"""The plug, as the entry point `analyzer.protocols` names it."""
