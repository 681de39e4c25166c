"""A protocol of another package: found by its entry point, with its own ABIs, and scanned."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.abi.codec import encode_values
from analyzer.abi.contract import load_abi, parse_abi
from analyzer.model.errors import InputError

PACKAGE = Path(__file__).resolve().parent.parent / "support" / "outside" / "till"
ROOT = PACKAGE.parents[3]
TILLS = {"till-a": "0x" + "a1" * 20, "till-b": "0x" + "b2" * 20}
PRICES = {"till-a": 2_000, "till-b": 1_990}
ANN = "0x00000000000000000000000000000000000000A1"
BOB = "0x00000000000000000000000000000000000000b2"
E18 = 10**18
LOGS = [
    (1, "till-a", ANN, 3 * E18),
    (2, "till-b", ANN, 2 * E18),
    (3, "till-a", BOB, E18),
    (4, "till-a", BOB, -2 * E18),
]
LAST = 5


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages that holds the till: code, ABIs and metadata."""
    site = tmp_path / "site"
    shutil.copytree(PACKAGE, site / "till", ignore=shutil.ignore_patterns("__pycache__"))
    info = site / "till-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: till\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[analyzer.protocols]\ntill = till:PLUG\n")
    return site


def block_hash(number: int) -> str:
    return f"0x{number + 1:064x}"


def jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two tills on one chain, four payments, and what the tills said at the last block."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    abi = parse_abi("Till", json.loads((PACKAGE / "abis" / "Till.json").read_text()))
    meta = {
        "format": 1,
        "chain_id": 1337,
        "deployments": [
            {"name": name, "protocol": "till", "from_block": 1, "contracts": {"till": address}}
            for name, address in TILLS.items()
        ],
        "pinned_blocks": [{"block": LAST, "label": "end", "note": "after the last payment"}],
        "log_filters": [{"fromBlock": "0x0", "toBlock": hex(LAST)}],
    }
    (folder / "meta.json").write_text(json.dumps(meta))
    jsonl(
        folder / "blocks.jsonl",
        [
            {
                "number": hex(number),
                "hash": block_hash(number),
                "parentHash": block_hash(number - 1),
                "timestamp": hex(1_700_000_000 + 12 * number),
            }
            for number in range(LAST + 1)
        ],
    )
    jsonl(
        folder / "logs.jsonl",
        [
            {
                "address": TILLS[till],
                "topics": [abi.event("Paid").topic0, "0x" + "00" * 12 + who[2:].lower()],
                "data": "0x" + encode_values(["int256"], [amount]).hex(),
                "blockHash": block_hash(number),
                "blockNumber": hex(number),
                "transactionHash": "0x" + "07" * 32,
                "transactionIndex": "0x0",
                "logIndex": "0x0",
                "removed": False,
            }
            for number, till, who, amount in LOGS
        ],
    )
    jsonl(folder / "calls.jsonl", [row for till in TILLS for row in _calls(till, abi)])
    return folder


def _calls(till: str, abi: Any) -> list[dict[str, Any]]:
    """The price of a till, and its own view of everybody who ever paid."""
    worth = {
        who: sum(a for _, t, w, a in LOGS if (t, w) == (till, who)) * PRICES[till]
        for _, at, who, _ in LOGS
        if at == till
    }
    total = sum(amount for _, at, _, amount in LOGS if at == till)
    asked = [(abi.request(TILLS[till], "price"), "uint256", PRICES[till] * E18)]
    asked += [(abi.request(TILLS[till], "customers"), "uint256", len(worth))]
    asked += [(abi.request(TILLS[till], "total"), "int256", total)]
    asked += [(abi.request(TILLS[till], "worthOf", who), "int256", v) for who, v in worth.items()]
    return [
        {
            "block": LAST,
            "to": request.to,
            "data": request.data,
            "result": "0x" + encode_values([kind], [value]).hex(),
        }
        for request, kind, value in asked
    ]


