"""All detectors, and the one function that runs them."""

from __future__ import annotations

from analyzer.findings.bad_debt import HiddenBadDebtFound
from analyzer.findings.blocked import LiquidationBlocked
from analyzer.findings.control_total import ControlTotalOff
from analyzer.findings.detector import Detector
from analyzer.findings.divergence import ContractDivergence
from analyzer.findings.fund_shortfall import InsuranceFundShortfall
from analyzer.findings.implementation import UnknownImplementation
from analyzer.findings.insolvent import InsolventAccount
from analyzer.findings.oracle import BadOracle
from analyzer.findings.undercollateralized import UndercollateralizedAccount
from analyzer.findings.unknown_account import UnknownAccount
from analyzer.findings.withdrawals import WithdrawalsAtRisk
from analyzer.model.finding import Finding
from analyzer.solvency.result import ScanResult

DETECTORS: tuple[type[Detector], ...] = (
    ContractDivergence,
    ControlTotalOff,
    InsuranceFundShortfall,
    InsolventAccount,
    HiddenBadDebtFound,
    LiquidationBlocked,
    WithdrawalsAtRisk,
    UndercollateralizedAccount,
    BadOracle,
    UnknownAccount,
    UnknownImplementation,
)
"""Every detector, in the order in which a reader should see them among equals."""


def run_detectors(result: ScanResult) -> list[Finding]:
    """Every finding of `result`: the severest first, then by detector, account and market.

    The order depends on nothing but the findings. Where two sources of one detector report the
    same thing (the same fingerprint), the first one stays.
    """
    found: dict[str, Finding] = {}
    rank: dict[str, int] = {}
    for number, detector in enumerate(DETECTORS):
        rank[detector.id] = number
        for finding in detector().detect(result):
            found.setdefault(finding.fingerprint, finding)
    return sorted(
        found.values(),
        key=lambda f: (-f.severity, rank[f.detector], f.account_id or "", f.market or ""),
    )
