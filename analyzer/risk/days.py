"""What the market did, factor by factor, on every date that all of them have.

    a factor with a history           its simple returns
    a ratio (`stETH/ETH`)             of the whole token: (1 + own) (1 + base) - 1
    a ratio without one of its own    moves with its base, and is named in `with_base`
    a factor that is said to be still 0 on every date (a stable, by the user's word)
    anything else                     missing: whoever holds it has no figure

Nothing is filled: a date on which one of them has no price is no day, and is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.market.classes import base_of
from analyzer.market.history import Floats, History, Seconds
from analyzer.market.returns import Returns, returns_of
from analyzer.model.errors import InputError


@dataclass(frozen=True, slots=True)
class Days:
    """Simple returns in the order of a book's factors.

    values: [row, factor], 0 for a missing factor (see `known`). times: [row], unix seconds at the
    end of each step of `step_s`. with_base: ratio -> the factor it moves with. skipped: steps left
    out because of a gap.
    """

    factors: tuple[str, ...]
    times: Seconds
    values: Floats
    step_s: int
    missing: tuple[str, ...]
    with_base: dict[str, str]
    still: tuple[str, ...]
    skipped: int

    @property
    def known(self) -> NDArray[np.bool_]:
        """[factor]: whether its days are known."""
        return np.array([factor not in self.missing for factor in self.factors], dtype=np.bool_)

    @property
    def logs(self) -> Returns:
        """The same as log returns."""
        values: Floats = np.log1p(self.values)
        return Returns(self.factors, self.times, values, self.step_s, "log", self.skipped)

    def number(self, factor: str) -> int:
        """The factor's column. Raises: InputError for one without days."""
        if factor not in self.factors or factor in self.missing:
            have = [name for name in self.factors if name not in self.missing]
            raise InputError(f"there are no returns of {factor} (there are of {', '.join(have)})")
        return self.factors.index(factor)


def days_of(history: History, factors: Sequence[str], still: Collection[str] = ()) -> Days:
    """The days of `factors` from a history that may have more.

    Raises: InputError when `still` names what is not among the factors, when no factor has a
    history, and as `returns_of`.
    """
    unknown = sorted(set(still) - set(factors))
    if unknown:
        raise InputError(f"{', '.join(unknown)} cannot stand still: no book holds it")
    made = {f: _made_of(f, history.factors) for f in factors if f not in still}
    used = {part for parts in made.values() if parts for part in parts}
    if not used:
        held = ", ".join(sorted(set(factors) - set(still))) or "nothing that moves"
        raise InputError(
            f"the history has prices of {', '.join(history.factors)}, and the books hold {held}"
        )
    columns = [number for number, factor in enumerate(history.factors) if factor in used]
    kept = History(
        tuple(history.factors[number] for number in columns),
        history.times,
        history.prices[:, columns],
        history.step_s,
        tuple(gap for gap in history.gaps if gap.factor in used),
    )
    returns = returns_of(kept, "simple")
    rows = len(returns.times)
    values = np.zeros((rows, len(factors)))
    for number, factor in enumerate(factors):
        for part in made.get(factor) or ():
            values[:, number] = (1 + values[:, number]) * (1 + returns.column(part)) - 1
    return Days(
        factors=tuple(factors),
        times=returns.times,
        values=values,
        step_s=returns.step_s,
        missing=tuple(factor for factor, parts in made.items() if parts is None),
        with_base={
            factor: parts[-1]
            for factor, parts in made.items()
            if parts and base_of(factor) is not None and factor not in parts
        },
        still=tuple(factor for factor in factors if factor in set(still)),
        skipped=returns.skipped,
    )


def _made_of(factor: str, have: Collection[str]) -> tuple[str, ...] | None:
    """The series whose returns multiply to the factor's; None where one is missing."""
    base = base_of(factor)
    if base is None:
        return (factor,) if factor in have else None
    rest = _made_of(base, have)
    if rest is None:
        return None
    return (factor, *rest) if factor in have else rest
