"""What maker ranges hold, and total sizes."""

from __future__ import annotations

from analyzer.protocols.kit.ticks import Q96, sqrt_ratio_at_tick
from analyzer.protocols.perp_v2.records import AccountMarket, Order
from analyzer.protocols.perp_v2.state.ranges import amounts_in_ranges, total_size

WHOLE = 10**18


def order(lower: int, upper: int, base_debt: int = 0) -> Order:
    return Order("0x", lower, upper, liquidity=1000 * WHOLE, base_debt=base_debt)


def test_a_range_above_the_price_holds_base_and_one_below_it_quote() -> None:
    above, below = order(60, 120), order(-120, -60)
    base, quote = amounts_in_ranges(AccountMarket(orders={(60, 120): above}), Q96)
    assert (base > 0, quote) == (True, 0)
    base, quote = amounts_in_ranges(AccountMarket(orders={(-120, -60): below}), Q96)
    assert (base, quote > 0) == (0, True)


def test_the_amounts_of_several_ranges_are_floored_one_by_one_and_added() -> None:
    orders = {(60, 120): order(60, 120), (60, 180): order(60, 180)}
    price = sqrt_ratio_at_tick(90)
    alone = [amounts_in_ranges(AccountMarket(orders={key: orders[key]}), price) for key in orders]
    together = amounts_in_ranges(AccountMarket(orders=orders), price)
    assert together == (alone[0][0] + alone[1][0], alone[0][1] + alone[1][1])


def test_the_size_is_the_takers_and_what_ranges_hold_more_than_they_owe() -> None:
    held = AccountMarket(taker_position_size=-5 * WHOLE, orders={(60, 120): order(60, 120, WHOLE)})
    assert total_size(held, 3 * WHOLE) == -3 * WHOLE


def test_a_size_below_ten_wei_reads_as_none() -> None:
    held = AccountMarket(taker_position_size=20)
    assert [total_size(held, -12), total_size(held, -11), total_size(held, -10)] == [0, 0, 10]
