"""Facts about the scan for detectors: the view that lags, capped profits, deleveraging."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Caution
from analyzer.protocols.gmx_v2.settings import DISABLED, FOR_ADL, FOR_TRADERS
from analyzer.protocols.gmx_v2.value.margin import down_e18
from analyzer.protocols.gmx_v2.value.pool import Pool
from analyzer.protocols.gmx_v2.value.value import GmxValued
from analyzer.protocols.kit.unreadable import Unreadable, attempt

VIEW_LAGS, CAPPED, ADL_DUE = "view_lags_fees", "pnl_capped", "adl_due"


def cautions(valued: GmxValued, margin: Sequence[MarginRow]) -> list[Caution]:
    """Positions that the Reader calls safe and a keeper may liquidate; capped profits; sides that
    may be deleveraged; markets that are disabled with liquidatable positions; in this order."""
    return [
        *_lagging(valued, margin),
        *_of_pools(valued),
        *_disabled(valued, margin),
    ]


def _lagging(valued: GmxValued, margin: Sequence[MarginRow]) -> Iterator[Caution]:
    """One a position whose fees since the indexes were last written decide its verdict."""
    for row in margin:
        numbers = valued.valuation.numbers(row.account_id)
        if isinstance(numbers, Unreadable) or not numbers.keeper.reason or numbers.view.reason:
            continue
        position = valued.state.positions[row.account_id]
        symbol = valued.state.symbol(position.market)
        yield Caution(
            kind=VIEW_LAGS,
            account_id=row.account_id,
            market_id=position.market,
            text=f"isPositionLiquidatable says no, a keeper may liquidate it: {symbol}",
            amounts={
                "lag_e18": down_e18(numbers.view.remaining - numbers.keeper.remaining),
                "view_remaining_e18": down_e18(numbers.view.remaining),
                "remaining_e18": down_e18(numbers.keeper.remaining),
                "view_borrowing_raw": numbers.stored.borrowing,
                "borrowing_raw": numbers.pending.borrowing,
                "view_funding_raw": numbers.stored.funding,
                "funding_raw": numbers.pending.funding,
            },
            evidence={"contract says": numbers.keeper.reason},
        )


def _of_pools(valued: GmxValued) -> Iterator[Caution]:
    """Caps and deleveraging, side by side."""
    for market in valued.state.markets:
        pool = attempt(lambda market=market: valued.valuation.pool(market))  # type: ignore[misc]
        if isinstance(pool, Unreadable):
            continue
        symbol = valued.state.symbol(market)
        for is_long in (True, False):
            side = "longs" if is_long else "shorts"
            yield from _capped(pool, is_long, f"{side} of {symbol}")
            yield from _adl(pool, is_long, f"{side} of {symbol}")


def _capped(pool: Pool, is_long: bool, side: str) -> Iterator[Caution]:
    """A side whose profits the pool no longer pays in full."""
    found = attempt(lambda: pool.trader_caps[int(is_long)])
    if isinstance(found, Unreadable) or found[0] <= found[1] or found[0] <= 0:
        return
    pnl, capped = found
    yield Caution(
        kind=CAPPED,
        account_id=None,
        market_id=f"{pool.ledger.market_token}/{'long' if is_long else 'short'}",
        text=f"Profits of the {side} are capped",
        amounts={
            "cut_e18": down_e18(pnl - capped),
            "pnl_e18": down_e18(pnl),
            "paid_pnl_e18": down_e18(capped),
            "pool_e18": down_e18(pool.pool_usd(is_long)),
        },
        evidence={"cap": f"{FOR_TRADERS} {pool.setting(FOR_TRADERS, is_long)} / 1e30"},
    )


def _adl(pool: Pool, is_long: bool, side: str) -> Iterator[Caution]:
    """A side whose profits are beyond what deleveraging begins at."""
    found = attempt(lambda: (pool.pnl_to_pool(is_long, True), pool.setting(FOR_ADL, is_long)))
    if isinstance(found, Unreadable) or found[0] <= found[1]:
        return
    factor, most = found
    enabled = pool.ledger.side(is_long).adl_enabled
    yield Caution(
        kind=ADL_DUE,
        account_id=None,
        market_id=f"{pool.ledger.market_token}/{'long' if is_long else 'short'}",
        text=f"The {side} may be deleveraged: their profits exceed their part of the pool",
        amounts={
            "pnl_e18": down_e18(pool.pnl(is_long, True)),
            "beyond_e18": down_e18(
                pool.pnl(is_long, True) - pool.max_pnl(is_long, FOR_ADL, pool.pool_usd(is_long))
            ),
            "pool_e18": down_e18(pool.pool_usd(is_long)),
        },
        evidence={
            "pnl to pool": f"{factor} / 1e30",
            FOR_ADL: f"{most} / 1e30",
            "enabled by a keeper": "yes" if enabled else "not yet",
        },
    )


def _disabled(valued: GmxValued, margin: Sequence[MarginRow]) -> Iterator[Caution]:
    """Liquidatable positions of a market in which no order is executed."""
    for row in margin:
        if not row.liquidatable:
            continue
        position = valued.state.positions[row.account_id]
        if valued.state.markets[position.market].settings[DISABLED] != 1:
            continue
        symbol = valued.state.symbol(position.market)
        yield Caution(
            kind="paused_market",
            account_id=row.account_id,
            market_id=position.market,
            text=f"Position in {symbol} cannot be liquidated: the market is disabled",
            amounts={
                "margin_equity_e18": row.margin_equity_e18 or 0,
                "maintenance_margin_e18": row.maintenance_margin_e18 or 0,
            },
            evidence={"revert": "DisabledMarket"},
        )
