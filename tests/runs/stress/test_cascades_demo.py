"""Stress and contagion on the demo's snapshot, as a user runs them: from the file alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from database_rows import database_rows
from demo_stress import SHOCK, rows, silent
from document_schemas import validate

from analyzer.contagion.cascade.order import CascadeOptions
from analyzer.contagion.scenario import parse_shock
from analyzer.contagion.trace.attribution import check_attribution
from analyzer.contagion.trace.edges import check_edges
from analyzer.documents.encode import to_json
from analyzer.model.bearers import bearers_of
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.rows import BackstopKind, BackstopRow
from analyzer.report.cascade import cascade_page
from analyzer.report.stress import stress_page
from analyzer.report.table import table
from analyzer.runs.demo import SCENARIO
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.snapshot.venues import bounded_capacity_e18, venue_of
from analyzer.runs.stress import orders
from analyzer.runs.stress.cascades import (
    assess,
    curves_for,
    id_of_cascade,
    losses,
    split_by_simulation,
)
from analyzer.runs.stress.contagion import ContagionOptions, contagion
from analyzer.runs.stress.orders import BOUNDING, ORDERS
from analyzer.runs.stress.stress import StressOptions, stress

NEW_TABLES = {
    "contagion_runs", "stress_results", "cascade_rounds", "contagion_edges", "contagion_victims",
    "contagion_paths", "cascade_markets", "findings",
}  # fmt: skip


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols that are installed: none is the bank of the tests around."""


@pytest.fixture(scope="module")
def followed(
    demo_snapshot: Path, depth: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any]:
    """(the snapshot with one scenario's cascade in it, what the run said)."""
    out = tmp_path_factory.mktemp("contagion") / "out.duckdb"
    asked = StressOptions(db=demo_snapshot, shocks=(SHOCK,), depth=depth, out=out)
    return out, contagion(ContagionOptions(asked, what_if=1), silent)


def test_a_venue_knows_the_factors_of_all_prices_and_which_accounts_are_funds(
    scans: list[ScanBook],
) -> None:
    by_name = {scan.deployment.protocol: scan for scan in scans}
    perp = venue_of(by_name["perp-v2"])
    (fund,) = perp.funds
    assert fund == by_name["perp-v2"].book.state.insurance_fund  # type: ignore[attr-defined]
    unit = by_name["perp-v2"].book.state.settlement_token  # type: ignore[attr-defined]
    assert unit in perp.fixed
    aave = venue_of(by_name["aave-v3"])
    assert aave.funds == frozenset()
    for scan, venue in ((by_name["perp-v2"], perp), (by_name["aave-v3"], aave)):
        assert set(scan.prices.by_asset) <= set(venue.factors)


def test_capacity_counts_the_bounded_layers_that_must_pay_and_nothing_else() -> None:
    def layer(capacity: int | None, kind: BackstopKind, **settings: bool) -> BackstopRow:
        unlimited = settings.get("unlimited", False)
        voluntary = settings.get("voluntary", False)
        return BackstopRow(1, "x", None, capacity, unlimited, "rule", kind, voluntary)

    bounded = [layer(5, BackstopKind.FUND), layer(-2, BackstopKind.TREASURY)]
    others = [
        layer(100, BackstopKind.OWN_COLLATERAL),
        layer(100, BackstopKind.FUND, voluntary=True),
        layer(None, BackstopKind.LP, unlimited=True),
        layer(100, BackstopKind.SOCIALISED),
    ]
    assert bounded_capacity_e18([*bounded, *others]) == 3
    assert bounded_capacity_e18([*bounded, layer(None, BackstopKind.FUND)]) is None


def test_the_same_run_has_the_same_identity_and_other_content_another(
    scans: list[ScanBook], depth: Path
) -> None:
    chosen, options = curves_for(scans), CascadeOptions()
    base = id_of_cascade(scans, parse_shock(SHOCK), chosen, options)
    again = id_of_cascade(scans[::-1], parse_shock(SHOCK), curves_for(scans), CascadeOptions())
    assert base == again
    from analyzer.market.depth.file import load_depth

    others = {
        id_of_cascade(scans[:1], parse_shock(SHOCK), chosen, options),
        id_of_cascade(scans, parse_shock("ETH=-31%"), chosen, options),
        id_of_cascade(scans, parse_shock(SHOCK), curves_for(scans, load_depth(depth)), options),
        id_of_cascade(scans, parse_shock(SHOCK), chosen, CascadeOptions(sequential=True)),
    }
    assert len(others | {base}) == 5


