"""Files of others are data: SQL on them touches nothing, and what they carry is not obeyed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import analyzer
from analyzer.indexer.index import Index
from analyzer.model.errors import InputError
from analyzer.store.history import make_history, open_history
from analyzer.store.reader import open_snapshot
from analyzer.store.snapshot import write_snapshot
from analyzer.store.views import VIEWS

SECRET = "xyzzy-42"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("confine") / "scan.duckdb"
    write_snapshot(path, {})
    return path


@pytest.fixture
def db(original: Path, tmp_path: Path) -> Path:
    """A snapshot without a row, beside a file that nobody but its owner should read."""
    (tmp_path / "secret.csv").write_text(f"word\n{SECRET}\n")
    return shutil.copyfile(original, tmp_path / "scan.duckdb")


TOUCHES = [
    "SELECT content FROM read_text('{0}/secret.csv')",
    "SELECT * FROM read_csv('{0}/secret.csv')",
    "SELECT * FROM '{0}/secret.csv'",
    "SELECT * FROM read_blob('{0}/secret.csv')",
    "SELECT * FROM sniff_csv('{0}/secret.csv')",
    "SELECT * FROM read_json('{0}/secret.csv')",
    "SELECT * FROM read_duckdb('{0}/scan.duckdb')",
    "SELECT * FROM parquet_metadata('{0}/secret.csv')",
    "SELECT * FROM glob('{0}/*')",
    "SELECT * FROM query('SELECT * FROM read_text(''{0}/secret.csv'')')",
    "COPY (SELECT 1) TO '{0}/written.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{0}/written.csv'",
    "COPY margin FROM '{0}/secret.csv'",
    "EXPORT DATABASE '{0}/written'",
    "IMPORT DATABASE '{0}'",
    "ATTACH '{0}/written.duckdb' AS other",
    "ATTACH ':memory:' AS other",
    "DETACH analyzer_db",
    "USE memory",
    "SET memory_limit = '1GB'",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA profiling_output = '{0}/written.json'",
    "PRAGMA enable_profiling",
    "CALL enable_logging(storage = 'file', storage_path = '{0}/written')",
    "SELECT * FROM enable_logging(storage = 'file', storage_path = '{0}/written')",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CREATE SECRET (TYPE http)",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE TABLE memory.main.mine AS SELECT 1",
    "INSERT INTO margin (scan_id) VALUES ('x')",
    "DELETE FROM margin",
    "DROP TABLE margin",
    "VACUUM",
    "CHECKPOINT",
    "SELECT * FROM word_of_python",
    "SELECT 1; COPY (SELECT 1) TO '{0}/written.csv'",
]


@pytest.mark.parametrize("statement", TOUCHES)
def test_sql_reads_the_snapshot_and_touches_nothing_else(db: Path, statement: str) -> None:
    word_of_python = [SECRET]
    before = sorted(path.name for path in db.parent.iterdir())
    with open_snapshot(db) as snapshot, pytest.raises(InputError, match="query failed") as caught:
        snapshot.query(statement.format(db.parent))
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert sorted(path.name for path in db.parent.iterdir()) == before
    assert word_of_python


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM margin",
        "FROM v_margin",
        "DESCRIBE margin",
        "SUMMARIZE margin",
        "SHOW TABLES",
        "EXPLAIN SELECT 1",
        "PRAGMA table_info('margin')",
        "CREATE TEMP TABLE own AS SELECT 1; SELECT * FROM own",
        "-- mine\nCREATE OR REPLACE TEMP MACRO twice(x) AS 2 * x; SELECT twice(2)",
        "SELECT json_extract('{\"a\": 1}', '$.a')",
    ],
)
def test_what_only_reads_or_ends_with_the_connection_is_allowed(db: Path, statement: str) -> None:
    with open_snapshot(db) as snapshot:
        columns, _ = snapshot.query(statement)
    assert columns


@pytest.mark.parametrize("text", ["", " \n\t", ";", "-- a remark", "/* nothing */ ;;"])
@pytest.mark.parametrize("external", [False, True])
def test_text_without_a_statement_is_said(db: Path, text: str, external: bool) -> None:
    with (
        open_snapshot(db, external=external) as snapshot,
        pytest.raises(InputError, match="no statement"),
    ):
        snapshot.query(text)


def test_more_rows_than_memory_holds_go_to_a_folder_of_ours(db: Path) -> None:
    with open_snapshot(db) as snapshot:
        [(folder,)] = snapshot.query("SELECT current_setting('temp_directory')")[1]
    assert "analyzer-sql-" in str(folder)
    assert Path(folder).parent.stat().st_mode & 0o077 == 0
    assert db.parent not in Path(folder).parents


def test_files_of_ones_own_are_opened_without_a_lock_only_when_that_is_said(db: Path) -> None:
    reading = f"SELECT word FROM read_csv('{db.parent}/secret.csv')"
    with analyzer.open(db) as opened, pytest.raises(InputError, match="query failed"):
        opened.sql(reading)
    with analyzer.open(db, external=True) as opened:
        assert opened.sql(reading)["word"].to_list() == [SECRET]


def test_two_readers_of_one_file_and_of_one_process_do_not_meet(db: Path) -> None:
    with (
        open_snapshot(db) as one,
        analyzer.open(db, external=True) as two,
        open_snapshot(db) as three,
    ):
        for opened in (one, three):
            assert opened.query("SELECT 1")[1] == [(1,)]
        assert len(two.tables()) == len(one.tables())


CARRIED = {
    "the macro 'sum'": "CREATE MACRO sum(x) AS 0",
    "the macro 'accounts_of'": "CREATE MACRO accounts_of() AS TABLE SELECT 1",
    "the schema 'other'": "CREATE SCHEMA other",
    "the type 'mood'": "CREATE TYPE mood AS ENUM ('a')",
    "the sequence 'numbers'": "CREATE SEQUENCE numbers",
    "the index 'sideways'": "CREATE INDEX sideways ON margin ((upper(account_id)))",
    "the table 'more'": "CREATE TABLE more (x INTEGER)",
    "the view 'v_more'": "CREATE VIEW v_more AS SELECT 1",
    "the default 'owner'": "ALTER TABLE margin ALTER owner SET DEFAULT 'me'",
    "its table margin": "ALTER TABLE margin ADD COLUMN more INTEGER",
    "its table prices": "DROP TABLE prices CASCADE",
    "the view 'margin'": "ALTER TABLE margin RENAME TO m2; CREATE VIEW margin AS SELECT * FROM m2",
    "the computed column 'twice'": (
        "DROP TABLE cautions; CREATE TABLE cautions (a INTEGER, twice INTEGER AS (a * 2))"
    ),
}


@pytest.mark.parametrize("said", CARRIED)
def test_a_file_that_carries_more_than_rows_is_refused_by_name(db: Path, said: str) -> None:
    with duckdb.connect(str(db)) as connection:
        connection.execute(CARRIED[said])
    with pytest.raises(InputError) as caught:
        open_snapshot(db)
    assert said in str(caught.value) or said == "the view 'margin'"
    assert "\n" not in str(caught.value)


def test_the_views_of_a_file_are_ours_or_are_covered_by_ours(db: Path) -> None:
    with duckdb.connect(str(db)) as connection:
        connection.execute("DROP VIEW v_margin; DROP VIEW v_findings")
        connection.execute(
            f"CREATE VIEW v_margin AS SELECT content FROM read_text('{db.parent}/secret.csv')"
        )
    with open_snapshot(db) as snapshot:
        for view in VIEWS:
            columns, rows = snapshot.query(f"SELECT * FROM {view.name}")
            assert (columns, rows) == ([name for name, _, _ in view.columns], [])
        with pytest.raises(InputError, match="query failed"):
            snapshot.query("SELECT * FROM analyzer_db.main.v_margin")


def test_the_views_of_an_untouched_file_stay_in_use(db: Path) -> None:
    with open_snapshot(db) as snapshot:
        _, rows = snapshot.query(
            "SELECT count(*) FROM duckdb_views() WHERE temporary AND NOT internal"
        )
        names = [table.name for table in snapshot.tables()]
    assert rows == [(0,)]
    assert len(names) == len(set(names))


def test_data_of_ones_own_is_loaded_before_the_lock(db: Path) -> None:
    labels, more = db.with_name("labels.csv"), db.with_name("more.parquet")
    labels.write_text("account,amount\nalice,123456789012345678901234567890\nbob,-5\n")
    duckdb.sql("SELECT 7 AS seven").write_parquet(str(more))
    other = shutil.copyfile(db, db.with_name("other.duckdb"))
    with open_snapshot(db, beside={"labels": labels, "more": more, "other": other}) as snapshot:
        _, rows = snapshot.query("SELECT account, amount FROM labels ORDER BY 1")
        assert rows == [("alice", 123456789012345678901234567890), ("bob", -5)]
        assert snapshot.query("SELECT seven FROM more")[1] == [(7,)]
        assert snapshot.query("SELECT count(*) FROM other.margin")[1] == [(0,)]
        with pytest.raises(InputError):
            snapshot.query(f"SELECT * FROM read_csv('{labels}')")
        assert "labels" not in {table.name for table in snapshot.tables()}


def _text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00binary")


def _hostile(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE VIEW v AS SELECT 1")


def _nothing(path: Path) -> None:
    """No file at all."""


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        ("margin", _text, "that name is taken"),
        ("V_Margin", _text, "that name is taken"),
        ("memory", _text, "that name is taken"),
        ("a b", _text, "a name is letters"),
        ("x;", _text, "a name is letters"),
        ("fine", _nothing, "cannot be read: No such file"),
        ("fine", Path.mkdir, "cannot be read: it is no regular file"),
        ("fine", _hostile, "carries the view 'v'|no whole file"),
    ],
)
def test_what_cannot_be_brought_is_said_in_one_line(
    db: Path, name: str, make: Callable[[Path], None], said: str
) -> None:
    path = db.with_name("brought")
    make(path)
    with pytest.raises(InputError, match=said) as caught:
        open_snapshot(db, beside={name: path})
    assert "\n" not in str(caught.value)


def test_a_history_reads_its_own_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(f"word\n{SECRET}\n")
    folder = tmp_path / "history"
    make_history(folder)
    refused = [
        f"SELECT * FROM read_text('{tmp_path}/secret.csv')",
        f"SELECT * FROM read_text('{folder}/../secret.csv')",
        f"COPY (SELECT 1) TO '{folder}/written.csv'",
        f"ATTACH '{folder}/written.duckdb'",
        "SET allowed_directories = ['/']",
    ]
    with open_history(folder) as history:
        assert history.query("SELECT * FROM history_series")[1] == []
        for statement in refused:
            with pytest.raises(InputError, match="query failed"):
                history.query(statement)
    assert sorted(path.name for path in folder.iterdir()) == ["history.json", "history.sql"]


def test_an_index_reads_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(f"word\n{SECRET}\n")
    with (
        Index(tmp_path / "i.duckdb") as index,
        pytest.raises(duckdb.PermissionException),
    ):
        index._connection.execute(f"SELECT * FROM read_csv('{tmp_path}/secret.csv')")
