"""Each table of a snapshot: its rows are what they were made of, column by column."""

from __future__ import annotations

import importlib
import pkgutil
from datetime import datetime, timedelta, timezone
from types import ModuleType
from typing import Any

import pytest

from analyzer.model.block import BlockRef
from analyzer.model.book import Price
from analyzer.model.certificate import Certificate, Cost, HeadersProved, ProvedCode, ProvedWord
from analyzer.model.certificate_text import certificate_text
from analyzer.model.deployment import Deployment
from analyzer.model.finding import Finding, Severity
from analyzer.model.rows import (
    AccountRow,
    BackstopKind,
    BackstopRow,
    Caution,
    CheckRow,
    CollateralRow,
    ImplementationRow,
    JudgedRow,
    MarginRow,
    MarketRow,
    OrderRow,
    PositionRow,
    Proves,
    ReadRow,
    SilentChange,
    StatementLine,
    TotalRow,
)
from analyzer.model.scan_rows import BookRow, RunFacts, ScanRow
from analyzer.model.verdict import Verdict
from analyzer.store import tables
from analyzer.store.tables import TABLES

MODULES: dict[str, ModuleType] = {
    module.name: importlib.import_module(f"{tables.__name__}.{module.name}")
    for module in pkgutil.iter_modules(tables.__path__)
}
NOW = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
STORED = datetime(2026, 1, 2, 1)
"""The same moment as the column has it: UTC, without a zone."""
MARGIN = MarginRow("0x1", "0x2", 3, 4, 5, 6, -1, True, False, None, "open",
                   settled_equity_e18=8)  # fmt: skip
UNKNOWN = MarginRow("0x1", "0x2", None, None, None, None, None, None, None,
                    status="unknown", unknown_reason="why")  # fmt: skip
SCAN = ScanRow(
    "5ca0", Deployment("d", "p", 10, 7, {"a": "0x1"}, {"T": "ETH"}, "by hand"),
    BlockRef(9, "0xab", "", 99), "1", 15, 1, 2, 3, 4, 5, 6, None, "all", 11, 12, 13, 14, 21, 22,
    23, 24, ("a doubt",), "solvent", ("a caveat",), ("bad-oracle",), {"insolvent-account": 10**20},
)  # fmt: skip

