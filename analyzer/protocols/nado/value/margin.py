"""Margin rows: the healths in the house's columns.

equity = margin equity = health(PNL); initial and maintenance margin = health(PNL) less the health
of that kind, so that free collateral and headroom are the contract's own numbers. The test is
health(MAINTENANCE) < 0, strictly; the treasury and the NLP's main account are exempt from it.
Source: `ClearinghouseLiq.liquidateSubaccountImpl`; spec sections 10 and 16.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.rows import NOT_BORROWABLE, MarginRow, unknown_margin
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.account_ids import Kind, N, X, kind_of, owner_of
from analyzer.protocols.nado.value.account import Numbers
from analyzer.protocols.nado.value.value import NadoValued

EXEMPT = (X, N)
"""Accounts that the contract does not liquidate."""
OPEN, BLOCKED = "open", "blocked"


def margin(valued: NadoValued) -> list[MarginRow]:
    """Exact margin of the book's accounts, in its order."""
    return [margin_row(valued, account) for account in valued.book.account_ids]


def own_margin(valued: NadoValued) -> Sequence[MarginRow]:
    """The same of the protocol's own accounts, which no book holds."""
    own = [name for name in valued.state.accounts if kind_of(name) in (Kind.SYSTEM, Kind.POOL)]
    return [margin_row(valued, account) for account in own]


def margin_row(valued: NadoValued, account_id: str) -> MarginRow:
    """One account's row; unknown with the reason where a number cannot be had."""
    numbers, owner = valued.valuation.numbers(account_id), owner_of(account_id)
    if isinstance(numbers, Unreadable):
        return unknown_margin(account_id, str(numbers), owner=owner)
    pnl, exempt = numbers.pnl.total, account_id in EXEMPT
    liquidatable = numbers.maintenance.total < 0 and not exempt
    closable = _closable(valued, account_id, numbers, liquidatable)
    return MarginRow(
        account_id=account_id,
        owner=owner,
        equity_e18=pnl,
        margin_equity_e18=pnl,
        initial_margin_e18=pnl - numbers.initial.total,
        maintenance_margin_e18=pnl - numbers.maintenance.total,
        free_collateral_e18=numbers.initial.total,
        liquidatable=liquidatable,
        closable=closable,
        status=_status(account_id, liquidatable and not closable),
        note=_note(numbers, exempt),
    )


def _closable(valued: NadoValued, account_id: str, numbers: Numbers, liquidatable: bool) -> bool:
    """Whether there is something to close: where the test is met, whether a step of a liquidation
    would go through now."""
    if not liquidatable:
        return bool(numbers.held.spots or numbers.held.perps)
    return bool(valued.steps(account_id))


def _status(account_id: str, blocked: bool) -> str:
    """Whose it is where it is the protocol's own, else whether it can be liquidated."""
    kind = kind_of(account_id)
    if kind in (Kind.SYSTEM, Kind.POOL):
        return kind.value
    return BLOCKED if blocked else OPEN


def _note(numbers: Numbers, exempt: bool) -> str:
    """Where a requirement is no amount, and where the test does not apply."""
    parts = []
    if numbers.not_borrowable:
        parts.append(NOT_BORROWABLE)
    if exempt and numbers.maintenance.total < 0:
        parts.append("the contract liquidates neither the treasury nor the NLP's main account")
    return "; ".join(parts)
