"""The stored queries: SQL files that say in a header what they answer.

-- title: Accounts below maintenance
-- question: Which accounts are below their maintenance margin, and by how much?
-- group: accounts
-- param limit INTEGER 20: how many rows
-- column account_id: the account
SELECT ... LIMIT $limit
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer import __version__
from analyzer.abi.resources import queries_folder
from analyzer.documents.envelope import Run
from analyzer.documents.listings import QueriesDocument, StoredQuery
from analyzer.model.closest import did_you_mean
from analyzer.model.errors import InputError

GROUPS = ("accounts", "markets", "owners", "liquidations", "contagion", "risk", "time", "quality")
"""The groups of queries, in the order in which they are listed."""

_HEADER = re.compile(r"-- (title|question|group): (\S.*)")
_PARAM = re.compile(r"-- param (\w+) ([A-Z]+)(?: (\S+))?: (\S.*)")
_COLUMN = re.compile(r"-- column (\w+): (\S.*)")
_TYPES: dict[str, Callable[[str], object]] = {
    "VARCHAR": str,
    "INTEGER": int,
    "HUGEINT": int,
    "DOUBLE": float,
}


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter, `$name` in the SQL. default: as text, None when a value must be given."""

    name: str
    type: str
    default: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """A stored query: its header and its SQL. `name` is the file's name without `.sql`."""

    name: str
    title: str
    question: str
    group: str
    params: tuple[Param, ...]
    columns: tuple[tuple[str, str], ...]
    sql: str


def list_queries() -> list[Query]:
    """Every stored query, by group and name. Raises: InputError for a file without its header."""
    queries = [_parse(path) for path in sorted(queries_folder().glob("*.sql"))]
    return sorted(queries, key=lambda query: (GROUPS.index(query.group), query.name))


def queries_document() -> QueriesDocument:
    """The stored queries as a document."""
    found = tuple(StoredQuery(q.name, q.group, q.question) for q in list_queries())
    return QueriesDocument(Run(__version__, 0), found)


def load_query(name: str) -> Query:
    """The stored query `name`. Raises: InputError when there is none."""
    listed = list_queries()
    for query in listed:
        if query.name == name:
            return query
    close = did_you_mean(name, [query.name for query in listed])
    raise InputError(
        f"there is no query {name!r}{close}: `analyzer query list` shows those there are"
    )


def run(
    db: Path, name: str, values: Mapping[str, str], beside: Mapping[str, Path] | None = None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """(column names, rows) of the stored query `name` on the snapshot `db`.

    beside: name -> CSV, Parquet or snapshot that the query may use as well.
    Raises: InputError for an unknown query or parameter, a missing or malformed value, and what
    `open_snapshot` raises.
    """
    query = load_query(name)
    bound = bind(query, values)
    from analyzer.store.snapshot import open_snapshot

    with open_snapshot(db, beside=beside) as snapshot:
        return snapshot.query(query.sql, bound)


def bind(query: Query, values: Mapping[str, str]) -> dict[str, object]:
    """The parameters' values by name: those given, else the defaults. Raises: InputError."""
    unknown = sorted(set(values) - {param.name for param in query.params})
    if unknown:
        known = ", ".join(param.name for param in query.params) or "none"
        raise InputError(f"query {query.name} has no parameter {unknown[0]!r} (it has: {known})")
    bound: dict[str, object] = {}
    for param in query.params:
        text = values.get(param.name, param.default)
        if text is None:
            raise InputError(f"query {query.name} needs -p {param.name}=..: {param.text}")
        try:
            bound[param.name] = _TYPES[param.type](text)
        except ValueError as error:
            raise InputError(
                f"query {query.name}: {param.name}={text!r} is no {param.type}"
            ) from error
    return bound


def _parse(path: Path) -> Query:
    """The query in `path`. Raises: InputError naming the file and what is missing or wrong."""
    head: dict[str, str] = {}
    params: list[Param] = []
    columns: list[tuple[str, str]] = []
    text = path.read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith("-- "):
            break
        if match := _HEADER.fullmatch(line):
            head[match[1]] = match[2]
        elif match := _PARAM.fullmatch(line):
            params.append(Param(match[1], match[2], match[3], match[4]))
        elif match := _COLUMN.fullmatch(line):
            columns.append((match[1], match[2]))
        else:
            raise InputError(f"{path.name}: header line not understood: {line}")
    missing = [name for name in ("title", "question", "group") if name not in head]
    if missing or not columns:
        raise InputError(f"{path.name}: the header lacks {', '.join(missing) or 'columns'}")
    if head["group"] not in GROUPS:
        raise InputError(f"{path.name}: group {head['group']!r} is none of {', '.join(GROUPS)}")
    for param in params:
        if param.type not in _TYPES:
            raise InputError(f"{path.name}: parameter {param.name} has no known type {param.type}")
    return Query(
        name=path.stem,
        title=head["title"],
        question=head["question"],
        group=head["group"],
        params=tuple(params),
        columns=tuple(columns),
        sql="\n".join(line for line in text.splitlines() if not line.startswith("-- ")).strip(),
    )
