"""`report`: one page about a snapshot, with the table of all accounts beside it.

snapshot ──▶ restored scans ──▶ material ──▶ content ──▶ page | Markdown | PDF
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.model.errors import InputError
from analyzer.model.rows import StatementLine
from analyzer.report.document import envelope
from analyzer.report.html.assemble import assemble
from analyzer.report.html.content import Content
from analyzer.report.html.fit import fitted
from analyzer.report.html.material import Material
from analyzer.report.html.render import GENERATOR, html
from analyzer.report.html.sections.accounts import CSV_NAME
from analyzer.report.html.selection import Listing, listing
from analyzer.report.html.table import HEAD, accounts_csv
from analyzer.report.html.text import markdown_report
from analyzer.runs.paper import print_pdf
from analyzer.runs.report_tables import stressed
from analyzer.runs.restored import restored_scans, run_facts
from analyzer.solvency.result import ScanResult
from analyzer.store.reader import Snapshot, open_snapshot
from analyzer.store.wide import join

FORMATS = ("html", "markdown", "pdf")
"""What a report can be written as."""
_OURS = {
    "html": (f'<meta name="generator" content="{GENERATOR}">',),
    "markdown": ("# Solvency of ",),
    "pdf": ("%PDF-",),
}
_PEEK = 4_096


@dataclass(frozen=True, slots=True)
class Written:
    """The files that a report consists of, and how large the first one is (bytes)."""

    report: Path
    accounts: Path
    size: int


def report(db: Path, out: Path, format_: str = "html") -> Written:
    """Writes the report of snapshot `db` to `out`, and the table of all accounts beside it.

    Both are written aside and renamed. Raises: InputError when `db` is no snapshot, a file that
    is not a report is in the way, or there is no Chromium to print a PDF with.
    """
    table = out.with_name(CSV_NAME)
    if out.name == CSV_NAME:
        raise InputError(f"{out}: the table of all accounts has that name; name the report another")
    _check_way(out, _OURS[format_])
    _check_way(table, (",".join(HEAD),))
    with open_snapshot(db) as snapshot:
        results = restored_scans(snapshot)
        material = _material(snapshot, results)
    data = _rendered(assemble(material), format_)
    _replace(table, accounts_csv(results).encode())
    _replace(out, data)
    return Written(out, table, len(data))


def load_content(db: Path) -> Content:
    """What the report of snapshot `db` says, whole, before it is drawn.

    Raises: InputError when `db` is no snapshot of ours.
    """
    with open_snapshot(db) as snapshot:
        return assemble(_material(snapshot, restored_scans(snapshot)))


def _rendered(content: Content, format_: str) -> bytes:
    """The report's bytes."""
    if format_ == "markdown":
        return markdown_report(content).encode()
    if format_ == "html":
        return html(fitted(content)).encode()
    with tempfile.TemporaryDirectory(prefix="analyzer-report-") as scratch:
        page = Path(scratch) / "report.html"
        page.write_text(html(content, unfolded=True), encoding="utf-8")
        return print_pdf(page)


def _material(snapshot: Snapshot, results: Sequence[ScanResult]) -> Material:
    """Everything that the report shows, read from the snapshot."""
    listed = listing(results)
    return Material(
        document=envelope(run_facts(snapshot), results),
        results=results,
        listing=listed,
        statements=_statements(snapshot, results, listed),
        stressed=stressed(snapshot, [result.scan_id for result in results]),
    )


def _statements(
    snapshot: Snapshot, results: Sequence[ScanResult], listed: Listing
) -> Mapping[tuple[int, str], list[StatementLine]]:
    """The statements of the listing's worst accounts, those that the snapshot holds."""
    found: dict[tuple[int, str], list[StatementLine]] = {}
    for number, result in enumerate(results):
        wanted = [a.account_id for a in listed.with_statement if a.scan == number]
        if not wanted:
            continue
        _, rows = snapshot.query(
            "SELECT account_id, section, label, amount, amount_overflow, unit, source"
            " FROM statements WHERE scan_id = $scan AND list_contains($accounts, account_id)"
            " ORDER BY account_id, line_no",
            {"scan": result.scan_id, "accounts": wanted},
        )
        for account, section, label, amount, wide, unit, source in rows:
            line = StatementLine(account, section, label, join(amount, wide), unit, source)
            found.setdefault((number, account), []).append(line)
    return found


def _check_way(path: Path, marks: Sequence[str]) -> None:
    """Sees that a file may be written at `path`. Raises: InputError when it may not."""
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: {path.parent} is no folder")
    if not path.exists():
        return
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file")
    with path.open("rb") as file:
        start = file.read(_PEEK).decode("utf-8", "replace")
    if start and not any(mark in start for mark in marks):
        raise InputError(f"{path} is there and is not ours: remove it, or write elsewhere")


def _replace(path: Path, data: bytes) -> None:
    """Writes a file aside, then renames it into place."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        aside.write_bytes(data)
        os.replace(aside, path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
