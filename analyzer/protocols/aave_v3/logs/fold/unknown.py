"""Accounts of which the logs give no number that can be trusted, and why.

Nothing here is guessed around: such an account has no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.protocols.aave_v3.logs.fold.ledger import AaveLedger
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.words import bit_numbers
from analyzer.protocols.kit.unreadable import Unreadable


def find_unknown(ledger: AaveLedger) -> None:
    """Fills `ledger.unknown`, whose first reason of an account stays."""
    for reserve in ledger.reserves.values():
        for transfer in reserve.unsettled:
            why = "the unit of BalanceTransfer is not known: neither the code nor its logs tell it"
            for address in (transfer.sender, transfer.receiver):
                what = f"aToken balance of {reserve.asset}"
                ledger.unknown.setdefault(address, Unreadable(what, why))
    for account in ledger.accounts.values():
        for problem in _contradictions(ledger, account):
            ledger.unknown.setdefault(account.address, problem)


def _contradictions(ledger: AaveLedger, account: Account) -> Iterator[Unreadable]:
    """What no state of the contracts can be."""
    for what, held in (("aToken balance", account.supplied), ("variable debt", account.borrowed)):
        for asset, scaled in held.items():
            if scaled < 0:
                yield Unreadable(f"{what} of {asset}", f"negative by the logs: {scaled} scaled")
    for number in bit_numbers(account.collateral_bits & ~account.bare_bits):
        asset = ledger.ids[number]
        if not account.supplied.get(asset):
            why = "the account's collateral flag stands, and by the logs there is no balance"
            yield Unreadable(f"aToken balance of {asset or f'reserve {number}'}", why)
    for asset, loan in account.stable.items():
        if loan.principal < 0:
            yield Unreadable(f"stable debt of {asset}", f"negative by the logs: {loan.principal}")
