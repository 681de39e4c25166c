"""All detectors, and the two functions that run them: on a scan, and on the scans of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.findings.assessed import Assessed
from analyzer.findings.bad_debt import HiddenBadDebtFound
from analyzer.findings.blocked import LiquidationBlocked
from analyzer.findings.cascade_amplification import CascadeAmplification
from analyzer.findings.contagion_path import ContagionPath
from analyzer.findings.control_total import ControlTotalOff
from analyzer.findings.correlation_changed import CorrelationChanged
from analyzer.findings.cover_shortfall import CoverShortfall
from analyzer.findings.detector import Described, Detector
from analyzer.findings.divergence import ContractDivergence
from analyzer.findings.forced_sales import ForcedSalesExceedDepth
from analyzer.findings.fund_exhausted import FundExhausted
from analyzer.findings.fund_shortfall import InsuranceFundShortfall
from analyzer.findings.implausible_run import ImplausibleRun
from analyzer.findings.implementation import UnknownImplementation
from analyzer.findings.incomplete_set import IncompleteSet
from analyzer.findings.insolvent import InsolventAccount
from analyzer.findings.lagging_view import ViewLagsFees
from analyzer.findings.oracle import BadOracle, UnknownPriceAge
from analyzer.findings.pool_profits import DeleveragingDue, ProfitsCapped
from analyzer.findings.risk_detector import Profiled, RiskDetector
from analyzer.findings.run_detector import RunDetector
from analyzer.findings.scenario_detector import ScenarioDetector
from analyzer.findings.short_together import OwnerShortTogether
from analyzer.findings.uncovered_deficit import UncoveredDeficit
from analyzer.findings.undercollateralized import UndercollateralizedAccount
from analyzer.findings.unknown_account import UnknownAccount
from analyzer.findings.unprofitable_liquidation import (
    UnprofitableAtTheBlock,
    UnprofitableLiquidation,
)
from analyzer.findings.unproven_rules import UnprovenRules
from analyzer.findings.withdrawals import WithdrawalsAtRisk
from analyzer.model.finding import Finding
from analyzer.solvency.result import ScanResult

DETECTORS: tuple[type[Detector], ...] = (
    ContractDivergence,
    ControlTotalOff,
    IncompleteSet,
    InsuranceFundShortfall,
    InsolventAccount,
    HiddenBadDebtFound,
    LiquidationBlocked,
    ViewLagsFees,
    WithdrawalsAtRisk,
    UncoveredDeficit,
    UndercollateralizedAccount,
    ProfitsCapped,
    DeleveragingDue,
    BadOracle,
    UnknownAccount,
    UnknownImplementation,
    UnprovenRules,
    UnknownPriceAge,
    UnprofitableAtTheBlock,
)
"""Every detector, in the order in which a reader should see them among equals."""


RUN_DETECTORS: tuple[type[RunDetector], ...] = (OwnerShortTogether,)
"""Every detector that sees all scans of a run."""

SCENARIO_DETECTORS: tuple[type[ScenarioDetector], ...] = (
    FundExhausted,
    CoverShortfall,
    ContagionPath,
    CascadeAmplification,
    ForcedSalesExceedDepth,
    ImplausibleRun,
    UnprofitableLiquidation,
)
"""Every detector that sees a scenario's cascade."""

RISK_DETECTORS: tuple[type[RiskDetector], ...] = (CorrelationChanged,)
"""Every detector that sees a deployment's risk profile."""

_OF_SCENARIOS = frozenset(detector.id for detector in SCENARIO_DETECTORS)

ALL_DETECTORS: tuple[type[Described], ...] = (
    *(detector for detector in DETECTORS if detector.id not in _OF_SCENARIOS),
    *RUN_DETECTORS,
    *SCENARIO_DETECTORS,
    *RISK_DETECTORS,
)
"""Every detector of any kind, in the order in which a reader should see them. What both a scan and
a scenario show is one kind, as the scenario's detector states it."""

_BY_ID = {detector.id: detector for detector in ALL_DETECTORS}
_RANK = {detector.id: number for number, detector in enumerate(ALL_DETECTORS)}


def detector_of(id_: str) -> type[Described] | None:
    """The detector with that id; None for one that this version does not have."""
    return _BY_ID.get(id_)


def run_detectors(result: ScanResult) -> list[Finding]:
    """Every finding of `result`: the severest first, then by detector, account and market.

    The order depends on nothing but the findings. Where two sources of one detector report the
    same thing (the same fingerprint), the first one stays.
    """
    return in_order(f for detector in DETECTORS for f in detector().detect(result))


def add_run_findings(results: Sequence[ScanResult]) -> None:
    """Adds what only the scans of a run together show to the findings of the scan it stands with.

    Call it once all scans of the run have their own findings.
    """
    found = [f for detector in RUN_DETECTORS for f in detector().detect(results)]
    for result in results:
        own = [finding for finding in found if finding.scan_id == result.scan_id]
        if own:
            result.findings = in_order([*result.findings, *own])


def scenario_findings(assessed: Sequence[Assessed]) -> list[Finding]:
    """Every finding of some scenarios' cascades, in the order of `run_detectors`. A scenario that
    does nothing to these deployments has none."""
    return in_order(
        finding for one in assessed if one.touched() for detector in SCENARIO_DETECTORS
        for finding in detector().detect(one)
    )  # fmt: skip


def profile_findings(profiled: Profiled) -> list[Finding]:
    """Every finding of a deployment's risk profile, in the order of `run_detectors`."""
    return in_order(f for detector in RISK_DETECTORS for f in detector().detect(profiled))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, one a fingerprint, in the order of `run_detectors`; of a detector that this
    version does not have after the others of their severity."""
    unique: dict[str, Finding] = {}
    for finding in findings:
        unique.setdefault(finding.fingerprint, finding)
    return sorted(unique.values(), key=_place)


def _place(finding: Finding) -> tuple[int, int, str, str]:
    """Where a finding stands among others."""
    rank = _RANK.get(finding.detector, len(_RANK))
    return -finding.severity, rank, finding.account_id or "", finding.market or ""
