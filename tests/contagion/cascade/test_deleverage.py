"""Winners pay a deficit by the venue's policy, and the ledger closes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analyzer
from analyzer.contagion.cascade import run_cascade
from analyzer.contagion.cascade.deleverage import compared, policy_amounts
from analyzer.contagion.cascade.result import CascadeResult
from analyzer.contagion.scenario import AT_ANY_LOSS, Scenario, Step
from analyzer.contagion.trace import Channel
from analyzer.market.depth import Exponential, ImpactCurve
from analyzer.protocols.simulation import AdlRule, Winner
from analyzer.runs.snapshot.venues import venue_of

E18 = 10**18
POSITIONS = {
    "account": ["A", "B", "C", "D", "E", "F"],
    "kind": ["position"] * 6,
    "asset": ["X"] * 6,
    "amount": ["100", "200", "300", "-100", "-20", "-60"],
    "entry": ["88", "85", "80", "115", "101", "99"],
}
"""R15's accounts, and two smaller winners. At 75 A, B and C lack 1,300 + 2,000 + 1,500."""
DEFICIT = 4800 * E18
PROFITS = {"D": 4000 * E18, "E": 520 * E18, "F": 1440 * E18}


@contextmanager
def fallen(losses: dict[str, Any]) -> Iterator[CascadeResult]:
    """X falls to 75 in a market of any depth."""
    rules = {"default": {"maintenance": 0.01}, "losses": losses}
    with analyzer.book(POSITIONS, {"asset": ["X"], "price": [100]}, rules, name="v") as db:
        scenario = Scenario("s", "s", "s", (Step({"X": Fraction(3, 4)}),), liquidators=AT_ANY_LOSS)
        curves: dict[str, ImpactCurve] = {}
        yield run_cascade([venue_of(db.book())], scenario, curves)


@pytest.mark.parametrize("policy", ["queue", "pro-rata", "risk-aware"])
def test_winners_pay_what_the_fund_does_not(policy: str) -> None:
    with fallen({"fund": 100, "adl": policy}) as result:
        assert all(found.closes for found in result.rounds)
        (cut,) = result.cuts
        assert {w.account_id: w.profit_e18 for w in cut.winners} == PROFITS
        assert cut.budget_e18 == sum(cut.paid_e18) == DEFICIT - 100 * E18
        assert result.absorbed["fund:v/insurance fund"] == 100 * E18
        for winner, paid in zip(cut.winners, cut.paid_e18, strict=True):
            assert result.absorbed.get(f"account:v/{winner.account_id}", 0) == paid
        edges = [edge for edge in result.edges if edge.channel is Channel.ADL]
        assert sum(edge.amount_e18 for edge in edges) == cut.budget_e18
        # Bad debt is a stock: taken once, whatever the rounds.
        assert result.total_bad_debt_e18 == DEFICIT
        assert result.after["v"].bad_debt_e18 == 0


def test_pro_rata_takes_the_same_share_of_every_profit() -> None:
    with fallen({"adl": "pro-rata"}) as result:
        (cut,) = result.cuts
        shares = [p / w.profit_e18 for p, w in zip(cut.paid_e18, cut.winners, strict=True)]
        assert shares == pytest.approx([4800 / 5960] * 3, rel=1e-15)


def test_a_queue_takes_all_of_the_first_before_the_next() -> None:
    with fallen({"adl": "queue"}) as result:
        (cut,) = result.cuts
        ranked = sorted(
            zip(cut.winners, cut.paid_e18, strict=True),
            key=lambda one: -one[0].gain * one[0].leverage,
        )
        # All of the first ones, a part of one, nothing of the last ones.
        left = 4800 * E18
        for winner, paid in ranked:
            assert paid == min(left, winner.profit_e18)
            left -= paid
        assert left == 0


