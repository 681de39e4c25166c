"""Margin under many price vectors at once, float64: for stress, never for a verdict.

What moves with a factor: the reference price of every open market and the price of every token
of that factor, and with an open market's price its pool's price, so that maker ranges hold other
amounts. What stays: prices of paused and closed markets, the settlement token, pending funding
and fees, realized PnL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from analyzer.model.book import Book, Prices
from analyzer.protocols.base import Repriced
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.fixed_point import Q96
from analyzer.protocols.perp_v2.records import Config, MarketStatus
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import free_collateral_by_ratio
from analyzer.protocols.perp_v2.value.makers import Makers
from analyzer.protocols.perp_v2.value.position import StillMarket
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
    out the markets where the account has orders: those are with_orders, account -> (market,
    numbers) of each.
    """

    settlement: Floats
    open_notional: Floats
    quote_debt: Floats
    size: Floats
    short_base: Floats
    balance: Floats
    known: npt.NDArray[np.bool_]
    with_orders: dict[int, list[tuple[int, StillMarket]]]
    _makers: Makers | None = None

    @property
    def makers(self) -> Makers:
        """What is in `with_orders`, all together."""
        if self._makers is None:
            self._makers = Makers.of(
                [(row, *one) for row, held in self.with_orders.items() for one in held]
            )
        return self._makers

    def copied(self) -> Holdings:
        """Holdings of one's own: accounts can be taken anew without touching these."""
        arrays = ("settlement", "open_notional", "quote_debt", "size", "short_base", "balance")
        own = {name: getattr(self, name).copy() for name in (*arrays, "known")}
        return replace(self, with_orders=dict(self.with_orders), **own)

    def take(self, row: int, account: AccountMath) -> None:
        """Puts what the account holds now into its row."""
        state = account.valuation.state
        self.size[row] = self.short_base[row] = self.balance[row] = 0.0
        self.settlement[row] = self.open_notional[row] = self.quote_debt[row] = 0.0
        if self.with_orders.pop(row, None):
            self._makers = None
        self.known[row] = _is_known(account)
        if not self.known[row]:
            return
        self.settlement[row] = account.settlement_balance / E18
        self.quote_debt[row] = min(sum(m.quote for m in account.markets.values()), 0) / E18
        columns = {base: index for index, base in enumerate(state.markets)}
        for base, market in account.markets.items():
            column = columns[base]
            self.short_base[row, column] = min(market.base, 0) / E18
            if market.held.orders:
                self.with_orders.setdefault(row, []).append((column, market.still))
                self._makers = None
            else:
                self.size[row, column] = market.size / E18
                self.open_notional[row] += market.open_notional / E18
        for index, (token, info) in enumerate(state.collateral.items()):
            if token in account.tokens:
                self.balance[row, index] = account.tokens[token].balance * 10.0**-info.decimals


def _is_known(account: AccountMath) -> bool:
    """Whether everything that the account's margin needs can be had."""
    if account.account.address in account.valuation.state.unreadable:
        return False
    try:
        free_collateral_by_ratio(account, 0)
    except UnreadableNumberError:
        return False
    return True


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
    count, markets, tokens = len(account_ids), len(state.markets), len(state.collateral)
    out = Holdings(
        settlement=np.zeros(count),
        open_notional=np.zeros(count),
        quote_debt=np.zeros(count),
        size=np.zeros((count, markets)),
        short_base=np.zeros((count, markets)),
        balance=np.zeros((count, tokens)),
        known=np.zeros(count, dtype=np.bool_),
        with_orders={},
    )
    for row, address in enumerate(account_ids):
        out.take(row, AccountMath(valuation, state.accounts[address]))
    return out


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
    makers = held.makers
    if len(makers):
        size, notional = makers.held(scenarios.pool_sqrt)
        worth = size * scenarios.market_price[makers.market]
        np.add.at(value, makers.account, worth + notional)
        np.add.at(gross, makers.account, np.abs(worth))
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
    held = valued.holdings()
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
