"""`stress --batch` on the demo's snapshot: what it says, writes, and refuses."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from document_schemas import validate

from analyzer.cli import main
from analyzer.contagion.batch import fused, rounds
from analyzer.documents.encode import to_json
from analyzer.documents.sweep import SweepDocument
from analyzer.model.errors import ExitCode, InputError
from analyzer.runs.snapshot.query import run as run_query
from analyzer.runs.stress.stress import StressOptions, stress
from analyzer.runs.stress.sweep import SHARES, SweepOptions, SweepOutcome, sweep
from analyzer.store.snapshot import open_snapshot

MOVES: dict[str, list[Any]] = {
    "name": ["up", "crash", "none", "mild"],
    "ETH": [0.5, -0.5, 0, -0.1],
    "BTC": [0.4, -0.4, 0, -0.08],
}
DEPTH = "".join(
    f'["{factor}"]\nkind = "none"\n'
    for factor in ("ETH", "BTC", "LINK", "OP", "MKR", "DAI", "USDC", "EURC", "stETH/ETH")
)


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols that are installed: none is the bank of the tests around."""


def silent(what: str, done: int, total: int) -> None:
    """No progress."""


def options(db: Path, **changed: Any) -> SweepOptions:
    settings = {"table": MOVES, "exact": 2, **changed}
    return SweepOptions(StressOptions(db=db, fail_on="never"), **settings)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweep") / "out.duckdb"


@pytest.fixture(scope="module")
def outcome(demo_snapshot: Path, out: Path) -> SweepOutcome:
    asked = options(demo_snapshot)
    return sweep(replace(asked, stress=replace(asked.stress, out=out)), silent)


@pytest.fixture(scope="module")
def document(outcome: SweepOutcome) -> SweepDocument:
    return outcome.document


