"""Debt tokens whose holders have a discount (GHO on Ethereum before revision 8).

Their events do not follow the scaled-balance rule, because the discount on interest is burned
without an event of its own. Their scaled balances are read, holder by holder; revision 7 also
counts the discounted balance as the debt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzer.model.reads import Reading
from analyzer.protocols.aave_v3.accounts import Account
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER
from analyzer.protocols.aave_v3.revisions import BadDebt, Compound, Rules, VirtualBalance
from analyzer.protocols.aave_v3.state import ReserveState
from analyzer.protocols.batch import Batch, Unreadable


@dataclass(slots=True)
class Discounts:
    """asset -> account -> scaled debt, and the balance where the revision counts it.

    unread: account -> why its debt is not known.
    """

    scaled: dict[str, dict[str, int]] = field(default_factory=dict)
    balances: dict[str, dict[str, int]] = field(default_factory=dict)
    unread: dict[str, Unreadable] = field(default_factory=dict)


def read_discounts(
    rules: Rules, reserves: Mapping[str, ReserveState], accounts: Mapping[str, Account]
) -> Reading[Discounts]:
    """Reads every holder of a discounted token; such a token has no virtual accounting."""
    found = Discounts()
    if rules.virtual_balance is VirtualBalance.ALWAYS:
        return found
    suspects = [r for r in reserves.values() if not r.config.virtual_accounting]
    if not suspects:
        return found
    probe = Batch(ABI_FOLDER)
    asked = [
        probe.call("VariableDebtToken", r.variable_token, "getDiscountToken", about=r.symbol)
        for r in suspects
    ]
    replies = probe.replies((yield probe.requests))
    discounted = [
        reserve
        for reserve, ticket in zip(suspects, asked, strict=True)
        if replies.optional_text(ticket) is not None
    ]
    counts_balance = rules.compound is Compound.BINOMIAL and rules.bad_debt is not BadDebt.STAYS
    for reserve in discounted:
        yield from _read_holders(found, reserve, accounts, counts_balance)
    return found


def _read_holders(
    found: Discounts,
    reserve: ReserveState,
    accounts: Mapping[str, Account],
    counts_balance: bool,
) -> Reading[None]:
    """The scaled debt (and balance) of everybody who ever borrowed the asset."""
    holders = [a for a, account in accounts.items() if reserve.asset in account.borrowed]
    batch, token = Batch(ABI_FOLDER), reserve.variable_token
    scaled = {
        holder: batch.call("VariableDebtToken", token, "getScaledUserBalanceAndSupply", holder)
        for holder in holders
    }
    balances = {
        holder: batch.call("VariableDebtToken", token, "balanceOf", holder)
        for holder in holders
        if counts_balance
    }
    replies = batch.replies((yield batch.requests))
    found.scaled[reserve.asset] = {}
    found.balances[reserve.asset] = {}
    for holder in holders:
        value = replies.number(scaled[holder])
        balance = replies.number(balances[holder]) if counts_balance else None
        if isinstance(value, Unreadable) or isinstance(balance, Unreadable):
            reason = value if isinstance(value, Unreadable) else balance
            if isinstance(reason, Unreadable):
                found.unread[holder] = reason
            continue
        found.scaled[reserve.asset][holder] = value
        if balance is not None:
            found.balances[reserve.asset][holder] = balance
