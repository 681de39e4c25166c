"""CashAsset's logs: interest indexes, totals, settled cash."""

from __future__ import annotations

from analyzer.model.integers import WAD
from analyzer.model.logs import Event
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger
from analyzer.protocols.kit.arguments import integer


def on_interest_accrued(ledger: DeriveLedger, event: Event) -> None:
    """Indexes and totals as they are after the accrual."""
    cash = ledger.cash
    cash.borrow_index = integer(event, "borrowIndex")
    cash.supply_index = integer(event, "supplyIndex")
    cash.total_supply = integer(event, "totalSupply")
    cash.total_borrow = integer(event, "totalBorrow")
    cash.accrued_at = event.time
    # Each index is truncated twice (a quotient, then a product): 1e-18 of the total each time.
    cash.supply_allowed += 2 * (cash.total_supply // WAD + 1)
    cash.borrow_allowed += 2 * (cash.total_borrow // WAD + 1)


def on_interest_on_account(ledger: DeriveLedger, event: Event) -> None:
    """The account's cash was touched: its index is the present one."""
    number = integer(event, "accountId")
    ledger.account(number, event).cash_index = integer(event, "accountIndex")
    ledger.cash.interest[number] = integer(event, "interestAccrued")
    before = integer(event, "preBalance")
    # A balance times a truncated quotient of two indexes, itself truncated.
    rounding = abs(before) // WAD + 2
    if before >= 0:
        ledger.cash.supply_allowed += rounding
    else:
        ledger.cash.borrow_allowed += rounding


def on_cash_moved(ledger: DeriveLedger, number: int, before: int, after: int) -> None:
    """A cash balance changed: the totals move by what is beyond its interest, which the accrual
    has counted already."""
    cash = ledger.cash
    with_interest = before + cash.interest.pop(number, 0)
    cash.total_supply += max(after, 0) - max(with_interest, 0)
    cash.total_borrow += max(-after, 0) - max(-with_interest, 0)


def on_settled_cash(ledger: DeriveLedger, event: Event) -> None:
    """netSettledCash is now what the log says."""
    ledger.cash.net_settled_cash = integer(event, "currentSettledCash")


def on_fee_enabled(ledger: DeriveLedger, event: Event) -> None:
    """A loss was socialised beyond what there was: withdrawals pay a fee."""
    ledger.cash.fee_enabled_times += 1
