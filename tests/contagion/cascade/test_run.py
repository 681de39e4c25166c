"""Cascades that can be worked out by hand, round by round."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from linear_house import E18, Holder, House, long_only, venue_of

from analyzer.contagion.cascade.closing import CLOSED_AT_ONCE
from analyzer.contagion.cascade.order import CascadeOptions, Order
from analyzer.contagion.cascade.result import CascadeResult, Party
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.scenario import AT_ANY_LOSS, MarginSpiral, Scenario, Step
from analyzer.contagion.trace.edges import Channel, check_edges
from analyzer.market.depth import Linear, NoImpact

SHOCK = Fraction(92, 100)


def scenario(shock: Fraction = SHOCK, **settings: object) -> Scenario:
    """X falls to `shock` of its price, once."""
    settings = {"liquidators": AT_ANY_LOSS, **settings}
    return Scenario("test", "test", "test", (Step({"X": shock}),), **settings)  # type: ignore[arg-type]


def r15_house() -> House:
    """Case R15: three long accounts and one short one, 5 % maintenance, price 100."""
    holders = {
        "A": Holder(-8800 * E18, {"X": 100 * E18}),
        "B": Holder(-17000 * E18, {"X": 200 * E18}),
        "C": Holder(-24000 * E18, {"X": 300 * E18}),
        "D": Holder(11500 * E18, {"X": -100 * E18}),
    }
    return House({"X": 100 * E18}, holders, maintenance=Fraction(1, 20), fund=100 * E18)


R15_CURVE = Linear(100 * 92 / 0.03, "case R15: 0.03 a unit sold")


def run_r15(options: CascadeOptions | None = None) -> CascadeResult:
    """The cascade of case R15 (closures at the protocol's price: liquidators bear the impact)."""
    return run_cascade([venue_of(r15_house())], scenario(), {"X": R15_CURVE}, options)


def edges_between(result: CascadeResult, channel: Channel) -> dict[tuple[str, ...], int]:
    """(from, to) -> amount of the edges of a channel."""
    out: dict[tuple[str, ...], int] = {}
    for edge in result.edges:
        if edge.channel == channel:
            key = tuple(re.split("[:/]", node)[-1] for node in (edge.from_node, edge.to_node))
            out[key] = out.get(key, 0) + edge.amount_e18
    return out


def test_prices_failures_and_losses_are_those_of_case_r15(cases: dict[str, Any]) -> None:
    expected = cases["R15"]["expected"]
    result = run_r15()
    path = [100 * round_.price_after["X"] for round_ in result.rounds]
    assert [float(price) for price in path] == pytest.approx(expected["price_path"], abs=1e-9)
    failed = {f.account_id: f for f in result.failures.values()}
    # The case counts rounds of closing from 0; here round 0 is the shock.
    assert {who: (f.round or 0) - 1 for who, f in failed.items()} == {"A": 0, "B": 1, "C": 2}
    losses = {who: f.loss_e18 / E18 for who, f in failed.items()}
    assert losses == pytest.approx(expected["loss_to_failure"], rel=1e-12)
    shock = {to: amount / E18 for (_, to), amount in
             edges_between(result, Channel.EXOGENOUS).items()}  # fmt: skip
    assert shock == pytest.approx(expected["exogenous_loss"], rel=1e-12)
    moves = edges_between(result, Channel.PRICE)
    assert moves["A", "X@1"] / E18 == pytest.approx(600 + 900, rel=1e-12)
    assert moves["B", "X@2"] / E18 == pytest.approx(1800, rel=1e-12)
    assert moves["X@1", "B"] / E18 == pytest.approx(600, rel=1e-12)
    assert result.quiet
    assert all(round_.closes for round_ in result.rounds)


def test_without_a_shock_nothing_happens() -> None:
    result = run_cascade([venue_of(r15_house())], scenario(Fraction(1)), {"X": R15_CURVE})
    assert [round_.closed for round_ in result.rounds] == [()]
    assert result.failures == {}
    assert result.edges == ()
    assert result.total_bad_debt_e18 == 0
    assert result.before == result.shocked == result.after


def test_without_impact_there_is_one_round_of_closures() -> None:
    result = run_cascade([venue_of(r15_house())], scenario(Fraction(89, 100)), {"X": NoImpact()})
    assert [len(round_.closed) for round_ in result.rounds] == [0, 2]
    assert result.rounds[-1].price_after["X"] == Fraction(89, 100)


def test_bad_debt_goes_to_the_fund_then_to_winners_then_to_lps() -> None:
    house = r15_house()
    house.winners = True
    result = run_cascade([venue_of(house)], scenario(Fraction(75, 100)), {"X": NoImpact()})
    # At 75: A lacks 1300, B 2000, C 1500; D has won 4000; the fund holds 100.
    assert result.bad_debt_e18 == {"house": 4800 * E18}
    assert {node: amount // E18 for node, amount in result.absorbed.items()} == {
        "fund:house/fund": 100,
        "account:house/D": 4000,
        "fund:house/LPs": 700,
    }
    assert sum(edges_between(result, Channel.ADL).values()) == 4000 * E18
    assert all(round_.closes for round_ in result.rounds)
    assert sum(failure.deficit_e18 for failure in result.failures.values()) == 4800 * E18


def test_a_winner_that_is_cut_and_then_fails_has_the_cut_in_its_loss() -> None:
    house = r15_house()
    house.winners = True
    house.holders["D"] = Holder(1100 * E18, {"X": -10 * E18})
    result = run_cascade([venue_of(house)], scenario(Fraction(75, 100)), {"X": NoImpact()})
    failure = result.failures["account:house/D"]
    # It had 100, won 250, and all of it was taken.
    assert (failure.round, failure.loss_e18) == (2, 100 * E18)
    into = [(e.channel, e.amount_e18 // E18) for e in result.edges if e.to_node.endswith("/D")]
    assert sorted(into) == [("adl", 350), ("offset", -250)]


def test_a_cut_in_the_round_of_its_own_closing_is_no_part_of_an_accounts_loss() -> None:
    house = r15_house()
    house.winners = True
    house.holders["D"] = Holder(776 * E18, {"X": -10 * E18})  # breaches, with something to take
    result = run_cascade([venue_of(house)], scenario(Fraction(75, 100)), {"X": NoImpact()})
    failure = result.failures["account:house/D"]
    into = [edge for edge in result.edges if edge.to_node == "account:house/D"]
    assert failure.round == 1
    assert failure.loss_e18 == sum(edge.amount_e18 for edge in into)
    assert result.absorbed[f"fund:house/{CLOSED_AT_ONCE}"] == 26 * E18


def test_a_receipt_token_carries_a_loss_into_another_protocol() -> None:
    lender = r15_house()
    lender.lp_token, lender.lp_supply = "LP", 10_000 * E18
    holder = House(
        {"LP": E18, "X": 100 * E18},
        {"E": Holder(-800 * E18, {"LP": 1000 * E18}), "F": Holder(0, {"LP": 1000 * E18})},
    )
    result = run_cascade(
        [venue_of(lender, "lender"), venue_of(holder, "holder")],
        scenario(Fraction(75, 100)),
        {"X": NoImpact()},
    )
    # LPs bear 4800 less the fund's 100, of 10,000: the token is worth 0.53 afterwards.
    assert holder.prices["LP"] == 530_000_000_000_000_000
    assert set(result.failures) == {f"account:lender/{who}" for who in "ABC"} | {"account:holder/E"}
    assert result.failures["account:holder/E"].loss_e18 == 470 * E18
    assert edges_between(result, Channel.RECEIPT) == {("LP@1", "E"): 470 * E18}
    assert edges_between(result, Channel.HAIRCUT) == {("LPs", "LP@1"): 470 * E18}
    check_edges(result.edges, {n: f.round or 99 for n, f in result.failures.items()})


def test_a_sale_of_what_a_ratio_is_quoted_in_moves_the_ratio_too() -> None:
    holders = {
        "A": Holder(-88 * E18, {"ETH": E18}),
        "B": Holder(-85 * E18, {"stETH/ETH": E18}),
    }
    house = House(dict.fromkeys(("ETH", "stETH/ETH"), 100 * E18), holders)
    fall = Scenario(
        "fall", "fall", "test", (Step({"ETH": Fraction(96, 100)}),), liquidators=AT_ANY_LOSS
    )
    curves = {"ETH": Linear(800.0, "test")}
    result = run_cascade([venue_of(house)], fall, curves)
    # A's sale takes an eighth off ETH: B, who holds no ETH, loses 12 by it.
    assert edges_between(result, Channel.PRICE) == {
        ("A", "ETH@1"): 12 * E18,
        ("ETH@1", "B"): 12 * E18,
    }
    assert result.failures["account:house/B"].round == 2


def test_a_stopped_oracle_keeps_the_protocols_price_and_nobody_closes_at_a_loss() -> None:
    house = r15_house()
    result = run_cascade([venue_of(house)], scenario(stale=frozenset({"X"})), {"X": R15_CURVE})
    assert house.prices["X"] == 100 * E18
    assert result.failures == {}


def test_under_an_outage_nobody_is_closed_until_it_ends() -> None:
    steps = (
        Step({"X": SHOCK}, liquidator_capacity=Fraction(0)),
        Step({"X": Fraction(80, 100)}),
    )
    late = Scenario("late", "late", "test", steps, liquidators=AT_ANY_LOSS)
    result = run_cascade([venue_of(r15_house())], late, {"X": R15_CURVE})
    assert [(round_.step, len(round_.closed)) for round_ in result.rounds] == [
        (0, 0), (1, 0), (1, 3),
    ]  # fmt: skip
    # What C lost includes both steps: 300 x (100 - 80).
    assert result.failures["account:house/C"].loss_e18 == 6000 * E18


def test_the_owner_who_lacks_most_at_the_shocked_prices_is_wound_up_first() -> None:
    # At 84: A lacks 400 and B 200 (one owner, whose cash in F does not net), E lacks 500.
    house = r15_house()
    house.holders["E"] = Holder(-8_900 * E18, {"X": 100 * E18})
    house.holders["F"] = Holder(10_000 * E18, {})
    venue = venue_of(house, owners=dict.fromkeys("ABF", "whale"))
    falls = scenario(Fraction(84, 100), default_owners=1)
    result = run_cascade([venue], falls, {"X": R15_CURVE})
    assert result.shocked["house"].owners_short_e18 == {"E": 500 * E18, "whale": 600 * E18}
    first = result.rounds[1]
    # Each sells, bears what that lost, and hands on what it lacks then.
    assert [closed.account_id for closed in first.closed] == ["A", "A", "B", "B"]
    assert float(first.price_after["X"]) == pytest.approx(
        0.84 * (1 - 300 * 100 / (100 * 92 / 0.03))
    )
    assert result.failures["account:house/E"].round == 2
    both = run_cascade([venue.afresh()], replace(falls, default_owners=2), {"X": R15_CURVE})
    assert {closed.account_id for closed in both.rounds[1].closed} == {"A", "B", "E"}


def test_nobody_defaults_where_nobody_lacks_anything() -> None:
    calm = scenario(Fraction(1), default_owners=2)
    assert run_cascade([venue_of(r15_house())], calm, {}).failures == {}


def test_withdrawing_free_collateral_makes_accounts_fail_that_were_safe() -> None:
    house = long_only({"A": {"X": 1.0}}, {"A": -5.0}, 100.0)
    dip = scenario(Fraction(94, 100))
    assert run_cascade([venue_of(house)], dip, {}).failures == {}
    house = long_only({"A": {"X": 1.0}}, {"A": 80.0}, 100.0)
    house.holders["B"] = Holder(30 * E18, {"X": -E18 // 10})
    result = run_cascade([venue_of(house)], scenario(Fraction(110, 100), withdraw=True), {})
    assert result.withdrawn_e18 == {"house": 19 * E18}
    assert set(result.failures) == {"account:house/B"}


def test_an_unknown_account_is_counted_and_never_closed() -> None:
    house = r15_house()
    house.unknown = frozenset({"A"})
    result = run_cascade([venue_of(house)], scenario(), {"X": R15_CURVE})
    assert result.after["house"].unknown == 1
    assert result.failures == {}


def test_requirements_that_rise_with_volatility_catch_more_accounts() -> None:
    mild = scenario(Fraction(94, 100))
    assert run_cascade([venue_of(r15_house())], mild, {"X": NoImpact()}).failures == {}
    spiral = MarginSpiral(Fraction(2, 100), decay=Fraction(1, 2), fixed_thresholds=True)
    tight = scenario(Fraction(94, 100), margin_spiral=spiral)
    result = run_cascade([venue_of(r15_house())], tight, {"X": NoImpact()})
    assert {f.account_id for f in result.failures.values()} == {"A", "B"}


def test_rounds_that_run_out_are_said() -> None:
    result = run_r15(CascadeOptions(max_rounds=2))
    assert not result.quiet
    assert len(result.rounds) == 2


def test_a_rescued_account_is_not_closed_and_its_sales_never_happen() -> None:
    result = run_r15(CascadeOptions(rescued=frozenset({"account:house/A"})))
    assert result.failures == {}
    assert result.rounds[-1].price_after["X"] == SHOCK


def test_visits_follow_the_order_that_is_asked_for() -> None:
    def visited(options: CascadeOptions) -> list[str]:
        house = r15_house()
        run_cascade([venue_of(house)], scenario(Fraction(80, 100)), {"X": NoImpact()}, options)
        return house.asked

    assert visited(CascadeOptions()) == ["A", "B", "C"]
    assert visited(CascadeOptions(order=Order.REVERSED)) == ["C", "B", "A"]
    assert visited(CascadeOptions(order=Order.WORST)) == ["B", "A", "C"]
    assert visited(CascadeOptions(order=Order.NEAREST)) == ["A", "C", "B"]
    assert visited(CascadeOptions(first=[("house", "B")])) == ["B", "A", "C"]


def test_liquidators_bear_the_impact_and_keep_the_penalty() -> None:
    house = r15_house()
    house.penalty = Fraction(1, 100)
    result = run_cascade([venue_of(house)], scenario(), {"X": R15_CURVE})
    first = result.rounds[1].ledger
    # 100 units taken over at 92, sold at 90.5 on average, for a penalty of 92.
    assert first[Party.LIQUIDATORS] / E18 == pytest.approx(92 - 150)


def test_a_market_that_is_sold_out_is_named() -> None:
    assert run_r15().exhausted == ()
    thin = {"X": Linear(10_000.0, "test")}
    result = run_cascade([venue_of(r15_house())], scenario(), thin)
    assert result.exhausted == ("X",)


def test_two_venues_of_one_name_are_refused() -> None:
    venues = [venue_of(r15_house()), venue_of(r15_house())]
    with pytest.raises(ValueError, match="same name"):
        run_cascade(venues, scenario(), {})


def test_a_scenario_of_several_steps_needs_venues_that_can_begin_again() -> None:
    house = House({"X": 100 * E18}, {"A": Holder(0, {"X": E18})})
    venue = replace(venue_of(house), restart=None)
    steps = (Step({"X": Fraction(9, 10)}), Step({"X": Fraction(8, 10)}))
    with pytest.raises(ValueError, match="venue house does not say how to begin again"):
        run_cascade([venue], Scenario("two", "two", "by hand", steps), {})


def test_what_stands_at_the_last_steps_prices_is_asked_before_anybody_reacts_to_the_first() -> None:
    # The fall to 90 closes A (100 X, 8,500 owed): the fall to 80 finds nobody with a position.
    holders = {"A": Holder(-8_500 * E18, {"X": 100 * E18})}
    house = House({"X": 100 * E18}, holders, penalty=Fraction(1, 20))
    steps = (Step({"X": Fraction(90, 100)}), Step({"X": Fraction(80, 100)}))
    result = run_cascade([venue_of(house)], Scenario("two", "two", "by hand", steps), {})
    static = result.shocked["house"]
    assert (static.breaching, static.insolvent, static.bad_debt_e18) == (1, 1, 500 * E18)
    assert static.below_initial == 1
    assert result.total_bad_debt_e18 == 0
