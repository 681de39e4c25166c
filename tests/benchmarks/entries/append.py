"""Rows into a DuckDB file: Arrow with the proof of every batch, and DuckDB's own Appender.

Twelve columns, six of them 128-bit integers, as a decoded event has them. Each begins at what it
takes, made before its clock runs: Arrow arrays of a row group each, and Python tuples. Ours proves
counts and checksums of what is stored, the Appender proves nothing. Both end with a checkpoint.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tests.benchmarks.suite import Benchmark, Setting, Way, Work

WORDS = 6
SEED = 7
AT_ONCE = 122_880
"""Rows of a batch: one row group of DuckDB."""


def _table() -> Any:
    """The table that both ways fill."""
    from analyzer.store.schema import Column, Kind, Table, count

    return Table(
        "events",
        "Rows to append. One row per log.",
        (
            count("block_number", "Block."),
            count("log_index", "Index in its block."),
            Column("tx_hash", Kind.BYTES, "Transaction.", compression="uncompressed"),
            Column("contract", Kind.TEXT, "Contract."),
            Column("trader", Kind.TEXT, "Account."),
            Column("ok", Kind.FLAG, "Whether it went through."),
            *(Column(f"amount_{n}", Kind.INTEGER, "An amount.") for n in range(WORDS)),
        ),
        guarded=False,
    )


def _values(size: int) -> dict[str, Any]:
    """Columns as numpy has them: the same for both ways. Words: 32 bytes, big-endian, of 100 bits
    and either sign."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    words = np.zeros((WORDS, size, 32), dtype=np.uint8)
    words[:, :, 19:] = rng.integers(0, 256, (WORDS, size, 13), dtype=np.uint8)
    words[rng.random((WORDS, size)) < 0.5, :19] = 0xFF
    return {
        "block": np.arange(size) // 5,
        "index": np.arange(size) % 5,
        "hash": rng.integers(0, 256, (size, 32), dtype=np.uint8),
        "trader": rng.integers(0, 256, (5_000, 20), dtype=np.uint8)[rng.integers(0, 5_000, size)],
        "ok": rng.random(size) < 0.9,
        "words": words,
    }


def _file(setting: Setting) -> tuple[Path, Any]:
    """(the file, a connection to it with the empty table)."""
    import duckdb

    path = setting.folder / "rows.duckdb"
    connection = duckdb.connect(str(path))
    for statement in _table().ddl():
        connection.execute(statement)
    return path, connection


def arrow(setting: Setting) -> Work:
    """As the index writes: a batch inserted and proven."""
    import pyarrow as pa

    from analyzer.indexer import arrays
    from analyzer.store.load import load_columns

    given, table = _values(setting.size), _table()
    batches = []
    for start in range(0, setting.size, AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        made = {
            "block_number": pa.array(given["block"][rows]),
            "log_index": pa.array(given["index"][rows]),
            "tx_hash": arrays.fixed_bytes(given["hash"][rows]),
            "trader": arrays.addresses(given["trader"][rows]),
            "ok": pa.array(given["ok"][rows]),
        }
        for n in range(WORDS):
            made[f"amount_{n}"] = arrays.hugeints(given["words"][n, rows])
        batches.append(made)
    path, connection = _file(setting)

    def work() -> Path:
        connection.execute("BEGIN")
        for batch in batches:
            load_columns(connection, table, batch, same={"contract": "0x" + "11" * 20})
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
        connection.close()
        return path

    return work


def appender(setting: Setting) -> Work:
    """DuckDB's Appender, fed with tuples that are there."""
    from analyzer.abi.keccak import checksum

    given = _values(setting.size)
    names = [checksum(row.tobytes()) for row in given["trader"]]
    integers = [
        [int.from_bytes(word, "big", signed=True) for word in given["words"][n]]
        for n in range(WORDS)
    ]
    rows = list(
        zip(
            given["block"].tolist(),
            given["index"].tolist(),
            [row.tobytes() for row in given["hash"]],
            ["0x" + "11" * 20] * setting.size,
            names,
            given["ok"].tolist(),
            *integers,
            strict=True,
        )
    )
    path, connection = _file(setting)

    def work() -> Path:
        connection.execute("BEGIN")
        with connection.appender("events") as target:
            target.append_rows(rows)
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
        connection.close()
        return path

    return work


def rows_of(_setting: Setting, path: Path) -> str:
    """A digest of every row, in order."""
    import duckdb

    digest = hashlib.sha256()
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute("SELECT * FROM events ORDER BY block_number, log_index")
        while rows := found.fetchmany(10_000):
            digest.update(repr(rows).encode())
    return digest.hexdigest()


BENCHMARK = Benchmark(
    name="append",
    title="Append to a DuckDB file",
    unit="row",
    size=500_000,
    growth=(5_000, 50_000, 500_000),
    ways=(
        Way("ours, proven", arrow, rows_of),
        Way("Appender", appender, rows_of),
    ),
)
