"""The page of the stored queries, made from their headers.

`python tests/support/pages/query_page.py` writes `docs/queries.md`; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from analyzer.runs.snapshot.query import GROUPS, Param, Query, list_queries

PAGE = Path(__file__).resolve().parents[3] / "docs" / "queries.md"


def page() -> str:
    """The whole page."""
    queries = list_queries()
    parts = [_head(len(queries))]
    for group in GROUPS:
        parts.append(f"## {group.capitalize()}\n")
        parts += ["\n".join(_section(query)) for query in queries if query.group == group]
    return "\n".join(parts)


def _head(count: int) -> str:
    """What stands above the queries."""
    return f"""# The stored queries

Made from the headers of the {count} files in `queries/` by `tests/support/pages/query_page.py`.
`analyzer query list` lists them, `analyzer query explain NAME` explains one, and
`analyzer query run NAME --db FILE -p name=value` runs it. In Python it is
`analyzer.open(FILE).query("NAME", name=value)`. The tables they read are in
[schema.md](schema.md).
"""


def _section(query: Query) -> Iterator[str]:
    """One query, line by line."""
    yield f"### `{query.name}`\n"
    yield f"{query.title}. {query.question}\n"
    for param in query.params:
        yield f"- `-p {param.name}=...` ({_default(param)}): {param.text}"
    if query.params:
        yield ""
    yield "| Column | Meaning |"
    yield "|---|---|"
    for name, text in query.columns:
        yield f"| `{name}` | {text.replace('|', '&#124;')} |"
    yield ""


def _default(param: Param) -> str:
    """A parameter's type, and its default or that it must be given."""
    if param.default is None:
        return f"{param.type}, must be given"
    return f"{param.type}, {param.default} if not given"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
