"""The order in which GMX V2 absorbs a loss, market by market: no fund, the pool is the other side.

Source: gmx-synthetics `DecreasePositionCollateralUtils.sol`, `AdlHandler.sol`, `MarketUtils.sol`.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model.rows import BackstopKind, BackstopRow
from analyzer.protocols.gmx_v2.settings import FOR_TRADERS, FOR_WITHDRAWALS
from analyzer.protocols.gmx_v2.value.margin import down_e18
from analyzer.protocols.gmx_v2.value.pool import Pool
from analyzer.protocols.gmx_v2.value.valuation import Valuation
from analyzer.protocols.gmx_v2.value.value import GmxValued
from analyzer.protocols.kit.unreadable import Unreadable, attempt


def backstops(valued: GmxValued) -> list[BackstopRow]:
    """The loss waterfall of every market of the book."""
    return waterfall(valued.valuation)


def waterfall(valuation: Valuation) -> list[BackstopRow]:
    """Per market: the pool, which is its token's holders'; then what the cap of profits cuts.

    Capacities in 18 decimals of USD, rounded down; None where it cannot be had. A loss of one
    market never reaches another one's pool.
    """
    rows: list[BackstopRow] = []
    for market in valuation.state.markets:
        rows += _of_market(valuation, market, len(rows))
    return rows


def _of_market(valuation: Valuation, market: str, before: int) -> Iterator[BackstopRow]:
    """The layers of one market."""
    symbol = valuation.state.symbol(market)
    pool = attempt(lambda: valuation.pool(market))
    cut = attempt(lambda: down_e18(capped_away(valuation.pool(market))))
    worth = attempt(
        lambda: down_e18(valuation.pool_value(market, FOR_WITHDRAWALS, False).pool_value)
    )
    enabled = "no side" if isinstance(pool, Unreadable) else _enabled(pool)
    yield BackstopRow(
        before + 1,
        f"pool of {symbol}",
        market,
        None if isinstance(worth, Unreadable) else max(0, worth),
        False,
        "the pool is the other side of every position: what a closed one does not pay lowers the "
        "price of the market's token for all who hold it",
        BackstopKind.LP,
        asset_id=market,
    )
    yield BackstopRow(
        before + 2,
        f"profits beyond the cap, {symbol}",
        None,
        None if isinstance(cut, Unreadable) else cut,
        False,
        "MAX_PNL_FACTOR_FOR_TRADERS: profits of a side above its part of the pool are not paid; a "
        f"keeper may close winners before that (deleveraging is enabled for {enabled})",
        BackstopKind.ADL,
        voluntary=True,
        asset_id=market,
    )


def capped_away(pool: Pool) -> int:
    """Profits of both sides that the cap for traders leaves unpaid, USD of 1e30."""
    cut = 0
    for is_long in (True, False):
        pnl = pool.pnl(is_long, True)
        if pnl > 0:
            cut += pnl - pool.capped_pnl(is_long, FOR_TRADERS, pnl, pool.pool_usd(is_long))
    return cut


def _enabled(pool: Pool) -> str:
    """Which sides may be deleveraged now."""
    names = [
        name
        for name, is_long in (("longs", True), ("shorts", False))
        if pool.ledger.side(is_long).adl_enabled
    ]
    return " and ".join(names) or "no side"
