"""Whom float64 leaves out the pool does not liquidate: to the wei, on both sides of the line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from aave_market import ALICE, BOB, E18, USD, account, market, reserve
from aave_recording import recorded
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.protocols.aave_v3.close.simulate.float_filter import FloatFilter
from analyzer.protocols.aave_v3.state.state import AaveState, state_of
from analyzer.protocols.aave_v3.value.account import AccountData, Valuation
from analyzer.protocols.aave_v3.value.liquidation_call import LIQUIDATION_THRESHOLD
from analyzer.protocols.aave_v3.value.prices import reference_prices

DATA = Path(__file__).resolve().parents[3] / "data" / "aave_v3"


def known(valuation: Valuation) -> Iterator[tuple[str, AccountData]]:
    """Every account of the state whose numbers are known."""
    for address in valuation.state.accounts:
        data = valuation.account_data(address)
        if isinstance(data, AccountData):
            yield address, data


def decided(state: AaveState) -> tuple[set[str], set[str]]:
    """(whom the filter lets through, whom the pool would liquidate) at the state's prices."""
    valuation = Valuation(state, reference_prices(state))
    through = set(FloatFilter(state, known(valuation)).candidates(valuation))
    return through, {a for a, d in known(valuation) if d.health_factor < LIQUIDATION_THRESHOLD}


def of_debt(revision: int, supplied: tuple[int, int], price: int, debt: int) -> AaveState:
    """ALICE with WETH and WBTC against so many wei of DAI; BOB has no debt."""
    eth, dai = reserve(0, "WETH", price, threshold_bps=8_250), reserve(1, "DAI", USD - 7_919)
    btc = reserve(2, "WBTC", 43_211 * USD + 1, decimals=8, threshold_bps=7_317)
    alice = account(
        supplied={"WETH": supplied[0], "WBTC": supplied[1]},
        borrowed={"DAI": debt},
        collateral=(0, 2),
    )
    return market(revision, [eth, dai, btc], [alice, account(BOB, supplied={"WETH": 5 * E18})])


def most_debt(revision: int, supplied: tuple[int, int], price: int) -> int:
    """The most wei of DAI that ALICE can owe and be healthy, by halving with integers alone."""
    low, high = 0, 10**40
    while high - low > 1:
        middle = (low + high) // 2
        _, liquidated = decided(of_debt(revision, supplied, price, middle))
        low, high = (low, middle) if liquidated else (middle, high)
    return low


@settings(max_examples=50)
@given(
    revision=st.sampled_from([1, 6, 8, 9, 11]),
    eth=st.one_of(st.integers(1, 10**12), st.integers(10**15, 10**24)),
    btc=st.one_of(st.just(0), st.integers(0, 10**12)),
    price=st.one_of(st.integers(1, 10**6), st.integers(10**10, 10**12)),
)
def test_whoever_the_pool_liquidates_is_let_through_within_wei_of_the_threshold(
    revision: int, eth: int, btc: int, price: int
) -> None:
    least = most_debt(revision, (eth, btc), price)
    flips = set()
    for debt in range(max(least - 3, 0), least + 4):
        through, liquidated = decided(of_debt(revision, (eth, btc), price, debt))
        assert liquidated <= through
        assert BOB not in through
        flips.add(bool(liquidated))
    assert True in flips


@pytest.mark.parametrize("revision", [8, 11])
def test_whoever_is_far_from_the_threshold_is_left_out(revision: int) -> None:
    supplied, price = (10**22, 10**9), 2_000 * USD
    least = most_debt(revision, supplied, price)
    through, liquidated = decided(of_debt(revision, supplied, price, least * 999 // 1_000))
    assert through == liquidated == set()
    through, liquidated = decided(of_debt(revision, supplied, price, least * 1_001 // 1_000))
    assert through == liquidated == {ALICE}


@pytest.mark.parametrize("name", ["rev7", "rev11"])
def test_of_a_recording_everybody_who_is_liquidatable_is_let_through(name: str) -> None:
    recording = recorded(DATA / f"{name}.zip")
    for label in recording.labels:
        through, liquidated = decided(state_of(recording.book(label)))
        assert liquidated <= through
