"""Every command's JSON against the schema that ships with its kind, on the demo's snapshot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from click.testing import CliRunner
from document_schemas import validate
from price_history import write_history

from analyzer.cli import main
from analyzer.documents.kinds import KINDS

ON_SNAPSHOT = {
    "contagion": ["contagion", "--db", "{db}", "--shock", "ETH=-30%", "--json"],
    "demo": ["demo", "--json"],
    "stress": ["stress", "--db", "{db}", "--shock", "ETH=-30%", "--json"],
    "sweep": ["stress", "--db", "{db}", "--batch", "{table}", "--exact", "1", "--json"],
    "risk": [
        "risk",
        "account",
        "{account}",
        "--db",
        "{db}",
        "--returns",
        "{prices}",
        "--still",
        "USDC,DAI,EURC",
        "--json",
    ],
    "risk_size": ["risk", "size", "{account}", "--db", "{db}", "--json"],
    "risk_what_if": ["risk", "what-if", "{deployment}", "--db", "{db}", "--json"],
    "risk_unwind": ["risk", "unwind", "{account}", "--db", "{db}", "--json"],
    "risk_clearing": [
        "risk",
        "clearing",
        "{deployment}",
        "--db",
        "{db}",
        "--returns",
        "{prices}",
        "--still",
        "USDC,DAI,EURC",
        "--json",
    ],
    "risk_importance": [
        "risk",
        "importance",
        "--db",
        "{db}",
        "--returns",
        "{prices}",
        "--still",
        "USDC,DAI,EURC",
        "--json",
    ],
    "risk_liquidations": ["risk", "liquidations", "{deployment}", "--db", "{db}", "--json"],
    "risk_flash": ["risk", "flash", "--db", "{db}", "--jump", "ETH=-20%", "--json"],
    "risk_exits": ["risk", "exits", "{deployment}", "--db", "{db}", "--json"],
    "account": ["account", "{account}", "--db", "{db}", "--json"],
    "rows": ["query", "run", "accounts_below_maintenance", "--db", "{db}", "--json"],
    "diff": ["diff", "{db}", "{db}", "--json"],
    "doctor": ["doctor", "--db", "{db}", "--json"],
    "open_findings": ["triage", "list", "--open", "--db", "{db}", "--json"],
    "triage": ["triage", "list", "--db", "{db}", "--json"],
    "queries": ["query", "list", "--json"],
    "deployments": ["deployments", "--json"],
    "detectors": ["detectors", "list", "--json"],
    "documents": ["documents", "--json"],
    "settings": ["config", "show", "--json"],
}
"""Kind -> a command that writes it."""
ELSEWHERE = {
    "scan", "verify", "index", "backfill", "estimate", "jobs", "job_list", "health", "certificate",
    "book",
}  # fmt: skip
"""Kinds that need a chain, a table, jobs or a watch: the tests of their runs hold them to their
schemas."""


def written(*words: str) -> dict[str, Any]:
    """What a command writes to standard output."""
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code in (0, 1, 3), result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def ask(
    demo_snapshot: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Any]]:
    """Kind -> the document that its command writes."""
    db, table = str(demo_snapshot), tmp_path_factory.mktemp("sweep") / "scenarios.csv"
    table.write_text("name,ETH,BTC\nfall,-0.3,-0.2\nrise,0.1,0.1\n")
    prices = write_history(table.with_name("prices.csv"))
    rows = written(
        "sql", "SELECT deployment, account_id FROM v_margin LIMIT 1", "--db", db, "--json"
    )
    account = "/".join(rows["rows"][0].values())
    deployment = account.split("/")[0]

    def asked(kind: str) -> dict[str, Any]:
        names = {
            "db": db, "account": account, "deployment": deployment, "table": table,
            "prices": prices,
        }  # fmt: skip
        return written(*(word.format(**names) for word in ON_SNAPSHOT[kind]))

    return asked


@pytest.mark.parametrize("kind", ON_SNAPSHOT)
def test_what_a_command_writes_is_what_its_schema_says(
    ask: Callable[[str], dict[str, Any]], kind: str
) -> None:
    document = ask(kind)
    assert list(document)[:3] == ["schema", "kind", "run"]
    assert document["kind"] == kind
    validate(document)


def test_no_kind_is_left_out() -> None:
    assert {kind.KIND for kind in KINDS} == ON_SNAPSHOT.keys() | ELSEWHERE


def test_every_shipped_schema_is_shown_by_its_name() -> None:
    for kind in KINDS:
        shown = written("documents", kind.KIND)
        assert shown["properties"]["kind"] == {"const": kind.KIND}
        fastjsonschema.compile(shown)


def test_a_kind_that_is_not_there_is_refused_with_those_that_are() -> None:
    result = CliRunner().invoke(main, ["documents", "poem"])
    assert result.exit_code == 2
    assert "there is no document 'poem' (there are: account, backfill, " in result.stderr
