"""More that has to be sold, or bought, than the market takes or gives."""

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
    """One finding a factor and scenario: forced trades beyond the depth within ten percent."""

    id = "forced-sales-exceed-depth"
    title = "Forced sales exceed depth"
    severity = Severity.MEDIUM
    measures = ("forced_sales_e18", "forced_purchases_e18")
    proves = (
        "In the scenario's cascade more of the factor has to be sold, net of what has to be "
        "bought (or bought, net of what is sold), than its market takes before the price moves by "
        "ten percent, by the stated curve."
    )
    does_not_prove = (
        "That the trades come all at once: depth that returns with time is not in the curve. Where "
        "the depth is a stated default, only its order of magnitude counts."
    )
    remedy = (
        "Measure the depth and give it with --depth; if the finding stays, lower the caps of what "
        "uses this factor as collateral, as debt or as a position."
    )

    def detect(self, assessed: Assessed) -> Iterable[Finding]:
        """Factors whose net forced trades over all rounds exceed their depth to `DEEP`."""
        sold: Counter[str] = Counter()
        for found in assessed.result.rounds:
            sold.update(found.sold_e18)
        sources = {used.factor: f"{used.kind}: {used.source}" for used in assessed.depth}
        first = next(iter(assessed.venues))
        for factor, amount in sorted(sold.items()):
            curve = assessed.curves.get(factor)
            if curve is None:
                continue
            used = scaled(curve, float(depth_multiplier(assessed.scenario, factor)))
            depth = depth_usd(used, bought=amount < 0)
            if depth is None or abs(amount) / WAD <= depth:
                continue
            done = "bought from" if amount < 0 else "forced onto"
            what = "forced_purchases_e18" if amount < 0 else "forced_sales_e18"
            yield self.finding(
                assessed,
                first,
                title=f"More {factor} is {done} the market than it takes within 10 %",
                about=factor,
                amounts={what: abs(amount), "depth_e18": round(depth) * WAD},
                evidence={
                    "depth": sources.get(factor, ""),
                    "deployments": ", ".join(sorted(assessed.venues)),
                },
            )
