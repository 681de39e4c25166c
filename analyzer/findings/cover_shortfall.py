"""One or two owners whose default costs more than the fund."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.assessed import Assessed
from analyzer.findings.scenario_detector import ScenarioDetector
from analyzer.model.finding import Finding, Severity


class CoverShortfall(ScenarioDetector):
    """One finding a deployment and scenario: the largest owners' bad debt exceeds the fund."""

    id = "cover-shortfall"
    title = "One owner's default exceeds the fund"
    severity = Severity.HIGH
    measures = ("cover1_e18", "cover2_e18")
    proves = (
        "At the scenario's prices, before anybody reacts, the accounts of the one owner with the "
        "most negative equity lack more than the bounded layers of the loss waterfall hold "
        "(Cover-1), or those of the two owners with the most together do (Cover-2)."
    )
    does_not_prove = (
        "That these owners default, or that only these do: other accounts may lack more in sum "
        "(fund-exhausted). Accounts of one person under several addresses count as several owners."
    )
    remedy = (
        "Raise the fund to the larger of both covers, or limit what one owner may hold in this "
        "deployment."
    )

    def detect(self, assessed: Assessed) -> Iterable[Finding]:
        """Deployments whose fund is known and below Cover-1 or Cover-2 of the scenario."""
        for name, venue in assessed.venues.items():
            fund = venue.fund_before_e18
            short = assessed.result.shocked[name].owners_short_e18
            largest = sorted(short.items(), key=lambda item: (-item[1], item[0]))[:2]
            if fund is None or not largest:
                continue
            cover1, cover2 = largest[0][1], sum(amount for _, amount in largest)
            if cover2 <= max(fund, 0):
                continue
            alone = cover1 > max(fund, 0)
            who = "One owner lacks" if alone else "Two owners lack"
            yield self.finding(
                assessed,
                name,
                title=f"{who} more than the fund of {name} holds",
                amounts={"cover1_e18": cover1, "cover2_e18": cover2, "fund_e18": fund},
                evidence={
                    "owners": ", ".join(owner for owner, _ in largest),
                    "formula": "sum of -min(equity, 0) of the accounts of an owner",
                },
                # Two at once is what clearing houses plan for; one alone is nearer.
                severity=None if alone else Severity.MEDIUM,
            )
