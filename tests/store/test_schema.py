from __future__ import annotations

from pathlib import Path

from bank import MOVED, bank, bank_abi
from memory_chain import MemoryChain
from schema_page import PAGE, page

from analyzer.indexer.index import Index
from analyzer.indexer.tables.events import event_table
from analyzer.store.load import fetch
from analyzer.store.schema import Kind
from analyzer.store.snapshot import SCHEMA, open_snapshot, write_snapshot

REQUIRED = {
    "runs", "scans", "accounts", "margin", "collateral", "positions", "orders", "markets",
    "prices", "backstops", "totals", "verification", "findings", "reads",
}  # fmt: skip
VIEWS = {"v_accounts", "v_owners", "v_positions", "v_collateral", "v_margin", "v_findings"}


def test_a_snapshot_has_every_table_and_view_even_when_empty(tmp_path: Path) -> None:
    db = tmp_path / "s.duckdb"
    write_snapshot(db, {})
    with open_snapshot(db) as snapshot:
        found = {table.name: table.kind for table in snapshot.tables()}
    assert {name for name, kind in found.items() if kind == "table"} == set(SCHEMA)
    assert {name for name, kind in found.items() if kind == "view"} == VIEWS
    assert set(SCHEMA) >= REQUIRED


def test_every_table_view_and_column_of_a_snapshot_has_a_comment(tmp_path: Path) -> None:
    db = tmp_path / "s.duckdb"
    write_snapshot(db, {})
    with open_snapshot(db) as snapshot:
        tables = snapshot.tables()
    assert [t.name for t in tables if not t.comment.strip()] == []
    assert [f"{t.name}.{c.name}" for t in tables for c in t.columns if not c.comment.strip()] == []


def test_the_comment_of_every_amount_of_18_decimals_says_so() -> None:
    silent = [
        f"{table.name}.{column.name}"
        for table in SCHEMA.values()
        for column in table.columns
        if column.name.endswith("_e18") and column.kind is not Kind.AMOUNT
    ]
    assert silent == []


def test_every_key_begins_with_the_scan() -> None:
    assert {name: table.key[0] for name, table in SCHEMA.items()} == dict.fromkeys(
        SCHEMA, "scan_id"
    )
    assert all(len(table.key) == len(set(table.key)) for table in SCHEMA.values())
    assert all(
        [c.name for c in table.columns[: len(table.key)]] == list(table.key)
        for table in SCHEMA.values()
        if table.name not in ("prices", "implementations")
    )


def test_margin_has_the_columns_that_were_promised() -> None:
    assert [column.name for column in SCHEMA["margin"].columns] == [
        "scan_id", "account_id", "owner", "equity_e18", "margin_equity_e18",
        "initial_margin_e18", "maintenance_margin_e18", "free_collateral_e18", "headroom_e18",
        "settled_equity_e18", "verdict", "reason", "liquidatable", "closable",
        "collateral_liquidatable", "status", "verified",
    ]  # fmt: skip


def test_every_table_and_column_of_an_index_has_a_comment(
    tmp_path: Path, chain: MemoryChain
) -> None:
    from bank import PLUG

    with Index(tmp_path / "i.duckdb", abi=bank_abi) as index:
        index.advance(chain, bank(), PLUG, to=chain.resolve("latest"), progress=lambda *_: None)
        tables = fetch(index._connection, "SELECT table_name, comment FROM duckdb_tables()")
        columns = fetch(
            index._connection,
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal",
        )
    assert {name for name, _ in tables} >= {"event_registry_opened", "event_branch_moved"}
    assert [name for name, comment in tables if not comment] == []
    assert [(table, name) for table, name, comment in columns if not comment] == []


def test_event_columns_are_as_wide_as_the_abi_says() -> None:
    kinds = {c.name: c.kind for c in event_table("branch", MOVED).columns}
    assert kinds == {
        "deployment_key": Kind.TEXT,
        "block_number": Kind.COUNT,
        "log_index": Kind.COUNT,
        "tx_hash": Kind.TEXT,
        "contract_address": Kind.TEXT,
        "who": Kind.TEXT,
        "amount": Kind.AMOUNT,
        "memo": Kind.UNSIGNED,
    }


def test_the_page_of_the_tables_is_made_of_their_definitions() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "to write it anew: python tests/support/pages/schema_page.py"
    )
