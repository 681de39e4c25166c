"""Margin under many price vectors at once, float64: for stress, never for a verdict.

What moves with a factor: the reference price of every open market and the price of every token
of that factor, and with an open market's price its pool's price, so that maker ranges hold other
amounts. What stays: prices of paused and closed markets, the settlement token, pending funding
and fees, realized PnL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from analyzer.model.book import Book, Prices
from analyzer.protocols.base import Repriced
from analyzer.protocols.kit.ticks import sqrt_ratio_at_tick
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.fixed_point import Q96
from analyzer.protocols.perp_v2.records import Config, MarketStatus
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import free_collateral_by_ratio
from analyzer.protocols.perp_v2.value.position import MarketMath
from analyzer.protocols.perp_v2.value.valuation import Valuation

if TYPE_CHECKING:
    from analyzer.protocols.perp_v2.value.value import PerpValued

Floats = npt.NDArray[np.float64]
E18 = 1e18
RATIO = 1e6


@dataclass(frozen=True, slots=True)
class Scenarios:
    """Prices by scenario, whole units, in the order of the state's markets and tokens. Shapes:
    market_price, pool_sqrt[market, scenario], token_price[token, scenario]."""

    market_price: Floats
    pool_sqrt: Floats
    token_price: Floats


@dataclass(slots=True)
class Holdings:
    """What the accounts hold that is linear in prices, whole units.

    settlement, open_notional, quote_debt (netted over markets, <= 0), known: [account]; size,
    short_base (<= 0): [account, market]; balance: [account, token]. size and open_notional leave
    out the markets where the account has orders: those are `makers`, (account, market, numbers).
    """

    settlement: Floats
    open_notional: Floats
    quote_debt: Floats
    size: Floats
    short_base: Floats
    balance: Floats
    known: npt.NDArray[np.bool_]
    makers: list[tuple[int, int, MarketMath]]


def _multipliers(
    book: Book, factors: Sequence[str], shocks: Floats
) -> dict[str, npt.NDArray[np.float64]]:
    """asset id -> multiplier[scenario] of every asset whose factor is shocked."""
    rows = {factor: shocks[index] for index, factor in enumerate(factors)}
    return {a.asset_id: rows[a.factor] for a in book.assets if a.factor in rows}


def present(state: PerpState, prices: Prices) -> Scenarios:
    """The one scenario in which everything is as it is; NaN where there is no price."""

    def column(asset_ids: Iterable[str]) -> Floats:
        found = [prices.e18(asset_id) for asset_id in asset_ids]
        return np.array([np.nan if p is None else p / E18 for p in found]).reshape(-1, 1)

    pools = np.array([market.sqrt_price_x96 / Q96 for market in state.markets.values()])
    return Scenarios(column(state.markets), pools.reshape(-1, 1), column(state.collateral))


def _scenarios(
    state: PerpState, prices: Prices, book: Book, factors: Sequence[str], shocks: Floats
) -> Scenarios:
    """Every price in every scenario; NaN where there is no price to start from."""
    moved, start = _multipliers(book, factors, shocks), present(state, prices)
    still = np.ones(shocks.shape[1], dtype=np.float64)

    def rows(factor_of: Mapping[str, Floats]) -> Floats:
        return np.array(list(factor_of.values())).reshape(len(factor_of), shocks.shape[1])

    markets = rows(
        {
            base: moved.get(base, still) if market.status == MarketStatus.OPEN else still
            for base, market in state.markets.items()
        }
    )
    tokens = rows({token: moved.get(token, still) for token in state.collateral})
    return Scenarios(
        start.market_price * markets, start.pool_sqrt * np.sqrt(markets), start.token_price * tokens
    )


def holdings(state: PerpState, prices: Prices, account_ids: Sequence[str]) -> Holdings:
    """The accounts' holdings in this order; an account of which nothing is known stays unknown."""
    valuation = Valuation(state, prices)
    count = len(account_ids)
    market_index = {base: index for index, base in enumerate(state.markets)}
    token_index = {token: index for index, token in enumerate(state.collateral)}
    out = Holdings(
        settlement=np.zeros(count),
        open_notional=np.zeros(count),
        quote_debt=np.zeros(count),
        size=np.zeros((count, len(market_index))),
        short_base=np.zeros((count, len(market_index))),
        balance=np.zeros((count, len(token_index))),
        known=np.zeros(count, dtype=np.bool_),
        makers=[],
    )
    for row, address in enumerate(account_ids):
        if address in state.unreadable:
            continue
        account = AccountMath(valuation, state.accounts[address])
        try:
            # It needs everything that the account's margin needs: it decides what is known.
            free_collateral_by_ratio(account, 0)
        except UnreadableNumberError:
            continue
        out.known[row] = True
        out.settlement[row] = account.settlement_balance / E18
        out.quote_debt[row] = min(sum(m.quote for m in account.markets.values()), 0) / E18
        for base, market in account.markets.items():
            column = market_index[base]
            out.short_base[row, column] = min(market.base, 0) / E18
            if market.held.orders:
                out.makers.append((row, column, market))
            else:
                out.size[row, column] = market.size / E18
                out.open_notional[row] += market.open_notional / E18
        for token, held in account.tokens.items():
            scale = 10.0 ** -state.collateral[token].decimals
            out.balance[row, token_index[token]] = held.balance * scale
    return out


