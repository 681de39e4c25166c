"""More that has to be sold than the market takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from analyzer.contagion.scenario import depth_multiplier
from analyzer.findings.assessed import Assessed
from analyzer.findings.scenario_detector import ScenarioDetector
from analyzer.market.depth import scaled
from analyzer.market.depth.quote import depth_usd
from analyzer.model.finding import Finding, Severity
from analyzer.model.integers import WAD


class ForcedSalesExceedDepth(ScenarioDetector):
    """One finding a factor and scenario: forced sales beyond the depth within ten percent."""

    id = "forced-sales-exceed-depth"
    title = "Forced sales exceed depth"
    severity = Severity.MEDIUM
    measures = ("forced_sales_e18",)
    proves = (
        "In the scenario's cascade more of the factor has to be sold, net of what has to be "
        "bought, than its market takes before the price falls by ten percent, by the stated curve."
    )
    does_not_prove = (
        "That the sales come all at once: depth that returns with time is not in the curve. Where "
        "the depth is a stated default, only its order of magnitude counts."
    )
    remedy = (
        "Measure the depth and give it with --depth; if the finding stays, lower the caps of what "
        "uses this factor as collateral or as a position."
    )

    def detect(self, assessed: Assessed) -> Iterable[Finding]:
        """Factors whose net forced sales over all rounds exceed their depth to `DEEP`."""
        sold: Counter[str] = Counter()
        for found in assessed.result.rounds:
            sold.update(found.sold_e18)
        sources = {used.factor: f"{used.kind}: {used.source}" for used in assessed.depth}
        first = next(iter(assessed.venues))
        for factor, amount in sorted(sold.items()):
            curve = assessed.curves.get(factor)
            if curve is None or amount <= 0:
                continue
            depth = depth_usd(scaled(curve, float(depth_multiplier(assessed.scenario, factor))))
            if depth is None or amount / WAD <= depth:
                continue
            yield self.finding(
                assessed,
                first,
                title=f"More {factor} is forced onto the market than it takes within 10 %",
                about=factor,
                amounts={"forced_sales_e18": amount, "depth_e18": round(depth) * WAD},
                evidence={
                    "depth": sources.get(factor, ""),
                    "deployments": ", ".join(sorted(assessed.venues)),
                },
            )
