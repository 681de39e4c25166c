"""Every intermediate of an account's margin, as the contracts compute it.

Units: 18 decimals unless a name says otherwise. Nothing here is floored but the account value that
the contract's own test uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.fixed_point import mul_ratio
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import (
    Reverts,
    collateral_requirement,
    floored_account_value,
    free_collateral_by_ratio,
    is_collateral_liquidatable,
    is_liquidatable,
    maintenance_margin,
    max_position_size,
)
from analyzer.protocols.perp_v2.value.position import MarketMath


@dataclass(frozen=True, slots=True)
class MarketNumbers:
    """One account in one market.

    base, quote: taker amounts less the debts of orders. size, open_notional: with what the
    ranges hold; size below 10 wei reads as 0. price_e18: None when no number needed it and it
    cannot be had. pending_funding: positive = pays. liquidatable_size: None when the contract's
    computation reverts; `blocked` then has its words.
    """

    base_token: str
    taker_size: int
    taker_open_notional: int
    base_debt: int
    quote_debt: int
    base_in_pool: int
    quote_in_pool: int
    base: int
    quote: int
    size: int
    open_notional: int
    price_e18: int | None
    value: int
    unrealized_pnl: int
    pending_fee: int
    pending_funding: int
    liquidatable_size: int | None
    blocked: str


@dataclass(frozen=True, slots=True)
class TokenNumbers:
    """One non-settlement token of an account. balance: raw; value: full; margin_value: after the
    collateral ratio `weight_e6`."""

    token: str
    balance: int
    value: int
    margin_value: int
    weight_e6: int


@dataclass(frozen=True, slots=True)
class AccountNumbers:
    """Every intermediate of one account's margin, as the contracts compute it.

    balance: the settlement token's, raw. settlement_balance = balance + pending_fee -
    pending_funding + owed_realized_pnl; settlement_value adds unrealized_pnl;
    total_collateral = token_margin_value + settlement_balance; account_value adds unrealized_pnl;
    equity is account_value with every token at 100 %. floored_account_value: floored to the
    settlement token's decimals, what the position test compares with maintenance.
    free_collateral = min(total_collateral, account_value) - initial_requirement.
    """

    address: str
    balance: int
    owed_realized_pnl: int
    pending_fee: int
    pending_funding: int
    settlement_balance: int
    unrealized_pnl: int
    settlement_value: int
    token_value: int
    token_margin_value: int
    total_collateral: int
    account_value: int
    floored_account_value: int
    equity: int
    total_abs_position_value: int
    total_debt_value: int
    initial_requirement: int
    free_collateral: int
    maintenance: int
    collateral_requirement: int
    liquidatable: bool
    collateral_liquidatable: bool
    markets: Mapping[str, MarketNumbers]
    tokens: Mapping[str, TokenNumbers]


def _market_numbers(account: AccountMath, market: MarketMath) -> MarketNumbers:
    """All numbers of one market. Raises: UnreadableNumberError."""
    try:
        price: int | None = account.valuation.reference_price_e18(market.base_token)
    except UnreadableNumberError:
        price = None
    size = max_position_size(account, market.base_token)
    return MarketNumbers(
        base_token=market.base_token,
        taker_size=market.held.taker_position_size,
        taker_open_notional=market.held.taker_open_notional,
        base_debt=market.base_debt,
        quote_debt=market.quote_debt,
        base_in_pool=market.in_pool[0],
        quote_in_pool=market.in_pool[1],
        base=market.base,
        quote=market.quote,
        size=market.size,
        open_notional=market.open_notional,
        price_e18=price,
        value=market.value,
        unrealized_pnl=market.unrealized_pnl,
        pending_fee=market.pending_fee,
        pending_funding=market.pending_funding,
        liquidatable_size=None if isinstance(size, Reverts) else size,
        blocked=size.reason if isinstance(size, Reverts) else "",
    )


def numbers_of(account: AccountMath) -> AccountNumbers:
    """All numbers of one account. Raises: UnreadableNumberError when one cannot be had."""
    config = account.valuation.state.config
    tokens = {
        name: TokenNumbers(
            token=name,
            balance=token.balance,
            value=token.value,
            margin_value=token.margin_value,
            weight_e6=account.valuation.token(name).collateral_ratio,
        )
        for name, token in account.tokens.items()
    }
    return AccountNumbers(
        address=account.account.address,
        balance=account.balance,
        owed_realized_pnl=account.account.owed_realized_pnl,
        pending_fee=account.pending_fee,
        pending_funding=account.pending_funding,
        settlement_balance=account.settlement_balance,
        unrealized_pnl=account.unrealized_pnl,
        settlement_value=account.settlement_value,
        token_value=account.token_value,
        token_margin_value=account.token_margin_value,
        total_collateral=account.total_collateral,
        account_value=account.account_value,
        floored_account_value=floored_account_value(account),
        equity=account.equity,
        total_abs_position_value=account.total_abs_position_value,
        total_debt_value=account.total_debt_value,
        initial_requirement=mul_ratio(account.total_debt_value, config.im_ratio),
        free_collateral=free_collateral_by_ratio(account, config.im_ratio),
        maintenance=maintenance_margin(account),
        collateral_requirement=collateral_requirement(account),
        liquidatable=is_liquidatable(account),
        collateral_liquidatable=is_collateral_liquidatable(account),
        markets={base: _market_numbers(account, found) for base, found in account.markets.items()},
        tokens=tokens,
    )
