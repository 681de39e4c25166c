"""Tables as data: what a column is, its comment, and the SQL that creates it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from analyzer.model.errors import InputError

OVERFLOW_BYTES = 32
"""Length of the BLOB that holds a value too wide for HUGEINT: one 256-bit word."""


class Kind(StrEnum):
    """What a column holds; it decides the SQL type."""

    TEXT = "text"
    FLAG = "flag"
    COUNT = "count"
    """A count, a block number, unix seconds, a ratio in parts per million: 64 bits are enough."""
    AMOUNT = "amount"
    """A signed on-chain integer: HUGEINT, with an overflow column beside it."""
    UNSIGNED = "unsigned"
    """An on-chain uint wider than 127 bits: HUGEINT, with an overflow column beside it."""
    INTEGER = "integer"
    """An on-chain integer of at most 127 bits: HUGEINT alone."""
    FIGURE = "figure"
    """A ratio or a risk figure, a finite float; never an amount that is exact."""
    BYTES = "bytes"
    JSON = "json"
    WALL_CLOCK = "wall_clock"
    """When our program did something; the only kind that differs between two equal databases."""


_SQL_TYPE = {
    Kind.TEXT: "VARCHAR",
    Kind.FLAG: "BOOLEAN",
    Kind.COUNT: "BIGINT",
    Kind.AMOUNT: "HUGEINT",
    Kind.UNSIGNED: "HUGEINT",
    Kind.INTEGER: "HUGEINT",
    Kind.FIGURE: "DOUBLE",
    Kind.BYTES: "BLOB",
    Kind.JSON: "VARCHAR",
    Kind.WALL_CLOCK: "TIMESTAMP",
}

_OVERFLOW_COMMENT = {
    Kind.AMOUNT: (
        "Set instead of {name} when the value does not fit 127 bits: the 32-byte big-endian"
        " two's complement with the sign bit flipped, so that bytes sort as numbers."
    ),
    Kind.UNSIGNED: (
        "Set instead of {name} when the value does not fit 127 bits: 32 bytes, big-endian."
    ),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its kind and its comment (meaning and unit). `key`: part of the primary key.
    `compression`: how DuckDB stores it, where its own choice costs more than it saves: hashes, and
    long bytes (measured)."""

    name: str
    kind: Kind
    comment: str
    key: bool = False
    compression: str = ""

    @property
    def overflow(self) -> Column | None:
        """The column beside it that takes what does not fit, or None for kinds that need none."""
        comment = _OVERFLOW_COMMENT.get(self.kind)
        if comment is None:
            return None
        return Column(f"{self.name}_overflow", Kind.BYTES, comment.format(name=self.name))

    @property
    def sql_type(self) -> str:
        """Its DuckDB type."""
        return _SQL_TYPE[self.kind]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its comment (the grain: one row per what) and its columns, keys first.

    guarded: DuckDB holds the key in an index, which lies in memory; False where tens of millions of
    rows are appended and whoever writes them sees to it that none is there twice.
    """

    name: str
    comment: str
    columns: tuple[Column, ...]
    guarded: bool = True

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the key columns."""
        return tuple(column.name for column in self.columns if column.key)

    @property
    def stored_columns(self) -> list[Column]:
        """All columns as they lie in the file, each overflow column after its own."""
        out: list[Column] = []
        for column in self.columns:
            out.append(column)
            if column.overflow is not None:
                out.append(column.overflow)
        return out

    def ddl(self) -> list[str]:
        """The statements that create the table, its constraints and every comment."""
        overflows = {c.overflow.name for c in self.columns if c.overflow is not None}
        lines = [_column_sql(column, column.name in overflows) for column in self.stored_columns]
        if self.key and self.guarded:
            lines.append(f"PRIMARY KEY ({', '.join(map(quoted, self.key))})")
        table = quoted(self.name)
        statements = [f"CREATE TABLE {table} ({', '.join(lines)})"]
        statements.append(f"COMMENT ON TABLE {table} IS {literal(self.comment)}")
        statements += [
            f"COMMENT ON COLUMN {table}.{quoted(column.name)} IS {literal(column.comment)}"
            for column in self.stored_columns
        ]
        return statements


@dataclass(frozen=True, slots=True)
class View:
    """A readable view. columns: (name, SQL expression, comment); source: the FROM clause."""

    name: str
    comment: str
    columns: tuple[tuple[str, str, str], ...]
    source: str

    def ddl(self) -> list[str]:
        """The statements that create the view and every comment."""
        select = ", ".join(f"{sql} AS {quoted(name)}" for name, sql, _ in self.columns)
        view = quoted(self.name)
        statements = [f"CREATE VIEW {view} AS SELECT {select} FROM {self.source}"]
        statements.append(f"COMMENT ON VIEW {view} IS {literal(self.comment)}")
        statements += [
            f"COMMENT ON COLUMN {view}.{quoted(name)} IS {literal(comment)}"
            for name, _, comment in self.columns
        ]
        return statements


def text(name: str, comment: str, *, key: bool = False, compression: str = "") -> Column:
    """A text column."""
    return Column(name, Kind.TEXT, comment, key, compression)


def flag(name: str, comment: str) -> Column:
    """A boolean column."""
    return Column(name, Kind.FLAG, comment)


def count(name: str, comment: str, *, key: bool = False) -> Column:
    """A 64-bit integer column."""
    return Column(name, Kind.COUNT, comment, key)


def amount(name: str, comment: str) -> Column:
    """A signed exact amount, with its overflow column."""
    return Column(name, Kind.AMOUNT, comment)


def figure(name: str, comment: str, *, key: bool = False) -> Column:
    """A float column: a ratio or a risk figure."""
    return Column(name, Kind.FIGURE, comment, key)


def json_text(name: str, comment: str) -> Column:
    """A column that holds a JSON document as text."""
    return Column(name, Kind.JSON, comment)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def path_literal(path: Path) -> str:
    """A path as an SQL literal. Raises: InputError for a name that is no UTF-8, which DuckDB
    does not open."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{path}: DuckDB opens only files whose name is UTF-8") from error
    return literal(str(path))


def names(columns: Sequence[Column]) -> str:
    """The quoted names of columns, comma-separated."""
    return ", ".join(quoted(column.name) for column in columns)


def _column_sql(column: Column, is_overflow: bool) -> str:
    """One column of a CREATE TABLE."""
    sql = f"{quoted(column.name)} {column.sql_type}"
    if column.compression:
        sql += f" USING COMPRESSION {column.compression}"
    if column.key:
        sql += " NOT NULL"
    if is_overflow:
        sql += f" CHECK (octet_length({quoted(column.name)}) = {OVERFLOW_BYTES})"
    return sql
