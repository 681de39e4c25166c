"""Returns of a price history: all factors over the same stretches of time.

A return is taken from one point of the grid to the next, and a row is kept only where every factor
has both prices: a return over a gap would be of another horizon. What is left out is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analyzer.market.history import Floats, History, Seconds
from analyzer.model.errors import InputError

Kind = Literal["log", "simple"]
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Returns:
    """Returns by time and factor.

    values: [row, factor]; log: ln(after / before), simple: after / before - 1. times: [row], unix
    seconds at the end of each. skipped: rows of the grid left out because of a gap.
    """

    factors: tuple[str, ...]
    times: Seconds
    values: Floats
    step_s: int
    kind: Kind
    skipped: int

    def column(self, factor: str) -> Floats:
        """The returns of one factor. Raises: InputError naming it when it is none of these."""
        if factor not in self.factors:
            known = ", ".join(self.factors)
            raise InputError(f"there are no returns of {factor} (there are of {known})")
        return self.values[:, self.factors.index(factor)]

    def per_day(self) -> float:
        """How many of these returns make a day: variances are multiplied by it."""
        return DAY_S / self.step_s


def returns_of(history: History, kind: Kind = "log") -> Returns:
    """The returns of a history.

    Raises: InputError when fewer than two rows are left (with what has gaps).
    """
    before, after = history.prices[:-1], history.prices[1:]
    values = np.log(after / before) if kind == "log" else after / before - 1
    whole = np.isfinite(values).all(axis=1)
    kept: Floats = values[whole]
    if kept.shape[0] < 2:
        names = sorted({gap.factor for gap in history.gaps})
        because = f"; gaps: {', '.join(names)}" if names else ""
        raise InputError(
            f"{kept.shape[0]} returns over {history.step_s} s are common to all of"
            f" {', '.join(history.factors)}: at least two are needed{because}"
        )
    return Returns(
        history.factors,
        history.times[1:][whole],
        kept,
        history.step_s,
        kind,
        int((~whole).sum()),
    )
