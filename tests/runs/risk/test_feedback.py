"""What feeds on itself, and where it is told: spirals, clusters of liquidations, the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.documents.risk import ClusteringEntry, RiskDocument
from analyzer.indexer.past import Past
from analyzer.model.errors import InputError
from analyzer.model.logs import Event
from analyzer.runs.risk import feedback
from analyzer.runs.risk.inputs import Opened, RiskOptions, open_risk
from analyzer.runs.snapshot.query import run
from analyzer.runs.snapshot.report import report
from analyzer.runs.snapshot.sql import sql

PERP = "perp-v2-devnet-7"
DAY = 86_400


@pytest.fixture(scope="module")
def opened(demo_snapshot: Path, prices: Path) -> Opened:
    still = ("USDC", "DAI", "EURC")
    return open_risk(RiskOptions(demo_snapshot, "protocol", PERP, prices, still=still))


def at(opened: Opened, times: list[float]) -> tuple[tuple[ClusteringEntry, ...], tuple[str, ...]]:
    """What is said of liquidations at these days, the block being at the thousandth."""
    end = next(scan for scan in opened.scans if scan.deployment.name == PERP).block.time
    since = end - 1_000 * DAY
    events = tuple(
        Event(n, 0, "0x", "0x", "vault", "CollateralLiquidated", {}, since + round(day * DAY))
        for n, day in enumerate(times)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feedback, "past_events", lambda *_, **__: Past(events, since))
        return feedback.clustering_of(opened)


def test_families_of_liquidations_come_back_as_their_branching_ratio(opened: Opened) -> None:
    random = np.random.default_rng(11)
    everyone = [random.uniform(0, 1_000, random.poisson(300))]
    while len(everyone[-1]):
        born = np.repeat(everyone[-1], random.poisson(0.5, len(everyone[-1])))
        later = born + random.exponential(2.0, len(born))
        everyone.append(later[later < 1_000])
    [entry], why = at(opened, sorted(np.concatenate(everyone).tolist()))
    assert why == ()
    assert entry.branching is not None
    assert entry.branching_error is not None
    assert entry.half_life_days is not None
    assert abs(entry.branching - 0.5) < 3 * entry.branching_error
    assert entry.half_life_days == pytest.approx(2 * np.log(2), rel=0.5)


def test_few_of_them_give_no_number_and_say_so(opened: Opened) -> None:
    [entry], [why] = at(opened, [1.0, 2.0, 2.0, 3.5])
    assert (entry.liquidations, entry.moments, entry.branching) == (4, 3, None)
    assert "20 are needed" in why
    assert at(opened, []) == ((), (f"clustering: no liquidation of {PERP} is indexed",))


def test_without_an_index_it_is_said_and_one_that_is_named_has_to_be_there(
    opened: Opened, tmp_path: Path
) -> None:
    apart = replace(opened, options=replace(opened.options, db=tmp_path / "alone.duckdb"))
    entries, [why] = feedback.clustering_of(apart)
    assert entries == ()
    assert "alone.index.duckdb" in why
    named = replace(opened, options=replace(opened.options, index=tmp_path / "none.duckdb"))
    with pytest.raises(InputError, match=r"none\.duckdb"):
        feedback.clustering_of(named)


def test_spirals_are_in_the_document_the_snapshot_and_the_query(
    protocol: tuple[RiskDocument, Path],
) -> None:
    document, out = protocol
    assert document.spirals
    largest = {one.factor: one.largest for one in document.spirals}
    assert list(largest.values()) == sorted(largest.values(), reverse=True)
    columns, rows = run(out, "loss_spirals", {})
    told = [dict(zip(columns, row, strict=True)) for row in rows]
    assert {row["factor"]: row["largest_kappa"] for row in told} == largest
    assert all(row["sold_at_10"] <= row["sold_at_30"] + 1e-6 for row in told)


def test_changes_of_correlation_are_findings_that_a_second_run_replaces(
    protocol: tuple[RiskDocument, Path],
) -> None:
    document, out = protocol
    pairs = {tuple(sorted((c.first, c.second))) for c in document.correlation_changes}
    assert {one.market for one in document.findings} == {" / ".join(pair) for pair in pairs}
    _, [(written,)] = sql(
        out, "SELECT count(*) FROM findings WHERE detector = 'correlation-changed'"
    )
    assert written == len(document.findings)


def test_the_largest_accounts_come_with_positions_and_usage(
    protocol: tuple[RiskDocument, Path],
) -> None:
    document, out = protocol
    columns, rows = run(out, "top_accounts", {"limit": "3"})
    told = [dict(zip(columns, row, strict=True)) for row in rows]
    assert [row["account_id"] for row in told] == [
        one.account_id for one in document.accounts[:3]
    ]  # fmt: skip
    _, [(margin, maintenance)] = sql(
        out,
        "SELECT margin_equity_e18, maintenance_margin_e18 FROM margin WHERE account_id ="
        f" '{told[0]['account_id']}' AND scan_id IN (SELECT scan_id FROM risk_accounts)",
    )
    assert told[0]["usage"] == pytest.approx(maintenance / margin)
    [failed] = [
        one.failed for one in document.backtests if (one.method, one.level) == ("historical", 0.99)
    ]
    assert {row["es99_failed"] for row in told} == {failed}
    of_it = f"account_id = '{told[0]['account_id']}'"
    _, [(value,)] = sql(
        out,
        f"SELECT (SELECT sum(value_e18) FROM collateral WHERE {of_it})"
        f" + coalesce((SELECT sum(value_e18) FROM positions WHERE {of_it}), 0)",
    )
    parts = [float(p.rsplit(" ", 1)[1].replace(",", "")) for p in told[0]["positions"].split("; ")]
    assert sum(parts) == pytest.approx(value / 1e18, abs=len(parts))


def test_a_report_has_the_tables_once_a_profile_is_written(
    protocol: tuple[RiskDocument, Path], demo_snapshot: Path, tmp_path: Path
) -> None:
    document, out = protocol
    page = tmp_path / "with.md"
    report(out, page, "markdown")
    text = page.read_text(encoding="utf-8")
    for title in ("The largest accounts", "Supply, debt and open interest", "Loss spirals"):
        assert title in text
    assert f"{document.classes[0].insolvency_usd:,.0f}" in text
    without = tmp_path / "without.md"
    report(demo_snapshot, without, "markdown")
    assert "The largest accounts" not in without.read_text(encoding="utf-8")


def test_the_page_of_a_protocol_shows_its_spirals(demo_snapshot: Path, prices: Path) -> None:
    words = [
        "risk", "protocol", PERP, "--db", str(demo_snapshot), "--returns", str(prices),
        "--still", "USDC,DAI,EURC", "--index", "nowhere.duckdb",
    ]  # fmt: skip
    found = CliRunner().invoke(main, words)
    assert found.exit_code == 2
    assert "nowhere.duckdb" in found.output