def range_amounts(
    pool_sqrt: Floats, lower_tick: int, upper_tick: int, liquidity: int
) -> tuple[Floats, Floats]:
    """(base, quote)[scenario] in whole units that a range holds at the pool's sqrt prices."""
    low, high = sqrt_ratio_at_tick(lower_tick) / Q96, sqrt_ratio_at_tick(upper_tick) / Q96
    price = np.clip(pool_sqrt, low, high)
    amount = liquidity / E18
    return amount * (high - price) / (high * price), amount * (price - low)


def _maker_values(market: MarketMath, price: Floats, pool_sqrt: Floats) -> tuple[Floats, Floats]:
    """(position value, open notional)[scenario] of one account with orders in one market."""
    size = np.full_like(price, market.base / E18)
    notional = np.full_like(price, market.quote / E18)
    for order in market.held.orders.values():
        base, quote = range_amounts(pool_sqrt, order.lower_tick, order.upper_tick, order.liquidity)
        size += base
        notional += quote
    return size * price, notional


def _matmul(amounts: Floats, prices: Floats) -> Floats:
    """amounts[account, asset] x prices[asset, scenario], where an amount of 0 needs no price."""
    missing = np.isnan(prices)
    known: Floats = amounts @ np.where(missing, 0.0, prices)
    if missing.any():
        known[((amounts != 0.0).astype(np.float64) @ missing.astype(np.float64)) > 0] = np.nan
    return known


@dataclass(frozen=True, slots=True)
class Worth:
    """What holdings are worth, whole units. Shapes: [account, scenario]; NaN where unknown.

    settlement: settlement balance and unrealized PnL. tokens: the others at full value;
    token_margin: after their ratios. gross: sum of absolute position values. debt: as the
    contract's total debt value.
    """

    settlement: Floats
    tokens: Floats
    token_margin: Floats
    gross: Floats
    debt: Floats
    balance: Floats
    """The settlement balance alone; shape [account, 1]."""


def worth_of(state: PerpState, held: Holdings, scenarios: Scenarios) -> Worth:
    """The holdings at the scenarios' prices."""
    value = _matmul(held.size, scenarios.market_price) + held.open_notional[:, None]
    gross = _matmul(np.abs(held.size), scenarios.market_price)
    debt = _matmul(-held.short_base, scenarios.market_price) - held.quote_debt[:, None]
    for row, column, market in held.makers:
        worth, notional = _maker_values(
            market, scenarios.market_price[column], scenarios.pool_sqrt[column]
        )
        value[row] += worth + notional
        gross[row] += np.abs(worth)
    ratios = np.array([info.collateral_ratio / RATIO for info in state.collateral.values()])
    balance = np.where(held.known, held.settlement, np.nan)[:, None]
    return Worth(
        settlement=value + balance,
        tokens=_matmul(held.balance, scenarios.token_price),
        token_margin=_matmul(held.balance * ratios, scenarios.token_price),
        gross=gross,
        debt=debt,
        balance=balance,
    )


def debt_thresholds(state: PerpState, account_ids: Sequence[str]) -> Floats:
    """[account]: the debt above which its tokens may be seized, whole units."""
    own, unit = state.config.whitelisted_debt_threshold, 10.0**-state.settlement_decimals
    everyone = state.config.debt_threshold
    return np.array([(own.get(account, 0) or everyone) * unit for account in account_ids])


def to_seizure(config: Config, worth: Worth, thresholds: Floats) -> Floats:
    """[account, scenario]: how far an account that holds tokens is from having them seized: the
    least over `Vault.isLiquidatable`'s three tests. Debt is a settlement value below zero; one
    above it passes the last two by whatever it is. Source: `limits.is_collateral_liquidatable`.
    """
    buffered = (config.mm_ratio + config.collateral_mm_ratio_buffer) / RATIO
    by_value = worth.settlement + worth.token_margin - worth.gross * buffered
    allowed = worth.token_margin * (config.debt_non_settlement_token_value_ratio / RATIO)
    bearable = np.minimum(allowed, thresholds[:, None])
    return np.minimum(by_value, bearable + worth.settlement)


def reprice(valued: PerpValued, factors: Sequence[str], shocks: Floats) -> Repriced:
    """Margin of every account of the book in every scenario, whole units of the settlement token.

    Shape: shocks[factor, scenario] multiply the price of what has that factor (1.0 = as it is;
    > 0); results [account, scenario]. NaN where the account is unknown. At 1.0 the result is the
    exact margin up to float64.
    """
    shocks = np.asarray(shocks, dtype=np.float64)
    state = valued.state
    scenarios = _scenarios(state, valued.prices, valued.book, factors, shocks)
    held = holdings(state, valued.prices, valued.book.account_ids)
    found = worth_of(state, held, scenarios)
    config = state.config
    margin_equity = found.settlement + found.token_margin
    collateral = found.balance + found.token_margin
    free = np.minimum(collateral, margin_equity) - found.debt * (config.im_ratio / RATIO)
    maintenance = found.gross * (config.mm_ratio / RATIO)
    headroom = margin_equity - maintenance
    holds = held.balance.any(axis=1)
    seizure = to_seizure(config, found, debt_thresholds(state, valued.book.account_ids))
    headroom[holds] = np.minimum(headroom, seizure)[holds]
    out = Repriced(
        equity=found.settlement + found.tokens,
        margin_equity=margin_equity,
        maintenance=maintenance,
        initial=margin_equity - free,
        headroom=headroom,
    )
    for array in (out.equity, out.margin_equity, out.maintenance, out.initial, headroom):
        array[~held.known] = np.nan
    return out
