"""Names that a user may have meant."""

from __future__ import annotations

import pytest

from analyzer.model.closest import did_you_mean

KNOWN = ["scan", "account", "stress", "perp-v2-optimism", "perp-v2-devnet"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("scna", " (did you mean 'scan'?)"),
        ("acount", " (did you mean 'account'?)"),
        ("perp-v2", " (did you mean 'perp-v2-optimism' or 'perp-v2-devnet'?)"),
        ("zzzz", ""),
        ("", ""),
        ("scan" * 1000, ""),
    ],
)
def test_a_slip_is_met_and_a_stranger_is_not(name: str, text: str) -> None:
    assert did_you_mean(name, KNOWN) == text