def test_the_tables_tell_the_cascade_again_to_the_wei(followed: tuple[Path, Any]) -> None:
    out, outcome = followed
    one = outcome.assessed
    result = one.result
    # The demo's own cascade lies in the same tables.
    own = f"WHERE cascade_id = '{one.cascade_id}'"
    edges = rows(out, f"SELECT count(*), sum(amount_e18)::HUGEINT FROM contagion_edges {own}")
    assert edges == [(len(result.edges), sum(edge.amount_e18 for edge in result.edges))]
    victims = rows(
        out,
        "SELECT node, failed, loss_e18, listed_e18 + rest_e18 + offset_e18"
        f" FROM contagion_victims {own}",
    )
    assert {node: loss for node, _, loss, _ in victims} == losses(result)
    assert {node for node, failed, *_ in victims if failed} == set(result.failures)
    assert all(loss == parts for _, _, loss, parts in victims)
    into = dict(
        rows(out, f"SELECT to_node, sum(amount_e18)::HUGEINT FROM contagion_edges {own} GROUP BY 1")
    )
    assert all(into.get(node, 0) == loss for node, _, loss, _ in victims)
    (deficits,) = rows(
        out,
        "SELECT sum(deficit_e18)::HUGEINT, (SELECT sum(loss_e18)::HUGEINT FROM contagion_victims"
        f" {own} AND NOT failed) FROM contagion_victims {own} AND failed",
    )
    assert deficits[0] == deficits[1] == sum(result.absorbed.values())
    results = rows(
        out,
        "SELECT deployment, bad_debt_after_e18, closed_accounts FROM stress_results"
        f" JOIN scans USING (scan_id) {own} ORDER BY 1",
    )
    for name, bad_debt, closed in results:
        assert bad_debt == one.bad_debt_e18(name)
        assert closed == sum(
            1 for f in result.failures.values() if f.venue == name and f.round is not None
        )
    closed_by_round = rows(
        out,
        f"SELECT round, sum(closures)::BIGINT FROM cascade_rounds {own} GROUP BY 1 ORDER BY 1",
    )
    assert closed_by_round == [(r.number, len(r.closed)) for r in result.rounds]


def test_every_loss_is_explained_and_losses_cross_from_one_protocol_to_the_other(
    followed: tuple[Path, Any],
) -> None:
    out, outcome = followed
    result = outcome.assessed.result
    check_attribution(result.edges, losses(result))
    # What could not be closed hands its hole on after the last round.
    last = max(edge.round for edge in result.edges)
    check_edges(
        result.edges,
        {n: last if f.round is None else f.round for n, f in result.failures.items()},
    )
    assert all(round_.closes for round_ in result.rounds)
    moved = rows(
        out,
        "SELECT count(*) FROM contagion_paths WHERE victim LIKE 'account:%'"
        " AND json_array_length(steps) > 1",
    )
    assert moved[0][0] > 0
    assert len(to_json(outcome.document)["rounds"]) > 2


def test_adding_a_cascade_changes_no_other_table_and_running_it_again_changes_nothing(
    demo_snapshot: Path, depth: Path, followed: tuple[Path, Any], tmp_path: Path
) -> None:
    out, outcome = followed
    before, after = database_rows(demo_snapshot), database_rows(out)
    assert {table for table in after if after[table] != before[table]} == NEW_TABLES
    again = tmp_path / "again.duckdb"
    asked = StressOptions(db=out, shocks=(SHOCK,), depth=depth, out=again)
    contagion(ContagionOptions(asked, what_if=0), silent)
    assert database_rows(again) == after
    assert outcome.exit_code is ExitCode.FINDINGS


