"""Properties of the batch cascade: it is `firesale.threshold` many times, and what follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fire_sale_books import alike, book_of, impacts_of
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.contagion.batch import fused
from analyzer.contagion.batch.impacts import depth_impacts
from analyzer.contagion.batch.kernel import Cascades, cascades, rules
from analyzer.contagion.networks.firesale import threshold

PRICE = 128.0
"""A power of two: multipliers of it are exact."""


class System:
    """A small system and several shocks to it, in numbers that float64 holds exactly."""

    def __init__(self, draw: Any, shorts: bool) -> None:
        accounts, assets = draw(st.integers(1, 7)), draw(st.integers(1, 3))
        self.scenarios = draw(st.integers(1, 5))

        def numbers(low: int, high: int, count: int) -> Any:
            return np.array([float(draw(st.integers(low, high))) for _ in range(count)])

        held = numbers(-8 if shorts else 0, 8, accounts * assets)
        self.held = held.reshape(accounts, assets)
        self.rate = numbers(0, 3, assets) / 16
        margin = abs(self.held) @ (PRICE * self.rate) + 16 * numbers(0, 16, accounts)
        self.cash = margin - self.held @ np.full(assets, PRICE)
        falls = 4 * numbers(0, 12, assets * self.scenarios)
        self.shock = -falls.reshape(assets, self.scenarios)
        self.impact = numbers(0, 8, assets) / 8
        self.owner = np.arange(accounts)

    def batch(self, curve: str = "linear", **options: Any) -> Cascades:
        shocked = PRICE + self.shock
        prices = np.full(len(self.rate), PRICE)
        book = book_of(self.held, self.cash, prices, self.rate, self.owner)
        market = impacts_of(self.impact, prices, shocked, curve)
        return cascades(book, shocked / PRICE, market, by=rules(book, **options))


@st.composite
def systems(draw: st.DrawFn, *, shorts: bool = True) -> System:
    return System(draw, shorts)


@given(systems(), st.sampled_from(("linear", "exponential")), st.booleans(), st.integers(1, 4))
def test_every_scenario_ends_as_the_threshold_cascade_does(
    system: System, curve: Any, boxes: bool, tile: int
) -> None:
    if curve == "exponential":
        system.impact = system.impact / 64
    batch = system.batch(curve, boxes=boxes, tile=tile)
    prices = np.full(len(system.rate), PRICE)
    for scenario in range(system.scenarios):
        one = threshold(
            system.held, system.cash, prices, system.shock[:, scenario], system.impact,
            system.rate, curve=curve,
        )  # fmt: skip
        alike(batch, scenario, one, PRICE)
        assert batch.rounds[scenario] <= len(system.cash)


class Interpreted:
    """The fused functions as plain Python, as if they had been compiled."""

    def __enter__(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(fused, "installed", lambda: True)
        self.patch.setattr(fused, "compiled", lambda: (fused.find, fused.settle))

    def __exit__(self, *_: object) -> None:
        self.patch.undo()


@settings(max_examples=15)
@given(systems(), st.booleans(), st.sampled_from((0.0, 0.125)))
def test_the_fused_engine_says_what_the_tiles_say(
    system: System, shared: bool, penalty: float
) -> None:
    if shared:
        system.owner = system.owner // 2
    tiles = system.batch(engine="tiles", penalty=penalty)
    with Interpreted():
        fused_ = system.batch(engine="fused", penalty=penalty)
    for name in ("failed", "rounds", "undecided"):
        np.testing.assert_array_equal(getattr(fused_, name), getattr(tiles, name))
    for name in ("notional", "bad_debt", "prices", "shortfall"):
        np.testing.assert_allclose(
            getattr(fused_, name), getattr(tiles, name), rtol=1e-6 if name == "notional" else 1e-12,
            atol=1e-9,
        )  # fmt: skip
    for scenario in range(system.scenarios):
        np.testing.assert_array_equal(fused_.closed_in(scenario), tiles.closed_in(scenario))


@given(systems(), st.randoms(use_true_random=False))
def test_the_numbering_of_accounts_and_of_scenarios_does_not_matter(
    system: System, random: Any
) -> None:
    base = system.batch()
    turn, columns = list(range(len(system.cash))), list(range(system.scenarios))
    random.shuffle(turn)
    random.shuffle(columns)
    system.held, system.cash = system.held[turn], system.cash[turn]
    system.shock = system.shock[:, columns]
    other = system.batch()
    np.testing.assert_allclose(other.prices, base.prices[:, columns], rtol=1e-12)
    np.testing.assert_array_equal(other.failed, base.failed[columns])
    np.testing.assert_allclose(other.bad_debt, base.bad_debt[columns], rtol=1e-12, atol=1e-9)
    for place, scenario in enumerate(columns):
        np.testing.assert_array_equal(other.closed_in(place), base.closed_in(scenario)[turn])


@given(systems())
def test_an_account_split_in_proportion_changes_nothing(system: System) -> None:
    base = system.batch()
    parts = [*range(len(system.cash)), 0]
    share = np.array([0.25, *[1.0] * (len(system.cash) - 1), 0.75])
    system.held = system.held[parts] * share[:, None]
    system.cash, system.owner = system.cash[parts] * share, system.owner[parts]
    split = system.batch()
    np.testing.assert_allclose(split.prices, base.prices, rtol=1e-12)
    np.testing.assert_allclose(split.bad_debt, base.bad_debt, rtol=1e-12, atol=1e-9)
    # The owner is still one: what it lacks is what it lacked.
    np.testing.assert_allclose(split.shortfall, base.shortfall, rtol=1e-12, atol=1e-9)
    # Owners that lack the same may be told in any order.
    apart = (np.diff(base.shortfall, axis=0) < -1e-6).all(axis=0)
    np.testing.assert_array_equal(split.shortfall_owner[0, apart], base.shortfall_owner[0, apart])


@given(systems(), st.integers(-8, 8))
def test_the_unit_of_account_does_not_matter(system: System, power: int) -> None:
    base = system.batch()
    unit = 2.0**power
    system.held, system.cash = system.held * unit, system.cash * unit
    system.impact = system.impact / unit
    other = system.batch()
    np.testing.assert_array_equal(other.prices, base.prices)
    np.testing.assert_array_equal(other.failed, base.failed)
    np.testing.assert_allclose(other.bad_debt, base.bad_debt * unit, rtol=1e-12)
    np.testing.assert_allclose(other.notional, base.notional * unit, rtol=1e-12)


@given(systems())
def test_without_impact_there_is_one_round_at_most(system: System) -> None:
    system.impact = 0 * system.impact
    assert (system.batch().rounds <= 1).all()


@given(systems(shorts=False), st.data())
def test_long_only_a_larger_shock_leaves_no_higher_price_and_no_fewer_failures(
    system: System, data: Any
) -> None:
    base = system.batch()
    further = [4.0 * data.draw(st.integers(0, 4)) for _ in range(system.shock.size)]
    system.shock = system.shock - np.reshape(further, system.shock.shape)
    larger = system.batch()
    assert (larger.prices <= base.prices * (1 + 1e-12)).all()
    for scenario in range(system.scenarios):
        assert (larger.closed_in(scenario) | ~base.closed_in(scenario)).all()


@given(systems(shorts=False), st.randoms(use_true_random=False))
def test_long_only_closing_one_at_a_time_ends_at_the_same_prices(
    system: System, random: Any
) -> None:
    turn = list(range(len(system.cash)))
    random.shuffle(turn)
    batch = system.batch()
    for scenario in range(system.scenarios):
        one = threshold(
            system.held, system.cash, np.full(len(system.rate), PRICE),
            system.shock[:, scenario], system.impact, system.rate, order=turn,
        )  # fmt: skip
        np.testing.assert_allclose(batch.prices[:, scenario] * PRICE, one.prices[-1], rtol=1e-9)
        np.testing.assert_array_equal(batch.closed_in(scenario), one.failed_round >= 0)


@given(systems(), st.sampled_from((0.25, 0.5, 0.9, 1.0)))
def test_a_cascade_of_fractions_ends_and_never_sells_more_than_there_is(
    system: System, fraction: float
) -> None:
    whole, part = system.batch(), system.batch(fraction=fraction)
    held = np.abs(system.held).sum(axis=0) * PRICE
    # Prices never rise above the shocked ones by more than buying all shorts would lift them.
    highest = (PRICE + system.impact * np.abs(system.held).sum(axis=0))[:, None] / PRICE
    assert (part.notional <= (held[:, None] * highest).sum(axis=0) * (1 + 1e-9)).all()
    assert (part.rounds <= len(system.cash) * 20).all()
    if fraction == 1.0:
        np.testing.assert_allclose(part.bad_debt, whole.bad_debt)


@given(systems(shorts=False))
def test_no_shock_and_everybody_healthy_nothing_happens(system: System) -> None:
    system.shock = 0 * system.shock
    found = system.batch()
    assert not found.failed.any()
    assert not found.rounds.any()
    assert not found.bad_debt.any()
    np.testing.assert_array_equal(found.prices, np.ones_like(found.prices))


@given(st.integers(2, 200))
def test_more_scenarios_than_a_block_are_each_their_own(count: int) -> None:
    # Account i is closed below 1 - i / 256: scenario j falls to 1 - (j + 1/2) / 256.
    levels = 1 - np.arange(256) / 256
    book = book_of(np.ones((256, 1)), -levels, [1.0], [0.0])
    shocks = 1 - (np.arange(count)[::-1] + 0.5) / 256
    found = cascades(book, shocks[None, :], depth_impacts("none", [1.0]))
    assert found.failed.tolist() == list(range(1, count + 1))[::-1]
    assert found.closed_in(0).tolist() == [account < count for account in range(256)]