def history(tmp_path: Path) -> Path:
    random, path = np.random.default_rng(5), tmp_path / "prices.csv"
    lines = ["time,factor,price"]
    for factor in ("ETH", "BTC"):
        prices = 100 * np.exp(np.cumsum(random.normal(0, 0.1, 12)))
        lines += [f"2025-03-{day:02},{factor},{p:.9g}" for day, p in enumerate(prices, 1)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_worst_are_run_exactly_as_stress_runs_them(
    document: SweepDocument, demo_snapshot: Path
) -> None:
    debt = {row.name: row.bad_debt_usd or 0.0 for row in document.scenarios}
    worst = sorted(debt, key=lambda name: -debt[name])[:2]
    assert [one.scenario for one in document.exact] == ["no shock", *worst]
    assert worst[0] == "crash"
    shock = StressOptions(db=demo_snapshot, shocks=("ETH=-50%,BTC=-40%",), fail_on="never")
    alone = stress(shock, silent).document
    ours, theirs = document.stress.scenarios[0], alone.scenarios[0]
    assert [(r.bad_debt_after_e18, r.closed_accounts, r.fund_left_e18) for r in ours.results] == [
        (r.bad_debt_after_e18, r.closed_accounts, r.fund_left_e18) for r in theirs.results
    ]
    assert document.exact[1].exact_bad_debt_e18 == sum(r.bad_debt_after_e18 for r in theirs.results)
    assert document.stress.baseline == alone.baseline
    marked = {row.name for row in document.scenarios if row.exact}
    assert marked == set(worst)


def test_both_are_side_by_side_with_their_difference(document: SweepDocument) -> None:
    for one in document.exact:
        assert one.batch_bad_debt_usd is not None
        assert one.difference_usd == pytest.approx(
            one.batch_bad_debt_usd - one.exact_bad_debt_e18 / 10**18
        )
    rows = {row.scenario: row.bad_debt_usd for row in document.scenarios}
    assert document.exact[0].batch_bad_debt_usd == rows["none"]
    assert [one.rows for one in document.exact] == [0, 1, 1]


def test_a_quantile_is_the_bad_debt_of_a_row(document: SweepDocument) -> None:
    debt = sorted(row.bad_debt_usd or 0.0 for row in document.scenarios)
    # Of four rows: half have no more than the second, three quarters no more than the third.
    expected = [debt[1], debt[2], debt[3], debt[3], debt[3], debt[3]]
    assert [q.bad_debt_usd for q in document.quantiles] == expected
    assert [q.share for q in document.quantiles] == list(SHARES)


def test_prices_end_where_sales_drive_them_and_shocks_are_multiples(
    document: SweepDocument,
) -> None:
    crash = next(row for row in document.scenarios if row.name == "crash")
    assert (crash.shocks["ETH"], crash.shocks["BTC"], crash.shocks["LINK"]) == (0.5, 0.6, 1.0)
    assert crash.shocks["stETH/ETH"] == 0.5
    assert 0 < crash.prices["ETH"] < 0.5
    assert crash.closed_accounts > 50
    assert crash.notional_usd is not None
    assert crash.notional_usd > 1e5
    assert set(document.not_moved) >= {"LINK", "USDC"}


def test_the_document_is_what_its_schema_says_and_says_what_it_leaves_out(
    outcome: SweepOutcome,
) -> None:
    document = to_json(outcome.document)
    validate(json.loads(json.dumps(document, allow_nan=False)))
    said = " ".join(document["leaves_out"])
    for word in ("linear twin", "rules", "waterfall", "rounding", "profit", "curve"):
        assert word in said
    assert document["run"]["engine"] == "tiles"
    assert outcome.exit_code is ExitCode(document["run"]["exit_code"])


def test_the_table_holds_every_row_under_every_scan_and_the_query_gives_the_worst(
    document: SweepDocument, out: Path
) -> None:
    with open_snapshot(out) as snapshot:
        _, rows = snapshot.query(
            "SELECT deployment, name, bad_debt_usd, cascade_id, exact_bad_debt_e18, shocks"
            " FROM sweep_results JOIN scans USING (scan_id) ORDER BY deployment, row_no"
        )
        _, cascades = snapshot.query("SELECT DISTINCT cascade_id FROM stress_results")
    assert len(rows) == len(MOVES["name"]) * 2
    assert [row[1:] for row in rows[:4]] == [row[1:] for row in rows[4:]]
    exact = {one.scenario: one for one in document.exact}
    for (_, name, debt, cascade_id, exactly, shocks), told in zip(
        rows, document.scenarios * 2, strict=True
    ):
        assert (name, debt) == (told.name, told.bad_debt_usd)
        assert json.loads(shocks) == told.shocks
        one = exact.get(name)
        expected = (None, None) if one is None else (one.cascade_id, one.exact_bad_debt_e18)
        assert (cascade_id, exactly) == expected
    assert {one.cascade_id for one in document.exact[1:]} <= {key for (key,) in cascades}
    columns, worst = run_query(out, "worst_swept_scenarios", {"limit": "2"})
    first = dict(zip(columns, worst[0], strict=True))
    assert [row[columns.index("name")] for row in worst] == [
        one.scenario for one in document.exact[1:]
    ]
    assert first["difference_usd"] == pytest.approx(document.exact[1].difference_usd)


def test_draws_say_their_seed_and_each_row_is_its_dates_scenario(
    demo_snapshot: Path, tmp_path: Path
) -> None:
    asked = options(demo_snapshot, table=None, draws=60, seed=3, exact=1)
    drawn = replace(asked, stress=replace(asked.stress, returns=history(tmp_path)))
    document = sweep(drawn, silent).document
    assert (document.run.seed, document.run.scenarios) == (3, 60)
    assert document.run.distinct == len({row.scenario for row in document.scenarios}) <= 11
    by_date: dict[str, set[tuple[float | None, int]]] = {}
    for row in document.scenarios:
        by_date.setdefault(row.scenario, set()).add((row.bad_debt_usd, row.closed_accounts))
    assert all(len(found) == 1 for found in by_date.values())
    worst = document.exact[1]
    assert worst.rows == sum(1 for row in document.scenarios if row.scenario == worst.scenario)
    assert worst.batch_bad_debt_usd == max(row.bad_debt_usd or 0 for row in document.scenarios)


def test_a_depth_file_is_for_both(demo_snapshot: Path, tmp_path: Path) -> None:
    depth = tmp_path / "depth.toml"
    depth.write_text(DEPTH)
    asked = options(demo_snapshot, exact=0)
    document = sweep(replace(asked, stress=replace(asked.stress, depth=depth)), silent).document
    assert {used.origin for used in document.depth} == {"file"}
    # Nothing moves a price further, and the block's own insolvent accounts are the only ones.
    assert all(row.prices == row.shocks for row in document.scenarios)
    (own,) = document.exact
    assert document.stress.baseline is not None
    static = sum(r.bad_debt_static_e18 for r in document.stress.baseline.results) / 10**18
    assert own.batch_bad_debt_usd == pytest.approx(static, rel=1e-9)


def test_where_there_is_a_compiler_a_large_sweep_is_fused_and_says_the_same(
    document: SweepDocument, demo_snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "FUSED_PAIRS", 1)
    # The functions as they are: what a compiler makes of them is the same.
    monkeypatch.setattr(fused, "installed", lambda: True)
    monkeypatch.setattr(fused, "compiled", lambda: (fused.find, fused.settle))
    found = sweep(options(demo_snapshot, exact=0), silent).document
    assert (document.run.engine, found.run.engine) == ("tiles", "fused")
    for ours, theirs in zip(document.scenarios, found.scenarios, strict=True):
        assert (ours.closed_accounts, ours.rounds) == (theirs.closed_accounts, theirs.rounds)
        assert ours.bad_debt_usd == pytest.approx(theirs.bad_debt_usd, rel=1e-9)
        assert ours.notional_usd == pytest.approx(theirs.notional_usd, rel=1e-5)
    monkeypatch.setattr(fused, "installed", lambda: False)
    assert sweep(options(demo_snapshot, exact=0), silent).document.run.engine == "tiles"


@pytest.mark.parametrize(
    ("changed", "stress_changed", "message"),
    [
        ({}, {"scenarios": ("eth_30",)}, "leave --scenario"),
        ({}, {"shocks": ("ETH=-1%",)}, "leave --scenario"),
        ({}, {"reverse": "bad-debt=1"}, "leave --scenario"),
        ({"draws": 5}, {}, "one of both"),
        ({"table": None}, {}, "one of both"),
        ({"table": None, "draws": 5}, {}, "give it with --returns"),
        ({}, {"returns": Path("prices.csv")}, "not for a table"),
        ({"seed": 1}, {}, "not for a table"),
        ({"exact": -1}, {}, "--exact has to be from 0 to 100"),
        ({"exact": 101}, {}, "--exact has to be from 0 to 100"),
        ({"table": {"DOGE": [0]}}, {}, "no book holds column 'DOGE'"),
    ],
)
def test_questions_that_do_not_go_together_are_refused(
    changed: dict[str, Any], stress_changed: dict[str, Any], message: str, demo_snapshot: Path
) -> None:
    asked = options(demo_snapshot, **changed)
    with pytest.raises(InputError, match=message):
        sweep(replace(asked, stress=replace(asked.stress, **stress_changed)), silent)


def command(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["stress", *arguments])
    return done.exit_code, done.output


def test_the_command_draws_a_page_and_rows(demo_snapshot: Path, tmp_path: Path) -> None:
    moves = tmp_path / "moves.csv"
    moves.write_text("name,ETH\nup,0.5\ncrash,-0.5\n")
    asked = ("--db", str(demo_snapshot), "--batch", str(moves), "--exact", "0")
    code, page = command(*asked)
    assert code == 0
    assert "2 from moves.csv; 2 of them differ" in page
    assert "engine tiles" in page
    assert "no fund pays" in page
    code, text = command(*asked, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == ["up", "crash"]
    assert float(rows[1]["bad_debt_usd"]) > float(rows[0]["bad_debt_usd"])
    assert json.loads(rows[1]["shocks"])["ETH"] == 0.5
    code, _ = command(*asked[:-2], "--exact", "1", "--fail-on", "low")
    assert code == ExitCode.FINDINGS


def test_what_the_command_cannot_do_is_one_line(demo_snapshot: Path) -> None:
    db = ("--db", str(demo_snapshot))
    for arguments, message in (
        (("--batch", "none.csv"), "there is no file of scenarios none.csv"),
        (("--batch", "10"), "give it with --returns"),
        (("--seed", "1"), "--seed and --exact are for --batch"),
        (("--exact", "1"), "--seed and --exact are for --batch"),
    ):
        code, text = command(*db, *arguments)
        assert code == ExitCode.BAD_INPUT
        assert message in text
        assert len(text.strip().splitlines()) == 1
