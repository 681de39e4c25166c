"""Ranges over orders of liquidation and covers, as the pages say them."""

from __future__ import annotations

from dataclasses import replace

from assessed_house import assessed_house

from analyzer.documents.scenario import OrderOutcome, OrderRangeEntry, ScenarioEntry
from analyzer.documents.stress import CoverEntry
from analyzer.report.cover import cover_blocks
from analyzer.report.orders import range_lines
from analyzer.report.page import Block
from analyzer.report.stress import assumption_blocks, unprofitable_lines
from analyzer.report.table import table
from analyzer.runs.telling.scenarios import scenario_entry

E18 = 10**18
LEAST, MOST = OrderOutcome("batch", 90 * E18, 3), OrderOutcome("sequential", 1_200 * E18, 4)
FOUND = OrderRangeEntry(LEAST, MOST, (LEAST, MOST), 0)
LEFT = OrderRangeEntry(None, None, (), 90)


def entry(name: str, order_range: OrderRangeEntry | None) -> ScenarioEntry:
    """A scenario with a range."""
    return replace(scenario_entry(assessed_house()), name=name, order_range=order_range)


def said(blocks: list[Block]) -> str:
    """What a page says, in one line."""
    return " ".join(table(blocks, width=300).split())


def test_a_range_names_the_orders_of_both_ends() -> None:
    text = "bad debt is 90 (batch) to 1,200 (sequential) over 2 orders of liquidation"
    assert said(range_lines([entry("crash", FOUND)])) == f"Range {text}"
    both = said(range_lines([entry("crash", FOUND), entry("calm", None)]))
    assert both == f"Range crash: {text}"


def test_orders_that_agree_are_said_to() -> None:
    same = OrderRangeEntry(LEAST, LEAST, (LEAST, LEAST, LEAST), 0)
    assert said(range_lines([entry("crash", same)])) == (
        "Range bad debt is 90 over 3 orders of liquidation"
    )


def test_a_range_that_was_left_out_says_how_long_it_takes_and_names_the_option() -> None:
    one = said(range_lines([entry("crash", LEFT)]))
    assert "bad debt of crash was not worked out: it would take about 90 seconds" in one
    assert one.endswith("; --order-range always does it")
    many = said(range_lines([entry("a", FOUND), entry("b", LEFT), entry("c", LEFT)]))
    assert "of 2 scenarios was not worked out: it would take about 3 minutes" in many
    assert range_lines([entry("crash", None)]) == []


def test_a_cover_says_who_lacks_how_much_under_what_and_whether_the_fund_outlasts_it() -> None:
    one = CoverEntry("perp", 1, 500 * E18, "uniform ray", 0.7, ("0xa",), 600 * E18, outlasts=True)
    two = CoverEntry("perp", 2, 900 * E18, "crash", None, ("0xa", "0xb"), None, outlasts=None)
    text = said(cover_blocks([one, two]))
    assert "perp the largest 500 uniform ray -30% 600 yes" in text
    assert "perp the largest 2 900 crash unknown unknown" in text
    assert cover_blocks([]) == []


def test_scenarios_that_do_the_same_to_these_books_are_told_once() -> None:
    one, two = entry("crash", None), entry("crash on one venue", None)
    (result,) = two.results
    other = replace(two, name="worse", results=(replace(result, insolvent=result.insolvent + 1),))
    text = said(assumption_blocks([one, two, other]))
    assert "Alike crash, crash on one venue do the same to these books" in text
    assert "Alike" not in said(assumption_blocks([one, other]))
    assert "Alike" not in said(assumption_blocks([one, replace(two, moves_nothing=True)]))


def test_what_pays_nobody_is_one_line_a_deployment_with_the_scenario_that_leaves_most() -> None:
    def leaves(name: str, accounts: int, apart: str = "") -> ScenarioEntry:
        one = entry(name, None)
        (result,) = one.results
        results = (replace(result, scenario=name, unprofitable=accounts),)
        return replace(one, results=results, not_applicable=apart)

    lines = [leaves("a", 2), leaves("b", 5), leaves("none", 0), leaves("apart", 9, "not held")]
    assert said(unprofitable_lines(lines)) == (
        "Left open 5 accounts of house in breach pay nobody, under b; 2 or more under 1 other"
        " scenarios"
    )
    assert unprofitable_lines([leaves("none", 0)]) == []
