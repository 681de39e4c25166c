"""Scenarios whose forced trades alone move a price further than a market would show."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.assessed import Assessed
from analyzer.findings.scenario_detector import ScenarioDetector
from analyzer.model.finding import Finding, Severity

_PPM = 1_000_000


class ImplausibleRun(ScenarioDetector):
    """One finding a factor and scenario: forced trades move its price by more than half."""

    id = "implausible-run"
    title = "Implausible run of a scenario"
    severity = Severity.MEDIUM
    measures = ("forced_trades_e18",)
    proves = (
        "In the scenario's cascade forced sales or purchases alone take the price of the factor "
        "more than half below, or more than half above, its shocked price, by the stated curve."
    )
    does_not_prove = (
        "Anything about the losses of this run: at such prices a market has long changed (traders "
        "step in, protocols pause), so its numbers are no forecast."
    )
    remedy = (
        "Give the measured depth with --depth. If the run stays implausible, the position is too "
        "large for its market, whatever the exact loss: lower its caps."
    )

    def detect(self, assessed: Assessed) -> Iterable[Finding]:
        """Every implausible factor."""
        result, first = assessed.result, next(iter(assessed.venues))
        for factor in result.implausible:
            moved = result.forced[factor]
            pairs = [pair for pair in result.pairs if pair.moves == factor]
            sold, bought = (
                sum(side) for side in zip(*((p.sold_e18, p.bought_e18) for p in pairs), strict=True)
            )
            yield self.finding(
                assessed,
                first,
                title=f"Forced trades alone move {factor} by {float(moved - 1):+.0%}",
                about=factor,
                amounts={
                    "forced_trades_e18": sold + bought,
                    "sold_e18": sold,
                    "bought_e18": bought,
                    "forced_move_ppm": int((moved - 1) * _PPM),
                },
                evidence={
                    "depth": "; ".join(f"{p.against}, {p.kind}: {p.source}" for p in pairs),
                    "deployments": ", ".join(sorted(assessed.venues)),
                },
            )
