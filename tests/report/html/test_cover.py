"""The table of covers in the report: the worst scenario of each deployment, against its fund."""

from __future__ import annotations

from scan_results import E18, clean_result, judged
from told import judged_of

from analyzer.report.html.material import Material
from analyzer.report.html.sections.cover import cover_table
from analyzer.report.html.selection import listing
from analyzer.report.html.stressed import Stressed


def rows_of(fund: int | None, *scenarios: tuple[str, int, int, list[str]]) -> list[list[str]]:
    """The cells of the table for one deployment."""
    result = clean_result([judged(0)])
    results = [
        {"scan": 0, "scenario": name, "cover1_e18": one * E18, "cover2_e18": two * E18,
         "cover_owners": owners, "fund_before_e18": None if fund is None else fund * E18}
        for name, one, two, owners in scenarios
    ]  # fmt: skip
    material = Material(
        judged_of([result]), [result], listing([result]), stressed=Stressed(results=results)
    )
    return [[cell.text for cell in row.cells][1:] for row in cover_table(material).rows]


FALL = ("fall", 70, 130, ["0xa", "0xb"])
RISE = ("rise", 90, 110, ["0xc", "0xa"])


def test_each_cover_is_under_the_scenario_that_makes_it_largest() -> None:
    one, two = rows_of(100, FALL, RISE)
    assert one == ["0xc", "90.00", "rise", "100.00", "yes"]
    assert two == ["0xa, 0xb", "130.00", "fall", "100.00", "no"]


def test_of_an_unknown_fund_nothing_is_said_and_where_nobody_lacks_nobody_is_named() -> None:
    (one, _) = rows_of(None, FALL)
    assert one == ["0xa", "70.00", "fall", "unknown", "unknown"]
    (calm, _) = rows_of(0, ("calm", 0, 0, []))
    assert calm == ["nobody", "0.00", "calm", "0.00", "yes"]
