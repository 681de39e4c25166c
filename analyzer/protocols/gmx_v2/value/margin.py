"""Margin rows: the keeper's liquidation test in the house's columns.

USD of 30 decimals is cut to 18: equity and margin equity toward minus infinity, requirements up, so
that no row looks better than it is. The verdict is the test at 30 decimals.
"""

from __future__ import annotations

from analyzer.model.integers import ceil_div, floor_div
from analyzer.model.rows import MarginRow, unknown_margin
from analyzer.protocols.gmx_v2.records import Position
from analyzer.protocols.gmx_v2.settings import DISABLED
from analyzer.protocols.gmx_v2.value.position import PositionNumbers
from analyzer.protocols.gmx_v2.value.value import GmxValued
from analyzer.protocols.kit.unreadable import Unreadable

TO_E18 = 10**12
CLOSES_INSOLVENT = "closes-insolvent"
"""Note of a position that has equity, and yet not enough for what closing costs."""


def margin(valued: GmxValued) -> list[MarginRow]:
    """Exact margin of the book's positions, in its order. Raises: KeyError."""
    positions = valued.state.positions
    return [margin_row(valued, positions[key]) for key in valued.book.account_ids]


def down_e18(usd: int) -> int:
    """USD of 30 decimals in 18, rounded toward minus infinity."""
    return floor_div(usd, TO_E18)


def up_e18(usd: int) -> int:
    """USD of 30 decimals in 18, rounded up."""
    return ceil_div(usd, TO_E18)


def maintenance_e18(numbers: PositionNumbers) -> int:
    """What a keeper's test wants to remain."""
    return up_e18(max(numbers.keeper.min_usd, numbers.keeper.min_for_leverage))


def initial_e18(numbers: PositionNumbers) -> int:
    """What a trader's own order must leave."""
    return up_e18(max(numbers.user.min_usd, numbers.user.min_for_leverage))


def margin_row(valued: GmxValued, position: Position) -> MarginRow:
    """One position's row; unknown where one of its numbers cannot be had."""
    if not position.size_in_usd and not position.collateral_amount:
        # What is left of one that was closed whole, in a book that might be.
        return MarginRow(
            account_id=position.key, owner=position.account, equity_e18=0, margin_equity_e18=0,
            initial_margin_e18=0, maintenance_margin_e18=0, free_collateral_e18=0,
            liquidatable=False, closable=False, status="open",
        )  # fmt: skip
    numbers = valued.valuation.numbers(position.key)
    if isinstance(numbers, Unreadable):
        return unknown_margin(position.key, str(numbers), owner=position.account)
    margin_equity = down_e18(numbers.keeper.remaining)
    initial = initial_e18(numbers)
    reason = numbers.keeper.reason
    disabled = valued.state.markets[position.market].settings[DISABLED] == 1
    return MarginRow(
        account_id=position.key,
        owner=position.account,
        equity_e18=down_e18(numbers.equity),
        margin_equity_e18=margin_equity,
        initial_margin_e18=initial,
        maintenance_margin_e18=maintenance_e18(numbers),
        free_collateral_e18=margin_equity - initial,
        liquidatable=bool(reason),
        closable=True,
        status="blocked" if reason and disabled else "open",
        note=_note(numbers),
    )


def _note(numbers: PositionNumbers) -> str:
    """Why it may be liquidated, in the contract's words, and who bears what closing it lacks."""
    if numbers.keeper.remaining < 0 <= numbers.equity:
        return CLOSES_INSOLVENT
    return f"the contract says: {numbers.keeper.reason}" if numbers.keeper.reason else ""
