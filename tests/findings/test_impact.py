"""What carries price impact: the markets, their shares, and the quotes behind them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from assessed_house import assessed_house, falls_to, r15_house
from linear_house import E18, Holder, House

from analyzer.findings.assessed import Assessed
from analyzer.findings.impact import impact_rows, is_major
from analyzer.market.depth import Linear
from analyzer.market.depth.default import default_curve, default_quote


def lost_by_price(one: Assessed) -> int:
    """What failed accounts lost by moves of prices, edge by edge."""
    edges = [e for e in one.result.edges if e.from_node.startswith("move:")]
    return sum(e.amount_e18 for e in edges if e.to_node in one.result.failures)


def test_case_r15_loses_by_the_price_of_x_that_600_sold_units_moved() -> None:
    one = assessed_house()
    (row,) = impact_rows(one)
    assert (row.factor, row.against, row.share) == ("X", "USD", 1.0)
    assert row.loss_e18 == lost_by_price(one) > 3_000 * E18
    assert row.traded_e18 == 60_000 * E18
    assert row.lost == pytest.approx(30_000 * 0.03 / 92**2)
    assert row.quote == "assumed"
    assert not row.major


def test_where_sales_move_nothing_there_is_no_impact() -> None:
    assert impact_rows(assessed_house(curves={"X": Linear(1e30)})) == []


def test_a_factor_with_two_markets_is_split_by_what_each_made_of_its_price() -> None:
    one = assessed_house()
    (pair,) = one.result.pairs
    pairs = (replace(pair, ratio=0.9), replace(pair, against="ETH", ratio=0.81))
    rows = impact_rows(replace(one, result=replace(one.result, pairs=pairs)))
    assert [(row.against, row.share) for row in rows] == [
        ("ETH", pytest.approx(2 / 3)),
        ("USD", pytest.approx(1 / 3)),
    ]
    assert sum(row.loss_e18 for row in rows) == lost_by_price(one)


def test_a_default_is_told_with_the_quotes_behind_it() -> None:
    holders = {
        "A": Holder(-88_000 * E18, {"OP": 1_000 * E18}),
        "B": Holder(-87_350 * E18, {"OP": 1_000 * E18}),
    }
    house = House({"OP": 100 * E18}, holders, maintenance=r15_house().maintenance, fund=0)
    scenario = replace(falls_to(), steps=(replace(falls_to().steps[0], shocks={"OP": 0.92}),))
    (row,) = impact_rows(assessed_house(house, scenario, {"OP": default_curve("OP")}))
    assert row.quote == default_quote("OP", "USD")
    assert row.quote.startswith(
        "none of its own; 0.0562 times the depth of ETH, of which 126 1inch"
    )


@pytest.mark.parametrize(
    ("factor", "major"),
    [("ETH", True), ("BTC", True), ("stETH/ETH", True), ("LBTC/BTC", True), ("sAVAX/AVAX", False),
     ("OP", False), ("USDC", False)],
)  # fmt: skip
def test_eth_btc_and_their_staking_tokens_are_majors(factor: str, major: bool) -> None:
    assert is_major(factor) is major
