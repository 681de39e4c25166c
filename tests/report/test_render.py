from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from scan_results import (
    BLOCK,
    account_id,
    check,
    clean_result,
    details,
    judged,
    total,
    unknown,
)
from told import scan_of, statement_entries

from analyzer.documents.account import StatementDocument, StatementEntry
from analyzer.documents.encode import to_json
from analyzer.documents.envelope import Run
from analyzer.documents.scan import Block, ScanDocument
from analyzer.findings import run_detectors
from analyzer.model.rows import ReadRow
from analyzer.report.blocks import Grid
from analyzer.report.markdown import markdown
from analyzer.report.page import FINDING_ROWS, Heading, Line
from analyzer.report.render import render
from analyzer.report.rows import render_rows
from analyzer.report.statement import render_statement
from analyzer.report.table import table

STATEMENT = StatementDocument(
    run=Run("0.1.0", 0),
    protocol="perp-v2",
    deployment="local",
    chain_id=31_337,
    block=Block(BLOCK.number, BLOCK.hash, BLOCK.time),
    account_id=account_id(0),
    owner=account_id(0),
    verdict="healthy",
    reason="margin equity 1000 - maintenance margin 100 = 900",
    status="open",
    verified=True,
    lines=statement_entries(0),
)


@pytest.fixture
def document() -> ScanDocument:
    """An insolvent deployment with a divergence and an unknown account."""
    result = clean_result(
        [judged(0, equity=60), judged(1, equity=-700), judged(2), unknown(3)],
        checks=[check(0, equal=False), check(1, equal=True)],
        reads=[ReadRow("rebuild", "Pool.observe", 4, 3, 0, 1, "node closed the connection")],
    )
    result.findings = run_detectors(result)
    return scan_of([result])


def test_the_table_opens_with_the_answer_how_much_how_sure_and_how_complete(
    document: ScanDocument,
) -> None:
    assert render(document, "table").splitlines()[:7] == [
        "perp-v2 · local · chain 31337 · block 1,234 (2023-11-14 22:13:20 UTC)",
        "Answer       INSOLVENT: bad debt exceeds the backstops by 200.00 USDC",
        "By how much  bad debt 700.00 USDC, 66.1 % of equity, 1 of 4 accounts; backstops can bear "
        "500.00 USDC",
        "Scale        bad debt is 66.1 % of equity (1,060.00), 140 % of backstops (500.00); "
        "no deposits",
        "How sure     2 numbers of 4 accounts compared with the contract's own views: 1 differs",
        "How complete 1 of 4 accounts unknown; 50 logs of blocks 1 to 1,234, 7 of 21 headers "
        "linked; 1 of 4 reads not answered",
        "Totals       1 of 1 control total hold, 1 of them to the last unit",
    ]


