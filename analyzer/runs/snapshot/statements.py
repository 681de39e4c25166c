"""The statements of some accounts of a snapshot: as they were written, else from the book.

A statement is a dozen lines of text around numbers that the book has. A large scan writes down only
those that somebody has to act on; of any other account the lines are made when they are asked for,
with the rules that made the scan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.model.rows import JudgedRow, StatementLine
from analyzer.model.verdict import Verdict
from analyzer.protocols.kit.statement import statements_of
from analyzer.runs.snapshot.books import scan_book
from analyzer.solvency.result import ScanResult
from analyzer.store.reader import Snapshot, of_rows
from analyzer.store.tables import books, scans, statements

ALL_UP_TO_ACCOUNTS = 10_000
"""A scan of more accounts leaves out the statements of those that nobody has to act on."""
_LEFT_OUT = (Verdict.HEALTHY, Verdict.BELOW_INITIAL)


def written_statements(result: ScanResult) -> Iterable[StatementLine]:
    """The lines that a scan writes down."""
    if len(result.margin) <= ALL_UP_TO_ACCOUNTS:
        return result.details.statements
    return statements_of(result.details.statements, _acted_on(result.margin))


def statement_lines(
    snapshot: Snapshot, scan_id: str, accounts: Sequence[str]
) -> list[StatementLine]:
    """The statements of these accounts of one scan, in the order of the rows.

    Raises: InputError for rows that analyzer does not write, and, where the scan left statements
    out, for a book that is missing, was altered, or was made by other rules.
    """
    with of_rows(snapshot.path):
        rows = snapshot.rows(statements.TABLE, scan_id, accounts=accounts)
        lines = [statements.from_row(row) for row in rows]
    missing = set(accounts) - {line.account_id for line in lines}
    return [*lines, *_from_book(snapshot, scan_id, missing)] if missing else lines


def _from_book(snapshot: Snapshot, scan_id: str, accounts: set[str]) -> list[StatementLine]:
    """The statements of accounts whose lines a large scan left out."""
    with of_rows(snapshot.path):
        found = [scans.from_row(row) for row in snapshot.rows(scans.TABLE, scan_id)]
        kept = [books.from_row(row) for row in snapshot.rows(books.TABLE, scan_id)]
    if not found or found[0].accounts <= ALL_UP_TO_ACCOUNTS:
        return []
    book = scan_book(snapshot.path, found[0], next(iter(kept), None))
    return list(statements_of(book.plug.details(book.valued).statements, accounts))


def _acted_on(margin: Sequence[JudgedRow]) -> set[str]:
    """The accounts whose verdict calls for somebody: unknown, insolvent or liquidatable."""
    return {row.margin.account_id for row in margin if row.verdict not in _LEFT_OUT}