@pytest.mark.parametrize(
    ("rest", "bears"),
    [("everybody", "fund:v/everybody with a claim"), ("nobody", "unsettled:v")],
)
def test_what_caps_leave_goes_to_whoever_is_next(rest: str, bears: str) -> None:
    with fallen({"fund": 100, "adl": "capped", "adl_cap": 0.3, "rest": rest}) as result:
        (cut,) = result.cuts
        assert list(cut.paid_e18) == [p * 3 // 10 for p in PROFITS.values()]
        left = DEFICIT - 100 * E18 - sum(cut.paid_e18)
        assert result.absorbed[bears] == left
        assert all(found.closes for found in result.rounds)


def test_without_a_policy_nobody_wins_less() -> None:
    with fallen({"fund": 100}) as result:
        assert result.cuts == ()
        assert result.absorbed["unsettled:v"] == DEFICIT - 100 * E18


def test_policies_are_compared_on_one_deficit() -> None:
    with fallen({"fund": 100, "adl": "queue"}) as result:
        found = {c.rule.policy: c for c in compared(result.cuts[0])}
        assert found["pro-rata"].moved_e18 == 0
        assert found["capped"].uncovered_e18 == 4700 * E18 - 5960 * E18 // 2
        assert found["queue"].paid_e18 == result.cuts[0].paid_e18
        assert all(
            sum(c.paid_e18) + c.uncovered_e18 == result.cuts[0].budget_e18 for c in found.values()
        )


def test_a_deficit_beyond_all_profits_takes_all_of_them_and_no_more() -> None:
    winners = [Winner("a", 3, 1.0, 1.0), Winner("b", 10**20, 7.0, 0.1)]
    for policy in ("queue", "pro-rata", "risk-aware"):
        assert policy_amounts(AdlRule(policy), 10**30, winners) == [3, 10**20]
    assert policy_amounts(AdlRule("queue"), 0, winners) == [0, 0]
    with pytest.raises(ValueError, match="is no policy"):
        policy_amounts(AdlRule("lottery"), 1, winners)


@settings(max_examples=20)
@given(
    held=st.lists(
        st.tuples(st.integers(-300, 300).filter(bool), st.integers(60, 140), st.integers(0, 2_000)),
        min_size=2,
        max_size=7,
    ),
    falls=st.lists(st.integers(55, 110), min_size=1, max_size=3),
    depth=st.sampled_from([None, 20_000, 200_000]),
    fund=st.integers(0, 3_000),
    policy=st.sampled_from(["queue", "pro-rata", "capped", "risk-aware"]),
)
def test_in_every_round_what_winners_lose_is_what_losers_lack(
    held: list[tuple[int, int, int]],
    falls: list[int],
    depth: int | None,
    fund: int,
    policy: str,
) -> None:
    rows = [(f"a{n}", "position", "X", str(size), str(entry)) for n, (size, entry, _) in
            enumerate(held)]  # fmt: skip
    rows += [(f"a{n}", "collateral", "USD", str(cash), "") for n, (_, _, cash) in
             enumerate(held) if cash]  # fmt: skip
    names = ("account", "kind", "asset", "amount", "entry")
    positions = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    losses = {"fund": fund, "adl": policy, **({"adl_cap": 0.4} if policy == "capped" else {})}
    rules = {"unit": "USD", "default": {"maintenance": 0.05, "threshold": 1}, "losses": losses}
    steps = tuple(Step({"X": Fraction(fall, 100)}) for fall in falls)
    scenario = Scenario("s", "s", "s", steps, liquidators=AT_ANY_LOSS)
    curves: dict[str, ImpactCurve] = {} if depth is None else {"X": Exponential(depth)}
    with analyzer.book(positions, {"asset": ["X"], "price": [100]}, rules, name="v") as db:
        result = run_cascade([venue_of(db.book())], scenario, curves)
    assert all(found.closes for found in result.rounds)
    paid = [amount for cut in result.cuts for amount in cut.paid_e18]
    profits = [winner.profit_e18 for cut in result.cuts for winner in cut.winners]
    assert all(0 <= lost <= profit for lost, profit in zip(paid, profits, strict=True))
    assert all(sum(cut.paid_e18) <= cut.budget_e18 for cut in result.cuts)
    by_edges = sum(edge.amount_e18 for edge in result.edges if edge.channel is Channel.ADL)
    assert by_edges == sum(paid)
    borne = sum(of for node, of in result.absorbed.items() if node.startswith("account:"))
    assert borne == sum(paid)
    # A stock, taken once: what somebody has borne, and what is left on accounts, is all there was.
    charged = sum(result.bad_debt_e18.values())
    assert sum(result.absorbed.values()) == charged
    assert result.total_bad_debt_e18 == charged + result.after["v"].bad_debt_e18
    assert charged <= sum(one.deficit_e18 for one in result.failures.values())
