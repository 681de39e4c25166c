"""Days: ratios as whole tokens, what stands still, what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.market.history import History, on_grid
from analyzer.model.errors import InputError
from analyzer.risk.days import days_of

DAY = 86_400


def history(**prices: list[float]) -> History:
    times = np.arange(1, 1 + len(next(iter(prices.values())))) * DAY
    return on_grid(
        {name.replace("_", "/"): (times, np.array(of)) for name, of in prices.items()}, DAY
    )


def test_a_ratio_moves_as_the_whole_token() -> None:
    found = days_of(history(ETH=[100, 90, 99], stETH_ETH=[1, 0.9, 0.95]), ["ETH", "stETH/ETH"])
    whole = np.array([81 / 100, (99 * 0.95) / 81]) - 1
    np.testing.assert_allclose(found.values[:, 1], whole)
    assert found.with_base == {}


def test_a_ratio_without_a_history_moves_with_its_base_and_says_so() -> None:
    found = days_of(history(ETH=[100, 90, 99]), ["stETH/ETH", "ETH"])
    np.testing.assert_allclose(found.values[:, 0], found.values[:, 1])
    assert found.with_base == {"stETH/ETH": "ETH"}
    assert found.missing == ()


def test_what_is_missing_is_named_and_not_taken_for_still() -> None:
    found = days_of(history(ETH=[1, 2, 3]), ["ETH", "USDC", "LINK"], still=["USDC"])
    assert (found.missing, found.still) == (("LINK",), ("USDC",))
    assert found.known.tolist() == [True, True, False]
    with pytest.raises(InputError, match="no returns of LINK"):
        found.number("LINK")


def test_a_gap_takes_the_day_from_all_and_is_counted() -> None:
    times = np.array([1, 2, 4, 5, 6]) * DAY
    gapped = on_grid(
        {"ETH": (np.arange(1, 7) * DAY, np.arange(1.0, 7)), "BTC": (times, np.ones(5))}, DAY
    )
    found = days_of(gapped, ["ETH", "BTC"])
    assert (len(found.times), found.skipped) == (3, 2)
    # A gap of what nobody holds takes nothing.
    assert len(days_of(gapped, ["ETH"]).times) == 5


def test_nothing_in_common_is_an_error() -> None:
    with pytest.raises(InputError, match="the books hold LINK"):
        days_of(history(ETH=[1, 2, 3]), ["LINK"])
    with pytest.raises(InputError, match="no book holds it"):
        days_of(history(ETH=[1, 2, 3]), ["ETH"], still=["DAI"])
