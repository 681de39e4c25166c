"""Value at risk and expected shortfall of returns: historical, and filtered by GARCH.

    garch(returns)              the fitted model: constant mean, GARCH(1,1), normal or t
    historical(returns, level)  what happened, each day alike
    filtered(returns, level)    what happened, in today's volatility
    filtered_days(returns)      the same for many factors jointly by date

A loss is positive: VaR 0.05 at 0.99 = in one step of a hundred the return is below -5 %.
"""

from analyzer.risk.var.filtered import FilteredDays, filtered, filtered_days
from analyzer.risk.var.garch import Garch, garch
from analyzer.risk.var.rolled import filtered_steps, historical_steps
from analyzer.risk.var.tail import Tail, historical, tail_of

__all__ = [
    "FilteredDays",
    "Garch",
    "Tail",
    "filtered",
    "filtered_days",
    "filtered_steps",
    "garch",
    "historical",
    "historical_steps",
    "tail_of",
]
