"""The depth that is assumed where nobody gave one: by pair of classes, stated with every use.

`default_pairs.toml` has a row a pair: which class is the thin side, the sale of it that loses one
percent, and what it holds, where the cliff is. Its head says what the numbers rest on and how far
they were off on pairs that they were not fitted on. A row against `*` is for every other side.

One day's quotes of a calm market are no forecast of a crash: a scenario's depth multipliers are
for that. Whoever knows better gives a file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analyzer.market.classes import base_of
from analyzer.market.depth.classes import UNIT, depth_class
from analyzer.market.depth.cliff import Cliff

TABLE = Path(__file__).with_name("default_pairs.toml")
"""Package data, written by the fit."""
ASSUMED_FROM = "default for "
"""How the source of every default begins."""
ANYTHING = "anything"
"""The other side of a row for every side."""


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """How the defaults do on pairs left out of their fit, bucket by bucket (a pair and a size of
    sale). within_two: buckets within a factor of two of the quoted median. lowest_tenth, median,
    highest_tenth: predicted loss over quoted loss."""

    buckets: int
    within_two: int
    fitted_within_two: int
    lowest_tenth: float
    median: float
    highest_tenth: float

    @property
    def sentence(self) -> str:
        """One line for people."""
        return (
            f"on pairs left out of the fit {self.within_two} of {self.buckets} buckets are within "
            f"a factor of two of the quotes, eight in ten within {self.lowest_tenth:g} and "
            f"{self.highest_tenth:g} times"
        )


@dataclass(frozen=True, slots=True)
class Defaults:
    """The table. rows: (thin class, other class or `anything`) -> its curve. quotes: the same ->
    what the quotes behind it said, in words."""

    rows: Mapping[tuple[str, str], Cliff]
    quotes: Mapping[tuple[str, str], str]
    validation: CrossValidation


@cache
def defaults() -> Defaults:
    """The table that ships."""
    values = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    rows = {
        (row["thin"], _side(row["thick"])): Cliff(
            one_percent_usd=float(row["one_percent_usd"]),
            holds_usd=float(row["holds_usd"]),
            exponent=values["exponent"],
            steepness=values["steepness"],
            minted=row.get("minted", False),
            source=f"{ASSUMED_FROM}{row['thin']} against {_side(row['thick'])}: {row['basis']}",
        )
        for row in values["pair"]
    }
    quotes = {(row["thin"], _side(row["thick"])): row["quote"] for row in values["pair"]}
    return Defaults(rows, quotes, CrossValidation(**values["cross_validation"]))


def default_curve(thin: str, thick: str | None = None) -> Cliff:
    """The assumed curve of a factor against a thicker one; thick = None: against the unit of
    account, of a ratio against its base."""
    return default_row(thin, thick or base_of(thin) or UNIT)[1]


def default_row(thin: str, thick: str) -> tuple[str, Cliff]:
    """(what a factor has one market against, the curve of it): the class of the thicker factor, or
    `anything`. Against all of them the market is one, for what trades in one trades on in another
    of its class."""
    rows, kind = defaults().rows, depth_class(thin)
    # The last only where a ratio's base is neither: what can be minted is as deep against any base.
    for other in (depth_class(thick), ANYTHING, "eth"):
        if (kind, other) in rows:
            return other, rows[kind, other]
    raise AssertionError(f"the table of default depths has no row for {kind}")


def default_quote(thin: str, against: str) -> str:
    """What the quotes behind a default said. thin: a factor; against: the other factor, or as in
    `default_row`. Raises: KeyError for no row of the table."""
    quotes, kind = defaults().quotes, depth_class(thin)
    for other in (against, depth_class(against)):
        if (kind, other) in quotes:
            return quotes[kind, other]
    return quotes[kind, default_row(thin, against)[0]]


def _side(name: str) -> str:
    """The other side of a row."""
    return ANYTHING if name == "*" else name
