"""How fast an endpoint may be asked: additive increase, multiplicative decrease."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable

SLOWEST_PER_SECOND = 0.2
BACKOFF_FIRST_S = 0.25
BACKOFF_LONGEST_S = 20.0


class Pace:
    """The request rate of one endpoint.

    There is no limit until the endpoint complains. Then the rate is half of what was being sent,
    and every success adds to it so that it grows by one request a second each second.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.per_second: float | None = None
        self.waited_s = 0.0
        self._clock = clock
        self._sleep = sleep
        self._sent: deque[float] = deque(maxlen=256)
        self._next = 0.0

    def before(self) -> None:
        """Waits until the next request may be sent."""
        now = self._clock()
        if now < self._next:
            self.wait(self._next - now)
            now = self._clock()
        self._sent.append(now)
        if self.per_second is not None:
            self._next = now + 1.0 / self.per_second

    def success(self) -> None:
        """A request was answered."""
        if self.per_second is not None:
            self.per_second += 1.0 / max(self.per_second, 1.0)

    def limited(self, retry_after: float | None = None) -> None:
        """The endpoint asked to slow down: half the rate, and a pause if it named one."""
        rate = self.per_second if self.per_second is not None else self._measured()
        self.per_second = max(rate / 2.0, SLOWEST_PER_SECOND)
        if retry_after:
            self._next = max(self._next, self._clock() + retry_after)

    def wait(self, seconds: float) -> None:
        """Sleeps, and counts it."""
        self.waited_s += seconds
        self._sleep(seconds)

    def backoff(self, attempt: int) -> None:
        """Sleeps before try number `attempt` + 1: exponential, with jitter of half its length."""
        longest = min(BACKOFF_FIRST_S * 2.0**attempt, BACKOFF_LONGEST_S)
        self.wait(longest * (0.5 + 0.5 * random.random()))

    def _measured(self) -> float:
        """Requests a second over the last few."""
        if len(self._sent) < 2:
            return 4.0
        return (len(self._sent) - 1) / max(self._sent[-1] - self._sent[0], 1e-3)
