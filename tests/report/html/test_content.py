"""What the report says: who is listed, what is left out, what is exact, what is unknown."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from large_snapshot import large_result, write_large
from page_parts import Parts, parts_of
from scan_results import E18, clean_result, judged, unknown
from told import material_of

from analyzer.model.rows import BackstopKind, BackstopRow
from analyzer.model.verdict import Verdict
from analyzer.model.visible import visible
from analyzer.report.html.assemble import assemble
from analyzer.report.html.charts.scatter import MARKS, Dot, plane, scatter
from analyzer.report.html.content import Content, DataTable, Figure, Fold
from analyzer.report.html.fit import fitted
from analyzer.report.html.printed import for_paper
from analyzer.report.html.render import html
from analyzer.report.html.sections.contagion import bearer
from analyzer.report.html.sections.paths import told_apart
from analyzer.report.html.selection import ROWS, UNSAFE, UNSAFE_ROWS
from analyzer.report.html.stressed import Stressed
from analyzer.report.html.text import markdown_report
from analyzer.runs.snapshot.report import Written, load_content, report
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verdicts import judge_account


def content_of(*results: ScanResult) -> Content:
    """The content of scans without stress and statements."""
    material = material_of(results)
    return assemble(material)


def table_of(content: Content, key: str) -> DataTable:
    """A table of the content, wherever it is."""
    tables = [
        table
        for section in content.sections
        for block in section.blocks
        for table in (
            [block]
            if isinstance(block, DataTable)
            else [block.table]
            if isinstance(block, Figure) and block.table
            else [b for b in block.blocks if isinstance(b, DataTable)]
            if isinstance(block, Fold)
            else []
        )
    ]
    [found] = [table for table in tables if table.key == key]
    return found


def test_unsafe_accounts_come_first_then_the_nearest_and_the_title_counts_the_rest() -> None:
    result = large_result(4_000)
    listed = material_of([result]).listing
    shown = [account.row for account in listed.accounts]
    unsafe = [row for row in result.margin if row.verdict in UNSAFE]
    assert len(shown) == ROWS
    assert listed.unsafe == len(unsafe) > UNSAFE_ROWS
    assert all(row.verdict in UNSAFE for row in shown[:UNSAFE_ROWS])
    nearest = shown[UNSAFE_ROWS:]
    assert all(row.verdict not in UNSAFE for row in nearest)
    ratios = [
        Fraction(row.margin.margin_equity_e18 or 0, row.margin.maintenance_margin_e18 or 1)
        for row in nearest
    ]
    assert ratios == sorted(ratios)
    left = [
        Fraction(row.margin.margin_equity_e18 or 0, row.margin.maintenance_margin_e18 or 1)
        for row in result.margin
        if row.verdict not in UNSAFE and row not in nearest
    ]
    assert min(left) >= max(ratios)
    assert table_of(content_of(result), "accounts-table").title == (
        f"1,000 of 4,000 accounts: 500 of {len(unsafe):,} unsafe ones and the 500 nearest to"
        " liquidation; 3,000 left out, all are in accounts.csv"
    )


@given(
    st.lists(
        st.tuples(st.integers(-(10**40), 10**40), st.integers(0, 10**30)), min_size=1, max_size=40
    )
)
def test_no_account_is_lost_or_listed_twice_whatever_its_numbers(
    numbers: list[tuple[int, int]],
) -> None:
    rows = [
        judged(n, equity=equity, maintenance=maintenance, initial=maintenance)
        for n, (equity, maintenance) in enumerate(numbers)
    ]
    rows.append(unknown(len(rows)))
    content = content_of(clean_result(rows))
    listed = [row.cells[0].text for row in table_of(content, "accounts-table").rows]
    assert sorted(listed) == sorted(row.margin.account_id for row in rows)
    ratio = table_of(content, "ratios-1-table") if any(m for _, m in numbers) else None
    if ratio is not None:
        assert sum(int(row.cells[1].text.replace(",", "")) for row in ratio.rows) == len(rows)
    assert html(content) == html(content)


def test_a_margin_ratio_just_below_one_is_below_the_edge_however_close() -> None:
    margin = judged(0, equity=10**20, maintenance=10**20).margin
    close = replace(
        margin,
        margin_equity_e18=10**38 - 1,
        free_collateral_e18=10**38 - 1 - (margin.initial_margin_e18 or 0),
        liquidatable=True,
    )
    table = table_of(content_of(clean_result([judge_account(close)])), "ratios-1-table")
    counts = {row.cells[0].text: row.cells[1].text for row in table.rows}
    assert counts["90 % to below 100 %"] == "1"
    assert counts["100 % to below 105 %"] == "0"
    accounts = table_of(content_of(clean_result([judge_account(close)])), "accounts-table")
    assert accounts.rows[0].cells[6].text == "99.9 %"


def test_an_unknown_account_has_no_number_anywhere_and_its_reason_beside_it() -> None:
    content = content_of(clean_result([judged(0), unknown(1, "the feed is stale")]))
    [row] = [r for r in table_of(content, "accounts-table").rows if "unknown" in r.cells[1].text]
    assert [cell.text for cell in row.cells[2:7]] == ["unknown"] * 5
    assert row.cells[1].note == "the feed is stale"
    assert row.point is None


def test_amounts_are_rounded_for_people_and_exact_beside_it(parts: Parts) -> None:
    result = clean_result([judged(0, equity=1_234_567)])
    margin = result.margin[0].margin
    [row] = table_of(content_of(result), "accounts-table").rows
    assert (row.cells[2].text, row.cells[2].exact) == (
        "1,234,567.00",
        "1234567.000000000000000000",
    )
    assert margin.equity_e18 == 1_234_567 * E18
    titles = [e.attributes["title"] for e in parts.all("td") if "title" in e.attributes]
    # 10**40 whole units do not fit 127 bits, and are there to the last digit all the same.
    assert f"1{'0' * 40}.{'0' * 18}" in titles


def test_the_table_beside_the_report_holds_every_account_exactly(
    written: Written, small_snapshot: Path
) -> None:
    rows = list(csv.DictReader(io.StringIO(written.accounts.read_text(encoding="utf-8"))))
    # A name that would turn the reading direction is written out.
    expected = {visible(row.margin.account_id): row for row in large_result(1_500).margin}
    assert {row["account_id"] for row in rows} == set(expected)
    assert len(rows) == len(expected) == 1_500
    for row in rows:
        account = expected[row["account_id"]]
        assert row["verdict"] == account.verdict.value
        equity = account.margin.equity_e18
        if account.verdict is Verdict.UNKNOWN:
            assert (row["equity"], equity) == ("", None)
        else:
            assert Fraction(row["equity"]) * E18 == equity


def test_statements_that_do_not_fit_are_left_out_the_least_bad_first_and_it_is_said(
    written: Written, small_snapshot: Path
) -> None:
    content = load_content(small_snapshot)
    limit = 900_000
    small = fitted(content, limit)
    assert len(html(small).encode()) < limit < len(html(content).encode())
    [section] = [s for s in small.sections if s.key == "statements"]
    kept = [b.key for b in section.blocks if isinstance(b, Fold)]
    assert kept == [f"s{n}" for n in range(1, len(kept) + 1)]
    assert 0 < len(kept) < 100
    assert section.title == (
        f"Statements of the worst {len(kept)} accounts (as many as the page has room for)"
    )
    # No row leads to a statement that is not there.
    parts = parts_of(html(small))
    ids = {e.attributes["id"] for e in parts.elements if "id" in e.attributes}
    assert {a.attributes["href"].removeprefix("#") for a in parts.all("a")} <= ids


def test_a_page_that_is_still_too_long_shortens_its_tables_the_accounts_last_and_says_so(
    small_snapshot: Path,
) -> None:
    content = load_content(small_snapshot)
    for limit, accounts in ((560_000, 1_000), (280_000, 100)):
        small = fitted(content, limit)
        page = html(small)
        assert len(page.encode()) < limit
        assert len(table_of(small, "accounts-table").rows) <= accounts
        assert "more rows are in the snapshot: the page has no room for them" in page
    assert len(table_of(fitted(content, 560_000), "accounts-table").rows) == 1_000


def test_a_hundred_thousand_accounts_make_no_larger_a_picture_than_a_few_thousand() -> None:
    dots = [Dot(1.1 ** (n % 150), 1.01 ** (n % 2_111), "healthy") for n in range(100_000)]
    svg = scatter("few", dots, plane(dots), "many accounts")
    assert svg.count("h0") <= MARKS
    assert len(svg) < 100_000
    few = dots[:500]
    assert scatter("few", few, plane(few), "few accounts").count("h0") > 400


def test_a_snapshot_without_stress_says_how_to_make_it_and_is_whole_otherwise(
    tmp_path: Path,
) -> None:
    write_large(tmp_path / "plain.duckdb", 30, stress=False)
    page = report(tmp_path / "plain.duckdb", tmp_path / "report.html").report.read_text()
    parts = parts_of(page)
    for key in ("wall", "stress", "contagion"):
        text = parts.one(key).text
        assert "Not computed" in text
        assert "analyzer " in text
    assert len(parts.all("section")) == 15


def test_the_wall_adds_up_levels_into_steps_and_now_is_a_step_of_its_own() -> None:
    result = clean_result([judged(0)])
    levels = [(1.0, 1, 5.0), (0.999, 2, 7.0), (0.95, 3, 11.0), (0.9499999, 4, 13.0)]
    wall = [
        {"scan": 0, "ray": "all", "factor": "ETH", "level": level, "accounts": accounts,
         "value_usd": value, "cumulative_usd": 0.0}
        for level, accounts, value in levels
    ]  # fmt: skip
    material = material_of([result], stressed=Stressed(wall=wall))
    table = table_of(assemble(material), "wall-1-table")
    [figure] = [
        block
        for section in assemble(material).sections
        for block in section.blocks
        if isinstance(block, Figure) and block.key == "wall-1"
    ]
    assert figure.svg.count("<rect") == 2, "what is liquidatable now has no bar"
    assert figure.text.startswith("5 is liquidatable now, at the block's price, and not drawn; 31")
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert rows == [
        ["now", "ETH", "1", "5.00", "5.00"],
        ["-5 %", "ETH", "5", "18.00", "23.00"],
        ["-10 %", "ETH", "4", "13.00", "36.00"],
    ]


def outcome(scan: int, scenario: str, shock: float | None, debt: int) -> dict[str, object]:
    """A row of stress_results."""
    amounts = (
        "bad_debt_static_e18", "bad_debt_static_market_e18", "closed_value_e18", "uncovered_e18",
        "bad_debt_after_e18", "bad_debt_after_market_e18", "cover1_e18", "cover2_e18",
    )  # fmt: skip
    return {
        "scan": scan, "scenario": scenario, "shock": shock, "cascade_id": f"{scenario}{scan}",
        "liquidatable": 4, "insolvent": 3, "closed_accounts": 2, "unknown": 0,
        "fund_before_e18": 7 * E18, "amplification": 1.5, "cover_owners": ["0xa", "0xb"],
        **dict.fromkeys(amounts, debt * E18),
    }  # fmt: skip


def test_stress_is_grouped_by_deployment_each_scenario_once_and_equal_results_in_one_row() -> None:
    one, two = large_result(4, name="one"), large_result(4, name="two", scan_id="d" * 16)
    results = [
        outcome(scan, name, shock, debt)
        for scan in (0, 1)
        for name, shock, debt in (
            ("a", 0.7, 10), ("b", 0.7, 10), ("c", 0.7, 11), ("ray", 0.9, 1), ("ray", 0.8, 2),
        )
    ]  # fmt: skip
    scans = [one, two]
    material = material_of(scans, stressed=Stressed(results=results))
    content = assemble(material)
    for number, name in ((1, "one"), (2, "two")):
        table = table_of(content, f"stress-table-{number}")
        assert table.title == f"{name}: 3 results"
        assert [row.cells[0].text for row in table.rows] == ["a, b", "c"]
        assert "deployment" not in [column.name for column in table.columns]
        assert table.note.endswith("Funds that must pay, at the block: 7.00.")
    ray = table_of(content, "stress-2-table")
    assert [row.cells[0].text for row in ray.rows] == ["-20 %", "-10 %"]


def test_nodes_that_would_look_alike_are_told_apart() -> None:
    same = "account:{}/0x44d0" + "0" * 32 + "70F3"
    names = [same.format("perp-v2-op"), same.format("perp-v2-eth"), "account:perp-v2-op/0x12"]
    alike = ["account:x/0x44d0" + "1" * 32 + "70F3", "account:x/0x44d0" + "2" * 32 + "70F3"]
    assert told_apart(names) == {
        names[0]: "0x44d0…70F3 (perp-v2-op)",
        names[1]: "0x44d0…70F3 (perp-v2-eth)",
        names[2]: "0x12",
    }
    labels = told_apart(alike)
    assert len(set(labels.values())) == 2
    nobody = ["unsettled:one", "unsettled:two"]
    assert list(told_apart(nobody).values()) == [
        "charged to nobody (one)",
        "charged to nobody (two)",
    ]


def test_what_nobody_bears_yet_says_who_will_by_the_protocols_rules() -> None:
    fund = BackstopRow(1, "fund", None, E18, False, "first")
    last = BackstopRow(2, "suppliers of WETH", None, None, True, "last", BackstopKind.SOCIALISED)
    one, two = large_result(4, name="one"), large_result(4, name="two", scan_id="d" * 16)
    one = replace(one, backstops=[fund, last])
    two = replace(two, backstops=[fund])
    material = material_of([one, two])
    assert bearer(material, "unsettled:one") == "nobody yet, one; in the end suppliers of WETH"
    assert bearer(material, "unsettled:two") == "nobody yet, two"
    assert bearer(material, "fund:two/fund") == "two/fund"


def test_paper_says_what_it_leaves_out(small_snapshot: Path) -> None:
    whole = load_content(small_snapshot)
    paper = for_paper(whole)
    accounts = table_of(paper, "accounts-table")
    assert len(accounts.rows) == 40
    assert accounts.note.startswith("960 more rows: accounts.csv.")
    assert "statements" not in [section.key for section in paper.sections]
    assert "statements of accounts too" in paper.foot[-1]
    assert table_of(whole, "accounts-table").rows[:40] == accounts.rows


def test_each_path_names_parts_of_the_graph_in_order(parts: Parts) -> None:
    keys = {e.attributes["id"]: e for e in parts.elements if "id" in e.attributes}
    paths = [
        e.attributes["data-path"].split() for e in parts.all("tr") if "data-path" in e.attributes
    ]
    assert len(paths) == 60
    for figure, first, *rest in paths:
        assert keys[figure].tag == "svg"
        at = first
        for flow, node in zip(rest[::2], rest[1::2], strict=True):
            assert keys[flow].attributes["data-a"] == at
            assert keys[flow].attributes["data-b"] == node
            at = node
        assert keys[at].attributes["class"].startswith("node")
    assert "; 12 more are in the table contagion_paths" in parts.one("contagion").text


def test_markdown_has_the_same_sections_and_tables_as_the_page(
    parts: Parts, small_snapshot: Path, tmp_path: Path
) -> None:
    made = report(small_snapshot, tmp_path / "report.md", "markdown").report.read_text()
    titles = [line.removeprefix("## ") for line in made.splitlines() if line.startswith("## ")]
    assert titles == [h.text for h in parts.all("h2")]
    assert made.count("\n| --- ") + made.count("\n| ---: ") == len(parts.all("table"))
    assert "<img" not in made
    assert "</script" not in made


def test_two_deployments_are_told_apart_in_every_table(tmp_path: Path) -> None:
    one, two = large_result(40, name="one"), large_result(40, name="two", scan_id="d" * 16)
    content = content_of(one, two)
    assert content.title == "Solvency of one and two"
    table = table_of(content, "accounts-table")
    assert table.columns[-1].name == "deployment"
    assert {row.cells[-1].text for row in table.rows} == {"one", "two"}
    assert len(table.rows) == 80
    assert markdown_report(content).count("\n### one · perp-v2") == 1


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_the_snapshot_is_not_touched(small_snapshot: Path, tmp_path: Path, name: str) -> None:
    before = small_snapshot.read_bytes()
    report(small_snapshot, tmp_path / name, "html" if name.endswith("html") else "markdown")
    assert small_snapshot.read_bytes() == before
