"""The answer in words, with its measure; what bad debt is called goes by its grade."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scan_results import E18, account_id, backstop, clean_result, details, judged, unknown
from told import judged_of, scan_of

from analyzer.documents.scan import Scan
from analyzer.findings import run_detectors
from analyzer.model.rows import MarketRow
from analyzer.report.answer import answer_lines, matter_lines
from analyzer.report.metrics import exposition, scan_families
from analyzer.report.sarif import sarif
from analyzer.runs.telling.scans import reported_scan
from analyzer.solvency.result import ScanResult, Sum


def scan(debt: int, deposits: int, capacity: int | None = 0, *, doubt: bool = False) -> Scan:
    """A scan with so much bad debt, deposits and capacity of its backstop."""
    rows = [judged(0), judged(1, equity=-debt) if debt else judged(1), judged(2)]
    result: ScanResult = clean_result([*rows, unknown(3)] if doubt else rows, details=details())
    result.backstops = [backstop(1, capacity)]
    result.deposits = Sum(deposits * E18)
    result.findings = run_detectors(result)
    return scan_of([result]).scans[0]


def lines(one: Scan) -> dict[str, str]:
    return {line.label: line.text for line in answer_lines(one)}


@pytest.mark.parametrize(
    ("deposits", "said", "tone"),
    [
        (10**9, "TRACE OF BAD DEBT", "doubt"),
        (10**5, "MINOR DEFICIT", "doubt"),
        (10**3 * 5, "MATERIAL DEFICIT", "bad"),
        (500, "INSOLVENT", "bad"),
        (0, "INSOLVENT", "bad"),
    ],
)
def test_what_bad_debt_is_called_goes_by_its_share(deposits: int, said: str, tone: str) -> None:
    one = scan(100, deposits)
    assert one.solvency.answer == "insolvent", "the word is graded, the answer is not"
    line = answer_lines(one)[0]
    assert line.text.startswith(f"{said}: bad debt exceeds the backstops by 100.00 USDC")
    assert line.tone == tone


def test_what_is_not_proven_is_never_called_small() -> None:
    line = answer_lines(scan(100, 10**9, doubt=True))[0]
    assert line.text.startswith("INSOLVENT: bad debt exceeds the backstops by 100.00 USDC; bad")


def test_the_answer_carries_its_measure() -> None:
    said = lines(scan(100, 800_000, 50))
    assert said["Answer"].endswith("by 50.00 USDC; bad debt is 0.013 % of deposits")
    assert said["By how much"] == (
        "bad debt 100.00 USDC, 5 % of equity, 1 of 3 accounts; backstops can bear 50.00 USDC"
    )
    assert said["Scale"] == (
        "bad debt is 0.013 % of deposits (800,000.00), 5 % of equity (2,000.00),"
        " 200 % of backstops (50.00)"
    )


def test_a_measure_that_is_zero_or_unknown_says_so() -> None:
    assert lines(scan(100, 0))["Scale"] == (
        "bad debt is 5 % of equity (2,000.00); no deposits; no backstops to bear it"
    )
    assert "; backstops unknown" in lines(scan(100, 0, None))["Scale"]


def test_without_bad_debt_the_measures_stand_alone() -> None:
    said = lines(scan(0, 800_000, 50))
    assert said["By how much"] == (
        "bad debt 0.00 USDC, 0 of 3 accounts; backstops can bear 50.00 USDC"
    )
    assert said["Scale"] == (
        "no bad debt beside deposits 800,000.00, equity 3,000.00, backstops 50.00"
    )


def test_a_measure_has_the_name_that_the_protocol_gives_it() -> None:
    row = MarketRow("m", "WETH", "ETH", "open", None, None, 100 * E18, 9 * E18, 5 * E18, None, None)
    said = {}
    for protocol in ("aave-v3", "perp-v2", "not installed"):
        result = clean_result([judged(0, equity=-10)], details=details(markets=[row]))
        result.deployment = replace(result.deployment, protocol=protocol)
        said[protocol] = lines(scan_of([result]).scans[0])["Scale"]
    assert "bad debt is 2 % of borrowings (500.00)" in said["aave-v3"]
    assert "bad debt is 2 % of open interest (500.00)" in said["perp-v2"]
    assert "bad debt is 2 % of open interest (500.00)" in said["not installed"]


def test_debt_that_the_backstops_bear_has_its_share_too() -> None:
    assert lines(scan(100, 10**6, 500))["Answer"] == (
        "SOLVENT, with bad debt of 100.00 USDC (0.01 % of deposits) that the backstops can bear"
    )


def test_the_findings_that_matter_are_a_sentence_each_with_amounts() -> None:
    said = matter_lines(scan(100, 10**6))
    assert [line.label for line in said] == ["First"]
    assert said[0].text == (
        "Account owes more than it has (critical): shortfall 100.00 USDC, " + account_id(1)
    )


def test_several_accounts_are_one_sentence() -> None:
    rows = [judged(0), *(judged(n, equity=-10 * n) for n in (1, 2, 3))]
    result = clean_result(rows)
    result.findings = run_detectors(result)
    assert matter_lines(scan_of([result]).scans[0])[0].text == (
        "Account owes more than it has (critical): 3 accounts, shortfall 60.00 USDC,"
        f" 30.00 of it at {account_id(3)}"
    )


def test_metrics_and_sarif_say_how_large_it_is_too() -> None:
    rows = [judged(0), judged(1, equity=-100), judged(2)]
    result = clean_result(rows, backstops=[backstop(1, 50)], deposits=Sum(80_000 * E18))
    said = (
        exposition(scan_families(judged_of([result]), [reported_scan(result)]))
        .decode()
        .splitlines()
    )
    at, of = 'chain="31337",deployment="local"', 'protocol="perp-v2"'
    assert f'analyzer_bad_debt_share{{{at},of="deposits",{of}}} 0.00125' in said
    assert f'analyzer_measure{{{at},of="backstops",{of}}} 50.0' in said
    assert f'analyzer_bad_debt_grade{{{at},grade="minor",{of}}} 1.0' in said
    assert f"analyzer_bad_debt_accounts{{{at},{of}}} 1.0" in said
    [run] = sarif(scan_of([result]))["runs"]
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert notes[0]["message"]["text"].startswith(
        "local: MINOR DEFICIT: bad debt exceeds the backstops by 50.00 USDC;"
    )


def test_a_share_that_is_not_proven_is_no_metric() -> None:
    result = clean_result([judged(0), judged(1, equity=-100), unknown(2)])
    said = exposition(scan_families(judged_of([result]), [reported_scan(result)])).decode()
    assert "analyzer_bad_debt_share{" not in said
