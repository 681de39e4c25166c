"""Cascades with partial closings and cut profits: attribution, paths and what the documents say.

The properties of the cascade itself are in `test_cascade_properties`; here are the worked
counterexamples of docs/contagion.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from linear_house import E18, Holder, House, venue_of
from transmissions import run_r15

from analyzer.contagion.cascade.counterfactual import shapley
from analyzer.contagion.cascade.order import CascadeOptions, Order
from analyzer.contagion.cascade.result import CascadeResult
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.scenario import AT_ANY_LOSS, Scenario, Step
from analyzer.contagion.tell.sentences import facts_of, path_sentence
from analyzer.contagion.trace.attribution import check_attribution, root_causes
from analyzer.contagion.trace.edges import account_node, check_edges
from analyzer.contagion.trace.firewall import cheapest_firewall
from analyzer.contagion.trace.paths import Limits, top_paths
from analyzer.market.depth import Linear, NoImpact

DOCUMENT = Path(__file__).parents[3] / "docs" / "contagion.md"
ALL = Limits(paths=10**5, paths_each=10**5, victims=10**5)
SLOW = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@dataclass(frozen=True)
class System:
    """Accounts of one house, a shock to X and Y, and depths in dollars."""

    holders: Mapping[str, tuple[int, Mapping[str, int]]]
    shock: Mapping[str, Fraction]
    depth: Mapping[str, float]
    close: Fraction = Fraction(1)
    fund: int = 0
    winners: bool = False

    def house(self) -> House:
        """A new house, since a cascade changes it."""
        return House(
            {"X": 128 * E18, "Y": 128 * E18},
            {
                who: Holder(cash * E18, {asset: n * E18 for asset, n in held.items()})
                for who, (cash, held) in self.holders.items()
            },
            maintenance=Fraction(1, 16),
            close=self.close,
            fund=self.fund * E18,
            winners=self.winners,
        )

    def run(self, options: CascadeOptions | None = None) -> CascadeResult:
        """The cascade."""
        scenario = Scenario("test", "test", "test", (Step(self.shock),), liquidators=AT_ANY_LOSS)
        curves = {asset: Linear(depth) for asset, depth in self.depth.items()}
        return run_cascade([venue_of(self.house())], scenario, curves, options)


@st.composite
def systems(draw: st.DrawFn, *, whole: bool = False) -> System:
    """Small numbers; every account begins with its margin or more."""
    holders = {}
    for who in "ABCDEF"[: draw(st.integers(1, 6))]:
        held = {asset: draw(st.integers(-8, 8)) for asset in "XY"}
        gross = sum(map(abs, held.values())) * 128
        cash = gross // 16 + draw(st.integers(0, 200)) - 128 * sum(held.values())
        holders[who] = (cash, held)
    parts = [Fraction(1)] if whole else [Fraction(1), Fraction(1, 2)]
    return System(
        holders=holders,
        shock={asset: Fraction(draw(st.integers(40, 64)), 64) for asset in "XY"},
        depth={asset: float(draw(st.sampled_from((1_000, 4_000, 30_000)))) for asset in "XY"},
        close=draw(st.sampled_from(parts)),
        fund=draw(st.integers(0, 300)),
        winners=draw(st.booleans()),
    )


def losses_of(result: CascadeResult) -> dict[str, int]:
    """Every victim's loss: of those who failed, and of those who paid."""
    failed = {node: failure.loss_e18 for node, failure in result.failures.items()}
    return {**result.absorbed, **failed}


def bad_debt(result: CascadeResult) -> int:
    return result.total_bad_debt_e18


OPTIONS = st.sampled_from(
    [
        CascadeOptions(),
        CascadeOptions(sequential=True),
        CascadeOptions(order=Order.WORST),
        CascadeOptions(order=Order.REVERSED, sequential=True),
    ]
)


