"""`--out` of every decision: rows of the snapshot, stored queries, a block of the report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.documents.clearing import ClearingDocument, ImportanceDocument
from analyzer.model.errors import InputError
from analyzer.report.html.decided import QUERIES
from analyzer.report.html.sections.decisions import SHEETS
from analyzer.runs.risk.decisions import clearing as clearing_module
from analyzer.runs.risk.decisions import importance as importance_module
from analyzer.runs.risk.decisions.clearing import ClearingOptions, clearing
from analyzer.runs.risk.decisions.economics import EconomyOptions, liquidations
from analyzer.runs.risk.decisions.exits import exits
from analyzer.runs.risk.decisions.importance import ImportanceOptions, importance
from analyzer.runs.risk.decisions.size import SizeOptions, size
from analyzer.runs.risk.decisions.unwind import UnwindOptions, unwind
from analyzer.runs.risk.decisions.what_if import WhatIfOptions, what_if
from analyzer.runs.snapshot import query
from analyzer.runs.snapshot.sql import sql

AAVE, PERP = "aave-v3-devnet-7", "perp-v2-devnet-7"
STILL = ("USDC", "DAI", "EURC")
STAKES = """
[[stake]]
name = "stkWETH"
asset = "WETH"
capacity = "1_234.5"
leaving = "34.5"
cooldown_days = 20
source = "made up"
"""


def silent(*_: object) -> None:
    """Progress that nobody sees."""


@pytest.fixture(scope="module")
def kept(
    demo_snapshot: Path, prices: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ClearingDocument, ImportanceDocument]:
    """A snapshot into which every command wrote, and two of the documents."""
    folder = tmp_path_factory.mktemp("decisions")
    out, stakes = folder / "out.duckdb", folder / "stakes.toml"
    stakes.write_text(STAKES)
    ids = dict(
        sql(
            demo_snapshot,
            "SELECT verdict, min(deployment || '/' || account_id) FROM v_margin WHERE deployment ="
            f" '{AAVE}' GROUP BY verdict",
        )[1]
    )
    with pytest.MonkeyPatch.context() as patch:
        for module in (clearing_module, importance_module):
            patch.setattr(module, "NAMED", 4)
            patch.setattr(module, "PLAYERS", 3)
            patch.setattr(module, "DRAWS", 40)
        patch.setattr(clearing_module, "FEW", 20)
        asked = ImportanceOptions(demo_snapshot, prices, still=STILL, out=out)
        matter = importance(asked, silent)
        fund = clearing(ClearingOptions(out, PERP, prices, STILL, out=out), silent)
    exits(out, AAVE, stakes, out)
    liquidations(EconomyOptions(out, PERP, out=out))
    size(SizeOptions(out, ids["healthy"], out=out), silent)
    unwind(UnwindOptions(out, ids["liquidatable"], out=out))
    what_if(WhatIfOptions(out, AAVE, ("LT:WETH=0.5", "LTV:WETH=0.4"), out=out))
    return out, fund, matter


def records(db: Path, name: str) -> list[Mapping[str, Any]]:
    """The rows of a stored query, by column."""
    columns, rows = query.run(db, name, {})
    return [dict(zip(columns, row, strict=True)) for row in rows]


def test_every_query_of_decisions_has_rows_and_the_columns_of_its_header(
    kept: tuple[Path, ClearingDocument, ImportanceDocument],
) -> None:
    for name in (*QUERIES, "what_if_accounts", "run_on_reserve"):
        columns, rows = query.run(kept[0], name, {})
        assert columns == [column for column, _ in query.load_query(name).columns], name
        assert rows, name
    assert {sheet.query for sheet in SHEETS} == set(QUERIES)


def test_a_stake_stands_behind_its_reserve_alone(
    kept: tuple[Path, ClearingDocument, ImportanceDocument],
) -> None:
    found = {one["symbol"]: one for one in records(kept[0], "exits_by_reserve")}
    weth = found.pop("WETH")
    told = (weth["stakes"], weth["stakes_firm"], weth["stakes_days"])
    assert told == pytest.approx((1_234.5, 1_200.0, 20))
    assert {one["stakes"] for one in found.values()} == {None}


def test_rows_are_what_the_documents_say(
    kept: tuple[Path, ClearingDocument, ImportanceDocument],
) -> None:
    db, fund, matter = kept
    covers = {one["scenarios"]: one for one in records(db, "fund_covers")}
    for one in fund.covers:
        assert covers[one.scenarios]["cover_2_usd"] == one.cover_2_usd
    assert {one["what"] for one in records(db, "what_all_hangs_on")} >= {"owner", "oracle", "venue"}
    owners = {one["owner"]: one for one in records(db, "owner_importance")}
    assert owners.keys() == {one.owner for one in matter.owners}
    played = [one.shapley_usd for one in matter.owners if one.shapley_usd is not None]
    assert len(played) == 3
    assert sum(played) == pytest.approx(matter.bad_debt_usd - matter.rescued_usd, abs=0.01)
    assert [(one.first, one.second) for one in matter.overlaps] in (
        [(AAVE, PERP)], [(PERP, AAVE)],
    )  # fmt: skip
    for rule in fund.winners:
        assert rule.paid_usd <= rule.budget_usd * (1 + 1e-9)
        assert rule.moved_usd == pytest.approx(0) or rule.rule != "pro rata"


def test_the_report_has_a_table_of_each(
    kept: tuple[Path, ClearingDocument, ImportanceDocument], tmp_path: Path
) -> None:
    page = tmp_path / "report.md"
    words = ["report", "--db", str(kept[0]), "--format", "markdown", "--out", str(page)]
    found = CliRunner().invoke(main, words)
    assert page.is_file(), found.output
    text = page.read_text()
    assert "## Decisions" in text
    missing = [sheet.title for sheet in SHEETS if sheet.title not in text]
    assert missing == []


def test_what_is_asked_again_replaces_what_was_said(
    kept: tuple[Path, ClearingDocument, ImportanceDocument], tmp_path: Path
) -> None:
    again = tmp_path / "again.duckdb"
    exits(kept[0], AAVE, None, again)
    before, after = (records(db, "exits_by_reserve") for db in (kept[0], again))
    assert len(before) == len(after)
    assert {one["stakes"] for one in after} == {None}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("WETH", "WETHX"), "no reserve has the asset"),
        (('"1_234.5"', "1234.5"), "capacity is an amount in quotes"),
        (('"34.5"', '"5000"'), "more is leaving than there is"),
        (('"1_234.5"', '"0.0000000000000000001"'), "at most 18 decimals"),
        (('"1_234.5"', '"12345678901.1234567890123456789"'), "at most 18 decimals"),
        (("cooldown_days = 20", "cooldown_days = -1"), "cooldown_days is a whole number"),
        (("cooldown_days", "cooldown_day"), "no key 'cooldown_day'"),
        (("[[stake]]", "[stake]"), "is no stakes file"),
        ((STAKES, STAKES * 2), "named twice"),
    ],
)
def test_stakes_that_say_something_else_are_refused_in_one_line(
    demo_snapshot: Path, tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    path = tmp_path / "stakes.toml"
    path.write_text(STAKES.replace(*change))
    with pytest.raises(InputError, match=words) as caught:
        exits(demo_snapshot, AAVE, path)
    assert "\n" not in str(caught.value)


def test_a_list_of_parameters_is_nothing_to_keep(demo_snapshot: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="say with --set"):
        what_if(WhatIfOptions(demo_snapshot, AAVE, out=tmp_path / "out.duckdb"))
    assert not (tmp_path / "out.duckdb").exists()
