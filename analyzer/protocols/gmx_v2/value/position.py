"""One position at given prices: profit, fees, impact, what remains, and the liquidation test.

Source: gmx-synthetics `PositionUtils.sol` (getPositionPnlUsd, isPositionLiquidatable),
`ReaderPositionUtils.sol` (getPositionInfo), `ReaderPricingUtils.sol` (getExecutionPrice).
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.integers import ceil_div, mul_div, trunc_div
from analyzer.protocols.gmx_v2.fixed_point import apply_factor
from analyzer.protocols.gmx_v2.records import Position
from analyzer.protocols.gmx_v2.value.fees import PositionFee
from analyzer.protocols.gmx_v2.value.impact import Impact, capped_by_pool, capped_by_size
from analyzer.protocols.gmx_v2.value.market_prices import high, low, pick_for_pnl
from analyzer.protocols.gmx_v2.value.pool import Pool
from analyzer.protocols.kit.unreadable import known

TOO_LITTLE, NOTHING_LEFT, TOO_LEVERED = (
    "min collateral",
    "< 0",
    "min collateral for leverage",
)
"""Why a position may be liquidated, in the contract's words and order."""


@dataclass(frozen=True, slots=True)
class Profit:
    """What closing the whole position gains, USD: as it is paid (capped by the pool) and as it
    would be without a cap."""

    capped: int
    uncapped: int


@dataclass(frozen=True, slots=True)
class Costs:
    """Borrowing and funding at one state of their indexes. borrowing_usd: USD; the rest raw
    collateral. latest_fee: the funding index that is applied."""

    borrowing_usd: int
    borrowing: int
    borrowing_for_receiver: int
    funding: int
    latest_fee: int


@dataclass(frozen=True, slots=True)
class Execution:
    """Closing all of it: impact of the close, price, pending impact, both together within their
    bounds, and what the bound left out (claimable later). USD; price as the index's."""

    impact_usd: int
    price: int
    improved: bool
    pending_usd: int
    total_usd: int
    left_out_usd: int


@dataclass(frozen=True, slots=True)
class Test:
    """The liquidation test at one state of the indexes, USD."""

    remaining: int
    min_usd: int
    min_for_leverage: int

    @property
    def reason(self) -> str:
        """Why it may be liquidated, in the contract's words; empty = it may not."""
        return self.reason_with(self.min_usd)

    def reason_with(self, min_usd: int | None) -> str:
        """The same; None leaves the least collateral out."""
        if min_usd is not None and self.remaining < min_usd:
            return TOO_LITTLE
        if self.remaining <= 0:
            return NOTHING_LEFT
        return TOO_LEVERED if self.remaining < self.min_for_leverage else ""


@dataclass(frozen=True, slots=True)
class PositionNumbers:
    """Everything of one position at given prices; USD of 1e30.

    stored, pending: costs by the indexes as written, and as they are at the block's time.
    counted_impact: what the test counts of the impact, never above 0. view, keeper, user: the test
    as the Reader answers it, as a liquidation runs it, and as a trader's own order does.
    """

    collateral_price: int
    collateral_usd: int
    profit: Profit
    fee: PositionFee
    stored: Costs
    pending: Costs
    execution: Execution
    counted_impact: int
    view: Test
    keeper: Test
    user: Test

    @property
    def equity(self) -> int:
        """Collateral and profit less pending borrowing and funding; no cost of closing."""
        owed = self.pending.borrowing + self.pending.funding
        return self.collateral_usd + self.profit.capped - owed * self.collateral_price


def profit(pool: Pool, position: Position, closed_usd: int | None = None) -> Profit:
    """What closing gains, at the bound that is worse for the trader. closed_usd: all of it when
    not given. Raises: UnreadableNumberError."""
    is_long, size = position.is_long, position.size_in_usd
    value = position.size_in_tokens * pick_for_pnl(pool.prices.index, is_long, False)
    uncapped = value - size if is_long else size - value
    capped = uncapped
    if uncapped > 0:
        pool_pnl, pool_cap = pool.trader_caps[int(is_long)]
        if pool_cap != pool_pnl and pool_cap > 0 and pool_pnl > 0:
            capped = mul_div(uncapped, pool_cap, pool_pnl)
    if closed_usd is None or closed_usd == size:
        return Profit(capped, uncapped)
    tokens = closed_tokens(position, closed_usd)
    return Profit(
        mul_div(capped, tokens, position.size_in_tokens),
        mul_div(uncapped, tokens, position.size_in_tokens),
    )


def closed_tokens(position: Position, closed_usd: int) -> int:
    """The index tokens of a part of a position: rounded up for a long, down for a short."""
    if closed_usd == position.size_in_usd:
        return position.size_in_tokens
    scaled = position.size_in_tokens * closed_usd
    if position.is_long:
        return ceil_div(scaled, position.size_in_usd)
    return scaled // position.size_in_usd


def pending_usd(pool: Pool, amount: int) -> int:
    """Pending impact in USD: what is paid at the lower bound, what is charged at the upper one."""
    index = pool.prices.index
    return amount * (low(index) if amount > 0 else high(index))


def execution(
    pool: Pool, position: Position, impact: Impact, closed_usd: int, pending: int
) -> Execution:
    """How a close of `closed_usd` is priced. pending: index tokens of pending impact that go with
    it. Raises: UnreadableNumberError."""
    capped = capped_by_size(pool, impact.usd, closed_usd)
    pending_part = pending_usd(pool, pending)
    total, left_out = capped + pending_part, 0
    if total < 0:
        least = -apply_factor(closed_usd, pool.setting("MAX_POSITION_IMPACT_FACTOR", False))
        if total < least:
            total, left_out = least, least - total
    total = capped_by_pool(pool, capped_by_size(pool, total, closed_usd))
    price = _price(pool, position, closed_usd, capped)
    return Execution(capped, price, impact.improved, pending_part, total, left_out)


def _price(pool: Pool, position: Position, closed_usd: int, impact: int) -> int:
    """The index price that a close with this impact amounts to."""
    price = pick_for_pnl(pool.prices.index, position.is_long, False)
    if closed_usd == 0 or position.size_in_tokens == 0:
        return price
    signed = impact if position.is_long else -impact
    return price + trunc_div(
        mul_div(position.size_in_usd, signed, position.size_in_tokens), closed_usd
    )


def counted_impact(pool: Pool, position: Position, close: int, pending: int) -> int:
    """What the liquidation test counts of the impact of closing (capped) and of what is pending,
    USD: nothing that would be paid, and no more of a charge than the market's largest.

    Raises: UnreadableNumberError.
    """
    impact = close + pending
    if impact >= 0:
        return 0
    most = pool.setting("MAX_POSITION_IMPACT_FACTOR_FOR_LIQUIDATIONS")
    return max(impact, -apply_factor(position.size_in_usd, most))


def leverage_floor(pool: Pool, position: Position, *, for_liquidation: bool) -> int:
    """The least collateral for the size, USD: a keeper's floor, or a trader's own.

    Raises: UnreadableNumberError.
    """
    name = "MIN_COLLATERAL_FACTOR_FOR_LIQUIDATION" if for_liquidation else "MIN_COLLATERAL_FACTOR"
    return apply_factor(position.size_in_usd, pool.setting(name))


def min_collateral_usd(pool: Pool) -> int:
    """The least collateral of any position, USD. Raises: UnreadableNumberError."""
    return known(pool.state.settings["MIN_COLLATERAL_USD"])
