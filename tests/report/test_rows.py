"""Rows for people: rounded, never to zero, and as wide as the terminal; exact for machines."""

from __future__ import annotations

from decimal import Decimal

import pytest

from analyzer.report.rows import render_rows

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
COLUMNS = ("account", "equity", "share")
ROWS = [
    (ADDRESS, Decimal("1234567.891000000000000000"), Decimal("0.123456789")),
    (ADDRESS, Decimal("-0.001000000000000000"), Decimal("0.000000001")),
    (ADDRESS, None, Decimal(0)),
]


def people(**options: object) -> str:
    return render_rows(COLUMNS, ROWS, "table", exact=False, **options)  # type: ignore[arg-type]


def test_a_table_rounds_and_says_so_and_nothing_reads_as_zero() -> None:
    lines = [line.split() for line in people().splitlines()]
    assert lines[2:5] == [
        [ADDRESS, "1,234,567.89", "0.123457"],
        [ADDRESS, ">-0.01", "<0.000001"],
        [ADDRESS, "NULL", "0.000000"],
    ]
    assert people().rstrip().endswith("3 rows, rounded (--exact shows all digits)")


def test_exact_and_every_form_for_machines_keep_all_digits() -> None:
    for form in ("table", "csv", "markdown"):
        text = render_rows(COLUMNS, ROWS, form, exact=form == "table")
        assert "1234567.891000000000000000" in text
        assert "0.000000001" in text
    exact = render_rows(COLUMNS, ROWS, "table", exact=True)
    assert exact.rstrip().endswith("3 rows")


def test_what_is_not_rounded_is_not_called_rounded() -> None:
    text = render_rows(("n", "block"), [(1, 128_000_000)], "table", exact=False)
    assert "128000000" in text
    assert text.rstrip().endswith("1 row")


def test_a_table_that_is_too_wide_names_accounts_by_their_ends_then_becomes_records() -> None:
    assert ADDRESS in people(fit=True, width=100)
    narrow = people(fit=True, width=50)
    assert ADDRESS not in narrow
    assert "0x7099…79C8" in narrow
    assert max(map(len, narrow.splitlines())) <= 50
    tiny = people(fit=True, width=20)
    assert tiny.splitlines()[:4] == [
        "-- 1 --",
        "account  0x7099…79C8",
        "equity   1,234,567.89",
        "share    0.123457",
    ]


def test_records_are_a_line_a_column() -> None:
    text = render_rows(("a", "long"), [(1, "x"), (2, None)], "table", records=True)
    assert text == "-- 1 --\na     1\nlong  x\n-- 2 --\na     2\nlong  NULL\n2 rows\n"


@pytest.mark.parametrize("value", ["1e37", "-99999999999999999999.999999999999999999"])
def test_large_amounts_are_rounded_without_a_float(value: str) -> None:
    text = render_rows(("a",), [(Decimal(value),)], "table", exact=False)
    whole = f"{round(Decimal(value), 2):,.2f}" if "e" not in value else f"{10**37:,}.00"
    assert whole in text
