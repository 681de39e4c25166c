"""The swap on integers: published vectors, the real contract's logs, the float curve."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_pools import BASE, QUOTE, recorded_swaps

from analyzer.market.depth.pool_state import PIPS, PoolState, pool_curve
from analyzer.market.depth.swap import SwapStep, swap, swap_step
from analyzer.model.errors import UnreadError
from analyzer.protocols.kit.ticks import Q96, sqrt_ratio_at_tick, tick_at_sqrt_ratio

E18 = 10**18


def encoded(price: float) -> int:
    """sqrt(price) as X96, as the tests of v3-core encode exact fractions."""
    return math.isqrt(int(round(price * 10_000) * 2**192) // 10_000)


# (price, target, liquidity, remaining, fee) -> (price after, in, out, fee): the cases of
# `SwapMath.spec.ts` of Uniswap v3-core at 04c22839; where the price after is not asserted there,
# it is None.
PUBLISHED = {
    "input capped at the target": (
        (encoded(1), encoded(1.01), 2 * E18, E18, 600),
        (encoded(1.01), 9975124224178055, 9925619580021728, 5988667735148),
    ),
    "output capped at the target": (
        (encoded(1), encoded(1.01), 2 * E18, -E18, 600),
        (encoded(1.01), 9975124224178055, 9925619580021728, 5988667735148),
    ),
    "input fully spent": (
        (encoded(1), encoded(10), 2 * E18, E18, 600),
        (None, 999400000000000000, 666399946655997866, 600000000000000),
    ),
    "output fully received": (
        (encoded(1), encoded(100), 2 * E18, -E18, 600),
        (None, 2000000000000000000, E18, 1200720432259356),
    ),
    "output capped at what was wanted": (
        (
            417332158212080721273783715441582,
            1452870262520218020823638996,
            159344665391607089467575320103,
            -1,
            1,
        ),
        (417332158212080721273783715441581, 1, 1, 1),
    ),
    "a target of 1 uses part of the input": (
        (2, 1, 1, 3915081100057732413702495386755767, 1),
        (1, 39614081257132168796771975168, 0, 39614120871253040049813),
    ),
    "the fee takes all": (
        (2413, 79887613182836312, 1985041575832132834610021537970, 10, 1872),
        (2413, 0, 0, 10),
    ),
    "too little of token0 in between": (
        (
            20282409603651670423947251286016,
            20282409603651670423947251286016 * 11 // 10,
            1024,
            -4,
            3000,
        ),
        (20282409603651670423947251286016 * 11 // 10, 26215, 0, 79),
    ),
    "too little of token1 in between": (
        (
            20282409603651670423947251286016,
            20282409603651670423947251286016 * 9 // 10,
            1024,
            -263000,
            3000,
        ),
        (20282409603651670423947251286016 * 9 // 10, 1, 26214, 1),
    ),
}


@pytest.mark.parametrize(("given_", "expected"), PUBLISHED.values(), ids=PUBLISHED.keys())
def test_a_step_is_that_of_the_published_vector(
    given_: tuple[int, int, int, int, int], expected: tuple[int | None, int, int, int]
) -> None:
    step = swap_step(*given_)
    price = step.sqrt_price_x96 if expected[0] is None else expected[0]
    assert step == SwapStep(price, *expected[1:])
    if expected[0] is None:
        assert given_[0] < step.sqrt_price_x96 < given_[1]


def test_every_recorded_swap_of_the_real_contract_comes_out_to_the_wei() -> None:
    kinds: Counter[str] = Counter()
    crossed = 0
    for event in recorded_swaps():
        down = event.amount0 > 0
        paid, got = (event.amount0, -event.amount1) if down else (event.amount1, -event.amount0)
        wanted = replace(
            event.before,
            sqrt_price_x96=event.sqrt_price_x96,
            liquidity=event.liquidity,
            tick=event.tick,
        )

        # The log does not say which of the three the caller fixed.
        tried = {
            "input": swap(event.before, paid, zero_for_one=down),
            "output": swap(event.before, -got, zero_for_one=down),
            "price": swap(
                event.before, 10 * paid, zero_for_one=down, limit_x96=event.sqrt_price_x96
            ),
        }
        kind = next(
            (
                name
                for name, done in tried.items()
                if (done.amount_in, done.amount_out, done.pool) == (paid, got, wanted)
            ),
            "none",
        )
        kinds[kind] += 1
        crossed += event.liquidity != event.before.liquidity
    # Bots bring the pools back to the oracle's price, hence the limits.
    assert set(kinds) == {"input", "output", "price"}
    assert min(kinds.values()) > 100
    assert crossed > 20


def test_the_float_curve_predicts_the_recorded_prices_and_proceeds() -> None:
    worst_price = worst_paid = 0.0
    for event in recorded_swaps():
        down = event.amount0 > 0
        curve = pool_curve(event.before, BASE.address, quote_usd=1.0)
        price = (event.before.sqrt_price_x96 / Q96) ** 2
        # A sale gives the base in; a purchase takes the base out.
        v = event.amount0 / E18 * price
        after = (event.sqrt_price_x96 / event.before.sqrt_price_x96) ** 2
        paid = -event.amount1 / event.amount0 / price
        worst_price = max(worst_price, abs(curve.price_ratio(v) / after - 1))
        if abs(event.amount1) > 10**6 and abs(event.amount0) > 10**6:
            worst_paid = max(worst_paid, abs(curve.average_ratio(0, v) / paid - 1))
        assert curve.exhausted(v) is False, (event, down)
    assert worst_price < 1e-9
    # Amounts of a few wei round.
    assert worst_paid < 1e-6


def one_range(
    price_x96: int,
    liquidity: int = 10**22,
    fee: int = 3_000,
    low: int = -12_000,
    high: int = 12_000,
) -> PoolState:
    """A pool with one range, and a little everywhere within the ticks that are known."""
    everywhere = 10**18
    edges = ((-60_000, everywhere), (low, liquidity), (high, -liquidity), (60_000, -everywhere))
    tick = tick_at_sqrt_ratio(price_x96)
    inside = liquidity if low <= tick < high else 0
    return PoolState(
        "0x" + "cc" * 20,
        BASE,
        QUOTE,
        fee,
        60,
        price_x96,
        tick,
        everywhere + inside,
        edges,
        -76_800,
        76_740,
    )


pools = st.builds(
    one_range,
    st.integers(-11_000, 11_000).map(sqrt_ratio_at_tick),
    liquidity=st.integers(10**20, 10**26),
    fee=st.sampled_from((100, 500, 3_000, 10_000)),
)
sizes = st.integers(10**12, 10**23)


@given(pool=pools, size=sizes, down=st.booleans())
def test_a_swap_and_its_way_back_never_leave_the_trader_better_off(
    pool: PoolState, size: int, down: bool
) -> None:
    try:
        there = swap(pool, size, zero_for_one=down)
        if there.amount_out == 0:
            return
        back = swap(there.pool, there.amount_out, zero_for_one=not down)
    except UnreadError:
        return
    assert back.amount_out <= size
    assert there.fee >= size * pool.fee_pips // PIPS


@given(pool=pools, size=sizes, down=st.booleans())
def test_wanting_what_an_input_gives_costs_no_more_than_that_input(
    pool: PoolState, size: int, down: bool
) -> None:
    try:
        there = swap(pool, size, zero_for_one=down)
    except UnreadError:
        return
    if there.amount_out == 0:
        return
    wanted = swap(pool, -there.amount_out, zero_for_one=down)
    assert wanted.amount_out == there.amount_out
    assert wanted.amount_in <= size


@given(pool=pools, size=sizes, asset=st.sampled_from((BASE, QUOTE)))
def test_floats_follow_the_integers_for_either_token_sold(
    pool: PoolState, size: int, asset: object
) -> None:
    down = asset == BASE
    token = BASE if down else QUOTE
    try:
        done = swap(pool, size, zero_for_one=down)
    except UnreadError:
        return
    curve = pool_curve(pool, token.address, quote_usd=2.5)
    price = (pool.sqrt_price_x96 / Q96) ** 2
    unit = price if down else 1 / price
    v = size / E18 * unit * 2.5
    moved = (done.pool.sqrt_price_x96 / pool.sqrt_price_x96) ** (2 if down else -2)
    assert curve.price_ratio(v) == pytest.approx(moved, rel=1e-9)
    if done.amount_out > 10**9:
        paid = done.amount_out / size / unit
        assert curve.average_ratio(0, v) == pytest.approx(paid, rel=1e-6)


def test_a_swap_past_the_ticks_that_were_read_is_refused() -> None:
    pool = one_range(Q96)
    with pytest.raises(UnreadError, match=r"the swap goes past tick -?\d+, and only \[-76800"):
        swap(pool, 10**30, zero_for_one=True)


def test_the_limit_stops_the_swap_there() -> None:
    pool = one_range(Q96)
    limit = sqrt_ratio_at_tick(-500)
    done = swap(pool, 10**30, zero_for_one=True, limit_x96=limit)
    assert done.pool.sqrt_price_x96 == limit
    assert done.pool.tick == -500


@pytest.mark.parametrize(("limit", "down"), [(Q96 + 1, True), (Q96 - 1, False), (Q96, True)])
def test_a_limit_on_the_wrong_side_is_refused(limit: int, down: bool) -> None:
    with pytest.raises(ValueError, match="on the wrong side"):
        swap(one_range(Q96), 1, zero_for_one=down, limit_x96=limit)


def test_a_swap_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        swap(one_range(Q96), 0, zero_for_one=True)
