"""Which curve each factor has, and where it is from.

The depth file comes first, then a pool that was read at the block, then the stated default. A pool
that could not be read is no reason for the default: the depth is unknown, the factor has no curve,
and whoever asked for the pool is told why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from analyzer.market.depth.classes import UNIT
from analyzer.market.depth.default import default_curve
from analyzer.market.depth.file import (
    ARROW,
    NO_DEPTH,
    STABLESWAP_POOL,
    UNISWAP_V2,
    DepthFile,
    PoolEntry,
)
from analyzer.market.depth.impact import ImpactCurve
from analyzer.market.depth.observe import read_pool
from analyzer.market.depth.pair import read_pair
from analyzer.market.depth.pool_state import PoolState, pool_curve
from analyzer.market.depth.route import STANDS, Market, Pair
from analyzer.market.depth.stable_observe import read_stable_pool
from analyzer.market.depth.stable_swap import stable_curve
from analyzer.model.reads import Reading
from analyzer.protocols.kit.unreadable import Unreadable

Origin = Literal["file", "pool", "default", "unknown"]


@dataclass(frozen=True, slots=True)
class DepthUsed:
    """One factor's depth in a result. kind: of the curve (`exponential`), empty when unknown.
    source: where it is from; for an unknown depth, why."""

    factor: str
    origin: Origin
    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The curve of every factor whose depth is known, against the unit of account, and of every
    pair that the file gives; and a row about each that was asked for."""

    curves: Mapping[str, ImpactCurve]
    used: tuple[DepthUsed, ...]
    pairs: Mapping[Pair, ImpactCurve] = field(default_factory=dict)

    @property
    def market(self) -> Market:
        """What forced trades meet: what was given or read, the default of its classes for the
        rest; what is unknown does not move."""
        given = {row.factor for row in self.used if row.origin in ("file", "pool")}
        return Market(
            curves={factor: curve for factor, curve in self.curves.items() if factor in given},
            pairs=self.pairs,
            unknown=frozenset(row.factor for row in self.unknown),
        )

    @property
    def unknown(self) -> tuple[DepthUsed, ...]:
        """The factors without a curve, and why."""
        return tuple(row for row in self.used if row.origin == "unknown")


def choose_curves(
    factors: Iterable[str],
    file: DepthFile = NO_DEPTH,
    pools: Mapping[str, ImpactCurve | Unreadable] | None = None,
    default: Callable[[str], ImpactCurve] = default_curve,
) -> Chosen:
    """The curve of each of `factors`, sorted by factor, and of each pair of them in the file.

    pools: what `read_pools` made of the file's pools (and of any others). A pool that the file
    names and that is not in `pools` was not read, so its depth is unknown.
    """
    read = dict(pools or {})
    for factor, entry in file.pools.items():
        read.setdefault(factor, Unreadable(entry.title, "was not read"))
    curves: dict[str, ImpactCurve] = {}
    pairs: dict[Pair, ImpactCurve] = {}
    used: list[DepthUsed] = []
    for factor in sorted({*factors, *_pairs_of(set(factors), file)}):
        curve, origin = _one(factor, file, read, default)
        pair = _pair(factor)
        if isinstance(curve, Unreadable):
            used.append(DepthUsed(factor, "unknown", "", str(curve)))
            if pair is not None:
                pairs[pair] = STANDS
            continue
        used.append(DepthUsed(factor, origin, curve.name, curve.source))
        if pair is None:
            curves[factor] = curve
        else:
            pairs[pair] = curve
    return Chosen(curves, tuple(used), pairs)


def _pair(name: str) -> Pair | None:
    """The sides of `TUSD->USDC`; None of a factor."""
    moves, arrow, against = name.partition(ARROW)
    return (moves, against) if arrow else None


def _pairs_of(factors: set[str], file: DepthFile) -> list[str]:
    """The pairs of the file of which the first side is among the factors, and the other too or
    the unit of account."""
    names = [*file.curves, *file.pools]
    pairs = [(name, pair) for name in names if (pair := _pair(name)) is not None]
    return [name for name, pair in pairs if {*pair} <= {*factors, UNIT}]


def read_pools(
    entries: Mapping[str, PoolEntry], *, block: int
) -> Reading[dict[str, ImpactCurve | Unreadable]]:
    """The curves of pools at the block, by factor; for what could not be read, why.

    Raises: InputError when a pool does not trade the asset that its entry names.
    """
    out: dict[str, ImpactCurve | Unreadable] = {}
    for factor, entry in entries.items():
        source = f"{entry.title} at block {block}"
        if entry.kind == UNISWAP_V2:
            out[factor] = yield from read_pair(
                entry.pool, entry.asset, quote_usd=entry.quote_usd, source=source
            )
            continue
        if entry.kind == STABLESWAP_POOL:
            stable = yield from read_stable_pool(entry.pool, source=source)
            out[factor] = (
                stable
                if isinstance(stable, Unreadable)
                else stable_curve(stable, entry.asset, entry.other, quote_usd=entry.quote_usd)
            )
            continue
        state: PoolState | Unreadable = yield from read_pool(entry.pool, source=source)
        if isinstance(state, Unreadable):
            out[factor] = state
        else:
            out[factor] = pool_curve(state, entry.asset, quote_usd=entry.quote_usd)
    return out


def _one(
    factor: str,
    file: DepthFile,
    pools: Mapping[str, ImpactCurve | Unreadable],
    default: Callable[[str], ImpactCurve],
) -> tuple[ImpactCurve | Unreadable, Origin]:
    """The curve of one factor and where it came from."""
    if factor in file.curves:
        return file.curves[factor], "file"
    if factor in pools:
        return pools[factor], "pool"
    return default(factor), "default"
