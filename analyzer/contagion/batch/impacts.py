"""Impact curves of many assets and scenarios at once: what the batch cascade asks of a market.

    v     = cumulative net forced sales, valued at the block's prices; < 0 = bought
    ratio(v)       price after v, over that before any sale      none         1
    average(u, v)  mean price of what trades from u to v         exponential  exp(-v / D)
                                                                 linear       max(1 - v / D, 0)
                                                                 product      (D / (D + v))^2

D is a depth in the unit of v: for `product` the reserve on the asset's side. Volume and depth are
both at the block's prices, as in `cascade`: a shock alone makes no market deeper.
A constant product cannot sell out: buying stops at `MOST_OF_POOL` of the reserve, and what is
bought beyond is paid at that price.

Source: the exponential and linear forms of Cont and Schaanning 2017 and Cifuentes, Ferrucci and
Shin 2005; the product of reserves of automated market makers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.linear.arrays import Floats

CurveKind = Literal["none", "exponential", "linear", "product"]

MOST_OF_POOL = 0.99
"""Share of a constant product's reserve beyond which nothing more is bought along its curve."""


class Impacts(Protocol):
    """The curves of all assets of a book, asset by asset in the order of its factors."""

    def ratio(self, v: Floats, scenarios: NDArray[np.int64]) -> Floats:
        """Price after v over the price before. Shape: v and result [factor, scenario], the
        columns being `scenarios`. Not negative."""
        ...

    def average(self, u: Floats, v: Floats, scenarios: NDArray[np.int64]) -> Floats:
        """Mean price of the trade from u to v over the price before; the price at u where u = v.
        Shapes as in `ratio`."""
        ...


class ScalarCurve(Protocol):
    """One asset's curve by single numbers: any `ImpactCurve` of a market."""

    def price_ratio(self, v: float) -> float:
        """Price after v over the price before."""
        ...

    def average_ratio(self, v0: float, v1: float) -> float:
        """Mean price of the trade from v0 to v1 over the price before."""
        ...


@dataclass(frozen=True, slots=True)
class ScalarImpacts:
    """Curves given one by one, asked number by number: any form, for 100 assets x 1,000 scenarios
    a fifth of a second a round."""

    curves: Sequence[ScalarCurve]

    def ratio(self, v: Floats, scenarios: NDArray[np.int64]) -> Floats:
        """See `Impacts`."""
        return np.array(
            [
                [curve.price_ratio(x) for x in row]
                for curve, row in zip(self.curves, v.tolist(), strict=True)
            ],
            dtype=np.float64,
        ).reshape(v.shape)

    def average(self, u: Floats, v: Floats, scenarios: NDArray[np.int64]) -> Floats:
        """See `Impacts`."""
        return np.array(
            [
                [curve.average_ratio(x, y) for x, y in zip(*row, strict=True)]
                for curve, *row in zip(self.curves, u.tolist(), v.tolist(), strict=True)
            ],
            dtype=np.float64,
        ).reshape(v.shape)


