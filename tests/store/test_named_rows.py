"""Rows by name: what a column and a field must have in common, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from analyzer.store.rows import record_reader, record_writer, row_reader, row_writer
from analyzer.store.schema import Table, amount, count, json_text, text

SCAN = text("scan_id", "The scan.", key=True)


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan. due_e18: what is owed."""

    borrower: str
    due_e18: int | None
    note: str = ""
    tags: tuple[str, ...] = field(default=())

    @property
    def years(self) -> int:
        """How long it runs."""
        return 3


LOANS = Table(
    "loans",
    "Loans.",
    (SCAN, count("years", "How long."), amount("due_e18", "Owed."), text("borrower", "Who owes.")),
)


def test_values_go_under_the_columns_of_their_names_whatever_the_order_of_either() -> None:
    to_row, from_row = row_writer(LOANS, Loan), row_reader(LOANS, Loan)
    loan = Loan("0xa", 7)
    assert to_row(loan, "5ca0") == ("5ca0", 3, 7, "0xa")
    assert from_row(("5ca0", 3, 7, "0xa")) == loan


def test_a_new_column_is_one_edit_of_its_table() -> None:
    wider = Table(LOANS.name, LOANS.comment, (*LOANS.columns[:2], text("note", "What else."),
                                              *LOANS.columns[2:]))  # fmt: skip
    loan = Loan("0xa", None, "late")
    row = row_writer(wider, Loan)(loan, "5ca0")
    assert row == ("5ca0", 3, "late", None, "0xa")
    assert row_reader(wider, Loan)(row) == loan


def test_a_value_that_lies_deeper_or_has_another_form_is_said_once() -> None:
    @dataclass(frozen=True, slots=True)
    class Held:
        loan: Loan
        rank: int

    table = Table("held", "", (SCAN, text("owner", "Who owes."), text("place", "Its rank.")))
    to_row = row_writer(
        table, Held, at={"owner": "loan.borrower", "place": "rank"}, made={"place": str}
    )
    from_row = row_reader(
        table, Loan, column={"borrower": "owner"}, beside=("due_e18",), made={"borrower": str.upper}
    )
    row = to_row(Held(Loan("0xa", 7), 2), "5ca0")
    assert row == ("5ca0", "0xa", "2")
    assert from_row(row, due_e18=9) == Loan("0XA", 9)


def test_a_column_without_a_value_is_refused_when_the_table_is_loaded() -> None:
    table = Table("loans", "", (*LOANS.columns, text("lender", "Who lent.")))
    with pytest.raises(ValueError, match=r"loans\.lender: nothing of Loan has that name"):
        row_writer(table, Loan)


def test_a_field_without_a_column_or_a_default_is_refused_when_the_table_is_loaded() -> None:
    with pytest.raises(ValueError, match="loans has no column for due_e18"):
        row_reader(Table("loans", "", (SCAN, text("borrower", "Who owes."))), Loan)


@pytest.mark.parametrize(
    "words", [{"beside": ("scan",)}, {"at": {"owed": "due_e18"}}, {"made": {"owed": str}}]
)
def test_a_word_about_a_column_that_there_is_not_is_refused(words: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"loans has no column (scan|owed)"):
        row_writer(LOANS, Loan, **words)


def test_a_null_is_refused_only_where_the_field_takes_none() -> None:
    from_row = row_reader(LOANS, Loan)
    assert from_row(("5ca0", None, None, "0xa")) == Loan("0xa", None)
    with pytest.raises(ValueError, match=r"loans\.borrower is NULL"):
        from_row(("5ca0", 3, 7, None))


def test_a_record_has_a_value_for_every_column_and_a_column_for_every_value() -> None:
    table = Table("told", "", (SCAN, json_text("why", "A list."), text("who", "Who.")))
    to_row, from_row = record_writer(table), record_reader(table)
    row = to_row(who="0xa", scan_id="5ca0", why=["a", 1])
    assert row == ("5ca0", '["a",1]', "0xa")
    assert from_row(row) == {"scan_id": "5ca0", "why": ["a", 1], "who": "0xa"}
    assert from_row(("5ca0", None, "0xa"))["why"] is None
    with pytest.raises(TypeError, match="told: who: a value without a column"):
        to_row(scan_id="5ca0", why=[])
    with pytest.raises(TypeError, match="told: whom: a value without a column"):
        to_row(scan_id="5ca0", why=[], who="0xa", whom="0xb")
    with pytest.raises(ValueError, match="unexpected"):
        from_row(("5ca0", "{", "0xa"))
