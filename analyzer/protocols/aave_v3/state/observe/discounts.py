"""Debt tokens whose holders have a discount on interest (GHO on Ethereum before revision 8).

What was taken off so far is in the logs (`fold.discounts`); what will be taken off the interest
since the last settlement depends on the account's present percentage, which is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzer.model.reads import Reading
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.revisions import Rules, VirtualBalance
from analyzer.protocols.aave_v3.state.state import ReserveState
from analyzer.protocols.kit.batch import Batch
from analyzer.protocols.kit.unreadable import Unreadable


@dataclass(slots=True)
class Discounts:
    """percents: asset -> account -> bps. unread: account -> why its debt is not known."""

    percents: dict[str, dict[str, int]] = field(default_factory=dict)
    unread: dict[str, Unreadable] = field(default_factory=dict)


def read_discounts(
    rules: Rules, reserves: Mapping[str, ReserveState], accounts: Mapping[str, Account]
) -> Reading[Discounts]:
    """Reads every debtor of a discounted token; such a token has no virtual accounting."""
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
    replies = yield from probe.read()
    for reserve, ticket in zip(suspects, asked, strict=True):
        if replies.optional_text(ticket) is not None:
            yield from _read_percents(found, reserve, accounts)
    return found


def _read_percents(
    found: Discounts, reserve: ReserveState, accounts: Mapping[str, Account]
) -> Reading[None]:
    """The percentage of everybody who owes the asset."""
    batch, token = Batch(ABI_FOLDER), reserve.variable_token
    asked = {
        address: batch.call("VariableDebtToken", token, "getDiscountPercent", address)
        for address, account in accounts.items()
        if account.borrowed.get(reserve.asset)
    }
    replies = yield from batch.read()
    percents = found.percents.setdefault(reserve.asset, {})
    for address, ticket in asked.items():
        percent = replies.number(ticket)
        if isinstance(percent, Unreadable):
            found.unread[address] = percent
        else:
            percents[address] = percent
