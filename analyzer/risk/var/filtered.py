"""Filtered historical simulation: what happened, rescaled to the volatility of now.

    z[t] = (r[t] - mu) / sigma[t]              of each factor, by its own GARCH
    day s = mu + sigma[T+1] z[s]               of all factors together: one date is one day

Dates stay whole, so what fell together falls together. A factor that GARCH cannot be fitted to (its
returns do not move) keeps its returns as they were, and is named.

Source: Barone-Adesi, Giannopoulos and Vosper 1999.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analyzer.market.history import Floats
from analyzer.market.volatility import checked
from analyzer.risk.var.garch import Distribution, Garch, garch
from analyzer.risk.var.tail import Tail, check_level, tail_of


@dataclass(frozen=True, slots=True)
class FilteredDays:
    """Days drawn from history in today's volatility.

    values: [row, factor], returns in the unit of those given. models: of each factor, None where
    it keeps its own returns.
    """

    values: Floats
    models: tuple[Garch | None, ...]


def filtered(returns: ArrayLike, level: float, distribution: Distribution = "normal") -> Tail:
    """The tail of the next return of one factor. Shape: returns [row], oldest first.

    Its errors are those of the sample: that of the fitted parameters comes on top.

    Raises: ValueError as `garch` and `tail_of`.
    """
    check_level(level)
    model = garch(returns, distribution)
    return tail_of(model.mu + model.sigma_next * model.z, level)


def filtered_days(returns: ArrayLike, distribution: Distribution = "normal") -> FilteredDays:
    """The next day of all factors, once for each date. Shape: returns [row, factor].

    Raises: ValueError as `garch`, but for a factor that does not move.
    """
    given = checked(returns)
    models = tuple(_model(column, distribution) for column in given.T)
    days = [
        column if model is None else model.mu + model.sigma_next * model.z
        for column, model in zip(given.T, models, strict=True)
    ]
    return FilteredDays(np.column_stack(days), models)


def _model(column: Floats, distribution: Distribution) -> Garch | None:
    """The factor's model; None for one that does not move."""
    return garch(column, distribution) if float(np.ptp(column)) > 0 else None
