"""Which curve each factor has, and where it is from.

The depth file comes first, then a pool that was read at the block, then the stated default. A pool
that could not be read is no reason for the default: the depth is unknown, the factor has no curve,
and whoever asked for the pool is told why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from analyzer.market.depth.default import default_curve
from analyzer.market.depth.file import (
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
    """The curve of every factor whose depth is known, and a row about each that was asked for."""

    curves: Mapping[str, ImpactCurve]
    used: tuple[DepthUsed, ...]

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
    """The curve of each of `factors`, sorted by factor.

    pools: what `read_pools` made of the file's pools (and of any others). A pool that the file
    names and that is not in `pools` was not read, so its depth is unknown.
    """
    read = dict(pools or {})
    for factor, entry in file.pools.items():
        read.setdefault(factor, Unreadable(entry.title, "was not read"))
    curves: dict[str, ImpactCurve] = {}
    used: list[DepthUsed] = []
    for factor in sorted(set(factors)):
        curve, origin = _one(factor, file, read, default)
        if isinstance(curve, Unreadable):
            used.append(DepthUsed(factor, "unknown", "", str(curve)))
            continue
        curves[factor] = curve
        used.append(DepthUsed(factor, origin, curve.name, curve.source))
    return Chosen(curves, tuple(used))


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
