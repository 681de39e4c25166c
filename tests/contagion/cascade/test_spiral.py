"""Whose requirements rise with whose volatility."""

from __future__ import annotations

from fractions import Fraction

import pytest
from linear_house import House

from analyzer.contagion.cascade.spiral import Spiral, volatile_factors
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import MarginSpiral

BEFORE = {"ETH": Fraction(1), "BTC": Fraction(1), "ETH:vol": Fraction(1)}
NOW = {"ETH": Fraction(7, 10), "BTC": Fraction(5, 10), "ETH:vol": Fraction(3)}


class Told(House):
    """A house that remembers what its requirements were multiplied by."""

    def __init__(self) -> None:
        super().__init__({}, {})
        self.told: list[Fraction] = []

    def scale_requirements(self, factor: Fraction) -> None:
        self.told.append(factor)


def venue(name: str, *factors: str, fixed: frozenset[str] = frozenset()) -> tuple[Venue, Told]:
    """A venue with an asset for each factor."""
    house = Told()
    return Venue(
        name, house, {f: f for f in factors}, dict.fromkeys(factors, 18), fixed=fixed
    ), house


def asked(setting: MarginSpiral, factor: str) -> Fraction:
    """What one factor's move asks for."""
    return Spiral(setting).after({factor: BEFORE[factor]}, {factor: NOW[factor]})[factor]


def test_fixed_thresholds_rise_only_where_the_scenario_says_so() -> None:
    plain, house = venue("perp", "ETH", "BTC")
    Spiral(MarginSpiral()).tighten([plain], BEFORE, NOW)
    assert house.told == []
    Spiral(MarginSpiral(fixed_thresholds=True)).tighten([plain], BEFORE, NOW)
    assert house.told == [asked(MarginSpiral(), "BTC")]


def test_a_venue_follows_the_factors_whose_volatility_it_prices_and_no_others() -> None:
    options, house = venue("options", "ETH", "BTC", "ETH:vol")
    assert volatile_factors(options) == {"ETH"}
    Spiral(MarginSpiral()).tighten([options], BEFORE, NOW)
    # BTC fell by more, but its volatility is no price here; a volatility's own move is no return.
    assert house.told == [asked(MarginSpiral(), "ETH")]
    assert asked(MarginSpiral(), "ETH") < asked(MarginSpiral(), "BTC")


def test_each_venue_rises_by_its_own_factors_and_never_falls_again() -> None:
    setting = MarginSpiral(fixed_thresholds=True)
    (one, first), (other, second) = venue("one", "ETH"), venue("other", "BTC")
    spiral = Spiral(setting)
    spiral.tighten([one, other], BEFORE, NOW)
    assert first.told == [asked(setting, "ETH")]
    assert second.told == [asked(setting, "BTC")]
    spiral.tighten([one, other], NOW, NOW)
    assert (len(first.told), len(second.told)) == (1, 1)


def test_what_no_market_moves_asks_for_nothing_and_no_spiral_for_nothing_at_all() -> None:
    still, house = venue("still", "ETH", fixed=frozenset({"ETH"}))
    Spiral(MarginSpiral(fixed_thresholds=True)).tighten([still], BEFORE, NOW)
    moving, other = venue("moving", "ETH")
    Spiral(None).tighten([moving], BEFORE, NOW)
    assert house.told == other.told == []
    assert Spiral(None).after(BEFORE, NOW) == {}
    assert asked(MarginSpiral(cap=Fraction(2)), "BTC") == pytest.approx(2)
