"""How to get out of a position: over time, in a liquidation of two steps, over several venues.

almgren_chriss   a schedule between impact (sell slowly) and risk (sell fast)
obizhaeva_wang   a schedule in a book that refills
fixed_spread     two liquidations instead of one, where the discount is fixed
split            one sale over venues, all ending at the same marginal price
"""

from __future__ import annotations

from analyzer.risk.unwind.fixed_spread import FixedSpread, fixed_spread
from analyzer.risk.unwind.schedules import (
    AlmgrenChriss,
    ObizhaevaWang,
    almgren_chriss,
    obizhaeva_wang,
)
from analyzer.risk.unwind.split import Split, split

__all__ = [
    "AlmgrenChriss",
    "FixedSpread",
    "ObizhaevaWang",
    "Split",
    "almgren_chriss",
    "fixed_spread",
    "obizhaeva_wang",
    "split",
]
