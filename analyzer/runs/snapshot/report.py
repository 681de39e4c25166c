"""`report`: one page about a snapshot, with the table of all accounts beside it.

snapshot ──▶ results ──▶ material ──▶ content ──▶ page | Markdown | PDF
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.documents.over_time import Since
from analyzer.model.atomic import beside, check_place, replace_bytes
from analyzer.model.errors import InputError
from analyzer.model.rows import StatementLine
from analyzer.model.scratch import Scratch
from analyzer.report.html.assemble import assemble
from analyzer.report.html.content import Content
from analyzer.report.html.fit import fitted
from analyzer.report.html.material import Material
from analyzer.report.html.printed import for_paper
from analyzer.report.html.render import GENERATOR, html
from analyzer.report.html.sections.accounts import CSV_NAME
from analyzer.report.html.selection import Listing, listing
from analyzer.report.html.summary import summary
from analyzer.report.html.table import HEAD, accounts_csv
from analyzer.report.html.text import markdown_report
from analyzer.runs.snapshot.artifact import check_own
from analyzer.runs.snapshot.over_time import series_of, since_history, since_snapshot
from analyzer.runs.snapshot.pdf import print_pdf
from analyzer.runs.snapshot.reader import Reader
from analyzer.runs.snapshot.report_tables import decided, profiled, stressed
from analyzer.runs.snapshot.statements import statement_lines
from analyzer.runs.telling.explorers import explorers
from analyzer.runs.telling.scans import judged_document, reported_scan
from analyzer.solvency.result import ScanResult
from analyzer.store.reader import Snapshot, open_snapshot

FORMATS = ("html", "markdown", "pdf")
"""What a report can be written as."""
_PDF_MARK = f"% {GENERATOR}\n".encode()
"""A comment behind the end of a PDF, which no reader looks at."""
_OURS: Mapping[str, Callable[[str], bool]] = {
    "html": lambda start: f'<meta name="generator" content="{GENERATOR}">' in start,
    "markdown": lambda start: start.startswith("# Solvency of "),
    "pdf": lambda end: end.endswith(_PDF_MARK.decode()),
}
"""How a report of ours begins; a PDF, how it ends."""


@dataclass(frozen=True, slots=True)
class Written:
    """The files that a report consists of, and how large the first one is (bytes). accounts: None
    for the first page alone, which has no table beside it."""

    report: Path
    accounts: Path | None
    size: int


@dataclass(frozen=True, slots=True)
class Options:
    """What a report holds. summary: the first page alone. since: an earlier snapshot to compare
    with. history: folder of a history; last: how many of its scans at most. explorers: `CHAIN=URL`,
    over the table of explorers."""

    summary: bool = False
    since: Path | None = None
    history: Path | None = None
    last: int = 30
    explorers: tuple[str, ...] = ()


WHOLE = Options()
"""A whole report that looks at nothing earlier."""


def report(db: Path, out: Path, format_: str = "html", options: Options = WHOLE) -> Written:
    """Writes the report of snapshot `db` to `out`, and the table of all accounts beside it.

    Both are written aside and renamed. Raises: InputError when `db` or `since` is no snapshot, a
    file that is not a report is in the way, the history holds none of the deployments, an explorer
    is no address, or there is no Chromium to print a PDF with.
    """
    if options.summary:
        return _first_page(db, out, format_, options)
    table = beside(out, CSV_NAME)
    if out.name == CSV_NAME:
        raise InputError(f"{out}: the table of all accounts has that name; name the report another")
    for path in (out, table):
        check_place(path)
    check_own(out, _OURS[format_], at_end=format_ == "pdf")
    check_own(table, lambda start: start.startswith(",".join(HEAD)))
    with open_snapshot(db) as snapshot:
        results = Reader(snapshot).results()
        material = _material(snapshot, results, options)
    data = _rendered(assemble(material), format_)
    replace_bytes(table, accounts_csv(material.scans).encode())
    replace_bytes(out, data)
    return Written(out, table, len(data))


def _first_page(db: Path, out: Path, format_: str, options: Options) -> Written:
    """Writes the first page alone. Raises: InputError."""
    check_place(out)
    check_own(out, _OURS[format_], at_end=format_ == "pdf")
    data = _rendered(load_content(db, options), format_)
    replace_bytes(out, data)
    return Written(out, None, len(data))


def load_content(db: Path, options: Options = WHOLE) -> Content:
    """What the report of snapshot `db` says before it is drawn.

    Raises: InputError when `db` is no snapshot of ours, or as `report` does.
    """
    with open_snapshot(db) as snapshot:
        material = _material(snapshot, Reader(snapshot).results(), options)
    return summary(material) if options.summary else assemble(material)


def _rendered(content: Content, format_: str) -> bytes:
    """The report's bytes."""
    if format_ == "markdown":
        return markdown_report(content).encode()
    if format_ == "html":
        return html(content if content.brief else fitted(content)).encode()
    with Scratch("report") as scratch:
        page = Path(scratch) / "report.html"
        printed = content if content.brief else for_paper(content)
        page.write_text(html(printed, unfolded=not content.brief), encoding="utf-8")
        return print_pdf(page) + _PDF_MARK


def _material(
    snapshot: Snapshot, results: Sequence[ScanResult], options: Options = WHOLE
) -> Material:
    """Everything that the report shows, read from the snapshot and from what is earlier."""
    scans = [reported_scan(result) for result in results]
    listed = listing(scans)
    known = explorers(options.explorers)
    return Material(
        document=judged_document(Reader(snapshot).run_facts(), results, known),
        scans=scans,
        listing=listed,
        statements=_statements(snapshot, results, listed),
        stressed=stressed(snapshot, [result.scan_id for result in results]),
        profiled=profiled(snapshot, options.since),
        decided=decided(snapshot),
        series=series_of(options.history, results, options.last) if options.history else (),
        since=_since(results, options),
    )


def _since(results: Sequence[ScanResult], options: Options) -> list[Since] | None:
    """What changed since the earlier snapshot, else since the history's last scan before; None
    where neither was given."""
    if options.since is not None:
        return since_snapshot(options.since, results)
    return since_history(options.history, results) if options.history else None


def _statements(
    snapshot: Snapshot, results: Sequence[ScanResult], listed: Listing
) -> Mapping[tuple[int, str], list[StatementLine]]:
    """The statements of the listing's worst accounts, those that the snapshot holds."""
    found: dict[tuple[int, str], list[StatementLine]] = {}
    for number, result in enumerate(results):
        wanted = [a.account_id for a in listed.with_statement if a.scan == number]
        if not wanted:
            continue
        for line in statement_lines(snapshot, result.scan_id, wanted):
            found.setdefault((number, line.account_id), []).append(line)
    return found
