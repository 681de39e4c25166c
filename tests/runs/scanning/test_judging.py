"""Who pays nobody at the block, told as findings of a plain scan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from derive_scan import scanned

from analyzer.findings.unprofitable_liquidation import THIN_MARKET, UnprofitableLiquidation
from analyzer.market.depth import Exponential
from analyzer.market.depth.choose import Chosen, DepthUsed
from analyzer.model.finding import Finding
from analyzer.runs.scanning import judging
from analyzer.runs.scanning.judging import judge
from analyzer.solvency.result import ScanResult


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """The protocols that are installed: none is the bank of the tests around."""


@pytest.fixture(scope="module")
def judged(shared: Path) -> ScanResult:
    """Derive V2 after a crash."""
    plain = scanned(shared, "G")
    result = replace(plain, cautions=list(plain.cautions))
    judge(result)
    return result


def unpaid(result: ScanResult) -> list[Finding]:
    """The findings of the kind."""
    return [f for f in result.findings if f.detector == UnprofitableLiquidation.id]


def test_at_default_depth_every_auction_of_the_crash_pays_somebody(judged: ScanResult) -> None:
    assert unpaid(judged) == []
    assert sum(bool(row.margin.liquidatable) for row in judged.margin) == 50


def test_what_pays_nobody_is_a_finding_with_its_terms_and_changes_no_verdict(
    judged: ScanResult, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every coin in a market of a dollar: whoever hedges or sells what they take loses."""
    used = DepthUsed("ETH", "file", "exponential", "a test")
    curves = {factor: Exponential(1.0, "a test") for factor in ("ETH", "BTC")}
    rows = (used, replace(used, factor="BTC"))
    monkeypatch.setattr(judging, "choose_curves", lambda factors: Chosen(curves, rows))
    plain = scanned(shared, "G")
    result = replace(plain, cautions=list(plain.cautions))
    judge(result)
    found = unpaid(result)
    assert found
    assert result.margin == plain.margin
    assert [f for f in result.findings if f not in found] == judged.findings
    for finding in found:
        assert finding.severity is UnprofitableLiquidation.severity
        assert finding.amounts["value_e18"] >= 0
        # Where more has to be bought than there is, nobody can say what it would cost.
        assert finding.amounts.get("gain_e18", -1) < 0
        assert finding.amounts["left_bad_debt_e18"] == max(-finding.amounts["equity_e18"], 0)
        assert finding.evidence["cause"] == THIN_MARKET
        assert finding.evidence["gas"] == "5 dollars a closure"
        assert "within ten percent (exponential: a test)" in finding.evidence["depth"]
    assert len({finding.fingerprint for finding in found}) == len(found)


def test_a_healthy_book_asks_nobody(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "load_plug", lambda name: pytest.fail("a simulation was made"))
    assert judging.unpaid_cautions(scanned(shared, "A")) == []
