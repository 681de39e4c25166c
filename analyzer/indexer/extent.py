"""How much an index holds of a deployment, and how its headers hang together; counted by SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.chain.header_links import Links, no_parent, two_hashes
from analyzer.indexer.sources import Catalogue
from analyzer.indexer.tables import headers
from analyzer.model.block import BlockRef
from analyzer.store.load import fetch
from analyzer.store.schema import names

if TYPE_CHECKING:
    import duckdb

CLAIMED = (
    "EXISTS (SELECT 1 FROM (SELECT unnest($addresses) AS address, unnest($topics) AS topic0,"
    " unnest($firsts) AS first) m WHERE m.address = r.address AND m.topic0 = r.topics[1:32]"
    " AND r.block_number >= m.first)"
)
"""Whether a log `r` is one of a catalogue's; its parameters are `claimed_by`'s."""


def claimed_by(catalogue: Catalogue) -> dict[str, list[object]]:
    """The parameters of `CLAIMED`: which logs are a catalogue's."""
    known = catalogue.matched()
    return {
        "addresses": [address for address, _, _ in known],
        "topics": [topic0 for _, topic0, _ in known],
        "firsts": [first for _, _, first in known],
    }


def count_logs(
    connection: duckdb.DuckDBPyConnection, key: str, *, up_to: int, only: Catalogue | None
) -> tuple[int, int]:
    """(logs, blocks with logs) of a deployment up to a block. only: those of this catalogue; None =
    all that is held."""
    where = "deployment_key = $key AND block_number <= $up_to"
    given: dict[str, object] = {"key": key, "up_to": up_to}
    if only is not None:
        rows = connection.execute(
            "SELECT count(*), count(DISTINCT block_number) FROM raw_logs r"
            f" WHERE {where} AND {CLAIMED}",
            {**given, **claimed_by(only)},
        ).fetchall()
        return int(rows[0][0]), int(rows[0][1])
    # A header is held for every block with logs, and for no other.
    counts = connection.execute(
        f"SELECT (SELECT count(*) FROM raw_logs WHERE {where}),"
        f" (SELECT count(*) FROM headers WHERE {where})",
        given,
    ).fetchall()
    return int(counts[0][0]), int(counts[0][1])


def stored_links(connection: duckdb.DuckDBPyConnection, key: str, block: BlockRef) -> Links:
    """How the headers that were read, up to a block, and that block hang together. Of a block whose
    header was not read the hash is known, which the header after it has to name."""
    held = (
        f"WITH h AS (SELECT {names(headers.TABLE.columns)} FROM headers"
        " WHERE deployment_key = ? AND block_number <= ?) "
    )
    pairs = "FROM h a JOIN h b ON a.block_number = b.block_number + 1"
    span = [key, block.number]
    counts = f"{held} SELECT count(*) FILTER (parent_hash <> '') FROM h"
    count = int(fetch(connection, counts, span)[0][0])
    hang = f"{held} SELECT count(*) {pairs} WHERE a.parent_hash = b.block_hash"
    linked = int(fetch(connection, hang, span)[0][0])
    wrong = (
        f"{held} SELECT a.*, b.* {pairs} WHERE a.parent_hash NOT IN ('', b.block_hash)"
        " ORDER BY a.block_number"
    )
    width = len(headers.TABLE.columns)
    broken = [
        no_parent(headers.from_row(row[:width]), headers.from_row(row[width:]))
        for row in fetch(connection, wrong, span)
    ]
    newest = fetch(connection, f"{held} FROM h ORDER BY block_number DESC LIMIT 1", span)
    last = headers.from_row(newest[0]) if newest else None
    if last is not None and last.number == block.number:
        broken += [two_hashes(last, block)] if last.hash != block.hash else []
        return Links(count + (not last.parent_hash), linked, tuple(broken))
    if last is not None and last.number == block.number - 1:
        linked += block.parent_hash == last.hash
        broken += [no_parent(block, last)] if block.parent_hash != last.hash else []
    return Links(count + 1, linked, tuple(broken))
