"""Accounts in breach that nobody closes, because it pays nobody."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.assessed import Assessed
from analyzer.findings.scenario_detector import ScenarioDetector
from analyzer.model.finding import Finding, Severity


class UnprofitableLiquidation(ScenarioDetector):
    """One finding a deployment and scenario: what liquidators leave open in the end."""

    id = "unprofitable-liquidation"
    title = "Liquidation that pays nobody"
    severity = Severity.MEDIUM
    measures = ("left_bad_debt_e18",)
    proves = (
        "When the scenario's cascade has come to rest, accounts of the deployment are still in "
        "breach, and at the stated depth, gas and required return no liquidator gains by closing "
        "any part of them that the contract lets them close."
    )
    does_not_prove = (
        "That nobody would close them at a loss (the protocol's own keeper, an insurer), nor that "
        "depth does not return: then they would be closed later, at the prices of then."
    )
    remedy = (
        "For dust, raise the least size of a debt; for collateral whose market is thin, lower its "
        "cap or raise its bonus; or have somebody close them who is paid otherwise."
    )

    def detect(self, assessed: Assessed) -> Iterable[Finding]:
        """Every deployment with accounts that pay nobody."""
        for name, accounts in sorted(assessed.result.unprofitable.items()):
            if not accounts:
                continue
            some = "account pays" if len(accounts) == 1 else "accounts pay"
            yield self.finding(
                assessed,
                name,
                title=f"{len(accounts):,} {some} nobody to be closed, and stay in breach",
                amounts={
                    "accounts": len(accounts),
                    "left_bad_debt_e18": assessed.result.after[name].bad_debt_e18,
                },
                evidence={"accounts": ", ".join(accounts[:3])},
            )
