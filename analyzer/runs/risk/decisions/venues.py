"""Where a reduction is traded: the protocol's own pool, exact, or a curve against another asset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from analyzer.market.depth.choose import Chosen
from analyzer.market.depth.impact import NoImpact
from analyzer.market.depth.pool_state import PIPS, PoolState, Token
from analyzer.market.depth.quote import quote
from analyzer.market.depth.swap import swap
from analyzer.model.errors import UnreadError
from analyzer.model.integers import WAD, ceil_div
from analyzer.protocols.decisions import OwnPool, Reduction
from analyzer.protocols.kit.ticks import MAX_TICK, MIN_TICK
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.runs.risk.decisions.inputs import Decided

Executed = Callable[[str, Reduction, int], int]
_BASE, _QUOTE = "0x" + "00" * 19 + "01", "0x" + "00" * 19 + "02"


@dataclass(frozen=True, slots=True)
class Venues:
    """What amounts fetch at a block. chosen: the curves of everything that is traded outside."""

    decided: Decided
    chosen: Chosen
    _pools: dict[str, PoolState | None] = field(default_factory=dict)

    def name(self, reduction: Reduction) -> str:
        """Where it is traded, for people."""
        if self._executed is not None:
            return "the protocol's own pool"
        if self._pool(reduction) is not None:
            return "the protocol's own pool"
        factor = self.decided.factor(reduction.asset_id)
        used = {one.factor: one for one in self.chosen.used}.get(factor)
        return "no curve: its price stands" if used is None else used.source

    def received_e18(self, reduction: Reduction, amount: int) -> int | None:
        """What `amount` (raw) fetches, or costs where it is bought, in all, from an untouched
        market; None where the market does not bear it. In 18 decimals of the unit of account."""
        if amount == 0:
            return 0
        if self._executed is not None:
            return self._closed(reduction, amount)
        pool = self._pool(reduction)
        if pool is not None:
            fee = self._fee(reduction)
            return _sold(pool, amount, fee) if reduction.sign > 0 else _bought(pool, amount, fee)
        return self._outside(reduction, amount)

    @property
    def _executed(self) -> Executed | None:
        """What a close fetches, where the protocol itself is the other side."""
        found: Executed | None = getattr(self.decided.decisions, "executed_e18", None)
        return found

    def _closed(self, reduction: Reduction, amount: int) -> int | None:
        """The same of an amount; None where it cannot be had."""
        if self._executed is None:
            return None
        try:
            return self._executed(self.decided.account, reduction, amount)
        except UnreadableNumberError:
            return None

    def _outside(self, reduction: Reduction, amount: int) -> int | None:
        """By the curves of the factors: sold for the debt's, or for the unit of account."""
        value = self.decided.value_usd(reduction.asset_id, amount, reduction.decimals)
        if value is None:
            return None
        factor = self.decided.factor(reduction.asset_id)
        curve = self.chosen.curves.get(factor) or NoImpact()
        if reduction.kind == "repay":
            if value > curve.most_sellable:
                return None
            debt = self.decided.factor(reduction.debt_id)
            lost = 0.0 if debt == factor else quote(factor, debt, value, self.chosen.market)
            return round(value * (1 - lost) * WAD)
        if value > (curve.most_sellable if reduction.sign > 0 else curve.most_buyable):
            return None
        ends = (0.0, value) if reduction.sign > 0 else (-value, 0.0)
        return round(value * curve.average_ratio(*ends) * WAD)

    def _fee(self, reduction: Reduction) -> int:
        """What the protocol takes of the quote side, parts per million."""
        own = self.decided.decisions.own_pool(reduction.asset_id)
        return 0 if own is None else own.fee_ppm

    def _pool(self, reduction: Reduction) -> PoolState | None:
        """The protocol's own pool of it, made once."""
        if reduction.kind == "repay":
            return None
        asset = reduction.asset_id
        if asset not in self._pools:
            own = self.decided.decisions.own_pool(asset)
            self._pools[asset] = None if own is None else _pool_state(asset, own)
        return self._pools[asset]


def _pool_state(asset: str, own: OwnPool) -> PoolState:
    """The pool as a swap takes it. Its own fee is 0 here: the protocol scales amounts so that it
    takes its own of the quote side instead."""
    return PoolState(
        address=asset,
        token0=Token(_BASE, 18),
        token1=Token(_QUOTE, 18),
        fee_pips=0,
        tick_spacing=own.tick_spacing,
        sqrt_price_x96=own.sqrt_price_x96,
        tick=own.tick,
        liquidity=own.liquidity,
        ticks=own.ticks,
        low_tick=MIN_TICK,
        high_tick=MAX_TICK,
    )


def _sold(pool: PoolState, amount: int, fee_ppm: int) -> int | None:
    """Quote for so much base, after the fee; None where the pool does not take all of it."""
    try:
        done = swap(pool, amount, zero_for_one=True)
    except UnreadError:
        return None
    if done.amount_in < amount:
        return None
    return done.amount_out - ceil_div(done.amount_out * fee_ppm, PIPS)


def _bought(pool: PoolState, amount: int, fee_ppm: int) -> int | None:
    """Quote that so much base costs, with the fee; None where the pool does not have it."""
    try:
        done = swap(pool, -amount, zero_for_one=False)
    except UnreadError:
        return None
    if done.amount_out < amount:
        return None
    return ceil_div(done.amount_in * PIPS, PIPS - fee_ppm)
