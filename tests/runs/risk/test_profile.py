"""`analyzer risk` on the demo's snapshot: its numbers against others, and its words."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from click.testing import CliRunner
from price_history import STABLE, write_history

from analyzer.cli import main
from analyzer.documents.risk import RiskDocument
from analyzer.model.errors import ExitCode, InputError
from analyzer.runs.risk import profile as module
from analyzer.runs.risk.inputs import RiskOptions, open_risk, pledged
from analyzer.runs.risk.profile import RiskOutcome, profile
from analyzer.runs.risk.tails import tails_of
from analyzer.runs.snapshot.sql import sql
from analyzer.store.snapshot import open_snapshot

LISTED = 4
"""Accounts that the profile of a protocol lists here: each is a simulation."""
AAVE, PERP = "aave-v3-devnet-7", "perp-v2-devnet-7"


def silent(what: str, done: int, total: int) -> None:
    """No progress."""


@pytest.fixture(scope="module")
def asked(demo_snapshot: Path, prices: Path) -> Callable[..., RiskOutcome]:
    """Runs a profile; one of each question."""
    known: dict[Any, RiskOutcome] = {}

    def run(subject: str, id_: str, **changed: Any) -> RiskOutcome:
        options = RiskOptions(
            **{
                "db": demo_snapshot, "subject": subject, "id": id_, "returns": prices,
                "still": STABLE, **changed,
            }
        )  # fmt: skip
        if options not in known:
            known[options] = profile(options, silent)
        return known[options]

    return run


def rows(snapshot: Path, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in sql(snapshot, statement)[1]]


@pytest.fixture(scope="module")
def healthy(protocol: tuple[RiskDocument, Path]) -> list[str]:
    """Aave accounts that a fall of the market makes liquidatable, the likeliest first."""
    found = rows(
        protocol[1],
        "SELECT account_id FROM risk_accounts WHERE distance BETWEEN -0.7 AND -0.05 AND leverage"
        " BETWEEN 2 AND 10 ORDER BY touch_7d DESC LIMIT 3",
    )
    return [f"{AAVE}/{account}" for (account,) in found]


def test_equity_is_the_scans_to_the_wei_and_the_twins_within_rounding(
    asked: Callable[..., RiskOutcome], healthy: list[str], demo_snapshot: Path
) -> None:
    document = asked("account", healthy[0]).document
    [(exact,)] = rows(
        demo_snapshot,
        f"SELECT equity_e18 FROM margin WHERE scan_id = (SELECT scan_id FROM scans WHERE"
        f" deployment = '{AAVE}') AND account_id = '{healthy[0].split('/')[1]}'",
    )
    assert document.equity_e18 == exact
    [entry] = document.accounts
    assert entry.equity_usd == pytest.approx(exact / 1e18, rel=1e-6)
    assert document.leverage == pytest.approx(document.gross_usd / entry.equity_usd)


def test_at_the_distance_the_protocol_itself_has_it_liquidatable(
    asked: Callable[..., RiskOutcome], healthy: list[str], demo_snapshot: Path
) -> None:
    document = asked("account", healthy[0]).document
    [entry] = document.accounts
    assert entry.distance is not None
    betas = {one.factor: one.beta for one in document.exposures}

    def headroom(x: float) -> int:
        # The plug's own integers at prices moved by beta, not the twin.
        from analyzer.runs.snapshot.reader import read_books

        [scan] = read_books(demo_snapshot, (AAVE,))
        number = scan.book.account_ids.index(entry.account_id)
        moved = {
            asset: round(price.price_e18 * (1 + (betas.get(price.factor) or 0.0) * x))
            for asset, price in scan.prices.by_asset.items()
            if price.price_e18 is not None
        }
        valued = scan.plug.value(scan.book.part([number]), scan.prices.with_e18(moved))
        [row] = scan.plug.margin(valued)
        assert row.margin_equity_e18 is not None
        assert row.maintenance_margin_e18 is not None
        return row.margin_equity_e18 - row.maintenance_margin_e18

    assert headroom(entry.distance * 1.002) < 0 < headroom(entry.distance * 0.998)


def test_var_of_one_factor_is_the_quantile_of_its_returns(
    asked: Callable[..., RiskOutcome], healthy: list[str], prices: Path
) -> None:
    document = asked("account", healthy[0]).document
    by_factor: dict[str, list[float]] = {}
    with prices.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            by_factor.setdefault(row["factor"], []).append(float(row["price"]))
    profits = np.zeros(619)
    for one in document.exposures:
        series = by_factor.get(one.factor.split("/")[-1])
        if series is not None:
            profits += one.value_usd * (np.array(series)[1:] / np.array(series)[:-1] - 1)
    [tail] = [t for t in document.tails if (t.method, t.level) == ("historical", 0.95)]
    assert tail.var_usd == pytest.approx(-np.quantile(profits, 0.05), rel=1e-9)
    worst = profits[profits <= np.quantile(profits, 0.05)]
    assert tail.es_usd == pytest.approx(-worst.mean(), rel=1e-9)
    assert (tail.horizon_s, tail.observations) == (86_400, 619)


def test_every_tail_carries_its_back_test(
    asked: Callable[..., RiskOutcome], healthy: list[str]
) -> None:
    document = asked("account", healthy[0]).document
    failed = {(b.method, b.level): b.failed for b in document.backtests}
    assert {(t.method, t.level): t.failed for t in document.tails} == failed
    assert {method for method, _ in failed} == {"historical", "filtered"}
    for test in document.backtests:
        assert test.expected == pytest.approx(test.steps * (1 - test.level))
        assert test.failed == (min(test.kupiec_p, test.conditional_p) < 0.05)


def test_longer_and_wilder_is_likelier_and_stables_are_calmer(
    asked: Callable[..., RiskOutcome], healthy: list[str]
) -> None:
    for account in healthy[:3]:
        [entry] = asked("account", account).document.accounts
        day, week, month = entry.touch
        assert day.probability <= week.probability + 3 * week.error
        assert week.probability <= month.probability + 3 * month.error
        assert week.volatility_up >= week.probability - 1e-9
        assert week.swapped is not None


def test_an_account_below_maintenance_touches_for_certain(
    asked: Callable[..., RiskOutcome], demo_snapshot: Path
) -> None:
    [(account,)] = rows(
        demo_snapshot,
        "SELECT account_id FROM v_margin WHERE deployment = 'aave-v3-devnet-7' AND verdict ="
        " 'liquidatable' ORDER BY equity DESC LIMIT 1",
    )
    document = asked("account", f"{AAVE}/{account}").document
    [entry] = document.accounts
    assert entry.distance == 0
    assert {touch.probability for touch in entry.touch} == {1.0}
    assert "below its maintenance requirement" in document.sentences[1]


def test_a_factor_without_prices_gives_no_number_and_exit_3(
    asked: Callable[..., RiskOutcome], healthy: list[str]
) -> None:
    outcome = asked("account", healthy[0], still=())
    document = outcome.document
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ
    assert not document.tails
    assert not document.accounts[0].touch
    assert document.accounts[0].distance is None
    assert "--still" in document.no_number[0]
    assert any("so no probability is given" in text for text in document.sentences)


def test_too_few_days_say_so(
    asked: Callable[..., RiskOutcome], healthy: list[str], tmp_path: Path
) -> None:
    short = write_history(tmp_path / "short.csv", days=60)
    document = asked("account", healthy[0], returns=short).document
    assert {(t.method, t.level) for t in document.tails} == {("historical", 0.95)}
    words = " ".join(document.no_number)
    assert "250 are needed for GARCH" in words
    assert "historical VaR at 99%" in words


def test_an_owner_adds_up_over_deployments(
    asked: Callable[..., RiskOutcome], demo_snapshot: Path
) -> None:
    [(owner, count)] = rows(
        demo_snapshot,
        "SELECT owner, count(*) FROM margin WHERE equity_e18 > 0 GROUP BY owner ORDER BY"
        " count(*) DESC, owner LIMIT 1",
    )
    document = asked("owner", owner.lower()).document
    assert (document.run.id, document.accounts_total) == (owner, count)
    names = [f"{one.deployment}/{one.account_id}" for one in document.accounts]
    single = [asked("account", name).document for name in names]
    assert document.equity_e18 == sum(one.equity_e18 for one in single)


def test_a_protocol_has_two_classes_and_rows_of_all_its_accounts(
    protocol: tuple[RiskDocument, Path], demo_snapshot: Path
) -> None:
    document, out = protocol
    assert [one.name for one in document.classes] == ["broad downturn", "broken correlation"]
    assert all(one.insolvency_usd >= 0 and one.liquidations_usd > 0 for one in document.classes)
    [(count,)] = rows(demo_snapshot, f"SELECT accounts FROM scans WHERE deployment = '{AAVE}'")
    [(written, known)] = rows(out, "SELECT count(*), count(touch_7d) FROM risk_accounts")
    assert written == known == count == document.accounts_total
    assert rows(out, "SELECT count(*) FROM risk_classes") == [(4,)]
    assert len(document.accounts) == LISTED


def test_the_rows_say_what_the_profiles_say(
    protocol: tuple[RiskDocument, Path], asked: Callable[..., RiskOutcome], healthy: list[str]
) -> None:
    _, out = protocol
    names = (
        "leverage, distance, headroom_sigmas, var95_usd, es95_usd, var99_usd, es99_usd,"
        " coverage_alone, coverage_together, equity_usd"
    )
    for account in healthy[:2]:
        document, bare = asked("account", account).document, account.split("/")[1]
        [entry] = document.accounts
        tails = {t.level: t for t in document.tails if t.method == "historical"}
        expected = (
            entry.leverage, entry.distance, entry.headroom_sigmas, tails[0.95].var_usd,
            tails[0.95].es_usd, tails[0.99].var_usd, tails[0.99].es_usd, entry.coverage_alone,
            entry.coverage_together, entry.equity_usd,
        )  # fmt: skip
        [found] = rows(out, f"SELECT {names} FROM risk_accounts WHERE account_id = '{bare}'")
        assert found == pytest.approx(expected, rel=1e-9)


def test_running_it_again_replaces_its_rows(
    protocol: tuple[RiskDocument, Path],
    prices: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Rows are of all accounts, whoever is listed.
    monkeypatch.setattr(module, "TOP", 1)
    _, out = protocol
    again = tmp_path / "again.duckdb"
    again.write_bytes(out.read_bytes())
    profile(RiskOptions(again, "protocol", AAVE, prices, still=STABLE, out=again), silent)
    for table in ("risk_accounts", "risk_classes"):
        count = f"SELECT count(*) FROM {table}"
        assert rows(again, count) == rows(out, count)
    open_snapshot(again).close()


@pytest.mark.parametrize(
    ("subject", "id_", "changed", "words"),
    [
        ("protocol", "nobody", {}, "has no deployment 'nobody'"),
        ("owner", "0xdead", {}, "is owned by"),
        ("account", "0xdead", {}, "there is no account"),
        ("protocol", PERP, {"still": ("DOGE",)}, "no book holds it"),
        ("protocol", PERP, {"market": "DOGE"}, "no returns of DOGE"),
        ("protocol", PERP, {"seed": -1}, "--seed"),
        ("protocol", PERP, {"returns": Path("nowhere.csv")}, "nowhere.csv"),
    ],
)
def test_wrong_input_is_one_line(
    asked: Callable[..., RiskOutcome], subject: str, id_: str, changed: Any, words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        asked(subject, id_, **changed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_the_command_in_every_form(
    demo_snapshot: Path, prices: Path, healthy: list[str], form: str
) -> None:
    words = [
        "risk", "account", healthy[0], "--db", str(demo_snapshot), "--returns", str(prices),
        "--still", "USDC,DAI", "--still", "EURC", "--format", form,
    ]  # fmt: skip
    found = CliRunner().invoke(main, words)
    assert found.exit_code == 0, found.output
    if form == "json":
        assert json.loads(found.stdout)["kind"] == "risk"
    elif form == "csv":
        [row] = csv.DictReader(io.StringIO(found.stdout))
        assert row["account_id"] == healthy[0].split("/")[1]
    else:
        assert "What one step may cost" in found.stdout
        assert "Probability of touching liquidation" in found.stdout


@pytest.mark.parametrize(
    ("deployment", "collateral"),
    [
        # Of Aave maintenance is the debt, so equity and maintenance are what secures it.
        (AAVE, "SELECT sum(equity_e18 + maintenance_margin_e18) FROM margin"),
        ("perp-v2-devnet-7", "SELECT sum(value_e18) FROM collateral"),
    ],
)
def test_what_is_pledged_is_what_the_contracts_own_equity_counts(
    demo_snapshot: Path, prices: Path, deployment: str, collateral: str
) -> None:
    opened = open_risk(RiskOptions(demo_snapshot, "protocol", deployment, prices, still=STABLE))
    with duckdb.connect(str(demo_snapshot), read_only=True) as con:
        [[exact]] = con.execute(
            f"{collateral} JOIN scans USING (scan_id) JOIN accounts USING (scan_id, account_id)"
            " WHERE deployment = ? AND accounts.kind <> 'insurance_fund'"
            + (" AND amount > 0" if "value_e18" in collateral else ""),
            [deployment],
        ).fetchall()
    assert pledged(opened, opened.rows).sum() == pytest.approx(int(exact) / 1e18, rel=1e-12)


def test_accounts_of_which_nothing_moves_have_no_tail_and_a_reason(
    demo_snapshot: Path, prices: Path
) -> None:
    opened = open_risk(
        RiskOptions(demo_snapshot, "protocol", "perp-v2-devnet-7", prices, still=STABLE)
    )
    legs = np.diff(opened.book.indptr)
    quiet = [row for row in opened.rows.tolist() if legs[row] == 0]
    assert quiet
    still = replace(opened, rows=np.array(quiet))
    for linear in (True, False):
        found = tails_of(still, np.zeros(len(opened.book.factors)), linear=linear)
        assert found.no_number == ("VaR: nothing that it holds moves in these days",)


def test_of_an_account_that_owes_more_than_it_has_no_way_into_liquidation_is_told(
    demo_snapshot: Path, prices: Path
) -> None:
    with duckdb.connect(str(demo_snapshot), read_only=True) as con:
        [[deployment, account, equity]] = con.execute(
            "SELECT deployment, account_id, equity_e18 FROM margin JOIN scans USING (scan_id)"
            " WHERE protocol = 'aave-v3' ORDER BY equity_e18 LIMIT 1"
        ).fetchall()
    words = [
        "risk", "account", f"{deployment}/{account}", "--db", str(demo_snapshot),
        "--returns", str(prices), "--still", "USDC,DAI", "--still", "EURC",
    ]  # fmt: skip
    found = " ".join(CliRunner().invoke(main, words).stdout.split())
    assert f"owes {-equity / 10**21:.1f} k USD more than it has" in found
    assert "Probability of touching" not in found


def test_without_the_extra_it_says_how_to_get_it(
    asked: Callable[..., RiskOutcome], healthy: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(InputError, match="needs the extra risk: pip install"):
        asked("account", healthy[0], seed=99)


def test_the_market_factor_is_the_one_that_is_named(
    asked: Callable[..., RiskOutcome], healthy: list[str]
) -> None:
    plain = asked("account", healthy[0]).document
    own = next(one.factor for one in plain.exposures if one.daily_volatility)
    document = asked("account", healthy[0], market=own).document
    assert document.run.market == own
    [entry] = [one for one in document.exposures if one.factor == own]
    assert entry.beta == pytest.approx(1)
    assert own in document.sentences[1]


def test_of_a_few_steps_there_is_no_probability_but_where_it_stands_is_said(
    demo_snapshot: Path, prices: Path, healthy: list[str], tmp_path: Path
) -> None:
    few = tmp_path / "few.csv"
    with prices.open(encoding="utf-8") as file:
        kept = list(csv.reader(file))
    times = sorted({row[0] for row in kept[1:]})[:10]
    with few.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([kept[0], *(row for row in kept[1:] if row[0] in times)])
    [(under,)] = rows(
        demo_snapshot,
        f"SELECT account_id FROM v_margin WHERE deployment = '{AAVE}' AND verdict = 'insolvent'"
        " LIMIT 1",
    )
    for name, stands in ((healthy[0], False), (f"{AAVE}/{under}", True)):
        options = RiskOptions(demo_snapshot, "account", name, few, still=STABLE)
        document = profile(options, silent).document
        [entry] = document.accounts
        assert (entry.touch, entry.why_no_number[:27]) == ((), "the price history has 9 ste")
        assert any("more than it has" in text for text in document.sentences) is stands


def test_of_nothing_in_n_paths_the_rule_of_three_is_told(demo_snapshot: Path, prices: Path) -> None:
    with duckdb.connect(str(demo_snapshot), read_only=True) as con:
        accounts = con.execute(
            "SELECT deployment || '/' || account_id, maintenance_margin_e18 = 0 FROM margin"
            " JOIN scans USING (scan_id) WHERE protocol = 'aave-v3' AND verdict = 'healthy'"
            " ORDER BY equity_e18 DESC"
        ).fetchall()
    [free, *_], [owing, *_] = (
        [name for name, owes_nothing in accounts if owes_nothing is wanted]
        for wanted in (True, False)
    )

    def told(account: str) -> str:
        words = [
            "risk", "account", account, "--db", str(demo_snapshot),
            "--returns", str(prices), "--still", "USDC,DAI", "--still", "EURC",
        ]  # fmt: skip
        return " ".join(CliRunner().invoke(main, words).stdout.split())

    page = told(free)
    assert "no prices make it liquidatable, for it owes nothing" in page
    assert "Probability of touching" not in page
    # It owes LINK, and has more of it: of 4,096 paths none was touched, and 3 / 4,096 is 0.07 %.
    page = told(owing)
    assert "owes nothing" not in page
    assert "none of 4,096 paths within 1 day (below 0.07% at 95%)" in page
