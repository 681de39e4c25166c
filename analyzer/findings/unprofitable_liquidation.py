"""Accounts in breach that nobody closes, because it pays nobody: at a block, or in a scenario."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.assessed import Assessed
from analyzer.findings.detector import Detector
from analyzer.findings.scenario_detector import ScenarioDetector
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult

DUST = "dust"
"""Why it pays nobody at the block: it would not even in a market that takes everything."""
THIN_MARKET = "thin market"
"""Or because its market takes more than the bonus."""


class UnprofitableLiquidation(ScenarioDetector):
    """One finding a deployment and scenario: what liquidators leave open in the end."""

    id = "unprofitable-liquidation"
    title = "Liquidation that pays nobody"
    severity = Severity.MEDIUM
    measures = ("left_bad_debt_e18",)
    proves = (
        "At the block of a scan, or when a scenario's cascade has come to rest, the account may be "
        "liquidated, and no liquidator gains by closing any part of it that the contract lets "
        "them close: at the stated depth (in a scan the default one), after gas (5 dollars a "
        "closure) and the required return (none), a scenario's own where it says so. Any loss "
        "counts, there is no least amount."
    )
    does_not_prove = (
        "That nobody would close it at a loss (the protocol's own keeper, an insurer), nor that "
        "depth does not return: then it would be closed later, at the prices of then. Where the "
        "depth is a stated default, only its order of magnitude counts."
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


class UnprofitableAtTheBlock(Detector):
    """One finding an account: it may be liquidated now, and no rational liquidator would do it.

    The same kind of finding as in a scenario, so that one acceptance and one page serve both.
    """

    id = UnprofitableLiquidation.id
    title = UnprofitableLiquidation.title
    severity = Severity.MEDIUM
    measures = UnprofitableLiquidation.measures
    proves = UnprofitableLiquidation.proves
    does_not_prove = UnprofitableLiquidation.does_not_prove
    remedy = UnprofitableLiquidation.remedy

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """Every caution about an account that pays nobody."""
        yield from self.of_cautions(result, dict.fromkeys((DUST, THIN_MARKET)))