@SLOW
@given(systems(), OPTIONS)
def test_the_ledger_closes_and_every_loss_is_explained_to_the_last_unit(
    system: System, options: CascadeOptions
) -> None:
    result = system.run(options)
    assert result.quiet
    assert all(round_.closes for round_ in result.rounds)
    losses = losses_of(result)
    check_attribution(result.edges, losses)
    ever = len(result.rounds)
    closed = {node: ever if f.round is None else f.round for node, f in result.failures.items()}
    check_edges(result.edges, closed)
    for node, failure in result.failures.items():
        into = sum(edge.amount_e18 for edge in result.edges if edge.to_node == node)
        assert into == failure.loss_e18
    assert sum(failure.deficit_e18 for failure in result.failures.values()) == bad_debt(result)
    assert sum(result.absorbed.values()) == bad_debt(result)


@SLOW
@given(systems(), OPTIONS)
def test_paths_add_up_to_every_loss_and_can_be_told(
    system: System, options: CascadeOptions
) -> None:
    result = system.run(options)
    losses = losses_of(result)
    found = top_paths(result.edges, losses, set(result.failures), limits=ALL)
    facts = facts_of(result)
    for victim in found.victims:
        listed = sum(path.amount_e18 for path in victim.paths)
        assert listed + victim.rest_e18 + victim.offset_e18 == victim.loss_e18
        assert victim.rest_e18 == 0
        for path in victim.paths:
            assert path_sentence(path, facts, victim).endswith(".")
    causes = root_causes(result.edges)
    assert all(sum(causes.shares(node).values()) == 1 for node in causes.rows)
    protected = [node for node in losses if node not in result.failures]
    firewall = cheapest_firewall(result.edges, protected)
    assert firewall.amount_e18 <= firewall.protected_e18


@SLOW
@given(systems(whole=True))
def test_without_impact_there_is_one_round(system: System) -> None:
    # Cut profits could bring a winner down: without them nothing comes back.
    calm = replace(system, winners=False)
    scenario = Scenario("test", "test", "test", (Step(calm.shock),), liquidators=AT_ANY_LOSS)
    result = run_cascade([venue_of(calm.house())], scenario, {"X": NoImpact(), "Y": NoImpact()})
    assert len(result.rounds) <= 2


@settings(max_examples=15, deadline=None)
@given(systems())
def test_shapley_values_of_the_failed_sum_to_what_rescuing_all_of_them_saves(
    system: System,
) -> None:
    result = system.run()
    nodes = sorted(result.failures)[:4]
    assume(nodes)

    def run(rescued: frozenset[str]) -> int:
        return bad_debt(system.run(CascadeOptions(rescued=rescued)))

    found = shapley(run, nodes)
    assert found.base == bad_debt(result)
    assert sum(found.values.values()) == found.base - run(frozenset(nodes))


def linear(units: float, price: float = 100.0, shocked: float = 100.0) -> Linear:
    """A price that falls by 1 / `units` a unit sold, after a shock to `shocked`."""
    return Linear(shocked * price * units)


def hundreds(
    held: list[list[int]], cash: list[int], shock: str, options: CascadeOptions | None = None
) -> CascadeResult:
    """Two assets at 100 that fall by 1/2 for each unit sold, 10 % maintenance."""
    prices = {"X": 100 * E18, "Y": 100 * E18}
    holders = {
        name: Holder(money * E18, {"X": x * E18, "Y": y * E18})
        for name, (x, y), money in zip("ABC", held, cash, strict=False)
    }
    multiple = Fraction(shock)
    curves = {"X": linear(2, shocked=float(100 * multiple)), "Y": linear(2)}
    scenario = Scenario(
        "test", "test", "test", (Step({"X": multiple, "Y": Fraction(1)}),), liquidators=AT_ANY_LOSS
    )
    return run_cascade([venue_of(House(prices, holders))], scenario, curves, options)


