"""What `index` says, as a table."""

from __future__ import annotations

from analyzer.documents.encode import to_json
from analyzer.documents.index import IndexDocument


def index_rows(document: IndexDocument) -> tuple[list[str], list[list[object]]]:
    """(columns, one row a deployment); those of a second reading where there was one."""
    rows = []
    for deployment in document.deployments:
        row = to_json(deployment)
        row |= row.pop("read_again") or {}
        rows.append(row)
    columns = list(rows[0]) if rows else ["deployment"]
    return columns, [[row.get(name) for name in columns] for row in rows]