def analyzer(site: Path, *words: str) -> tuple[int, str]:
    """Exit code and output of the program where the outside package is installed too."""
    path = os.pathsep.join([str(site), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", "from analyzer.cli import main; main()", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
        cwd=site,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout or done.stderr


def test_a_protocol_from_outside_is_scanned_and_verified_like_any_other(
    site: Path, recording: Path, tmp_path: Path
) -> None:
    db = str(tmp_path / "scan.duckdb")
    words = ("--recording", str(recording), "--db", db, "--verify", "all", "--json")
    code, output = analyzer(site, "scan", *words)
    document = json.loads(output)
    # Bob owes one ETH: insolvent, and with that a finding.
    assert (code, document["run"]["exit_code"]) == (1, 1)
    assert [
        (s["deployment"], s["protocol"], s["verdicts"]["healthy"], s["verdicts"]["insolvent"])
        for s in document["scans"]
    ] == [("till-a", "till", 1, 1), ("till-b", "till", 1, 0)]
    assert document["verification"]["checks"] == 3
    assert (document["verification"]["mismatches"], document["verification"]["not_compared"]) == (
        0,
        0,
    )
    question = (
        "SELECT owner, accounts, deployments, equity, debt, shared_collateral, shared_factors"
        " FROM v_owners ORDER BY owner"
    )
    code, output = analyzer(site, "sql", question, "--db", db, "--format", "json")
    assert code == 0
    rows = [list(row.values()) if isinstance(row, dict) else row for row in _rows(output)]
    assert [[row[0], row[1], row[2], *map(Decimal, row[3:6]), row[6]] for row in rows] == [
        [ANN, 2, 2, 9_980, 0, 9_980, "ETH"],
        [BOB, 1, 1, -2_000, 2_000, 0, ""],
    ]


def _rows(output: str) -> list[Any]:
    """The rows of a query's JSON."""
    document = json.loads(output)
    found = document["rows"] if isinstance(document, dict) else document
    assert isinstance(found, list)
    return found


def test_one_deployment_of_several_can_be_chosen(
    site: Path, recording: Path, tmp_path: Path
) -> None:
    words = ("--recording", str(recording), "--db", str(tmp_path / "s.duckdb"), "--json")
    code, output = analyzer(site, "scan", "--deployment", "till-b", *words)
    assert code == 0
    assert [s["deployment"] for s in json.loads(output)["scans"]] == ["till-b"]


def test_without_the_package_the_protocol_is_said_not_to_be_installed(
    recording: Path, tmp_path: Path
) -> None:
    nowhere = tmp_path / "empty"
    nowhere.mkdir()
    words = ("--recording", str(recording), "--db", str(tmp_path / "s.duckdb"))
    code, output = analyzer(nowhere, "scan", *words)
    assert code == 2
    assert "protocol 'till' is not installed" in output


def test_an_abi_of_another_package_is_read_and_a_missing_one_is_named(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(site)
    load_abi.cache_clear()
    abi = load_abi("till:abis/Till")
    assert (abi.name, sorted(abi.events)) == ("Till", ["Paid", "Paid(address,int256)"])
    for name in ("till:abis/Nope", "no_such_package:abis/Till"):
        with pytest.raises(InputError, match=f"there is no ABI named '{name}'"):
            load_abi(name)


def test_the_example_reprices_by_the_factor_of_its_coin(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(site)
    till = __import__("till")
    ledger = till.Ledger()
    ledger.balances[ANN], ledger.blocks[ANN] = 3 * E18, [1]
    deployment = till.Deployment("t", "till", 1, 0, {"till": TILLS["till-a"]})
    book = till.PLUG.book(deployment, None, ledger, till.Observation(2_000 * E18))
    shocks = np.array([[1.0, 0.5]])
    valued = till.PLUG.value(book, till.PLUG.prices(book))
    assert till.PLUG.reprice(valued, ["ETH"], shocks).equity.tolist() == [[6_000.0, 3_000.0]]
    assert till.PLUG.reprice(valued, ["BTC"], shocks).equity.tolist() == [[6_000.0, 6_000.0]]
