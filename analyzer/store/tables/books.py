"""The table `books`: what stress and contagion run on."""

from __future__ import annotations

from analyzer.model.scan_rows import BookRow
from analyzer.store.keys import SCAN
from analyzer.store.rows import row_reader, row_writer
from analyzer.store.schema import Column, Kind, Table, text

TABLE = Table(
    "books",
    "Every scan's book with the protocol's own state: what stress and contagion run on, with no"
    " node and no index. One row per scan.",
    (
        SCAN,
        text("methodology", "Version of the rules that made the book and can read it."),
        text("sha256", "Of the book's bytes before compression, hex; NULL = there is no book."),
        text("problem", "Why there is no book; empty = there is one."),
        Column("book", Kind.BYTES, "The book, packed by its protocol; NULL = see problem."),
    ),
)

to_row = row_writer(TABLE, BookRow)
from_row = row_reader(TABLE, BookRow)
