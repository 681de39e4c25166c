"""Accounts that owe more than they have."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.findings.margin_evidence import MarginEvidence, margin_amounts
from analyzer.model.finding import Finding, Severity
from analyzer.model.verdict import Verdict
from analyzer.solvency.result import ScanResult


class InsolventAccount(Detector):
    """One finding an account whose verdict is `insolvent`."""

    id = "insolvent-account"
    title = "Insolvent account"
    severity = Severity.CRITICAL
    measures = ("shortfall_e18",)
    proves = (
        "At this block, at the protocol's own reference prices and with no haircut, everything "
        "the account has is worth less than what it owes. Somebody else bears the difference."
    )
    does_not_prove = (
        "That the loss is final: prices may come back, and the account may still pay. Nor that "
        "the reference price can be had in the market: the true loss may be larger."
    )
    remedy = (
        "Liquidate and settle the bad debt before the backstop is needed for the next one; see "
        "hidden-bad-debt for the sum and insurance-fund-shortfall for who pays."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """Accounts judged `insolvent`, with the shortfall = -equity."""
        mine = {r.margin.account_id for r in result.margin if r.verdict is Verdict.INSOLVENT}
        evidence = MarginEvidence(result, mine)
        for row in result.margin:
            equity_e18 = row.margin.equity_e18
            if row.verdict is Verdict.INSOLVENT and equity_e18 is not None:
                yield self.finding(
                    result,
                    title="Account owes more than it has",
                    account_id=row.margin.account_id,
                    amounts={"shortfall_e18": -equity_e18, **margin_amounts(row)},
                    evidence=evidence.of(row),
                )
