"""Profits that a pool owes its traders: more than it pays, or more than it should let stand."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult


class ProfitsCapped(Detector):
    """One finding a side of a market whose profits the pool does not pay in full."""

    id = "pnl-capped"
    title = "Profits capped"
    severity = Severity.HIGH
    measures = ("cut_e18", "pnl_e18")
    proves = (
        "At this block the profits of one side of a market exceed the part of the pool that the "
        "protocol pays out of. Whoever closes now is paid in proportion; the rest is not owed."
    )
    does_not_prove = (
        "That the profit is lost: the cap moves with prices and with the pool. Nor that the pool "
        "could not pay: the cap is a rule, not what the pool holds."
    )
    remedy = (
        "Count the margin of every winner of that side at the capped profit, as the verdicts here "
        "do, and look at adl-due: deleveraging should have begun before."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """What the protocol says of its caps."""
        return self.of_cautions(result, {"pnl_capped": None})


class DeleveragingDue(Detector):
    """One finding a side of a market that may be deleveraged."""

    id = "adl-due"
    title = "Auto-deleveraging due"
    severity = Severity.MEDIUM
    measures = ("beyond_e18", "pnl_e18")
    proves = (
        "At this block the profits of one side of a market, as a part of the pool, are above the "
        "factor from which keepers may close winners against their will."
    )
    does_not_prove = (
        "That anybody will be closed: a keeper has to enable it first and then choose whom, and "
        "each order has to lower the factor without falling below its floor."
    )
    remedy = "Expect winners of that side to be closed, in parts, at the index price."

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """What the protocol says of its factors."""
        return self.of_cautions(result, {"adl_due": None})
