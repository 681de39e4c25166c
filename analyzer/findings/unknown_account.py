"""Accounts of which nothing can be said."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.model.verdict import Verdict
from analyzer.solvency.result import ScanResult


class UnknownAccount(Detector):
    """One finding an account whose verdict is `unknown`."""

    id = "unknown-account"
    title = "Unknown account"
    severity = Severity.MEDIUM
    cause_in = ("reason",)
    proves = (
        "Something that the account's margin depends on was stale, reverted or was not read at "
        "this block. The account is counted, and no amount is made up for it."
    )
    does_not_prove = (
        "Anything about the account's solvency, in either direction: it may be the worst one."
    )
    remedy = (
        "Read the reason: an unread call goes away with a better endpoint or recording; a revert "
        "or a stale price is the protocol's own state, and its contracts cannot value the "
        "account either."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """Accounts judged `unknown`, each with its reason."""
        for row in result.margin:
            if row.verdict is Verdict.UNKNOWN:
                yield self.finding(
                    result,
                    title="Account could not be judged",
                    account_id=row.margin.account_id,
                    evidence={"reason": row.margin.unknown_reason or row.reason},
                )
