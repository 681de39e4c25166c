"""The batch cascade against the exact one, where the rules of both coincide."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from linear_house import E18, Holder, House, venue_of

from analyzer.contagion.batch.kernel import Cascades, cascades
from analyzer.contagion.cascade.result import CascadeResult
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.linear.book import LinearBook, holdings_book
from analyzer.contagion.scenario import Scenario, Step, parse_shock
from analyzer.market.depth.choose import Chosen
from analyzer.market.depth.impact import Exponential, ImpactCurve, Linear, NoImpact
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.snapshot.venues import funds_of
from analyzer.runs.stress.batch_cascades import Swept, impacts_of, shocks_of, swept
from analyzer.runs.stress.cascades import assess
from analyzer.runs.stress.orders import ORDERS

FACTORS = ("BTC", "ETH", "stETH/ETH")
PRICE = {"BTC": 50_000, "ETH": 2_000, "stETH/ETH": 2_100}
MAINTENANCE = Fraction(1, 10)
CURVES: dict[str, ImpactCurve] = {
    "BTC": Exponential(6e5),
    "ETH": Linear(8e5),
    "stETH/ETH": Exponential(2e5),
}


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols that are installed: none is the bank of the tests around."""


def random_house(seed: int, penalty: int = 0) -> House:
    """Forty accounts, long and short, near their maintenance. penalty: times what is closed."""
    random = np.random.default_rng(seed)
    holders = {}
    for number in range(40):
        amounts = {
            factor: int(random.integers(-30, 90)) * E18 * 20 // PRICE[factor] // 10**6 * 10**6
            for factor in FACTORS
        }
        value = sum(amount * PRICE[factor] for factor, amount in amounts.items())
        gross = sum(abs(amount) * PRICE[factor] for factor, amount in amounts.items())
        spare = int(random.integers(-2, 30)) * gross // 100
        holders[str(number)] = Holder(gross // 10 - value + spare, amounts)
    prices = {factor: price * E18 for factor, price in PRICE.items()}
    return House(prices, holders, maintenance=MAINTENANCE, penalty=Fraction(penalty))


def twin(house: House) -> LinearBook:
    """The house's accounts as holdings, in whole units of account."""
    rows = [
        [holder.amounts[factor] * PRICE[factor] / E18 for factor in FACTORS]
        for holder in house.holders.values()
    ]
    width = len(FACTORS)
    return holdings_book(
        np.arange(0, width * len(rows) + 1, width),
        np.tile(np.arange(width), len(rows)),
        np.array(rows).ravel(),
        [holder.cash / E18 for holder in house.holders.values()],
        maintenance=[float(MAINTENANCE)] * width,
        factors=FACTORS,
    )


def both(
    seed: int, scenarios: list[Scenario], curves: dict[str, ImpactCurve], penalty: int = 0
) -> tuple[Cascades, list[CascadeResult]]:
    """(the batch, the exact cascade of each scenario)."""
    house, chosen = random_house(seed), Chosen(curves, ())
    batch = cascades(twin(house), shocks_of(scenarios, FACTORS), impacts_of(FACTORS, chosen))
    houses = [random_house(seed, penalty) for _ in scenarios]
    exact = [
        run_cascade([venue_of(house)], one, curves)
        for house, one in zip(houses, scenarios, strict=True)
    ]
    return batch, exact


SCENARIOS = [
    parse_shock(text)
    for text in ("ETH=-5%", "ETH=-25%,BTC=-10%", "BTC=+30%,ETH=+10%", "ETH=-12%", "*=-40%")
]


@pytest.mark.parametrize("seed", range(6))
def test_both_close_the_same_accounts_at_the_same_prices_in_as_many_rounds(seed: int) -> None:
    # So large a penalty that a liquidator gains by every closure, as the batch takes for granted.
    batch, exact = both(seed, SCENARIOS, CURVES, penalty=2)
    closed = 0
    for number, one in enumerate(exact):
        failed = {
            node.rpartition("/")[2] for node, f in one.failures.items() if f.round is not None
        }
        accounts = {str(n) for n in np.flatnonzero(batch.closed_in(number)).tolist()}
        assert {name.rpartition(":")[2] for name in failed} == accounts
        assert batch.rounds[number] == sum(1 for round_ in one.rounds if round_.closed)
        for place, factor in enumerate(FACTORS):
            last = float(one.rounds[-1].price_after[factor])
            assert batch.prices[place, number] == pytest.approx(last, rel=1e-9)
        closed += len(accounts)
    assert closed > 20


@pytest.mark.parametrize("seed", range(3))
def test_without_impact_both_find_the_same_bad_debt(seed: int) -> None:
    batch, exact = both(seed, SCENARIOS, {factor: NoImpact() for factor in FACTORS})
    expected = [one.total_bad_debt_e18 / E18 for one in exact]
    np.testing.assert_allclose(batch.bad_debt, expected, rtol=1e-9, atol=1e-6)
    assert max(expected) > 100


def test_a_ratio_moves_with_its_base_in_which_its_sales_are_sales_too() -> None:
    impacts = impacts_of(("ETH", "a/b/ETH", "b/ETH", "c/BTC"), Chosen({}, ()))
    # "a/b/ETH" is quoted in "ETH"; "c/BTC" in what is not in the book.
    assert impacts.base.tolist() == [-1, 0, 0, -1]
    curves = {"ETH": Linear(100.0), "b/ETH": Linear(50.0)}
    impacts = impacts_of(("ETH", "b/ETH"), Chosen(curves, ()))
    sold = np.array([[10.0], [5.0]])
    # 10 of ETH and 5 of the ratio: 15 of 100 go through ETH, 5 of 50 through the ratio.
    expected = [0.85, 0.85 * 0.9]
    assert impacts.ratio(sold, np.arange(1)).ravel() == pytest.approx(expected)
    means = impacts.average(np.zeros((2, 1)), sold, np.arange(1)).ravel()
    assert means == pytest.approx([0.925, 0.925 * 0.95])


@pytest.fixture(scope="module")
def scans(demo_snapshot: Path) -> list[ScanBook]:
    return read_books(demo_snapshot)


def test_of_real_books_what_is_closed_without_impact_lacks_what_is_insolvent_exactly(
    scans: list[ScanBook],
) -> None:
    # Who is insolvent is below maintenance: the protocol's own integers know the sum.
    still = Chosen({asset.factor: NoImpact() for s in scans for asset in s.book.assets}, ())
    scenarios = [parse_shock("*=-50%"), parse_shock("ETH=+40%")]
    found = swept(scans, scenarios, still)
    assert found.book.nonlinear.any()
    for number, scenario in enumerate(scenarios):
        one = assess(scans, scenario, still, ORDERS["batch"])
        expected = sum(tally.bad_debt_e18 for tally in one.result.shocked.values()) / E18
        assert found.cascades.bad_debt[number] == pytest.approx(expected, rel=1e-6)


def test_accounts_of_funds_are_not_in_the_book(scans: list[ScanBook]) -> None:
    found = swept(scans, [Scenario("s", "s", "s", (Step(),))], Chosen({}, ()))
    funds = {f"{scan.deployment.name}/{fund}" for scan in scans for fund in funds_of(scan)}
    assert funds
    assert not funds & set(found.book.account_ids)
    assert len(found.book) == sum(len(scan.book) for scan in scans) - len(funds)
    assert "ETH" in found.unmapped


def test_the_worst_come_first_and_what_is_not_known_before_them() -> None:
    batch, _ = both(0, SCENARIOS[:2], CURVES)
    batch.bad_debt[:] = [5.0, 7.0]
    found = Swept(twin(random_house(0)), batch, np.ones((3, 2)), ())
    assert found.worst(np.arange(2), 5) == [1, 0]
    batch.bad_debt[:] = [np.nan, 7.0]
    assert found.worst(np.arange(2), 1) == [0]
