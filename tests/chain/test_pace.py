from __future__ import annotations

from typing import Any

import pytest

from analyzer.chain.pace import Pace


@pytest.fixture
def pace(clock: Any) -> Pace:
    return Pace(clock=clock.time, sleep=clock.sleep)


def test_there_is_no_limit_until_the_endpoint_complains(pace: Pace, clock: Any) -> None:
    for _ in range(1000):
        pace.before()
        pace.success()
    assert (clock.now, pace.per_second) == (0.0, None)


def test_a_complaint_halves_what_was_being_sent(pace: Pace, clock: Any) -> None:
    for _ in range(101):
        pace.before()
        clock.now += 0.01
    pace.limited()
    assert pace.per_second == pytest.approx(50, rel=0.02)
    pace.limited()
    assert pace.per_second == pytest.approx(25, rel=0.02)


def test_the_rate_is_kept_and_grows_by_one_a_second(pace: Pace, clock: Any) -> None:
    pace.per_second = 10.0
    start = clock.now
    for _ in range(10):
        pace.before()
        pace.success()
    assert clock.now - start == pytest.approx(0.9, rel=0.1)
    assert pace.per_second == pytest.approx(11, rel=0.02)


def test_the_slowest_rate_still_gets_on(pace: Pace) -> None:
    for _ in range(100):
        pace.limited()
    assert pace.per_second == 0.2


def test_a_pause_that_the_server_names_is_kept(pace: Pace, clock: Any) -> None:
    pace.limited(7.0)
    pace.before()
    assert clock.now == 7.0
    assert pace.waited_s == 7.0


def test_backoff_doubles_with_jitter_up_to_a_bound(pace: Pace, clock: Any) -> None:
    for attempt in range(12):
        pace.backoff(attempt)
        longest = min(0.25 * 2**attempt, 20)
        assert longest / 2 <= clock.slept[-1] <= longest


def test_opening_a_recording_needs_no_web3() -> None:
    import subprocess
    import sys

    code = "import sys, analyzer.chain.replay, analyzer.chain.node; print('web3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