def test_findings_of_a_cascade_lie_in_the_snapshot_with_their_scenario(
    followed: tuple[Path, Any],
) -> None:
    out, outcome = followed
    stored = rows(
        out,
        "SELECT fingerprint, json_extract_string(evidence, '$.scenario') FROM findings"
        " WHERE detector IN ('fund-exhausted', 'cover-shortfall', 'contagion-path',"
        " 'cascade-amplification', 'forced-sales-exceed-depth', 'implausible-run',"
        " 'unprofitable-liquidation')",
    )
    assert {f for f, _ in stored} == {f.fingerprint for f in outcome.findings}
    assert {scenario for _, scenario in stored} == {"ETH -30 %"}
    detectors = {finding.detector for finding in outcome.findings}
    assert {"fund-exhausted", "contagion-path", "cascade-amplification"} <= detectors


def test_what_one_failure_did_is_told_by_a_run_without_it(followed: tuple[Path, Any]) -> None:
    _, outcome = followed
    (rescued,) = to_json(outcome.document)["what_if"]
    base = outcome.assessed.result.total_bad_debt_e18
    assert int(rescued["bad_debt_e18"]) == base - int(rescued["saved_e18"])
    firewall = to_json(outcome.document)["firewall"]
    assert 0 < int(firewall["amount_e18"]) <= int(firewall["protected_e18"])
    assert int(firewall["amount_e18"]) == sum(int(cut["amount_e18"]) for cut in firewall["cut"])


def test_every_order_of_liquidation_may_be_asked_for_and_the_range_is_told(
    demo_snapshot: Path,
) -> None:
    asked = StressOptions(
        db=demo_snapshot, shocks=("ETH=-5%",), deployments=("perp-v2-devnet-7",), fail_on="never"
    )
    options = ContagionOptions(asked, what_if=0, all_orders=True)
    outcome = contagion(options, silent)
    document = to_json(outcome.document)
    ranged = document["scenario"]["order_range"]
    assert [found["order"] for found in ranged["ran"]] == list(ORDERS)
    (batch,) = [f for f in ranged["ran"] if f["order"] == "batch"]
    (result,) = document["scenario"]["results"]
    assert batch["bad_debt_e18"] == result["bad_debt_after_market_e18"]
    debts = [int(found["bad_debt_e18"]) for found in ranged["ran"]]
    assert int(ranged["least"]["bad_debt_e18"]) == min(debts)
    assert int(ranged["most"]["bad_debt_e18"]) == max(debts)
    text = table(cascade_page(outcome.document, paths=1))
    assert "over 8 orders of liquidation" in text


