"""The plug of Derive V2: each stage is a module of this folder; nothing is computed here."""

from __future__ import annotations

from typing import ClassVar

from analyzer.protocols.derive_v2.close.backstops import backstops
from analyzer.protocols.derive_v2.close.decide import decide
from analyzer.protocols.derive_v2.close.liquidate import liquidate
from analyzer.protocols.derive_v2.close.simulate import simulate
from analyzer.protocols.derive_v2.deployments import REQUIRED_CONTRACTS
from analyzer.protocols.derive_v2.judge.cautions import cautions
from analyzer.protocols.derive_v2.judge.proof_slots import proof_slots
from analyzer.protocols.derive_v2.judge.totals import totals
from analyzer.protocols.derive_v2.judge.truth import JUDGE_SELECTORS, truth
from analyzer.protocols.derive_v2.logs.fold import FOLDING, DeriveLedger, fold
from analyzer.protocols.derive_v2.logs.sources import sources
from analyzer.protocols.derive_v2.state.book import book
from analyzer.protocols.derive_v2.state.observe import DeriveObservation, observe
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.details import details
from analyzer.protocols.derive_v2.value.margin import margin
from analyzer.protocols.derive_v2.value.prices import prices
from analyzer.protocols.derive_v2.value.reprice import reprice
from analyzer.protocols.derive_v2.value.rounds import ROUNDS
from analyzer.protocols.derive_v2.value.value import DeriveValued, value
from analyzer.protocols.kit.staged import StagedPlug, Stages


class DeriveV2(StagedPlug):
    """Derive V2 (Lyra V2): one account of cash, perps, options and base assets, margined by rule
    or by scenarios."""

    name = "derive-v2"
    methodology = "derive-v2/1 (derivexyz/v2-core 7736900d)"
    required_contracts = REQUIRED_CONTRACTS
    money = "USDC"
    liquidations = (
        ("DutchAuction", "SolventAuctionStarted"),
        ("DutchAuction", "InsolventAuctionStarted"),
    )
    rounds = ROUNDS
    ledger_type = DeriveLedger
    observation_type = DeriveObservation
    state_type = DeriveState
    valued_type = DeriveValued
    naming_events = frozenset()
    stages: ClassVar[Stages[DeriveLedger, DeriveObservation, DeriveValued]] = Stages(
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
        proof_slots=proof_slots,
        judges=JUDGE_SELECTORS,
        simulate=simulate,
        decide=decide,
    )
