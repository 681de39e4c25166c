"""Margin rows of every account: the views' numbers in the house's columns.

equity = margin equity = mark to market; initial and maintenance margin = mark to market less the
view's initial and maintenance margin, so that free collateral and headroom are the views' own.
"""

from __future__ import annotations

from analyzer.model.rows import MarginRow
from analyzer.protocols.derive_v2.value.account import AccountNumbers, Valuation
from analyzer.protocols.derive_v2.value.auction_views import auction_of, auction_status
from analyzer.protocols.derive_v2.value.startable import live, scenario_count, startable
from analyzer.protocols.derive_v2.value.value import DeriveValued
from analyzer.protocols.kit.unreadable import Unreadable, attempt

ABOVE = "DA_AccountIsAboveMaintenanceMargin"


def margin(valued: DeriveValued) -> list[MarginRow]:
    """Exact margin of the book's accounts, in its order.

    Raises: KeyError for an account that the state does not hold.
    """
    return [margin_row(valued.valuation, int(account)) for account in valued.book.account_ids]


def margin_row(valuation: Valuation, number: int) -> MarginRow:
    """One account's row; unknown with the contract's error when a view of it reverts."""
    account = valuation.state.accounts[number]
    numbers = valuation.numbers(number)
    problem = numbers.problem
    status = "in_auction" if live(valuation, number) else "open"
    if (
        problem is not None
        or isinstance(numbers.mtm, Unreadable)
        or isinstance(numbers.mm, Unreadable)
        or isinstance(numbers.im, Unreadable)
    ):
        why = "" if problem is None else f"{problem.reason}: {problem.what}"
        return MarginRow(
            str(number),
            account.owner,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            status,
            why,
        )
    liquidatable, blocked, note = _test(valuation, numbers, numbers.mm)
    return MarginRow(
        account_id=str(number),
        owner=account.owner,
        equity_e18=numbers.mtm,
        margin_equity_e18=numbers.mtm,
        initial_margin_e18=numbers.mtm - numbers.im,
        maintenance_margin_e18=numbers.mtm - numbers.mm,
        free_collateral_e18=numbers.im,
        liquidatable=liquidatable,
        closable=bool(account.balances),
        status="blocked" if blocked else status,
        note=note,
    )


def _test(valuation: Valuation, numbers: AccountNumbers, mm: int) -> tuple[bool, bool, str]:
    """(liquidatable, blocked, note): can a bid be made now, at once or after startAuction.

    blocked: below maintenance, and yet the settlement that comes first reverts.
    """
    if live(valuation, numbers.number):
        return _live_test(valuation, numbers.number)
    count = attempt(lambda: scenario_count(valuation, numbers.number))
    if isinstance(count, Unreadable):
        return False, True, f"{count.what}: {count.reason}"
    answers = [startable(valuation, numbers.number, i) for i in range(count)]
    started = [i for i, answer in enumerate(answers) if answer is None]
    if started:
        return True, False, _scenario_note(valuation, numbers, started, mm)
    errors = sorted({answer for answer in answers if answer and answer != ABOVE})
    if errors:
        text = f"startAuction reverts {', '.join(errors)}"
        return False, mm < 0, text
    if mm < 0:
        return False, False, "above maintenance once interest and perps are settled"
    return False, False, ""


def _scenario_note(
    valuation: Valuation, numbers: AccountNumbers, started: list[int], mm: int
) -> str:
    """Under which scenarios an auction can start, and what interest had to do with it."""
    parts = []
    if valuation.state.accounts[numbers.number].manager in valuation.state.pmrms:
        parts.append(f"startable under scenarios {_ranges(started)}")
    if mm >= 0:
        parts.append("below maintenance once interest and perps are settled")
    return "; ".join(parts)


def _ranges(numbers: list[int]) -> str:
    """Ascending numbers for people: `0-3, 7`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _live_test(valuation: Valuation, number: int) -> tuple[bool, bool, str]:
    """A live auction: whether a bid goes through."""
    auction = auction_of(valuation, number)
    kind = "insolvent" if auction.insolvent else "solvent"
    text = f"{kind} auction since {auction.start_time} under scenario {auction.scenario_id}"
    frozen = startable(valuation, number, auction.scenario_id)
    if frozen == "BM_AccountUnderLiquidation":
        return False, True, f"{text}; a bid reverts {frozen}: it holds a disabled perp"
    status = auction_status(valuation, number)
    if isinstance(status, Unreadable):
        return False, True, f"{text}; {status.what}: {status.reason}"
    if status.can_terminate:
        return False, False, f"{text}; it can be terminated"
    return True, False, text