@dataclass(frozen=True, slots=True)
class BasedImpacts:
    """Curves of factors that may be quoted in one another, as in `cascade`: whoever sells a ratio
    (`stETH/ETH`) for the unit of account sells as much of its base, and its price is its own part
    times its base's.

    own: every factor's curve against what it is quoted in. base: [factor], number of that, -1 = the
    unit of account; no chain of bases comes back to where it began.
    """

    own: Impacts
    base: NDArray[np.int64]

    def ratio(self, v: Floats, scenarios: NDArray[np.int64]) -> Floats:
        """See `Impacts`."""
        return self._priced(self.own.ratio(self._through(v), scenarios))

    def average(self, u: Floats, v: Floats, scenarios: NDArray[np.int64]) -> Floats:
        """See `Impacts`."""
        return self._priced(self.own.average(self._through(u), self._through(v), scenarios))

    def _links(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """(factors, what they are quoted in at first, second, ... hand)."""
        at = self.base
        while (at >= 0).any():
            quoted = np.flatnonzero(at >= 0)
            yield quoted, at[quoted]
            at = np.where(at >= 0, self.base[at], -1)

    def _through(self, v: Floats) -> Floats:
        """What goes through every factor's market: its own sales, and those of all quoted in it."""
        out = v.copy()
        for quoted, bases in self._links():
            np.add.at(out, bases, v[quoted])
        return out

    def _priced(self, own: Floats) -> Floats:
        """Every factor's own part times the parts of all that it is quoted in."""
        out = own.copy()
        for quoted, bases in self._links():
            out[quoted] *= own[bases]
        return out


@dataclass(frozen=True, slots=True)
class DepthImpacts:
    """Curves that one depth each describes, all at once."""

    kind: NDArray[np.str_]
    """[factor]: a `CurveKind`."""
    depth: Floats
    """[factor, scenario], or [factor, 1] for every scenario; not read for `none`."""

    def ratio(self, v: Floats, scenarios: NDArray[np.int64]) -> Floats:
        """See `Impacts`."""
        out = np.ones(v.shape)
        for kind, rows, depth in self._kinds(scenarios):
            out[rows] = _ratio(kind, v[rows] / depth)
        return out

    def average(self, u: Floats, v: Floats, scenarios: NDArray[np.int64]) -> Floats:
        """See `Impacts`."""
        out = np.ones(v.shape)
        for kind, rows, depth in self._kinds(scenarios):
            start, end = u[rows] / depth, v[rows] / depth
            step = end - start
            flat = step == 0.0
            mean = _integral(kind, start, end) / np.where(flat, 1.0, step)
            out[rows] = np.where(flat, _ratio(kind, start), mean)
        return out

    def _kinds(self, scenarios: NDArray[np.int64]) -> list[tuple[str, NDArray[np.int64], Floats]]:
        """(kind, its factors, their depths) of every kind that moves prices."""
        depth = self.depth if self.depth.shape[1] == 1 else self.depth[:, scenarios]
        rows = [(str(k), np.flatnonzero(self.kind == k)) for k in np.unique(self.kind)]
        return [(kind, at, depth[at]) for kind, at in rows if kind != "none"]


def depth_impacts(kind: CurveKind | Sequence[CurveKind], depth: ArrayLike) -> DepthImpacts:
    """Curves of one kind, or one kind a factor. Shape: depth [factor] or [factor, scenario].

    Raises: ValueError for an unknown kind, another shape, a depth that is not above zero where
    one is needed (infinite = no impact).
    """
    given = np.array(depth, dtype=np.float64)
    given = given[:, None] if given.ndim == 1 else given
    if given.ndim != 2:
        raise ValueError(f"depth must have one or two dimensions, not shape {given.shape}")
    kinds = np.array([kind] * len(given) if isinstance(kind, str) else list(kind), dtype=np.str_)
    unknown = sorted(set(kinds.tolist()) - set(get_args(CurveKind)))
    if unknown or len(kinds) != len(given):
        raise ValueError(
            f"a kind of curve for each of {len(given)} factors must be one of "
            f"{', '.join(get_args(CurveKind))}, not {unknown or kinds.tolist()}"
        )
    if not (given[kinds != "none"] > 0).all():
        raise ValueError("every depth must be above zero")
    return DepthImpacts(kinds, given)


def _ratio(kind: str, share: Floats) -> Floats:
    """Price over the price before, after a share of the depth was sold."""
    if kind == "exponential":
        return np.exp(-share)
    if kind == "linear":
        return np.maximum(1.0 - share, 0.0)
    out: Floats = 1.0 / (1.0 + np.maximum(share, -MOST_OF_POOL)) ** 2
    return out


def _integral(kind: str, start: Floats, end: Floats) -> Floats:
    """The area under the curve from `start` to `end`, both shares of the depth."""
    if kind == "exponential":
        return -np.exp(-start) * np.expm1(start - end)
    if kind == "linear":
        # The curve ends where the price is 0: what is sold beyond brings nothing.
        first, last = np.minimum(start, 1.0), np.minimum(end, 1.0)
        return (last - first) * (1.0 - (first + last) / 2)
    first, last = np.maximum(start, -MOST_OF_POOL), np.maximum(end, -MOST_OF_POOL)
    beyond = (end - last) - (start - first)
    out: Floats = (last - first) / ((1.0 + first) * (1.0 + last))
    return out + beyond / (1.0 - MOST_OF_POOL) ** 2
