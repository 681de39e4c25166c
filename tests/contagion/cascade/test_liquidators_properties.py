"""Rational liquidators, whatever the book: they never lose, and leave what costs them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from linear_house import E18, Holder, House, venue_of

from analyzer.contagion.cascade.order import CascadeOptions
from analyzer.contagion.cascade.result import CascadeResult, Party
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.scenario import AT_ANY_LOSS, FREE, Liquidators, Scenario, Step
from analyzer.market.depth import Exponential, ImpactCurve, NoImpact

ASSETS = ("X", "Y")
AMOUNT = st.integers(-12, 12)
ACCOUNT = st.tuples(st.integers(2, 9), AMOUNT, AMOUNT)
MOVE = st.integers(60, 150).map(lambda n: Fraction(n, 100))
TERMS = st.builds(
    Liquidators,
    gas_usd=st.integers(0, 20).map(Fraction),
    required_return=st.integers(0, 30).map(lambda n: Fraction(n, 1000)),
    capacity_usd=st.one_of(st.none(), st.integers(100, 2_000).map(Fraction)),
)
QUIET = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def house_of(accounts: Sequence[tuple[int, int, int]]) -> House:
    """Accounts of a leverage (2 to 9) and amounts of X and Y at 100; 5 % for who closes them."""
    holders = {}
    for number, (leverage, x, y) in enumerate(accounts):
        cash = 100 * (abs(x) + abs(y)) // leverage - 100 * (x + y)
        holders[f"a{number}"] = Holder(cash * E18, {"X": x * E18, "Y": y * E18})
    return House(dict.fromkeys(ASSETS, 100 * E18), holders, penalty=Fraction(5, 100))


def run(
    accounts: Sequence[tuple[int, int, int]],
    moves: tuple[Fraction, Fraction],
    terms: Liquidators,
    curve: ImpactCurve,
    options: CascadeOptions | None = None,
) -> CascadeResult:
    """The cascade of `house_of` these accounts."""
    house = house_of(accounts)
    step = Step(dict(zip(ASSETS, moves, strict=True)))
    scenario = Scenario("random", "random", "random", (step,), liquidators=terms)
    return run_cascade([venue_of(house)], scenario, dict.fromkeys(ASSETS, curve), options)


@QUIET
@given(
    st.lists(ACCOUNT, min_size=1, max_size=6),
    st.tuples(MOVE, MOVE),
    TERMS,
    st.floats(2_000, 50_000),
    st.booleans(),
)
def test_they_lose_in_no_round_and_every_ledger_closes(
    accounts: Sequence[tuple[int, int, int]],
    moves: tuple[Fraction, Fraction],
    terms: Liquidators,
    depth_usd: float,
    sequential: bool,
) -> None:
    options = CascadeOptions(sequential=sequential, max_rounds=200)
    result = run(accounts, moves, terms, Exponential(depth_usd, "test"), options)
    for round_ in result.rounds:
        gas = int(terms.gas_usd * E18) * len(round_.closed)
        assert round_.closes
        assert round_.ledger[Party.LIQUIDATORS] >= gas


@QUIET
@given(st.lists(ACCOUNT, min_size=1, max_size=6), st.tuples(MOVE, MOVE))
def test_without_impact_and_costs_they_close_what_the_contract_lets_them(
    accounts: Sequence[tuple[int, int, int]], moves: tuple[Fraction, Fraction]
) -> None:
    free, whole = (run(accounts, moves, t, NoImpact()) for t in (FREE, AT_ANY_LOSS))
    assert set(free.failures) == set(whole.failures)
    assert free.total_bad_debt_e18 == whole.total_bad_debt_e18
    assert free.unprofitable == {"house": ()}


@QUIET
@given(
    st.lists(ACCOUNT, min_size=1, max_size=6),
    st.tuples(MOVE, MOVE),
    st.floats(2_000, 50_000),
    st.integers(1, 3),
)
def test_a_winding_up_adds_up_and_nobody_gains_or_loses_by_selling_for_it(
    accounts: Sequence[tuple[int, int, int]],
    moves: tuple[Fraction, Fraction],
    depth_usd: float,
    owners: int,
) -> None:
    house = house_of(accounts)
    prices = {asset: int(100 * E18 * move) for asset, move in zip(ASSETS, moves, strict=True)}
    equity = {who: house.equity_at(who, prices) or 0 for who in house.account_ids()}
    step = Step(dict(zip(ASSETS, moves, strict=True)))
    scenario = Scenario("default", "default", "default", (step,), default_owners=owners)
    curves = dict.fromkeys(ASSETS, Exponential(depth_usd, "test"))
    result = run_cascade([venue_of(house)], scenario, curves, CascadeOptions(max_rounds=200))
    assert all(round_.closes for round_ in result.rounds)
    if not any(worth < 0 for worth in equity.values()):
        return
    first = result.rounds[1]
    assert first.ledger[Party.LIQUIDATORS] == 0
    wound = {closed.account_id for closed in first.closed}
    assert wound == set(sorted(equity, key=lambda who: (equity[who], who))[: len(wound)])
    assert len(wound) == min(owners, sum(1 for worth in equity.values() if worth < 0))
    lost = dict.fromkeys(wound, 0)
    for closed in first.closed:
        for transfer in closed.executed.closure.transfers:
            if "liquidator" in (transfer.from_party, transfer.to_party):
                sign = 1 if transfer.to_party == "liquidator" else -1
                lost[closed.account_id] += sign * transfer.amount_e18
    assert first.bad_debt_e18 == sum(max(lost[who] - equity[who], 0) for who in wound)


def test_a_sale_that_would_lose_more_than_the_penalty_is_made_when_prices_have_followed() -> None:
    """A market of 2,000 takes 5 % on average over 200 dollars: what remains waits for the round in
    which the protocol's price has come down, and pays again."""
    accounts, moves = [(3, 10, 0)], (Fraction(7, 10), Fraction(1))
    result = run(accounts, moves, FREE, Exponential(2_000.0, "test"))
    sold = [sum(r.sold_e18.values()) // E18 for r in result.rounds if r.closed]
    assert len(sold) > 2
    assert sold[0] == pytest.approx(2 * 2_000 * 0.05, rel=0.05)
