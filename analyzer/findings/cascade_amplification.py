"""Cascades that take a price much further than the shock did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from analyzer.findings.assessed import Assessed
from analyzer.findings.scenario_detector import ScenarioDetector
from analyzer.model.finding import Finding, Severity

LEAST = Fraction(3, 2)
"""Half as much again as the shock: less is no finding."""
ALONE = Fraction(1, 10)
"""How far a price that the scenario does not shock has to move by the cascade alone."""
_PPM = 1_000_000


class CascadeAmplification(ScenarioDetector):
    """One finding a deployment, factor and scenario: forced sales multiply the shock."""

    id = "cascade-amplification"
    title = "Cascade amplifies a shock"
    severity = Severity.MEDIUM
    measures = ("bad_debt_e18",)
    proves = (
        "On the stated depth, the forced sales that follow the scenario's shock take the price of "
        "a factor at least half as far again as the shock itself, or move one that is not shocked "
        "by a tenth, or raise the bad debt of a deployment by half over what it is at the prices "
        "of the scenario's last step."
    )
    does_not_prove = (
        "That the market would move so: nobody buys the fall in the cascade, and depth is an "
        "assumption where no file or pool gave it (the evidence names its source)."
    )
    remedy = (
        "Give the measured depth with --depth; if it stays, slow liquidations down (smaller close "
        "factors, auctions) or hold less of the factor as collateral."
    )

    def detect(self, assessed: Assessed) -> Iterable[Finding]:
        """Factors and deployments whose final move is at least `LEAST` times the shock's."""
        for name in assessed.venues:
            static, after = assessed.static_bad_debt_e18(name), assessed.bad_debt_e18(name)
            if static and Fraction(after, static) >= LEAST:
                yield self._debt(assessed, name, static, after)
        first = next(iter(assessed.venues))
        sources = {used.factor: f"{used.kind}: {used.source}" for used in assessed.depth}
        for factor in sorted(assessed.result.shock):
            value = assessed.result.amplification(factor)
            if value is None:
                yield from self._unshocked(assessed, first, factor, sources)
                continue
            if value < LEAST:
                continue
            yield self.finding(
                assessed,
                first,
                title=f"The cascade takes {factor} {float(value):.1f} times as far as the shock",
                about=factor,
                amounts={"amplification_ppm": int(value * _PPM)},
                evidence={
                    "depth": sources.get(factor, "no curve: its price does not move"),
                    "deployments": ", ".join(sorted(assessed.venues)),
                },
            )

    def _unshocked(
        self, assessed: Assessed, first: str, factor: str, sources: Mapping[str, str]
    ) -> Iterable[Finding]:
        """The finding about a factor that only the cascade moves, where it moves it far."""
        rounds = assessed.result.rounds
        move = rounds[-1].price_after.get(factor, Fraction(1)) - 1 if rounds else Fraction(0)
        if abs(move) < ALONE:
            return
        yield self.finding(
            assessed,
            first,
            title=f"The cascade alone moves {factor} by {float(move):+.1%}: no shock does",
            about=factor,
            amounts={"move_ppm": round(move * _PPM)},
            evidence={
                "depth": sources.get(factor, "no curve: its price does not move"),
                "deployments": ", ".join(sorted(assessed.venues)),
            },
        )

    def _debt(self, assessed: Assessed, name: str, static: int, after: int) -> Finding:
        """The finding about a deployment's bad debt."""
        times = Fraction(after, static)
        return self.finding(
            assessed,
            name,
            title=f"The cascade multiplies the bad debt of {name} by {float(times):.1f}",
            about="bad debt",
            amounts={
                "amplification_ppm": int(times * _PPM),
                "bad_debt_e18": after,
                "bad_debt_at_shocked_prices_e18": static,
            },
        )
