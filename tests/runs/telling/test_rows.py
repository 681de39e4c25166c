from __future__ import annotations

from decimal import Decimal

from document_schemas import validate

from analyzer import __version__
from analyzer.documents.encode import to_json
from analyzer.runs.telling.rows import rows_document


def test_rows_keep_every_digit() -> None:
    rows = [("x", 2**100, Decimal("1.50"), None), ("y", -1, Decimal("0.000000000000000001"), True)]
    document = to_json(rows_document(["name", "raw", "units", "flag"], rows))
    validate(document)
    assert document == {
        "schema": 1,
        "kind": "rows",
        "run": {"analyzer_version": __version__, "exit_code": 0},
        "columns": ["name", "raw", "units", "flag"],
        "rows": [
            {"name": "x", "raw": str(2**100), "units": "1.50", "flag": None},
            {"name": "y", "raw": -1, "units": "0.000000000000000001", "flag": True},
        ],
    }


def test_what_json_cannot_hold_becomes_text() -> None:
    row = (float("nan"), float("-inf"), b"\x01\xff", [2**60, 1], {"a": None})
    assert to_json(rows_document(list("abcde"), [row]))["rows"] == [
        {"a": "nan", "b": "-inf", "c": "0x01ff", "d": [str(2**60), 1], "e": {"a": None}}
    ]


def test_no_rows_are_still_a_document_with_its_columns() -> None:
    document = to_json(rows_document(["a"], []))
    validate(document)
    assert (document["columns"], document["rows"]) == (["a"], [])
