"""Cover-1 and Cover-2 over scenarios, on books that fit in the head."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from assessed_house import assessed_house, falls_to
from linear_house import E18, Holder, House

from analyzer.findings.assessed import Assessed
from analyzer.runs.telling.cover import cover_entries, largest


def case(share: int, name: str, fund: int = 300) -> Assessed:
    """L is long of ten X at 100 with 900 borrowed, M of five with 440, S is short of ten against
    1,080. At 80 L lacks 100 and M 40; at 125 S lacks 170; at 100 nobody lacks anything."""
    holders = {
        "L": Holder(-900 * E18, {"X": 10 * E18}),
        "M": Holder(-440 * E18, {"X": 5 * E18}),
        "S": Holder(1_080 * E18, {"X": -10 * E18}),
    }
    house = House({"X": 100 * E18}, holders, fund=fund * E18)
    return assessed_house(house, falls_to(Fraction(share, 100), name))


def test_each_cover_is_that_of_the_scenario_which_makes_it_largest() -> None:
    found = cover_entries([case(100, "calm"), case(80, "fall"), case(125, "rise")])
    assert [(e.n, e.shortfall_e18 // E18, e.scenario, e.owners) for e in found] == [
        (1, 170, "rise", ("S",)),
        (2, 170, "rise", ("S",)),
    ]
    deeper = cover_entries([case(70, "fall"), case(125, "rise")])
    assert [(e.n, e.shortfall_e18 // E18, e.scenario, e.owners) for e in deeper] == [
        (1, 200, "fall", ("L",)),
        (2, 290, "fall", ("L", "M")),
    ]
    assert [e.shock for e in deeper] == [0.7, 0.7]


def test_a_fund_outlasts_what_it_holds_and_no_more() -> None:
    def outlasts(fund: int) -> list[bool | None]:
        return [entry.outlasts for entry in cover_entries([case(80, "fall", fund)])]

    assert outlasts(140) == [True, True]
    assert outlasts(139) == [True, False]
    assert outlasts(99) == [False, False]
    one = case(80, "fall")
    unknown = replace(one.venues["house"], fund_before_e18=None)
    assert [
        (e.fund_e18, e.outlasts) for e in cover_entries([replace(one, venues={"house": unknown})])
    ] == [(None, None), (None, None)]


def test_a_scenario_that_is_not_about_these_books_counts_for_nothing() -> None:
    apart = replace(case(125, "rise"), not_applicable="no book holds X")
    (first, _) = cover_entries([case(80, "fall"), apart])
    assert (first.scenario, first.shortfall_e18) == ("fall", 100 * E18)
    assert cover_entries([apart]) == ()


def test_equal_owners_come_by_name() -> None:
    one = case(80, "fall")
    tally = replace(one.result.shocked["house"], owners_short_e18={"b": 5, "a": 5, "c": 4})
    result = replace(one.result, shocked={"house": tally})
    assert largest(replace(one, result=result), "house", 2) == [("a", 5), ("b", 5)]