def test_a_default_run_is_given_its_range_over_the_orders_that_bound_it(
    demo_snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(order_range: str, **more: Any) -> tuple[Any, list[tuple[Any, ...]]]:
        out = tmp_path / f"{order_range}.duckdb"
        asked = StressOptions(
            db=demo_snapshot, shocks=("ETH=-5%",), deployments=("perp-v2-devnet-7",),
            order_range=order_range, out=out, fail_on="never", **more,
        )  # fmt: skip
        outcome = stress(asked, silent)
        validate(to_json(outcome.document))
        columns = ("bad_debt_least_e18", "bad_debt_least_order", "bad_debt_most_e18")
        return outcome, rows(
            out, f"SELECT {', '.join(columns)} FROM contagion_runs WHERE scenario = 'ETH -5 %'"
        )

    outcome, stored = run("always")
    (found,) = [one.order_range for one in outcome.document.scenarios]
    assert [one.order for one in found.ran] == ["batch", *BOUNDING]
    debts = [one.bad_debt_e18 for one in found.ran]
    assert len(set(debts)) > 1
    assert (found.least.bad_debt_e18, found.most.bad_debt_e18) == (min(debts), max(debts))
    assert stored == [(min(debts), found.least.order, max(debts))]
    assert "over 3 orders of liquidation" in table(stress_page(outcome.document), width=300)
    monkeypatch.setattr(orders, "PATIENCE_S", 0.0)
    outcome, stored = run("auto")
    (left,) = [one.order_range for one in outcome.document.scenarios]
    assert (left.ran, left.least, left.most) == ((), None, None)
    assert left.needs_s > 0
    assert stored == [(None, None, None)]
    assert "--order-range always does it" in table(stress_page(outcome.document), width=300)
    outcome, _ = run("always", order="sequential")
    assert [one.order_range for one in outcome.document.scenarios] == [None]


def test_cover_is_told_over_all_scenarios_and_is_the_same_in_the_tables(
    demo_snapshot: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.duckdb"
    shocks = ("ETH=-40%", "BTC=+40%", "*=-10%")
    document = stress(
        StressOptions(db=demo_snapshot, shocks=shocks, out=out, fail_on="never"), silent
    ).document
    assert [(one.deployment, one.n) for one in document.cover] == [
        (name, n) for name in document.run.deployments for n in (1, 2)
    ]
    sql = (Path(__file__).parents[3] / "queries" / "cover_over_scenarios.sql").read_text()
    # The demo's own cascade lies in the same table.
    sql = sql.replace("FROM stress_results", f"FROM stress_results WHERE scenario != '{SCENARIO}'")
    stored = {row[0]: row for row in rows(out, sql)}
    every = [document.baseline, *document.scenarios]
    for entry in document.cover:
        results = [r for one in every for r in one.results if r.deployment == entry.deployment]
        column = f"cover{entry.n}_e18"
        assert entry.shortfall_e18 == max(getattr(result, column) for result in results)
        assert len(entry.owners) == entry.n
        told = stored[entry.deployment]
        assert int(told[2 * entry.n] * 10**18) == entry.shortfall_e18
        assert told[2 * entry.n + 1] == entry.scenario
        assert entry.outlasts is (int(told[7]) >= entry.n)


def test_contagion_follows_exactly_one_scenario(demo_snapshot: Path) -> None:
    for shocks in ((), (SHOCK, "BTC=-10%")):
        asked = StressOptions(db=demo_snapshot, shocks=shocks)
        with pytest.raises(InputError, match="follows one scenario"):
            contagion(ContagionOptions(asked), silent)


def test_a_protocol_without_a_simulation_is_left_out_and_said(
    scans: list[ScanBook], demo_snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aave = next(scan for scan in scans if scan.deployment.protocol == "aave-v3")

    def refuse(self: object, valued: object) -> None:
        raise InputError("aave-v3 says what it closes, but not what follows: no cascade")

    monkeypatch.setattr(type(aave.plug), "simulate", refuse)
    able, left_out = split_by_simulation(scans)
    assert [scan.deployment.protocol for scan in able] == ["perp-v2"]
    assert list(left_out) == [aave.deployment.name]
    outcome = stress(StressOptions(db=demo_snapshot, shocks=("ETH=-1%",), fail_on="never"), silent)
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ
    assert to_json(outcome.document)["run"]["left_out"].keys() == {aave.deployment.name}
    named = StressOptions(
        db=demo_snapshot, shocks=("ETH=-1%",), deployments=(aave.deployment.name,)
    )
    with pytest.raises(InputError, match="no cascade"):
        stress(named, silent)


def test_an_order_of_liquidation_is_part_of_the_result(
    scans: list[ScanBook], demo_snapshot: Path
) -> None:
    perp = [scan for scan in scans if scan.deployment.protocol == "perp-v2"]
    scenario, chosen = parse_shock("ETH=-20%"), curves_for(perp)
    batch = assess(perp, scenario, chosen, CascadeOptions())
    single = assess(perp, scenario, chosen, CascadeOptions(sequential=True))
    assert (batch.result.order, single.result.order) == ("batch, book", "sequential, book")
    assert len(single.result.rounds) > len(batch.result.rounds)


def test_each_protocol_says_who_bears_in_the_end_what_nobody_has_been_charged_with(
    demo_snapshot: Path,
) -> None:
    found = {s.deployment.protocol: s.plug.backstops(s.valued) for s in read_books(demo_snapshot)}
    assert {protocol: bearers_of(rows) for protocol, rows in found.items()} == {
        "aave-v3": "suppliers of what each account owes",
        "perp-v2": "everyone who withdraws last",
    }
    assert bearers_of([]) == ""
    layers = [row for rows in found.values() for row in rows if row.kind is BackstopKind.SOCIALISED]
    assert bearers_of([layers[0], layers[-1]]) == f"{layers[0].name} and {layers[-1].name}"
    assert bearers_of([row for row in found["perp-v2"] if row.kind is BackstopKind.FUND]) == ""
