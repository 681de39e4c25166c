from __future__ import annotations

import pytest

from analyzer.devnet.clock import GENESIS_TIME, Clock


def test_time_goes_forward_or_stands_still() -> None:
    clock = Clock()
    assert [clock.forward(0), clock.forward(12), clock.now] == [
        GENESIS_TIME,
        GENESIS_TIME + 12,
        GENESIS_TIME + 12,
    ]


def test_time_that_would_run_backwards_is_refused_and_nothing_changes() -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="does not run backwards"):
        clock.forward(-1)
    assert clock.now == GENESIS_TIME