def test_the_table_names_what_was_not_read(document: ScanDocument) -> None:
    assert (
        "Not read     Pool.observe (rebuild): 1 of 4, e.g. node closed the connection"
        in render(document, "table").splitlines()
    )


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_account_loses_a_digit_at_any_width(document: ScanDocument, width: int) -> None:
    text = render(document, "table", width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


def test_plain_text_holds_no_terminal_codes_and_coloured_text_does(document: ScanDocument) -> None:
    assert "\x1b" not in render(document, "table")
    assert "\x1b" in render(document, "table", colour=True)


def test_json_is_the_document_itself(document: ScanDocument) -> None:
    assert json.loads(render(document, "json")) == to_json(document)


def test_csv_has_one_row_a_finding_with_its_scan(document: ScanDocument) -> None:
    rows = list(csv.DictReader(io.StringIO(render(document, "csv"))))
    assert [(row["detector"], row["block_number"], row["account_id"]) for row in rows] == [
        (finding.detector, "1234", finding.account_id or "") for finding in document.findings
    ]
    assert [json.loads(row["amounts"]) for row in rows] == [
        finding["amounts"] for finding in to_json(document)["findings"]
    ]


def test_markdown_shows_what_the_table_shows(document: ScanDocument) -> None:
    text = render(document, "markdown")
    assert "- **Answer**: INSOLVENT: bad debt exceeds the backstops by 200.00 USDC" in text
    assert f"| insolvent-account | {account_id(1)} | shortfall 700.00 |" in text.replace(
        "critical | ", ""
    )


def test_markdown_cannot_be_broken_by_text_from_the_chain() -> None:
    blocks = [Heading("a|b"), Line("x", "<script>[link](javascript:1)</script> `c`")]
    assert markdown(blocks) == (
        "## a\\|b\n\n- **x**: &lt;script&gt;\\[link\\](javascript:1)&lt;/script&gt; \\`c\\`\n"
    )


def test_a_page_shows_the_largest_of_a_kind_and_says_how_many_it_leaves_out() -> None:
    rows = [judged(n, equity=n) for n in range(FINDING_ROWS + 3)]
    result = clean_result(rows)
    result.findings = run_detectors(result)
    lines = render(scan_of([result]), "table").splitlines()
    shown = [line.split()[2] for line in lines if "undercollateralized-account" in line]
    assert shown == [account_id(n) for n in range(FINDING_ROWS)]
    assert [line.strip() for line in lines if "more" in line.split()] == ["and 3 more"]
    assert lines[-1] == "8 high; --format json or csv lists all."


def test_another_format_is_refused(document: ScanDocument) -> None:
    with pytest.raises(ValueError, match="no such format: yaml"):
        render(document, "yaml")


def test_a_statement_shows_every_number_in_full_with_its_source() -> None:
    text = render_statement(STATEMENT, "table")
    assert [line for line in text.splitlines() if line.startswith(("USDC", "maintenance"))] == [
        "USDC   1000.000000   logs",
        "maintenance margin   100.000000000000000000   mulRatio(abs, mm)",
    ]


def test_a_statement_in_json_keeps_the_raw_integers() -> None:
    written = json.loads(render_statement(STATEMENT, "json"))
    assert written["lines"][0] == {
        "section": "collateral",
        "label": "USDC",
        "amount": "1000000000",
        "unit": "raw USDC, 6 decimals",
        "source": "logs",
    }
    assert (written["kind"], written["verified"]) == ("account", True)


def test_an_unknown_line_of_a_statement_says_so() -> None:
    line = StatementEntry("result", "equity", None, "e18", "not read")
    statement = replace(STATEMENT, lines=(line,))
    assert "unknown" in render_statement(statement, "table")
    [_, row] = csv.reader(io.StringIO(render_statement(statement, "csv")))
    assert row == [account_id(0), "result", "equity", "", "e18", "not read"]
    assert "DIFFERS" in render_statement(replace(statement, verified=False), "markdown")


ROWS = [("x", 2**100, Decimal("1.50"), None), ("y", -1, Decimal("0.000000000000000001"), True)]


def test_rows_keep_every_digit_in_every_form() -> None:
    columns = ["name", "raw", "units", "flag"]
    assert render_rows(columns, ROWS, "csv") == (
        f"name,raw,units,flag\nx,{2**100},1.50,\ny,-1,0.000000000000000001,true\n"
    )
    assert render_rows(columns, ROWS, "markdown").splitlines()[2] == (
        f"| x | {2**100} | 1.50 | NULL |"
    )
    assert render_rows(columns, ROWS, "table").splitlines()[-1] == "2 rows"


def test_no_rows_are_still_a_document() -> None:
    assert render_rows(["a"], [], "csv") == "a\n"
    assert "0 rows" in render_rows(["a"], [], "table")


def test_a_table_of_rows_grows_wider_before_a_number_or_a_name_is_folded() -> None:
    row = (account_id(1), 2**120, "a sentence that is longer than thirty columns of text")
    lines = render_rows(["account", "raw", "why"], [row, row], "table", width=40).splitlines()
    assert account_id(1) in lines[2]
    assert str(2**120) in lines[2]
    assert lines[-1] == "2 rows"


def test_a_total_beyond_its_residue_on_the_safe_side_says_why_it_holds() -> None:
    surplus = total(rebuilt=100, on_chain=150)
    result = clean_result(details=details(totals=[replace(surplus, surplus_ok=True)]))
    text = " ".join(render(scan_of([result]), "table").split())
    assert "the chain holds more than the accounts claim; 2 withdrawals floored" in text


def test_an_id_of_66_characters_is_folded_before_a_verdict_loses_its_word() -> None:
    long, short_id = "0x" + "1d" * 32, "0x" + "1d" * 20
    columns = ("account", "verdict", "equity", "maintenance", "headroom", "verified")

    def drawn(account: str, width: int) -> str:
        row = (account, "below initial", "-31,208.03", "1,657.74", "-33,064.70", "yes")
        grid = Grid("Worst", columns, (row,), frozenset(columns[2:5]), whole=frozenset({"account"}))
        return table([grid], width=width)

    assert "initial" in drawn(long, 120).split()
    assert long not in drawn(long, 120)
    firsts = [line.split(" ")[0] for line in drawn(long, 120).splitlines()[3:]]
    assert "".join(firsts) == long
    assert long in drawn(long, 160)
    assert short_id in drawn(short_id, 120)
