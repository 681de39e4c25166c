"""A scan of a snapshot to compute on: book, prices and rules, offline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analyzer.model.block import BlockRef
from analyzer.model.book import Book, Prices
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.scan_rows import BookRow, ScanRow
from analyzer.model.selection import EVERYTHING, Selection
from analyzer.protocols.base import Plug, Valued
from analyzer.protocols.kit.book_codec import book_digest
from analyzer.protocols.kit.state_leaves import CodecError
from analyzer.protocols.registry import load_plug


@dataclass(frozen=True, slots=True)
class ScanBook:
    """One scan of a snapshot, ready to compute on with the protocol's own rules.

    plug: the rules that made it (the methodology is checked). valued: the book at the reference
    prices of the block, as the scan used them. caveats: why the scan's answer is not proven; empty
    = it is. selection: what findings are looked for with, those of its cascades too.
    """

    scan_id: str
    plug: Plug
    deployment: Deployment
    block: BlockRef
    valued: Valued
    caveats: tuple[str, ...] = ()
    selection: Selection = EVERYTHING

    @property
    def book(self) -> Book:
        """Every account's state."""
        return self.valued.book

    @property
    def prices(self) -> Prices:
        """The reference prices of the block."""
        return self.valued.prices


def scan_book(db: Path, scan: ScanRow, kept: BookRow | None) -> ScanBook:
    """A scan with its book (None = the snapshot has none) and the rules that made it.

    Raises: InputError when it was made by other rules than this program's, or when its book is
    missing or is not what was written.
    """
    name = scan.deployment.name
    plug = load_plug(scan.deployment.protocol)
    if scan.methodology != plug.methodology:
        raise InputError(
            f"{db}: {name} was scanned by the rules {scan.methodology}, this program has"
            f" {plug.methodology}: scan again"
        )
    book = _book(db, name, plug, kept)
    return ScanBook(
        scan_id=scan.scan_id,
        plug=plug,
        deployment=scan.deployment,
        block=scan.block,
        valued=plug.value(book, plug.prices(book)),
        caveats=scan.caveats,
        selection=scan.selection,
    )


def _book(db: Path, name: str, plug: Plug, kept: BookRow | None) -> Book:
    """The book of one scan. Raises: InputError."""
    if kept is None or kept.book is None:
        why = (kept.problem if kept else "") or "the snapshot has none"
        raise InputError(f"{db}: {name} has no book to compute on: {why}")
    try:
        if book_digest(kept.book) != kept.sha256:
            raise CodecError("is not what was written (its sha256 differs)")
        return plug.unpack(kept.book)
    except CodecError as error:
        raise InputError(f"{db}: the book of {name} {error.problem}: scan again") from error
