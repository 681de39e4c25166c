"""Properties of the threshold cascade, on numbers that float64 holds exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.networks.firesale import FireSale, threshold, transmitted


@dataclass(frozen=True)
class System:
    holdings: Any
    cash: Any
    shock: Any
    impact: Any
    rate: Any

    def run(self, **options: Any) -> FireSale:
        prices = np.full(self.shock.size, 128.0)
        return threshold(
            self.holdings, self.cash, prices, self.shock, self.impact, self.rate, **options
        )


@st.composite
def systems(draw: st.DrawFn, *, shorts: bool = True) -> System:
    """Dyadic numbers with few digits, so that equal prices are equal and no breach is rounding."""
    accounts, assets = draw(st.integers(1, 6)), draw(st.integers(1, 3))

    def numbers(low: int, high: int, count: int) -> Any:
        return np.array([float(draw(st.integers(low, high))) for _ in range(count)])

    held = numbers(-8 if shorts else 0, 8, accounts * assets).reshape(accounts, assets)
    rate = numbers(0, 3, assets) / 16
    margin = abs(held) @ (128 * rate) + 16 * numbers(0, 16, accounts)
    return System(
        holdings=held,
        cash=margin - held @ np.full(assets, 128.0),
        shock=-4 * numbers(0, 12, assets),
        impact=numbers(0, 8, assets) / 8,
        rate=rate,
    )


@given(systems(), st.sampled_from(("linear", "exponential")))
def test_the_ledger_closes_and_it_ends_within_a_round_an_account(system: Any, curve: Any) -> None:
    if curve == "exponential":
        system = replace(system, impact=system.impact / 64)
    result = system.run(curve=curve)
    assert result.rounds <= len(system.cash)
    # As if all had been kept to the end: what a sale cost the accounts, the buyers have.
    kept = system.cash.sum() + (system.holdings @ result.prices[-1]).sum()
    buyers = (result.sold * (result.prices[-1] - result.executed)).sum()
    np.testing.assert_allclose(result.equity.sum() + buyers, kept, atol=1e-6)
    assert (result.prices >= 0).all()
    assert (result.bad_debt >= 0).all()
    assert result.bad_debt[result.failed_round < 0].tolist() == [0.0] * int(
        (result.failed_round < 0).sum()
    )


@given(systems(), st.sampled_from(("linear", "exponential")))
def test_exogenous_loss_and_edges_are_the_whole_loss_of_each_account(
    system: Any, curve: Any
) -> None:
    if curve == "exponential":
        system = replace(system, impact=system.impact / 64)
    result = system.run(curve=curve)
    edges = transmitted(system.holdings, result)
    last = np.where(result.failed_round < 0, result.rounds, result.failed_round)
    lost = ((128.0 - result.prices[last]) * system.holdings).sum(axis=1)
    np.testing.assert_allclose(result.exogenous_loss + edges.sum(axis=0), lost, atol=1e-6)
    assert not edges[result.failed_round < 0].any()


@given(systems())
def test_without_a_shock_healthy_accounts_stay_as_they_are(system: Any) -> None:
    calm = replace(system, shock=0 * system.shock)
    result = calm.run()
    assert result.rounds == 0
    np.testing.assert_array_equal(
        result.equity, system.cash + system.holdings @ np.full(system.shock.size, 128.0)
    )


@given(systems())
def test_without_impact_there_is_one_round_at_most(system: Any) -> None:
    assert replace(system, impact=0 * system.impact).run().rounds <= 1


@given(systems(), st.randoms(use_true_random=False))
def test_the_numbering_of_the_accounts_does_not_matter(system: Any, random: Any) -> None:
    turn = list(range(len(system.cash)))
    random.shuffle(turn)
    base = system.run()
    other = replace(system, holdings=system.holdings[turn], cash=system.cash[turn]).run()
    np.testing.assert_array_equal(other.prices, base.prices)
    np.testing.assert_array_equal(other.failed_round, base.failed_round[turn])
    np.testing.assert_allclose(other.equity, base.equity[turn], atol=1e-9)


@given(systems())
def test_an_account_split_in_proportion_changes_nothing(system: Any) -> None:
    base = system.run()
    quarter = np.array([0.25, *[1.0] * (len(system.cash) - 1), 0.75])
    parts = [*range(len(system.cash)), 0]
    split = replace(
        system,
        holdings=system.holdings[parts] * quarter[:, None],
        cash=system.cash[parts] * quarter,
    ).run()
    np.testing.assert_array_equal(split.prices, base.prices)
    np.testing.assert_array_equal(split.failed_round, base.failed_round[parts])
    np.testing.assert_allclose(split.equity, base.equity[parts] * quarter, atol=1e-9)


@given(systems(shorts=False), st.data())
def test_long_only_a_larger_shock_leaves_no_higher_price_and_no_fewer_failures(
    system: Any, data: Any
) -> None:
    further = [4.0 * data.draw(st.integers(0, 4)) for _ in system.shock]
    base, larger = system.run(), replace(system, shock=system.shock - further).run()
    assert (larger.prices[-1] <= base.prices[-1]).all()
    assert set(np.flatnonzero(base.failed_round >= 0)) <= set(
        np.flatnonzero(larger.failed_round >= 0)
    )


@given(systems(shorts=False), st.randoms(use_true_random=False))
def test_long_only_failures_and_final_prices_do_not_depend_on_the_order(
    system: Any, random: Any
) -> None:
    turn = list(range(len(system.cash)))
    random.shuffle(turn)
    batch, single = system.run(), system.run(order=turn)
    np.testing.assert_array_equal(single.prices[-1], batch.prices[-1])
    np.testing.assert_array_equal(single.failed_round >= 0, batch.failed_round >= 0)