CERTIFICATE = Certificate(
    "5ca0", "p", "d", 10, 99, "0xab", ("logs",), 3, None, 7, HeadersProved(1, 0, {}, 0), None, None,
    None, ("one", "two"), (), ("hashes",), Cost(1, 2, 3, 4),
)  # fmt: skip
ROWS: list[tuple[str, Any, tuple[object, ...], tuple[object, ...]]] = [
    ("runs", RunFacts("b", "rpc", "url", "all", 1, NOW, NOW), ("5ca0", "1.0"),
     ("5ca0", "b", "1.0", "rpc", "url", "all", 1, STORED, STORED)),
    ("scans", SCAN, (),
     ("5ca0", "p", "d", 10, '{"a":"0x1"}', '{"T":"ETH"}', "by hand", 9, "0xab", 99, "1", 15, 1, 2,
      3, 4, 5, 6, None, "all", 11, 12, 13, 14, 7, 21, 22, 23, 24, '["a doubt"]', "solvent",
      '["a caveat"]', '["bad-oracle"]', '{"insolvent-account":"100000000000000000000"}')),
    ("accounts", AccountRow("0x1", "0x2", "isolated", 1, None, 3, "0x3"), ("5ca0",),
     ("5ca0", "0x1", "0x2", "isolated", 1, None, 3, "0x3")),
    ("margin", JudgedRow(MARGIN, Verdict.HEALTHY, "why", True), ("5ca0", -2),
     ("5ca0", "0x1", "0x2", 3, 4, 5, 6, -1, -2, 8, "healthy", "why", True, False, None, "open",
      True)),
    ("margin", JudgedRow(UNKNOWN, Verdict.UNKNOWN, "why"), ("5ca0", None),
     ("5ca0", "0x1", "0x2", None, None, None, None, None, None, None, "unknown", "why", None, None,
      None, "unknown", None)),
    ("collateral", CollateralRow("0x1", "0xt", "T", 6, -5, 1, 2, 3, 4), ("5ca0", -5 * 10**12),
     ("5ca0", "0x1", "0xt", "T", 6, -5, -5 * 10**12, 1, 2, 3, 4)),
    ("positions", PositionRow("0x1", "0xm", "M", 1, 2, 3, 4, 5, 6, None, "paused"), ("5ca0",),
     ("5ca0", "0x1", "0xm", "M", 1, 2, 3, 4, 5, 6, None, "paused")),
    ("orders", OrderRow("0x1", "0xm", "o", -1, 1, 2, 3, 4, 5, 6, None), ("5ca0",),
     ("5ca0", "0x1", "0xm", "o", -1, 1, 2, 3, 4, 5, 6, None)),
    ("markets", MarketRow("0xm", "M", "ETH", "open", 1, 2, 3, 4, 5, 6, None), ("5ca0",),
     ("5ca0", "0xm", "M", "ETH", "open", 1, 2, 3, 4, 5, 6, None)),
    ("prices", Price("0xt", "T", "ETH", 1, "fresh", "feed", 2, "more"), ("5ca0",),
     ("5ca0", "0xt", "T", "ETH", 1, "fresh", "feed", 2, "more")),
    ("backstops",
     BackstopRow(2, "fund", None, 1, False, "rule", BackstopKind.LP, True, "0xt"), ("5ca0",),
     ("5ca0", 2, "fund", None, 1, False, "rule", "lp", True, "0xt")),
    ("totals", TotalRow("n", "a = b", "e18", 5, 7, 1, "w", True, Proves.LIST), ("5ca0",),
     ("5ca0", "n", "a = b", "e18", 5, 7, -2, 1, "w", True, True, "list")),
    ("verification", CheckRow("0x1", None, "c", "f", "1", "2", False, "odd"), ("5ca0", 4),
     ("5ca0", 4, "0x1", None, "c", "f", "1", "2", False, "odd")),
    ("findings",
     Finding("f1", "det", Severity.HIGH, "5ca0", None, "m", "t", {"x_e18": 10**40}, {"b": "7"}), (),
     ("5ca0", "f1", "det", "high", 3, None, "m", "t", f'{{"x_e18":"{10**40}"}}', '{"b":"7"}')),
    ("reads", ReadRow("judge", "f()", 1, 2, 3, 4, ""), ("5ca0",),
     ("5ca0", "judge", "f()", 1, 2, 3, 4, "")),
    ("implementations", ImplementationRow("r", "0x1", None, "0xh", "known", "n"), ("5ca0",),
     ("5ca0", "r", "0x1", None, "0xh", "known", "n")),
    ("statements", StatementLine("0x1", "result", "l", None, "e18", "logs"), ("5ca0", 6),
     ("5ca0", "0x1", 6, "result", "l", None, "e18", "logs")),
    ("silent_changes", SilentChange("k", "0x1", "", "d"), ("5ca0", 2),
     ("5ca0", 2, "k", "0x1", "", "d")),
    ("cautions", Caution("k", None, "m", "t", {"z": 2, "a_e18": 1}, {"e": "v"}), ("5ca0", 3),
     ("5ca0", 3, "k", None, "m", "t", '{"a_e18":"1","z":"2"}', '{"e":"v"}')),
    ("books", BookRow("1", None, "too odd", None), ("5ca0",), ("5ca0", "1", None, "too odd", None)),
    ("certificates", CERTIFICATE, (), ("5ca0", False, 0, 2, certificate_text(CERTIFICATE))),
    ("proved_words",
     ProvedWord("0x1", None, "vault", "0xv", "0x01", "balance", "-3", 0, 256, "0x02", "0x03"),
     ("5ca0", 1),
     ("5ca0", 1, "0x1", None, "vault", "0xv", "0x01", "balance", "-3", 0, 256, "0x02", "0x03")),
    ("proved_codes", ProvedCode("vault", "0xi", "0x04"), ("5ca0", 2),
     ("5ca0", 2, "vault", "0xi", "0x04")),
]  # fmt: skip
RECORDS = {
    "contagion_runs", "stress_results", "cascade_rounds", "cascade_markets", "contagion_edges",
    "contagion_victims", "contagion_paths", "distances", "liquidation_wall", "sweep_results",
    "risk_accounts", "risk_classes", "risk_spirals", "risk_sizes", "risk_unwinds",
    "risk_what_ifs", "risk_what_if_accounts", "risk_exits", "risk_leavers", "risk_liquidations",
    "risk_covers", "risk_shares", "risk_winners",
    "risk_importance",
}  # fmt: skip
"""Tables of no dataclass: their values come and go by name."""


def test_every_table_has_one_module_of_its_name_with_both_ways() -> None:
    assert sorted(MODULES) == sorted(table.name for table in TABLES)
    for name, module in MODULES.items():
        assert module.TABLE.name == name
        assert callable(module.to_row)
        assert callable(module.from_row)
    assert {name for name, *_ in ROWS} == set(MODULES) - RECORDS


@pytest.mark.parametrize(("name", "item", "beside", "row"), ROWS)
def test_a_row_is_what_it_was_made_of_and_gives_it_back(
    name: str, item: object, beside: tuple[object, ...], row: tuple[object, ...]
) -> None:
    module = MODULES[name]
    assert module.to_row(item, *beside) == row
    assert len(row) == len(module.TABLE.columns)
    assert module.from_row(row) == item


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_record_gives_back_every_value_under_its_column(name: str) -> None:
    module = MODULES[name]
    values = {column.name: [place] for place, column in enumerate(module.TABLE.columns)}
    assert module.from_row(module.to_row(**values)) == values


@pytest.mark.parametrize(
    ("name", "column", "value", "said"),
    [
        ("margin", "verdict", "rich", "rich"),
        ("margin", "owner", None, "margin.owner is NULL"),
        ("scans", "block_hash", None, "a block without"),
        ("scans", "contracts", "{", "unexpected"),
        ("scans", "accounts", None, "scans.accounts is NULL"),
        ("totals", "allowed", None, "totals.allowed is NULL"),
        ("backstops", "kind", "luck", "luck"),
        ("findings", "severity_rank", 77, "77"),
        ("cautions", "amounts", '{"a": "much"}', "much"),
    ],
)
def test_a_value_that_analyzer_does_not_write_is_no_row(
    name: str, column: str, value: object, said: str
) -> None:
    row = next(row for table, _, _, row in ROWS if table == name)
    places = [one.name for one in MODULES[name].TABLE.columns]
    spoiled = tuple(
        value if place == column else own for place, own in zip(places, row, strict=True)
    )
    with pytest.raises(ValueError, match=said):
        MODULES[name].from_row(spoiled)
