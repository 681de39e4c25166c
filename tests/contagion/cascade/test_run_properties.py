"""What holds of every cascade, what holds of long-only ones alone, and where the rest fails.

The properties and their limits are those of the notes on risk models (section 5): with shorts the
map from prices to failures is not order preserving, and the counterexamples below show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from linear_house import E18, Holder, House, venue_of

from analyzer.contagion.cascade.order import CascadeOptions, Order
from analyzer.contagion.cascade.result import CascadeResult
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.scenario import AT_ANY_LOSS, Scenario, Step
from analyzer.contagion.trace.edges import Channel, check_edges
from analyzer.market.depth import Exponential

Accounts = Sequence[tuple[int, tuple[int, ...]]]
"""(cash, amounts of each asset), whole units."""
ASSETS = ("X", "Y", "Z")
DEPTH_USD = 4_000.0
QUIET = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # fmt: skip


def house_of(accounts: Accounts, unit: int = E18) -> House:
    """Accounts a0, a1, ... with every asset at 100; one unit of everything is `unit` wei."""
    return House(
        dict.fromkeys(ASSETS, 100 * E18),
        {
            f"a{n}": Holder(
                cash * unit, {a: q * unit for a, q in zip(ASSETS, amounts, strict=True)}
            )
            for n, (cash, amounts) in enumerate(accounts)
        },
        fund=50 * unit,
    )


def run(
    house: House,
    shocks: Sequence[Fraction],
    options: CascadeOptions | None = None,
    depth_usd: float = DEPTH_USD,
) -> CascadeResult:
    """The house under one shock of its three assets."""
    step = Step(dict(zip(ASSETS, shocks, strict=True)))
    scenario = Scenario("random", "random", "random", (step,), liquidators=AT_ANY_LOSS)
    curve = Exponential(depth_usd, "test")
    return run_cascade([venue_of(house)], scenario, dict.fromkeys(ASSETS, curve), options)


def failed(result: CascadeResult) -> set[str]:
    """The accounts that were closed."""
    return {f.account_id for f in result.failures.values() if f.round is not None}


def final_prices(result: CascadeResult) -> list[float]:
    """Every asset's price in the end, as a share of the block's."""
    return [float(result.rounds[-1].price_after[asset]) for asset in ASSETS]


def leveraged(amounts: tuple[int, ...], leverage: float) -> tuple[int, tuple[int, ...]]:
    """An account whose gross exposure is `leverage` times its equity."""
    gross = 100 * sum(abs(amount) for amount in amounts)
    return int(gross / leverage) - 100 * sum(amounts), amounts


AMOUNT = st.integers(0, 12)
SIGNED = st.integers(-12, 12)
LEVERAGE = st.floats(1.2, 9.5)
LONG = st.builds(leveraged, st.tuples(AMOUNT, AMOUNT, AMOUNT), LEVERAGE)
MIXED = st.builds(leveraged, st.tuples(SIGNED, SIGNED, SIGNED), LEVERAGE)
LONGS = st.lists(LONG, min_size=2, max_size=8)
MIXES = st.lists(MIXED, min_size=2, max_size=8)
FALL = st.integers(50, 100).map(lambda n: Fraction(n, 100))
MOVE = st.integers(60, 150).map(lambda n: Fraction(n, 100))
FALLS = st.tuples(FALL, FALL, FALL)
MOVES = st.tuples(MOVE, MOVE, MOVE)
ORDERS = st.builds(CascadeOptions, order=st.sampled_from(Order), sequential=st.booleans())


@QUIET
@given(MIXES, MOVES, ORDERS)
def test_every_rounds_ledger_closes_and_the_cascade_comes_to_rest(
    accounts: Accounts, moves: Sequence[Fraction], options: CascadeOptions
) -> None:
    result = run(house_of(accounts), moves, options)
    assert result.quiet
    assert all(round_.closes for round_ in result.rounds)
    # Every closing round closes somebody for good.
    assert len(result.rounds) - 1 <= len(accounts)


@QUIET
@given(MIXES, MOVES, ORDERS)
def test_the_edges_into_a_failed_account_sum_to_its_loss_exactly(
    accounts: Accounts, moves: Sequence[Fraction], options: CascadeOptions
) -> None:
    result = run(house_of(accounts), moves, options)
    check_edges(result.edges, {n: f.round for n, f in result.failures.items() if f.round})
    into: dict[str, int] = {}
    out: dict[str, int] = {}
    for edge in result.edges:
        into[edge.to_node] = into.get(edge.to_node, 0) + edge.amount_e18
        out[edge.from_node] = out.get(edge.from_node, 0) + edge.amount_e18
    for node, failure in result.failures.items():
        assert into.get(node, 0) == failure.loss_e18, node
    for node, amount in into.items():
        if node.startswith("move:"):
            assert amount == out[node]
    for node, amount in result.absorbed.items():
        assert into[node] == amount


@QUIET
@given(MIXES, MOVES, ORDERS)
def test_bad_debt_is_borne_to_the_wei_and_the_rest_follows_the_buffers(
    accounts: Accounts, moves: Sequence[Fraction], options: CascadeOptions
) -> None:
    result = run(house_of(accounts), moves, options)
    assert sum(result.absorbed.values()) == result.total_bad_debt_e18
    charged = result.bad_debt_e18["house"]
    assert result.absorbed.get("fund:house/fund", 0) == min(charged, 50 * E18)
    assert result.absorbed.get("fund:house/LPs", 0) == max(charged - 50 * E18, 0)


@QUIET
@given(MIXES, MOVES, st.randoms(use_true_random=False))
def test_the_order_in_which_accounts_are_listed_does_not_matter_to_a_batch(
    accounts: Accounts, moves: Sequence[Fraction], random: object
) -> None:
    numbered = house_of(accounts)
    shuffled = house_of(accounts)
    names = list(shuffled.holders)
    random.shuffle(names)  # type: ignore[attr-defined]
    shuffled.holders = {name: shuffled.holders[name] for name in names}
    one, two = run(numbered, moves), run(shuffled, moves)
    assert failed(one) == failed(two)
    assert one.bad_debt_e18 == two.bad_debt_e18
    assert final_prices(one) == final_prices(two)


@QUIET
@given(MIXES, MOVES, st.integers(0, 7))
def test_splitting_an_account_in_two_equal_halves_changes_no_price(
    accounts: Accounts, moves: Sequence[Fraction], number: int
) -> None:
    whole = house_of(accounts)
    split = house_of(accounts)
    name = f"a{number % len(accounts)}"
    holder = split.holders.pop(name)
    for half in (f"{name}.1", f"{name}.2"):
        amounts = {asset: amount // 2 for asset, amount in holder.amounts.items()}
        split.holders[half] = Holder(holder.cash // 2, amounts)
    one, two = run(whole, moves), run(split, moves)
    assert final_prices(one) == pytest.approx(final_prices(two), rel=1e-12)
    assert {account.split(".")[0] for account in failed(two)} == failed(one)


@QUIET
@given(MIXES, MOVES)
def test_ten_times_everything_is_the_same_cascade(
    accounts: Accounts, moves: Sequence[Fraction]
) -> None:
    one = run(house_of(accounts), moves)
    ten = run(house_of(accounts, 10 * E18), moves, depth_usd=10 * DEPTH_USD)
    assert failed(one) == failed(ten)
    assert final_prices(ten) == pytest.approx(final_prices(one), rel=1e-9)


@QUIET
@given(LONGS, FALLS, st.integers(1, 30))
def test_long_only_a_larger_shock_fails_no_fewer_and_leaves_no_higher_price(
    accounts: Accounts, falls: Sequence[Fraction], more: int
) -> None:
    harder = [fall * (1 - Fraction(more, 100)) for fall in falls]
    mild, hard = run(house_of(accounts), falls), run(house_of(accounts), harder)
    assert failed(mild) <= failed(hard)
    pairs = zip(final_prices(mild), final_prices(hard), strict=True)
    assert all(now <= before * (1 + 1e-12) for before, now in pairs)


@QUIET
@given(LONGS, FALLS, ORDERS)
def test_long_only_the_order_of_closing_changes_neither_who_fails_nor_the_prices(
    accounts: Accounts, falls: Sequence[Fraction], options: CascadeOptions
) -> None:
    batch, other = run(house_of(accounts), falls), run(house_of(accounts), falls, options)
    assert failed(batch) == failed(other)
    assert final_prices(other) == pytest.approx(final_prices(batch), rel=1e-12)


@QUIET
@given(MIXES, MOVES, st.integers(0, 400), st.integers(1, 400))
def test_what_is_left_for_lps_never_grows_with_the_fund(
    accounts: Accounts, moves: Sequence[Fraction], fund: int, more: int
) -> None:
    small, large = house_of(accounts), house_of(accounts)
    small.fund, large.fund = fund * E18, (fund + more) * E18
    lps = "fund:house/LPs"
    one, two = run(small, moves).absorbed, run(large, moves).absorbed
    assert two.get(lps, 0) <= one.get(lps, 0)


# What does not hold: one example each.

THIN_USD = 1_000.0


def test_with_shorts_a_larger_shock_may_fail_fewer_accounts() -> None:
    # Both assets fall. a1 is long Y; a0 is long Y against short X. The harder X falls, the better
    # for a0: at -10 % and -20 % the sale of Y by a1 still brings it down, ten percent lower it is
    # safe.
    accounts: Accounts = ((37, (-1, 1, 0)), (-155, (0, 2, 0)))
    mild = [Fraction(90, 100), Fraction(80, 100), Fraction(1)]
    harder = [move * Fraction(90, 100) for move in mild[:2]] + [Fraction(1)]
    assert failed(run(house_of(accounts), mild, None, THIN_USD)) == {"a0", "a1"}
    assert failed(run(house_of(accounts), harder, None, THIN_USD)) == {"a1"}


def test_with_shorts_the_order_of_closing_decides_who_fails() -> None:
    # Both breach at once. Closed first, the long sells X: that saves the short. Closed first, the
    # short buys X: that saves the long.
    accounts: Accounts = ((-89, (1, 0, 0)), (222, (-1, -1, 0)))
    moves = [Fraction(95, 100), Fraction(110, 100), Fraction(1)]
    one_by_one = CascadeOptions(sequential=True)
    other_way = replace(one_by_one, order=Order.REVERSED)
    assert failed(run(house_of(accounts), moves, one_by_one, THIN_USD)) == {"a0"}
    assert failed(run(house_of(accounts), moves, other_way, THIN_USD)) == {"a1"}
    assert failed(run(house_of(accounts), moves, None, THIN_USD)) == {"a0", "a1"}


def test_bad_debt_depends_on_the_order_even_when_nobody_is_short() -> None:
    # Closed at the prices of one round, a1 is paid 60; closed after a0's sale, less.
    accounts: Accounts = ((-560, (10, 0, 0)), (-580, (10, 0, 0)))
    fall = [Fraction(60, 100), Fraction(1), Fraction(1)]
    batch = run(house_of(accounts), fall)
    one_by_one = run(house_of(accounts), fall, CascadeOptions(sequential=True))
    assert failed(batch) == failed(one_by_one) == {"a0", "a1"}
    assert one_by_one.total_bad_debt_e18 > batch.total_bad_debt_e18


def test_moves_in_the_victims_favour_are_offsets_and_carry_nothing() -> None:
    accounts: Accounts = ((-165, (1, 1, 0)),)
    result = run(house_of(accounts), [Fraction(60, 100), Fraction(120, 100), Fraction(1)])
    offsets = [edge.amount_e18 for edge in result.edges if edge.channel == Channel.OFFSET]
    assert offsets == [-20 * E18]
    assert result.failures["account:house/a0"].loss_e18 == 20 * E18
