"""The finding across scans: what it says, where it stands, and that it changes nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from scan_results import BLOCK, E18, clean_result, judged

from analyzer.findings import add_run_findings, run_detectors, short_together
from analyzer.model.book import Book, Price, Prices
from analyzer.model.deployment import Deployment
from analyzer.model.rows import MarginRow
from analyzer.solvency.result import ScanResult

ANN = "0x00000000000000000000000000000000000000A1"


@dataclass(frozen=True)
class Valued:
    """A book at prices, and nothing else."""

    book: Book
    prices: Prices


class Stub:
    """A protocol of one number: the account is worth half the coin's price."""

    def value(self, book: Book, prices: Prices) -> Valued:
        return Valued(book, prices)

    def margin(self, valued: Valued) -> list[MarginRow]:
        book, price = valued.book, valued.prices.e18("coin")
        assert price is not None
        equity = price // 2
        return [
            MarginRow(a, a, equity, equity, 0, 100 * E18, equity, equity < 100 * E18, True)
            for a in book.account_ids
        ]


@pytest.fixture(autouse=True)
def _stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(short_together, "load_plug", lambda name: Stub())


def scan(name: str, price: int, *, maintenance: int = 100) -> ScanResult:
    """Ann's account, worth 1000 by its own protocol."""
    coin = Price("coin", f"v{name}", "ETH", price * E18, "fresh", "by hand")
    return clean_result(
        [judged(0, account=ANN, maintenance=maintenance)],
        scan_id=f"scan-{name}",
        deployment=Deployment(name, "stub", 31_337, 1, {}),
        prices=Prices({"coin": coin}),
    )


def test_the_finding_names_owner_sums_and_both_prices() -> None:
    # At b's price Ann's account of a is worth 50 and needs 100; that of b stays 1000 of 990.
    a, b = scan("a", 500), scan("b", 100, maintenance=990)
    assert run_detectors(a) == []
    add_run_findings([b, a])
    assert b.findings == []
    [finding] = a.findings
    assert (finding.detector, finding.severity.label) == ("owner-short-together", "medium")
    assert (finding.scan_id, finding.account_id, finding.market) == ("scan-a", ANN, None)
    assert finding.amounts == {
        "short_e18": 40 * E18,
        "margin_equity_e18": 1_050 * E18,
        "maintenance_margin_e18": 1_090 * E18,
        "equity_e18": 1_050 * E18,
        "headroom_alone_e18": 910 * E18,
    }
    assert finding.evidence == {
        "block": f"{BLOCK.number} ({BLOCK.hash})",
        "deployments": "a, b",
        "prices of": "b",
        "repriced": "va (ETH) 500 -> 100",
        f"a account {ANN}": "healthy, headroom alone 900",
        f"b account {ANN}": "healthy, headroom alone 10",
    }
    # S='\x1f'; printf "owner-short-together${S}31337${S}a+b${S}0x(38 zeros)A1${S}" | sha256sum
    assert finding.fingerprint == "e6f6b5ac5a9af4e8"


def test_the_finding_comes_after_worse_ones_of_its_scan() -> None:
    a, b = scan("a", 500), scan("b", 100, maintenance=990)
    a = replace(a, margin=[*a.margin, judged(7, equity=60)])
    a.findings = run_detectors(a)
    add_run_findings([a, b])
    assert [f.detector for f in a.findings] == [
        "undercollateralized-account",
        "owner-short-together",
    ]


@pytest.mark.parametrize("results", [[], [scan("a", 500)], [scan("a", 500), scan("b", 500)]])
def test_without_a_second_scan_or_another_price_nothing_is_added(
    results: list[ScanResult],
) -> None:
    add_run_findings(results)
    assert [result.findings for result in results] == [[] for _ in results]
