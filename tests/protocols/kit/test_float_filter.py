"""A float filter leaves out only who is surely far from a threshold."""

from __future__ import annotations

import numpy as np

from analyzer.protocols.kit.float_filter import slack, sums, suspects


def test_the_slack_is_what_roundings_can_be_off_and_a_part_of_what_is_held() -> None:
    assert slack(np.array([0.0, 1e9]), 2.0).tolist() == [2.0, 3.0]
    assert slack(np.array([1e9, 1e9]), np.array([1.0, 0.0])).tolist() == [2.0, 1.0]


def test_who_is_near_or_below_is_a_suspect_and_of_nan_nothing_is_said() -> None:
    value = np.array([9.0, 10.0, 10.5, 10.6, np.nan])
    found = suspects(value, np.full(5, 10.0), np.full(5, 0.5))
    assert found.tolist() == [True, True, True, False, False]


def test_holdings_are_summed_by_account_and_an_account_without_any_has_zero() -> None:
    owner = np.array([2, 0, 2], dtype=np.int64)
    assert sums(owner, np.array([1.5, 4.0, 2.0]), 4).tolist() == [4.0, 0.0, 3.5, 0.0]
