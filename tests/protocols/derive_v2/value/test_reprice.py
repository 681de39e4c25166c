"""Stress margin against exact margin: the same state at other numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from derive_recording import Recorded, recorded
from scipy.special import ndtr

from analyzer.protocols.base import Repriced
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.prices import reference_prices
from analyzer.protocols.derive_v2.value.reprice import Moves, reprice, reprice_moves
from analyzer.protocols.derive_v2.value.reprice.pmrm import AT_ONCE
from analyzer.protocols.derive_v2.value.reprice.pricing import normal_cdf
from analyzer.protocols.derive_v2.value.value import value
from analyzer.protocols.kit.unreadable import Unreadable

TOLERANCE = 1e-6
"""Whole units; books reach seven million, the largest difference seen is 5e-9."""
FACTORS = ("ETH", "BTC", "USDC")
FEEDS = {"ETH_SpotFeed": "ETH", "BTC_SpotFeed": "BTC", "StableFeed": "USDC"}
SHOCKS = np.array([[1.0, 0.75, 1.25], [1.0, 0.875, 1.5], [1.0, 0.9375, 1.0]])


@pytest.fixture(scope="module")
def recording(shared: Path) -> Recorded:
    return recorded(shared)


def moved(state: DeriveState, multipliers: dict[str, float]) -> DeriveState:
    """The state with its spot feeds at other prices."""
    spots = {
        address: replace(feed, price=int(feed.price * multipliers[FEEDS[feed.name]]))
        if feed.name in FEEDS
        else feed
        for address, feed in state.feeds.spot.items()
    }
    return replace(state, feeds=replace(state.feeds, spot=spots))


def exact(state: DeriveState) -> dict[int, tuple[float, float, float] | None]:
    """(equity, maintenance, initial) of every account as the contracts compute them."""
    valuation = Valuation(state)
    out: dict[int, tuple[float, float, float] | None] = {}
    for account in state.accounts:
        found = valuation.numbers(account)
        numbers = (found.mtm, found.mm, found.im)
        if any(isinstance(value, Unreadable) for value in numbers):
            out[account] = None
            continue
        mtm, mm, im = (int(str(value)) / 1e18 for value in numbers)
        out[account] = (mtm, mtm - mm, mtm - im)
    return out


def largest_difference(
    found: Repriced, scenario: int, truth: dict[int, tuple[float, float, float] | None]
) -> float:
    """Over all known accounts; an account known to one side only counts as infinite."""
    worst = 0.0
    for row, numbers in enumerate(truth.values()):
        ours = [array[row, scenario] for array in (found.equity, found.maintenance, found.initial)]
        if numbers is None or np.isnan(ours).any():
            worst = max(worst, 0.0 if numbers is None and np.isnan(ours).all() else np.inf)
        else:
            worst = max(worst, *(abs(a - b) for a, b in zip(ours, numbers, strict=True)))
    return worst


@pytest.mark.parametrize("label", ["A", "C", "D", "E", "F", "G", "N", "L"])
def test_every_scenario_is_the_exact_margin_at_those_prices(
    recording: Recorded, label: str
) -> None:
    state = recording.state(label)
    found = reprice(value(recording.book(label), reference_prices(state, {})), FACTORS, SHOCKS)
    for scenario in range(SHOCKS.shape[1]):
        prices = dict(zip(FACTORS, SHOCKS[:, scenario], strict=True))
        assert largest_difference(found, scenario, exact(moved(state, prices))) < TOLERANCE


def test_time_passes_as_in_a_later_block_for_books_of_options_alone(recording: Recorded) -> None:
    """With feeds signed anew and no perps, nothing but the time to expiry moves."""
    state, book, hours = recording.state("A"), recording.book("A"), 6
    seconds = hours * 3_600
    later = replace(state, block_time=state.block_time + seconds)
    stretched = replace(later, feeds=_fresh_for(later, seconds))
    found = reprice_moves(state, book, Moves(scenarios=1, elapsed_s=np.array([float(seconds)])))
    truth = exact(stretched)
    perps = set(state.perps)
    compared = 0
    for row, account in enumerate(state.accounts.values()):
        numbers = truth[account.number]
        if numbers is None or any(held.asset in perps for held in account.balances):
            continue
        compared += any(held.asset in state.options for held in account.balances)
        assert abs(found.equity[row, 0] - numbers[0]) < TOLERANCE
        assert abs(found.maintenance[row, 0] - numbers[1]) < TOLERANCE
        assert abs(found.initial[row, 0] - numbers[2]) < TOLERANCE
    assert compared > 5


def _fresh_for(state: DeriveState, seconds: int) -> object:
    """The feeds with heartbeats long enough for `seconds` more."""
    feeds = state.feeds

    def longer(one: object) -> object:
        beat = one.heartbeat_s  # type: ignore[attr-defined]
        return replace(one, heartbeat_s=beat + seconds)  # type: ignore[type-var]

    return replace(
        feeds,
        **{
            kind: {address: longer(one) for address, one in getattr(feeds, kind).items()}
            for kind in ("spot", "diff", "forward", "vol", "rate")
        },
    )


def test_volatility_moves_options_and_nothing_else(recording: Recorded) -> None:
    state, book = recording.state("A"), recording.book("A")
    found = reprice(
        value(book, reference_prices(state, {})),
        ("ETH:vol", "BTC:vol"),
        np.array([[1.0, 1.5], [1.0, 1.5]]),
    )
    for row, account in enumerate(state.accounts.values()):
        holds = any(held.asset in state.options for held in account.balances)
        assert (found.equity[row, 0] != found.equity[row, 1]) == holds, account.number


def test_a_matrix_that_does_not_fit_its_factors_is_refused(recording: Recorded) -> None:
    valued = value(recording.book("A"), reference_prices(recording.state("A"), {}))
    with pytest.raises(ValueError, match="expected"):
        reprice(valued, ("ETH",), np.ones((2, 3)))


def test_many_scenarios_at_once_say_what_each_says_alone(recording: Recorded) -> None:
    state, book = recording.state("A"), recording.book("A")
    random, count = np.random.default_rng(3), AT_ONCE + 6
    moves = Moves(
        scenarios=count,
        spot={"ETH": random.uniform(0.3, 2, count), "USDC": random.uniform(0.8, 1.02, count)},
        volatility={"ETH": random.uniform(0.5, 2, count), "BTC": random.uniform(0.5, 2, count)},
        elapsed_s=random.uniform(0, 60 * 86_400, count),
    )
    assert moves.elapsed_s is not None
    found = reprice_moves(state, book, moves)
    for at in (0, AT_ONCE - 1, AT_ONCE, count - 1):
        alone = Moves(
            scenarios=1,
            spot={name: row[[at]] for name, row in moves.spot.items()},
            volatility={name: row[[at]] for name, row in moves.volatility.items()},
            elapsed_s=moves.elapsed_s[[at]],
        )
        expected = reprice_moves(state, book, alone)
        for many, one in (
            (found.equity, expected.equity),
            (found.maintenance, expected.maintenance),
            (found.initial, expected.initial),
        ):
            np.testing.assert_allclose(many[:, at], one[:, 0], rtol=1e-12, atol=1e-9)


def test_the_normal_distribution_in_floats_far_out_too() -> None:
    x = np.concatenate([np.linspace(-36, 36, 721), [-7.07106781186547, np.nan]])
    found, expected = normal_cdf(x), ndtr(x)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-15)
    np.testing.assert_allclose(found[x < -7], expected[x < -7], rtol=1e-6)


def test_a_worthless_stable_is_unknown_in_its_scenario_and_in_no_other(recording: Recorded) -> None:
    valued = value(recording.book("A"), reference_prices(recording.state("A"), {}))
    alone = reprice(valued, ("USDC",), np.array([[1.0]]))
    with np.errstate(all="raise"):
        found = reprice(valued, ("USDC",), np.array([[1.0, 0.0]]))
    for both, one in (
        (found.equity, alone.equity),
        (found.maintenance, alone.maintenance),
    ):
        np.testing.assert_allclose(both[:, 0], one[:, 0], rtol=1e-12, atol=1e-9)
    assert np.isnan(found.equity[:, 1]).sum() > np.isnan(alone.equity).sum()
    assert not np.isinf(found.equity).any()