def rounds_of(result: CascadeResult) -> dict[str, int | None]:
    return {failure.account_id: failure.round for failure in result.failures.values()}


def last_prices(result: CascadeResult) -> Any:
    return pytest.approx([100 * float(p) for p in result.rounds[-1].price_after.values()], abs=1e-9)


def test_with_shorts_a_larger_shock_may_close_fewer_and_leave_a_higher_price() -> None:
    held, cash = [[10, 30], [-10, 20]], [-3600, -580]
    small, large = hundreds(held, cash, "0.94"), hundreds(held, cash, "0.89")
    # After the smaller shock B, short of X, lacks the gain that would carry it through A's sale of
    # Y, and sells Y too.
    assert rounds_of(small) == {"A": 1, "B": 2}
    assert rounds_of(large) == {"A": 1}
    assert last_prices(small) == [94, 75]
    assert last_prices(large) == [84, 85]


def test_with_shorts_who_fails_depends_on_the_order() -> None:
    held, cash = [[20, 0], [10, 10], [20, -30]], [-1510, -1720, 1610]
    forward = hundreds(held, cash, "0.91", CascadeOptions(sequential=True))
    backward = hundreds(held, cash, "0.91", CascadeOptions(sequential=True, order=Order.REVERSED))
    assert rounds_of(forward) == {"B": 1}
    assert rounds_of(backward) == {"C": 1, "A": 2, "B": 3}
    assert last_prices(forward) == [86, 95]
    assert last_prices(backward) == [66, 110]


def test_even_long_only_the_bad_debt_depends_on_the_order() -> None:
    # Liquidators bear the impact of what they sell, so the first to go loses less.
    held, cash = [[20, 10], [30, 20]], [-2620, -4300]
    forward = hundreds(held, cash, "0.91", CascadeOptions(sequential=True))
    backward = hundreds(held, cash, "0.91", CascadeOptions(sequential=True, order=Order.REVERSED))
    assert set(rounds_of(forward)) == set(rounds_of(backward)) == {"A", "B"}
    assert last_prices(forward) == [66, 85]
    assert last_prices(backward) == [66, 85]
    assert bad_debt(forward) == 0
    assert bad_debt(backward) / E18 == pytest.approx(200, rel=1e-12)


def test_rescuing_an_account_may_bring_others_down() -> None:
    held, cash = [[20, 0], [10, 10], [20, -30]], [-1510, -1720, 1610]
    alone = CascadeOptions(sequential=True)
    rescue = CascadeOptions(sequential=True, rescued=frozenset({account_node("house", "B")}))
    assert rounds_of(hundreds(held, cash, "0.91", alone)) == {"B": 1}
    # B's sale of Y is what keeps C, short in Y, in good standing.
    assert rounds_of(hundreds(held, cash, "0.91", rescue)) == {"C": 1, "A": 2}


def test_the_documentation_names_tests_that_exist() -> None:
    here = Path(__file__).parents[1]
    named = set(re.findall(r"`(test_\w+)`", DOCUMENT.read_text(encoding="utf-8")))
    texts = "".join(path.read_text(encoding="utf-8") for path in here.rglob("test_*.py"))
    assert len(named) > 10
    assert named - set(re.findall(r"def (test_\w+)\(", texts)) == set()


def test_the_documentation_shows_the_paths_of_r15_as_they_come_out() -> None:
    result = run_r15()
    found = top_paths(result.edges, losses_of(result), set(result.failures), limits=ALL)
    names = {account_node("house", name): name for name in "ABC"}
    victims = {victim.victim: victim for victim in found.victims}
    told = [
        path_sentence(path, facts_of(result, names), victims[path.victim])
        for path in found.paths
        if names[path.victim] == "C"
    ]
    shown = DOCUMENT.read_text(encoding="utf-8").split("<!-- paths of R15 -->\n```\n")[1]
    assert shown.split("\n```")[0].splitlines() == told
