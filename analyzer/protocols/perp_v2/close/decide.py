"""What may be decided about a Perp V2 book: positions that grow, parameters, what can leave.

A trade settles funding first and adds size and quote to the taker position, as the clearing house
does (`settlement`); the pool's fee and price impact are whoever trades' to know: `price_e18`. The
test of a larger position is free collateral at the initial margin ratio.

Source: `ClearingHouse.openPosition`, `Vault.withdraw`, `ClearingHouseConfig`, `CollateralManager`
of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analyzer.model.book import Book
from analyzer.model.integers import WAD, mul_div
from analyzer.protocols.decisions import (
    Claim,
    ExitPool,
    OwnPool,
    Parameter,
    Reduction,
    Resize,
)
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.close.withdrawal import withdraw_all
from analyzer.protocols.perp_v2.fixed_point import RATIO_ONE
from analyzer.protocols.perp_v2.records import AccountMarket, MarketStatus
from analyzer.protocols.perp_v2.state.pool_liquidity import liquidity_at, net_liquidity
from analyzer.protocols.perp_v2.value.settlement import copied, exchange, settle_funding
from analyzer.protocols.perp_v2.value.valuation import Valuation
from analyzer.protocols.perp_v2.value.value import PerpValued

DECIMALS = 18
TICK_SPACING = 60
"""Of every pool: Uniswap's for the fee tier of 0.3 % that the market registry demands."""
RATIO_DECIMALS = 6
_CONFIG = {
    "im": ("im_ratio", "initial margin of all positions"),
    "mm": ("mm_ratio", "maintenance margin of all positions"),
    "penalty": ("liquidation_penalty_ratio", "what a liquidated position pays of its value"),
    "buffer": ("collateral_mm_ratio_buffer", "what tokens are liquidated above maintenance"),
}
_COLLATERAL = {
    "ratio": ("collateral_ratio", "share of the token's value that counts as margin"),
    "discount": ("discount_ratio", "what a liquidator of the token pays less"),
}


def decide(valued: PerpValued) -> PerpDecisions:
    """What the book allows."""
    return PerpDecisions(valued)


