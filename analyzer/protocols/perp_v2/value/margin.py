"""Every account's margin, exact, at given prices: the columns of margin."""

from __future__ import annotations

from analyzer.model.rows import MarginRow, unknown_margin
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import (
    is_liquidatable,
    maintenance_margin,
)
from analyzer.protocols.perp_v2.value.numbers import AccountNumbers
from analyzer.protocols.perp_v2.value.takeover import ORDERS_FIRST
from analyzer.protocols.perp_v2.value.value import PerpValued


def _status_and_note(valued: PerpValued, account: AccountMath) -> tuple[str, str]:
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
        found = valued.obstacles(account.account.address)
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


def _row(valued: PerpValued, numbers: AccountNumbers) -> MarginRow:
    """The columns of margin of one known account. Raises: UnreadableNumberError."""
    status, note = _status_and_note(valued, valued.account(numbers.address))
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
    rows = []
    for address in valued.book.account_ids:
        numbers = valued.numbers(address)
        if isinstance(numbers, Unreadable):
            rows.append(unknown_margin(address, str(numbers)))
        else:
            rows.append(_row(valued, numbers))
    return rows
