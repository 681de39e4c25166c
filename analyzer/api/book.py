"""A table as a snapshot for Python: what `analyzer.book` gives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from analyzer.api.database import Database
from analyzer.model.scratch import Scratch
from analyzer.runs.tables.frames import Frame
from analyzer.runs.tables.importing import Imported, ImportOptions, import_book


class BookDatabase(Database):
    """The snapshot of a table that was imported: everything of `Database`, and what the import
    said. It lies in a folder of this process, which `close` removes, unless `db` names a file.

    imported: the document, the result and the exit code, as `analyzer book import` has them.
    """

    def __init__(
        self,
        positions: Frame,
        prices: Frame,
        rules: str | Path | Mapping[str, object],
        db: Path | None,
        name: str | None,
    ) -> None:
        self._folder = None if db is not None else Scratch("book")
        path = db or Path(str(self._folder and self._folder.name)) / "book.duckdb"
        options = ImportOptions(positions, prices, rules, path, name=name, fail_on="never")
        try:
            self.imported: Imported = import_book(options, lambda _what, _done, _total: None)
            super().__init__(path)
        except BaseException:
            self._remove()
            raise

    def close(self) -> None:
        """Closes the file, and removes it where nobody named it."""
        super().close()
        self._remove()

    def _remove(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