class PerpDecisions:
    """See `decisions.Decisions`."""

    def __init__(self, valued: PerpValued) -> None:
        self._valued = valued
        self._state = valued.state

    def parameters(self) -> Sequence[Parameter]:
        """Ratios of positions, then those of each token."""
        config = self._state.config
        found = [
            _parameter(name, getattr(config, at), text) for name, (at, text) in _CONFIG.items()
        ]
        for info in self._state.collateral.values():
            found += [
                _parameter(f"{name}:{info.symbol}", getattr(info, at), text)
                for name, (at, text) in _COLLATERAL.items()
            ]
        return found

    def with_parameters(self, values: Mapping[str, int]) -> Book:
        """The book under other ratios. Raises: KeyError."""
        state = self._state
        config, tokens = replace(state.config), dict(state.collateral)
        by_symbol = {info.symbol: token for token, info in tokens.items()}
        for name, value in values.items():
            kind, colon, symbol = name.partition(":")
            changed: dict[str, Any] = {(_COLLATERAL if colon else _CONFIG)[kind][0]: value}
            if colon:
                tokens[by_symbol[symbol]] = replace(tokens[by_symbol[symbol]], **changed)
            else:
                config = replace(config, **changed)
        return replace(self._valued.book, state=replace(state, config=config, collateral=tokens))

    def resizes(self, account_id: str) -> Sequence[Resize]:
        """A trade in every open market; none where the account may be in no further market."""
        account = self._state.accounts[account_id]
        full = len(account.markets) >= self._state.config.max_markets_per_account
        return [
            Resize("trade", base, market.symbol, DECIMALS)
            for base, market in self._state.markets.items()
            if market.status == MarketStatus.OPEN and (base in account.markets or not full)
        ]

    def resized(
        self, account_id: str, resize: Resize, amount: int, price_e18: int | None = None
    ) -> Book:
        """The account's book after a trade. Raises: KeyError, UnreadableNumberError."""
        base = resize.asset_id
        price = price_e18
        if price is None:
            price = self._valued.valuation.reference_price_e18(base)
        return self._traded(account_id, base, amount, -mul_div(amount, price, WAD))

    def _traded(self, account_id: str, base: str, amount: int, quote: int) -> Book:
        """The account's book after it traded (base, quote) in a market."""
        state, valuation = self._state, self._valued.valuation
        account = copied(state.accounts[account_id])
        if amount:
            for held in list(account.markets):
                settle_funding(valuation, account, held)
            if base not in account.markets:
                seen = valuation.growth(base).tw_premium_x96
                account.markets[base] = AccountMarket(last_tw_premium_growth_global_x96=seen)
            exchange(account, base, base=amount, quote=quote)
        number = list(self._valued.book.account_ids).index(account_id)
        alone = replace(state, accounts={**state.accounts, account_id: account})
        return replace(self._valued.book.part([number]), state=alone)

    def reductions(self, account_id: str) -> Sequence[Reduction]:
        """Taker positions in open markets; what stands in ranges is the maker's to take back."""
        account = self._state.accounts[account_id]
        return [
            Reduction(
                "close",
                base,
                self._state.markets[base].symbol,
                DECIMALS,
                abs(held.taker_position_size),
                1 if held.taker_position_size > 0 else -1,
            )
            for base, held in account.markets.items()
            if held.taker_position_size and self._state.markets[base].status == MarketStatus.OPEN
        ]

    def reduced(
        self, account_id: str, reduction: Reduction, amount: int, received_e18: int
    ) -> Book:
        """The account's book after a part of a position was closed."""
        sign = reduction.sign
        return self._traded(account_id, reduction.asset_id, -sign * amount, sign * received_e18)

    def own_pool(self, asset_id: str) -> OwnPool | None:
        """The market's pool: all of its liquidity is the makers'."""
        market = self._state.markets[asset_id]
        nets = net_liquidity(self._state, asset_id)
        if not nets:
            return None
        return OwnPool(
            market.sqrt_price_x96,
            market.tick,
            liquidity_at(nets, market.tick),
            tuple(nets),
            market.exchange_fee_ratio,
            TICK_SPACING,
        )

    def exit_pools(self) -> Sequence[ExitPool]:
        """The Vault's settlement token, and each other token: what everybody could take out."""
        state = self._state
        held = {state.settlement_token: state.vault_settlement_balance}
        held |= {token: info.vault_token_balance for token, info in state.collateral.items()}
        names = {state.settlement_token: (state.settlement_symbol, state.settlement_decimals)}
        names |= {token: (info.symbol, info.decimals) for token, info in state.collateral.items()}
        endless = Valuation(
            replace(state, vault_settlement_balance=None), self._valued.valuation.prices
        )
        free = {address: _free(endless, address) for address in self._valued.book.account_ids}
        pools = []
        for token, available in held.items():
            if available is None:
                continue
            claims = [
                Claim(address, account.balances.get(token, 0), free[address].get(token, 0))
                for address in self._valued.book.account_ids
                if (account := state.accounts[address]).balances.get(token, 0) > 0
                or free[address].get(token, 0) > 0
            ]
            symbol, decimals = names[token]
            pools.append(ExitPool(token, symbol, decimals, available, 0, claims))
        return pools


def _free(endless: Valuation, address: str) -> Mapping[str, int]:
    """Token -> what the Vault would let the account take out, whatever the Vault holds."""
    state = endless.state
    if address in state.unreadable:
        return {}
    try:
        return withdraw_all(endless, state.accounts[address]).amounts
    except UnreadableNumberError:
        return {}


def _parameter(name: str, value: int, text: str) -> Parameter:
    """A ratio of six decimals."""
    return Parameter(name, value, RATIO_DECIMALS, 0, RATIO_ONE, "ratio", text)
