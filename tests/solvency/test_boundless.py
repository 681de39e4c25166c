"""A requirement that is no amount: the row keeps it, and nothing adds it up."""

from __future__ import annotations

from dataclasses import replace

from analyzer.findings.margin_evidence import margin_amounts
from analyzer.model.rows import NOT_BORROWABLE, MarginRow
from analyzer.report.html.sections.pictures import dot
from analyzer.solvency.verdicts import BOUNDLESS_E18, has_amount, judge_account

ROW = MarginRow("a", "a", 7, 7, 8, 10**36, -1, liquidatable=True, closable=True)


def test_only_a_marked_requirement_beyond_all_amounts_is_none() -> None:
    marked = replace(ROW, note=f"{NOT_BORROWABLE}; and more")
    assert has_amount(judge_account(ROW))
    assert not has_amount(judge_account(marked))
    small = replace(marked, maintenance_margin_e18=BOUNDLESS_E18 - 1)
    assert has_amount(judge_account(small))


def test_findings_and_pictures_leave_it_out_and_keep_the_rest() -> None:
    plain = judge_account(ROW)
    marked = judge_account(replace(ROW, note=NOT_BORROWABLE))
    assert margin_amounts(plain)["below_maintenance_e18"] == 10**36 - 7
    found = margin_amounts(marked)
    assert (found["below_maintenance_e18"], found["maintenance_margin_e18"]) == (None, None)
    assert (found["equity_e18"], found["margin_equity_e18"]) == (7, 7)
    assert dot(plain) is not None
    assert dot(marked) is None
