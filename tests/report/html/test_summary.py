"""The first page alone: what it says, and that it fits one screen, one sheet, sixty lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser import Browser, chromium
from demands import missing
from large_snapshot import large_result, write_large
from page_parts import Parts, parts_of
from scan_results import E18, clean_result, judged
from told import material_of

from analyzer.documents.over_time import Moment, Mover, Series, Since
from analyzer.findings import run_detectors
from analyzer.findings.summary import Answer
from analyzer.report.html.content import Content
from analyzer.report.html.material import Material
from analyzer.report.html.render import html
from analyzer.report.html.stressed import Stressed
from analyzer.report.html.summary import summary
from analyzer.report.html.text import markdown_report
from analyzer.runs.snapshot.pdf import find_chromium
from analyzer.runs.snapshot.report import Options, report
from analyzer.solvency.result import ScanResult, Sum

SCREEN = 1280, 900
SECTIONS = ["answer", "matters", "stress", "changed", "next"]


def moment(block: int, debt: int, insolvent: int) -> Moment:
    verdicts = {"unknown": 0, "insolvent": insolvent, "liquidatable": 3, "below_initial": 1}
    return Moment(
        f"{block:016x}", block, 1_700_000_000 + block, Answer.INSOLVENT, 40,
        {**verdicts, "healthy": 36 - insolvent}, (1_000 - debt) * E18, debt * E18, debt * E18,
    )  # fmt: skip


def material(deployments: int, *, earlier: bool = True, stress: bool = True) -> Material:
    """So many deployments with bad debt, with everything that a first page can show."""
    results = []
    for number in range(deployments):
        result = large_result(60, name=f"deployment-number-{number}", scan_id=f"{number:016x}")
        result.findings = run_detectors(result)
        result.deposits = Sum(5_000_000 * E18)
        results.append(result)
    curve = [
        {"scan": scan, "scenario": "uniform ray", "shock": 1 - step / 10,
         "bad_debt_after_e18": step * step * 10 * E18}
        for scan in range(deployments)
        for step in range(9)
    ]  # fmt: skip
    series, since = [], []
    for result in results:
        moments = tuple(moment(block, block, block // 10) for block in range(10, 310, 10))
        name = result.deployment.name
        series.append(Series(31_337, name, moments, (Mover("a", 1, None, -1),), 40))
        counts = {"critical": 3, "high": 7}
        since.append(Since(31_337, name, moments[-2], moments[-1], counts, counts))
    return material_of(
        results,
        stressed=Stressed(results=curve) if stress else Stressed(),
        series=series if earlier else (),
        since=since if earlier else None,
    )


def text_of(content: Content) -> str:
    return markdown_report(content)


@pytest.fixture(scope="module")
def full() -> Content:
    return summary(material(2))


@pytest.fixture(scope="module")
def parts(full: Content) -> Parts:
    return parts_of(html(full))


def test_it_has_its_parts_in_order_and_no_list_of_contents(parts: Parts) -> None:
    assert [s.attributes["id"] for s in parts.all("section")] == SECTIONS
    assert parts.all("nav") == []
    assert "brief" in parts.all("body")[0].attributes["class"]


def test_it_says_answer_scale_how_sure_how_complete_and_three_findings(parts: Parts) -> None:
    said = parts.one("answer").text
    for question in ("NOT PROVEN", "By how much", "Scale", "How sure", "How complete"):
        assert said.count(question) == 2, question
    assert re.findall("First|Second|Third", parts.one("matters").text) == [
        "First",
        "Second",
        "Third",
    ]


def test_it_says_what_changed_and_draws_how_it_went(parts: Parts) -> None:
    said = parts.one("changed").text
    assert "block 290 to 300: equity 710.00 → 700.00 (-1.41 %)" in said
    assert "insolvent 29 → 30" in said
    assert "findings: 10 (3 critical, 7 high) new" in said
    assert len([s for s in parts.all("svg") if s.attributes.get("class") == "spark"]) == 4


def test_nothing_earlier_and_no_stress_say_how_to_get_them() -> None:
    said = text_of(summary(material(1, earlier=False, stress=False)))
    assert "--since EARLIER.duckdb, or --history DIR" in said
    assert "analyzer stress --db FILE --out FILE" in said


def test_the_remedies_of_what_matters_are_what_to_do_next(full: Content) -> None:
    said = text_of(full)
    assert "1. Make the answer proven first" in said
    assert "Read the whole report: analyzer report --db FILE" in said


@pytest.mark.parametrize("deployments", [1, 2, 3, 12])
def test_markdown_has_sixty_lines_at_most(deployments: int) -> None:
    said = text_of(summary(material(deployments)))
    assert len(said.splitlines()) <= 60
    if deployments > 2:
        assert f"{deployments - 2} more deployment" in said


def test_of_many_deployments_the_worst_answers_stand_in_full() -> None:
    fine = clean_result([judged(0)])
    held = [fine, fine, replace_debt("c")]
    said = text_of(summary(material_of(held)))
    assert said.index("### c · ") < said.index("### local · ")
    assert "1 more deployment: 1 solvent" in said


def replace_debt(name: str) -> ScanResult:
    """A deployment that is insolvent."""
    result = clean_result([judged(0), judged(1, equity=-900)])
    result.deployment = replace(result.deployment, name=name)
    return result


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if find_chromium() is None:
        missing("there is no Chromium or Chrome (ANALYZER_CHROMIUM)", "REQUIRE_BROWSER")
    with chromium() as running:
        yield running


@pytest.mark.browser
@pytest.mark.parametrize("deployments", [1, 2])
def test_it_fits_one_screen_and_a_phone_scrolls_down_only(
    browser: Browser, tmp_path: Path, deployments: int
) -> None:
    page = tmp_path / "first.html"
    page.write_text(html(summary(material(deployments))), encoding="utf-8")
    browser.size(*SCREEN)
    browser.go(page.as_uri())
    assert browser.run("document.documentElement.scrollHeight") <= SCREEN[1]
    assert browser.complaints() == []
    browser.size(390, 740, mobile=True)
    browser.go(page.as_uri())
    assert browser.run("document.documentElement.scrollWidth") == 390


@pytest.mark.browser
def test_it_is_one_sheet_of_paper(tmp_path: Path) -> None:
    if find_chromium() is None:
        missing("there is no Chromium or Chrome (ANALYZER_CHROMIUM)", "REQUIRE_BROWSER")
    write_large(tmp_path / "large.duckdb", 60)
    options = Options(summary=True)
    written = report(tmp_path / "large.duckdb", tmp_path / "first.pdf", "pdf", options)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", written.report.read_bytes())) == 1
    assert written.accounts is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.pdf", "large.duckdb"]
