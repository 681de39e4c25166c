"""Shares in percent, rounded up."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.shares import percent

E18 = 10**18


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (126_164_000_000_000, "0.013 %"),
        (86_559_000_000_000, "0.0087 %"),
        (1, "<0.000001 %"),
        (E18 // 100, "1 %"),
        (E18 // 100 - 1, "1 %"),
        (17 * E18 // 1_000, "1.7 %"),
        (17_001 * E18 // 1_000_000, "1.71 %"),
        (E18 // 3, "33.4 %"),
        (E18, "100 %"),
        (5_136_296_094_000_000_000, "513.7 %"),
        (12_345 * E18, "1,234,500 %"),
        (-E18 // 2, "-50 %"),
    ],
)
def test_a_share_reads_as_a_person_would_write_it(share: int, text: str) -> None:
    assert percent(share) == text


@given(st.integers(10**12, 10**22))
def test_a_share_never_reads_smaller_than_it_is(share: int) -> None:
    said = Decimal(percent(share).removesuffix(" %").replace(",", ""))
    exact = Decimal(share) / Decimal(10**16)
    assert exact <= said <= exact * Decimal("1.11")
    assert said == said.quantize(Decimal("0.000001"), ROUND_CEILING)
