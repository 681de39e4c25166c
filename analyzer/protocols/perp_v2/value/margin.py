"""Every account's margin, exact, at given prices: the columns of margin and what they are made of.

Units: 18 decimals unless a name says otherwise. Nothing here is floored but the account value that
the contract's own test uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.model.book import Prices
from analyzer.model.rows import MarginRow, unknown_margin
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError
from analyzer.protocols.perp_v2.fixed_point import mul_ratio
from analyzer.protocols.perp_v2.state.state import PerpState
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
from analyzer.protocols.perp_v2.value.takeover import ORDERS_FIRST, obstacles
from analyzer.protocols.perp_v2.value.valuation import Valuation
from analyzer.protocols.perp_v2.value.value import PerpValued


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


def account_numbers(
    state: PerpState, prices: Prices, address: str, valuation: Valuation | None = None
) -> AccountNumbers | Unreadable:
    """Every number of one account at `prices`, or why they are not known.

    `valuation`: one made of the same state and prices, to share its cache between accounts.
    Raises: KeyError for no such account.
    """
    if address in state.unreadable:
        return state.unreadable[address]
    account = AccountMath(valuation or Valuation(state, prices), state.accounts[address])
    try:
        return numbers_of(account)
    except UnreadableNumberError as error:
        return error.unreadable


def _status_and_note(account: AccountMath) -> tuple[str, str]:
    """(`open` or `blocked`, why) of an account, the note also naming what only hinders.

    Blocked: it is liquidatable, and no position of it can be taken over now even after anyone
    has cancelled its orders.
    """
    if not is_liquidatable(account):
        return "open", ""
    notes = []
    if account.account_value >= maintenance_margin(account):
        notes.append("the test floors the account value to the settlement token's decimals")
    state = account.valuation.state
    try:
        found = obstacles(account)
    except UnreadableNumberError as error:
        # Everything else of the account is known by now: only liquidations need this.
        notes.append(f"what a liquidation would do is not known: {error.unreadable}")
        return "open", "; ".join(notes)
    possible = any(reverts in (None, ORDERS_FIRST) for reverts in found.values())
    hindered = [
        f"{state.markets[base].symbol}: {reverts}"
        for base, reverts in found.items()
        if reverts is not None
    ]
    if hindered:
        notes.append("liquidation reverts for " + ", ".join(hindered))
    return "blocked" if hindered and not possible else "open", "; ".join(notes)


def _row(account: AccountMath, numbers: AccountNumbers) -> MarginRow:
    """The columns of margin of one known account. Raises: UnreadableNumberError."""
    status, note = _status_and_note(account)
    return MarginRow(
        account_id=numbers.address,
        owner=numbers.address,
        equity_e18=numbers.equity,
        margin_equity_e18=numbers.account_value,
        initial_margin_e18=numbers.account_value - numbers.free_collateral,
        maintenance_margin_e18=numbers.maintenance,
        free_collateral_e18=numbers.free_collateral,
        liquidatable=numbers.liquidatable,
        closable=any(market.size for market in numbers.markets.values()),
        collateral_liquidatable=numbers.collateral_liquidatable,
        status=status,
        note=note,
        settled_equity_e18=numbers.account_value,
    )


def margin(valued: PerpValued) -> list[MarginRow]:
    """The margin row of each account of the book, in its order.

    closable: there is a position; whether it can be taken over now is `status` (a paused market,
    the 24-bit share, the fund's capacity and a paused contract block, open orders do not).
    Raises: KeyError for an account that the state does not hold.
    """
    state, valuation = valued.state, valued.valuation
    rows = []
    for address in valued.book.account_ids:
        if address in state.unreadable:
            rows.append(unknown_margin(address, str(state.unreadable[address])))
            continue
        account = AccountMath(valuation, state.accounts[address])
        try:
            rows.append(_row(account, numbers_of(account)))
        except UnreadableNumberError as error:
            rows.append(unknown_margin(address, str(error.unreadable)))
    return rows
