"""Funds that a named scenario uses up."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.assessed import Assessed
from analyzer.findings.scenario_detector import ScenarioDetector
from analyzer.model.finding import Finding, Severity


class FundExhausted(ScenarioDetector):
    """One finding a deployment and scenario: bad debt beyond the bounded layers that must pay."""

    id = "fund-exhausted"
    title = "Fund exhausted under a scenario"
    severity = Severity.HIGH
    measures = ("uncovered_e18", "bad_debt_e18")
    proves = (
        "When the scenario's prices hold and the cascade that follows has come to rest, by the "
        "protocol's own liquidation rules and on the stated depth, the bounded layers of the loss "
        "waterfall have not borne all that the accounts that failed lack, and what they still hold "
        "does not bear the rest. It falls on those behind them: suppliers, winners, or whoever "
        "withdraws last. Where an oracle stands still, bad debt is taken at the market's prices."
    )
    does_not_prove = (
        "That the scenario comes, nor that liquidators would act as fast or the depth be as "
        "stated: the result names the curve of every factor. Unknown accounts are in no sum, and "
        "nobody adds collateral in the cascade."
    )
    remedy = (
        "Raise the fund by at least the uncovered amount, or lower the exposure that the paths of "
        "`analyzer contagion --scenario NAME` name; the firewall line says what is cheapest."
    )

    def detect(self, assessed: Assessed) -> Iterable[Finding]:
        """Deployments whose bad debt grew, and whose bounded layers did not bear all of it."""
        for name, venue in assessed.venues.items():
            uncovered = assessed.uncovered_e18(name)
            before = assessed.result.before[name].bad_debt_e18
            if not uncovered or assessed.bad_debt_market_e18(name) <= before:
                continue
            yield self.finding(
                assessed,
                name,
                title=f"Bad debt beyond what the fund of {name} holds",
                amounts={
                    "uncovered_e18": uncovered,
                    "bad_debt_e18": assessed.bad_debt_market_e18(name),
                    "bad_debt_at_shocked_prices_e18": assessed.static_bad_debt_e18(name),
                    "bad_debt_at_the_block_e18": before,
                    "fund_e18": venue.fund_before_e18,
                    "fund_left_e18": venue.fund_left_e18,
                    "unknown_accounts_count": assessed.result.shocked[name].unknown,
                },
                evidence={
                    "formula": "borne by others than bounded layers + max(left on accounts - what "
                    "bounded layers still hold, 0)"
                },
            )
