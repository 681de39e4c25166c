"""The cascade of a made-up house as detectors and reports see it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from linear_house import E18, Holder, House, venue_of

from analyzer.contagion.cascade.order import CascadeOptions
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.scenario import AT_ANY_LOSS, Scenario, Step
from analyzer.contagion.tell.sentences import facts_of, path_sentence
from analyzer.contagion.trace.paths import top_paths
from analyzer.findings.assessed import Assessed, AssessedVenue
from analyzer.market.depth import ImpactCurve, Linear
from analyzer.market.depth.choose import DepthUsed
from analyzer.runs.snapshot.venues import bounded_capacity_e18
from analyzer.runs.stress.cascades import losses

R15_CURVE = Linear(92 * 92 / 0.03, "case R15: 0.03 a unit sold")


def r15_house(fund: int = 100) -> House:
    """Case R15: three long accounts and one short one, 5 % maintenance, price 100."""
    holders = {
        "A": Holder(-8800 * E18, {"X": 100 * E18}),
        "B": Holder(-17000 * E18, {"X": 200 * E18}),
        "C": Holder(-24000 * E18, {"X": 300 * E18}),
        "D": Holder(11500 * E18, {"X": -100 * E18}),
    }
    return House({"X": 100 * E18}, holders, maintenance=Fraction(1, 20), fund=fund * E18)


def falls_to(shock: Fraction = Fraction(92, 100), name: str = "crash") -> Scenario:
    """X falls to `shock` of its price, once."""
    return Scenario(
        name, "X falls", "by hand", (Step({"X": shock}),), verified=True, liquidators=AT_ANY_LOSS
    )


def assessed_house(
    house: House | None = None,
    scenario: Scenario | None = None,
    curves: Mapping[str, ImpactCurve] | None = None,
    scale: int = 1,
) -> Assessed:
    """One house's cascade, assessed. scale: every amount of the house times this."""
    house = house or r15_house()
    for holder in house.holders.values():
        holder.cash *= scale
        holder.amounts = {asset: amount * scale for asset, amount in holder.amounts.items()}
    house.fund *= scale
    scenario = scenario or falls_to()
    curves = {"X": Linear(R15_CURVE.usd_per_unit_ratio * scale)} if curves is None else curves
    venue, options = venue_of(house), CascadeOptions()
    before = bounded_capacity_e18(house.backstops()[:1])
    result = run_cascade([venue], scenario, curves, options)
    paths = top_paths(result.edges, losses(result), set(result.failures))
    facts, victims = facts_of(result), {victim.victim: victim for victim in paths.victims}
    return Assessed(
        cascade_id="c" * 16,
        scenario=scenario,
        options=options,
        venues={
            venue.name: AssessedVenue(
                scan_id="5" * 16,
                deployment=venue.name,
                chain_id=31_337,
                block="9 (0xab)",
                fund_before_e18=before,
                fund_left_e18=bounded_capacity_e18(house.backstops()[:1]),
                bounded=frozenset({"fund"}),
            )
        },
        depth=tuple(DepthUsed(f, "file", c.name, c.source) for f, c in sorted(curves.items())),
        curves=curves,
        result=result,
        paths=paths,
        sentences=tuple(path_sentence(path, facts, victims[path.victim]) for path in paths.paths),
    )
