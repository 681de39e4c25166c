"""A snapshot's scans, opened again to compute on: book, prices and rules, offline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.model.book import Book, Prices
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.protocols.base import Plug, Valued
from analyzer.protocols.kit.book_codec import book_digest
from analyzer.protocols.kit.state_coders import CodecError
from analyzer.protocols.registry import load_plug, name_among
from analyzer.store.reader import Snapshot, of_rows, open_snapshot

_SCANS = (
    "SELECT s.scan_id, s.deployment, s.protocol, s.chain_id, s.from_block, s.contracts, s.factors,"
    " s.deployment_source, s.block_number, s.block_hash, s.block_time, s.methodology,"
    " s.caveats, b.sha256, b.problem, b.book"
    " FROM scans s LEFT JOIN books b USING (scan_id) ORDER BY s.deployment, s.scan_id"
)


@dataclass(frozen=True, slots=True)
class ScannedBlock:
    """The block that a scan was made at. time: unix seconds."""

    number: int
    hash: str
    time: int


@dataclass(frozen=True, slots=True)
class OpenedScan:
    """One scan of a snapshot, ready to compute on with the protocol's own rules.

    plug: the rules that made it (the methodology is checked). valued: the book at the reference
    prices of the block, as the scan used them. caveats: why the scan's answer is not proven; empty
    = it is.
    """

    scan_id: str
    plug: Plug
    deployment: Deployment
    block: ScannedBlock
    valued: Valued
    caveats: tuple[str, ...] = ()

    @property
    def book(self) -> Book:
        """Every account's state."""
        return self.valued.book

    @property
    def prices(self) -> Prices:
        """The reference prices of the block."""
        return self.valued.prices


def open_scans(db: Path, deployments: Sequence[str] = ()) -> list[OpenedScan]:
    """The scans of the snapshot `db`, by deployment; of these deployments only, when any is named.

    Raises: InputError when there is no such snapshot or deployment, when a scan was made by other
    rules than this program's, or when its book is missing or is not what was written.
    """
    with open_snapshot(db) as snapshot:
        names = _chosen(snapshot, db, deployments)
        columns, rows = snapshot.query(_SCANS)
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    return [_checked(db, row) for row in found if row["deployment"] in names]


def _chosen(snapshot: Snapshot, db: Path, deployments: Sequence[str]) -> set[str]:
    """The names that are wanted. Raises: InputError for one that the snapshot does not hold."""
    known = [str(row[0]) for row in snapshot.query("SELECT deployment FROM scans ORDER BY 1")[1]]
    wanted = [name_among(name, known) for name in deployments]
    for name in wanted:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise InputError(f"{db} holds no deployment '{name}' (it holds: {listed})")
    return set(wanted or known)


def _checked(db: Path, row: dict[str, object]) -> OpenedScan:
    """One scan. Raises: InputError, also for a row that analyzer does not write: a file of
    somebody else may hold anything."""
    with of_rows(db):
        return _opened(db, row)


def _opened(db: Path, row: dict[str, object]) -> OpenedScan:
    """One scan. Raises: InputError."""
    name, protocol = str(row["deployment"]), str(row["protocol"])
    plug = load_plug(protocol)
    if row["methodology"] != plug.methodology:
        raise InputError(
            f"{db}: {name} was scanned by the rules {row['methodology']}, this program has"
            f" {plug.methodology}: scan again"
        )
    book = _book(db, name, plug, row)
    return OpenedScan(
        scan_id=str(row["scan_id"]),
        plug=plug,
        deployment=Deployment(
            name,
            protocol,
            _number(row["chain_id"]),
            _number(row["from_block"]),
            json.loads(str(row["contracts"])),
            json.loads(str(row["factors"])),
            str(row["deployment_source"]),
        ),
        block=ScannedBlock(
            _number(row["block_number"]), str(row["block_hash"]), _number(row["block_time"])
        ),
        valued=plug.value(book, plug.prices(book)),
        caveats=tuple(json.loads(str(row["caveats"]))),
    )


def _book(db: Path, name: str, plug: Plug, row: dict[str, object]) -> Book:
    """The book of one scan. Raises: InputError."""
    packed = row["book"]
    if not isinstance(packed, bytes):
        why = row["problem"] or "the snapshot has none"
        raise InputError(f"{db}: {name} has no book to compute on: {why}")
    try:
        if book_digest(packed) != row["sha256"]:
            raise CodecError("is not what was written (its sha256 differs)")
        return plug.unpack(packed)
    except CodecError as error:
        raise InputError(f"{db}: the book of {name} {error.problem}: scan again") from error


def _number(value: object) -> int:
    """A count of the table `scans`."""
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no count")
    return value
