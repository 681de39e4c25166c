"""Vault and AccountBalance events: token balances and owed realized PnL.

Source: `Vault._deposit`, `_settleAndDecreaseBalance`, `_liquidateCollateral`, `settleBadDebt`;
`AccountBalance._modifyOwedRealizedPnl`, `settleOwedRealizedPnl`.
"""

from __future__ import annotations

from analyzer.model.logs import Event
from analyzer.protocols.perp_v2.logs.fold.context import (
    FoldContext,
    integer,
    settle,
    swap_remove,
    text,
)
from analyzer.protocols.perp_v2.logs.fold.ledger import AccountLedger


def _move(context: FoldContext, account: AccountLedger, token: str, amount: int) -> None:
    """Adds to a balance; a token balance of zero is no balance.

    Only the settlement token and registered collateral can be in the Vault, so whatever the
    CollateralManager never added is the settlement token.
    """
    if token not in context.ledger.collateral_tokens:
        account.settlement_moved += amount
        return
    account.tokens.add(token)
    balances = account.account.balances
    left = balances.get(token, 0) + amount
    if left:
        balances[token] = left
    elif token in balances:
        swap_remove(balances, token)


def on_deposited(context: FoldContext, event: Event) -> None:
    """Balance + amount, of the account that the deposit is for."""
    account = context.account(text(event, "trader"), event)
    _move(context, account, text(event, "collateralToken"), integer(event, "amount"))


def on_withdrawn(context: FoldContext, event: Event) -> None:
    """Balance - amount; funding of all markets was settled; owed PnL is folded in for USDC.

    The amount folded is kept as it was: it is floored to the settlement token's decimals, which
    no event names.
    """
    ledger = context.ledger
    entry = context.account(text(event, "trader"), event)
    account = entry.account
    for base, record in account.markets.items():
        settle(record, ledger.markets[base])
    token = text(event, "collateralToken")
    _move(context, entry, token, -integer(event, "amount"))
    if token not in ledger.collateral_tokens:
        entry.folded_owed_e18.append(account.owed_realized_pnl)
        account.owed_realized_pnl = 0


def on_collateral_liquidated(context: FoldContext, event: Event) -> None:
    """Token - collateral; settlement + what was repaid; the insurance fund gets its fee."""
    entry = context.account(text(event, "trader"), event)
    _move(context, entry, text(event, "collateralToken"), -integer(event, "collateral"))
    entry.settlement_moved += integer(event, "repaidSettlementWithoutInsuranceFundFeeX10_S")
    fee = integer(event, "insuranceFundFeeX10_S")
    context.account(context.insurance_fund, event).settlement_moved += fee


def on_bad_debt_settled(context: FoldContext, event: Event) -> None:
    """The debt moves from the account to the insurance fund."""
    amount = integer(event, "amount")
    context.account(text(event, "trader"), event).settlement_moved += amount
    context.account(context.insurance_fund, event).settlement_moved -= amount
    context.ledger.bad_debt_settled += amount


def on_pnl_realized(context: FoldContext, event: Event) -> None:
    """Owed realized PnL + amount: funding, maker fees, PnL and penalties all pass here."""
    account = context.account(text(event, "trader"), event).account
    account.owed_realized_pnl += integer(event, "amount")
