"""Accounts that the protocol would liquidate now."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.findings.margin_evidence import MarginEvidence, margin_amounts
from analyzer.model.finding import Finding, Severity
from analyzer.model.verdict import Verdict
from analyzer.solvency.result import ScanResult


class UndercollateralizedAccount(Detector):
    """One finding an account whose verdict is `liquidatable`."""

    id = "undercollateralized-account"
    title = "Undercollateralized account"
    severity = Severity.HIGH
    measures = ("below_maintenance_e18",)
    proves = (
        "At this block the protocol's own liquidation test is true for the account and there is "
        "something to close: its margin is below the maintenance requirement."
    )
    does_not_prove = (
        "That the account loses anybody else's money: its equity is not negative. Nor that a "
        "liquidator will come, or that it was still so one block later."
    )
    remedy = (
        "Add collateral or reduce positions; for a keeper: liquidate. An account that stays so "
        "for many blocks means that liquidation does not work: see liquidation-blocked."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """Accounts judged `liquidatable`, with how far they are below maintenance."""
        mine = {r.margin.account_id for r in result.margin if r.verdict is Verdict.LIQUIDATABLE}
        evidence = MarginEvidence(result, mine)
        for row in result.margin:
            if row.verdict is Verdict.LIQUIDATABLE:
                yield self.finding(
                    result,
                    title="Account is below its maintenance margin",
                    account_id=row.margin.account_id,
                    amounts=margin_amounts(row),
                    evidence=evidence.of(row),
                )
