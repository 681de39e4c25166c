"""One sale over venues: equal marginal prices, and no other split fetches more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.market.depth.impact import ConstantProduct, Exponential, Linear
from analyzer.risk.unwind import split


def test_two_pools_share_by_their_depth() -> None:
    found = split(300.0, [ConstantProduct(1_000.0, "a"), ConstantProduct(2_000.0, "b")])
    assert found.amounts == pytest.approx((100.0, 200.0))
    assert found.price == pytest.approx((1_000 / 1_100) ** 2)
    # R: x y = k. 100 into 1000 fetches 1000 x 100 / 1100.
    assert found.received == pytest.approx(3 * 100_000 / 1_100)
    assert found.unsold == 0


@settings(max_examples=20)
@given(st.floats(10, 3_000), st.floats(200, 5_000), st.floats(200, 5_000), st.floats(2_000, 9_000))
def test_no_other_split_fetches_more(amount: float, a: float, b: float, c: float) -> None:
    venues = [ConstantProduct(a, "a"), Exponential(b, "b"), Linear(c, "c")]
    found = split(amount, venues)
    assert sum(found.amounts) + found.unsold == pytest.approx(amount, rel=1e-9)
    for seed in range(20):
        shares = np.random.default_rng(seed).dirichlet(np.ones(3)) * (amount - found.unsold)
        fetched = sum(
            part * venue.average_ratio(0, part)
            for part, venue in zip(shares.tolist(), venues, strict=True)
            if part <= venue.most_sellable
        )
        assert found.received >= fetched - 1e-6 * amount


def test_what_no_venue_bears_stays_unsold() -> None:
    venue = Exponential(1_000.0, "a")
    found = split(1e9, [venue, venue])
    assert found.amounts == pytest.approx((venue.most_sellable,) * 2)
    assert found.unsold == pytest.approx(1e9 - 2 * venue.most_sellable)
    assert split(0.0, [venue]).received == 0


def test_no_venue_and_less_than_nothing_are_refused() -> None:
    for amount, venues in ((1.0, []), (-1.0, [Linear(1.0, "a")])):
        with pytest.raises(ValueError, match="venue"):
            split(amount, venues)
