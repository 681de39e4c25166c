"""The verdict of each account, and the reason for it in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.integers import WAD
from analyzer.model.rows import NOT_BORROWABLE, JudgedRow, MarginRow, unknown_margin
from analyzer.model.verdict import Verdict

_DIGITS = 18
BOUNDLESS_E18 = 10**35
"""A requirement from here up, of a balance that may not be borrowed, is no amount."""
LARGEST_E18 = 2**223
"""Amounts of an account beyond this (1e49 whole units) say that a price or a balance is absurd;
below it, sums over four billion accounts fit 256 bits."""


def judge_accounts(rows: Sequence[MarginRow]) -> list[JudgedRow]:
    """Every margin row with its verdict, in order.

    Raises: ValueError when a row breaks an identity of the margin columns, or is neither wholly
    known nor unknown with a reason: a fault of the protocol's code, never of its state.
    """
    return [judge_account(row) for row in rows]


def within_bounds(rows: Sequence[MarginRow]) -> list[MarginRow]:
    """The rows, unknown where an amount is beyond `LARGEST_E18`: no such account exists, so that
    what was read for it is not to be believed."""
    return [_within_bounds(row) for row in rows]


def _within_bounds(row: MarginRow) -> MarginRow:
    """One row, as it is or unknown."""
    amounts = {
        "equity": row.equity_e18,
        "margin equity": row.margin_equity_e18,
        "initial margin": row.initial_margin_e18,
        "maintenance margin": row.maintenance_margin_e18,
        "free collateral": row.free_collateral_e18,
        "settled equity": row.settled_equity_e18,
    }
    for name, amount in amounts.items():
        if amount is not None and abs(amount) > LARGEST_E18:
            reason = f"{name} of more than 1e49 units: a price or a balance is absurd"
            return unknown_margin(row.account_id, reason, owner=row.owner)
    return row


def judge_account(row: MarginRow) -> JudgedRow:
    """The first verdict that applies: unknown, insolvent, liquidatable, below_initial, healthy."""
    check_identities(row)
    verdict = _verdict(row)
    return JudgedRow(row, verdict, _reason(row, verdict))


def headroom_e18(row: MarginRow) -> int | None:
    """margin equity - maintenance margin, 18 decimals, signed; None when unknown."""
    if row.margin_equity_e18 is None or row.maintenance_margin_e18 is None:
        return None
    return row.margin_equity_e18 - row.maintenance_margin_e18


def has_amount(row: JudgedRow) -> bool:
    """Whether the maintenance requirement of a row is an amount that can be added up: not where a
    balance that may not be borrowed makes it boundless (see `NOT_BORROWABLE`)."""
    required = row.margin.maintenance_margin_e18
    boundless = required is not None and required >= BOUNDLESS_E18
    return not (boundless and NOT_BORROWABLE in row.reason)


def check_identities(row: MarginRow) -> None:
    """free collateral = margin equity - initial margin, and an unknown row has no amounts.

    Raises: ValueError naming the account and the numbers.
    """
    amounts = (
        row.equity_e18,
        row.margin_equity_e18,
        row.initial_margin_e18,
        row.maintenance_margin_e18,
        row.free_collateral_e18,
    )
    if row.unknown_reason is not None:
        if any(value is not None for value in amounts) or row.liquidatable is not None:
            raise ValueError(f"account {row.account_id} is unknown and yet has amounts: {row}")
        return
    if None in (*amounts, row.liquidatable, row.closable):
        raise ValueError(f"account {row.account_id} lacks amounts and no reason is given: {row}")
    _, equity, initial, _, free = amounts
    if equity is None or initial is None or free != equity - initial:
        raise ValueError(
            f"account {row.account_id}: free collateral {free} is not margin equity {equity}"
            f" - initial margin {initial}"
        )


def decimal_text(value_e18: int | None) -> str:
    """An 18-decimal integer as a decimal number for people: exact, no trailing zeros."""
    if value_e18 is None:
        return "unknown"
    whole, fraction = divmod(abs(value_e18), WAD)
    digits = f"{fraction:0{_DIGITS}d}".rstrip("0")
    sign = "-" if value_e18 < 0 else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def _verdict(row: MarginRow) -> Verdict:
    """The verdict of a row whose identities hold."""
    if row.unknown_reason is not None or row.equity_e18 is None or row.free_collateral_e18 is None:
        return Verdict.UNKNOWN
    if row.equity_e18 < 0:
        return Verdict.INSOLVENT
    if row.liquidatable and row.closable:
        return Verdict.LIQUIDATABLE
    if row.free_collateral_e18 < 0:
        return Verdict.BELOW_INITIAL
    return Verdict.HEALTHY


def _reason(row: MarginRow, verdict: Verdict) -> str:
    """Why, in words and numbers; with the row's own note where verdict and headroom differ."""
    if verdict is Verdict.UNKNOWN:
        return row.unknown_reason or "not read"
    headroom = headroom_e18(row)
    margin = (
        f"margin equity {decimal_text(row.margin_equity_e18)}"
        f" - maintenance margin {decimal_text(row.maintenance_margin_e18)}"
        f" = {decimal_text(headroom)}"
    )
    initial = (
        f"free collateral {decimal_text(row.free_collateral_e18)}"
        f" (initial margin {decimal_text(row.initial_margin_e18)})"
    )
    texts = {
        Verdict.INSOLVENT: f"equity {decimal_text(row.equity_e18)} is below zero; {margin}",
        Verdict.LIQUIDATABLE: f"the protocol's own test says liquidatable: {margin}",
        Verdict.BELOW_INITIAL: f"{initial} is below zero; {margin}",
        Verdict.HEALTHY: f"{margin}; {initial}",
    }
    parts = [texts[verdict]]
    if row.liquidatable and not row.closable:
        parts.append("the protocol's test says liquidatable, and there is nothing to close")
    if row.note:
        parts.append(row.note)
    return "; ".join(parts)
