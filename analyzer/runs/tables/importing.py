"""`book import`: a table of positions, its prices and rules as a snapshot like any other.

table ─▶ checked columns ─▶ book ─▶ margin, verdicts ─▶ detectors ─▶ snapshot ─▶ document

A table has no chain and no block. In their place the scan has chain 0 and block 0, whose hash is
that of the book's own content: the same rows, prices and rules have the same scan id on every
machine, whatever file they came in, and a scan of a chain never has it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from analyzer import __version__
from analyzer.chain.base import Progress
from analyzer.documents.book import BookDocument, BookRun, BookTable
from analyzer.findings import add_run_findings
from analyzer.findings.selection import keep_selected, selection_words
from analyzer.model.atomic import real_path
from analyzer.model.block import BlockRef
from analyzer.model.book import Book
from analyzer.model.deployment import NO_CHAIN, Deployment
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.identity import content_hash, run_id
from analyzer.model.scan_rows import RunFacts
from analyzer.model.selection import EVERYTHING, Selection
from analyzer.protocols.registry import load_plug
from analyzer.protocols.table.state.state import state_of
from analyzer.runs.exit import exit_code, parse_fail_on
from analyzer.runs.scanning.judging import judge
from analyzer.runs.scanning.rows import snapshot_rows
from analyzer.runs.tables.frames import Frame
from analyzer.runs.tables.positions import Read, read_positions
from analyzer.runs.tables.prices import PriceTable, read_prices
from analyzer.runs.tables.rules_file import RulesFile, read_rules
from analyzer.runs.telling.scans import judged
from analyzer.runs.triage.file import read_triage, triage_beside
from analyzer.runs.triage.triage import today, weigh_results
from analyzer.solvency.rebuild import judge_book
from analyzer.solvency.result import Completeness, ScanResult
from analyzer.solvency.verdicts import headroom_e18
from analyzer.solvency.verify import VerifyMode
from analyzer.store.extend import Remove, extend_snapshot
from analyzer.store.reader import open_snapshot
from analyzer.store.snapshot import SCHEMA, check_replaceable, write_snapshot

TABLE = "table"
"""The protocol of such a scan, and the source of its run."""
_NAME = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What to import and where to put it.

    positions, prices: files or frames; rules: a file, or the same as a mapping. db: the snapshot.
    name: of the deployment (default: the rules', else the positions file's). beside: a snapshot
    whose scans are taken along, so that all stand in one cascade. fail_on, triage, selection: as
    for a scan.
    """

    positions: Frame
    prices: Frame
    rules: str | Path | Mapping[str, object]
    db: Path
    name: str | None = None
    beside: Path | None = None
    fail_on: str = "high"
    triage: Path | None = None
    selection: Selection = EVERYTHING


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it."""

    document: BookDocument
    result: ScanResult
    exit_code: ExitCode


def import_book(options: ImportOptions, progress: Progress) -> Imported:
    """Reads and judges the table, and writes the snapshot when everything is done.

    Raises: InputError with row and column, or key, of what is wrong; UnreadError for an empty
    table. The snapshot that was there before is then untouched.
    """
    started = datetime.now(UTC)
    fail_on = parse_fail_on(options.fail_on)
    _check_places(options)
    read_triage(options.triage or triage_beside(options.db), named=options.triage is not None)
    progress("read the table", 0, 3)
    rules = read_rules(options.rules)
    prices = read_prices(options.prices, rules)
    read = read_positions(options.positions, prices, rules)
    progress("judge the accounts", 1, 3)
    result = _judged(_deployment(options, rules), read.book)
    add_run_findings([result])
    keep_selected([result], options.selection)
    weighed = weigh_results([result], db=options.db, named=options.triage, today=today())
    code = exit_code([result], fail_on, weighed.accepted)
    finished = datetime.now(UTC)
    run = run_id([result.scan_id], [__version__, TABLE, *selection_words(options.selection)])
    facts = RunFacts(run, TABLE, "", VerifyMode.NONE.value, int(code), started, finished)
    progress("write the snapshot", 2, 3)
    _write(options, facts, result)
    progress("write the snapshot", 3, 3)
    told = judged([result], weighed)
    document = BookDocument(
        BookRun(
            analyzer_version=__version__,
            exit_code=int(code),
            run_id=run,
            source=TABLE,
            verify=VerifyMode.NONE.value,
            started_at=started,
            finished_at=finished,
            snapshot=options.db.name,
            fail_on=options.fail_on,
        ),
        told.scans,
        told.verification,
        told.triage,
        told.groups,
        told.findings,
        book=_table(options, read, prices, rules, result),
    )
    return Imported(document, result, code)


def _check_places(options: ImportOptions) -> None:
    """Sees that the snapshot can be written, and is none of the tables. Raises: InputError."""
    check_replaceable(options.db)
    target = real_path(options.db)
    named = (
        ("POSITIONS", options.positions),
        ("--prices", options.prices),
        ("--rules", options.rules),
    )
    for option, given in named:
        if isinstance(given, str | Path) and real_path(Path(given)) == target:
            raise InputError(f"{option} and --db both name {options.db}: they are two files")
    if options.beside is not None:
        open_snapshot(options.beside).close()


def _deployment(options: ImportOptions, rules: RulesFile) -> Deployment:
    """The deployment that stands for the table. Raises: InputError for a name that is none."""
    name = options.name or rules.name
    if not name:
        named = isinstance(options.positions, str | Path)
        stem = Path(str(options.positions)).stem if named else "book"
        name = re.sub(r"[^0-9A-Za-z_.-]+", "-", stem).strip("-.") or "book"
    if not _NAME.fullmatch(name):
        raise InputError(f"'{name}' is no name of a book: letters, digits and _ . - only")
    return Deployment(name, TABLE, NO_CHAIN, 0, {}, rules.factors, "a table, as it was given")


def _judged(deployment: Deployment, book: Book) -> ScanResult:
    """The result of the book, with its findings."""
    block = BlockRef(0, content_of(book), "", state_of(book).taken_at)
    result, _ = judge_book(
        load_plug(TABLE),
        deployment,
        block=block,
        book=book,
        completeness=Completeness(0, 0, 0, 0, 0, 0),
        progress=lambda _what, _done, _total: None,
    )
    judge(result)
    return result


def content_of(book: Book) -> str:
    """What stands for a block's hash: that of the book's accounts, owners, legs, terms, prices,
    rules and time, in the table's order."""
    state = state_of(book)
    parts = {
        "rules": asdict(state.rules),
        "terms": [asdict(terms) for terms in state.terms],
        "prices": {asset: asdict(price) for asset, price in state.prices.items()},
        "assets": [asdict(asset) for asset in book.assets],
        "taken_at": state.taken_at,
    }
    columns = (book.account_ids, book.owners, map(str, book.amount))
    numbers = (book.indptr.astype("<i8").tobytes(), book.asset.astype("<i4").tobytes())
    return content_hash(_texts(parts), columns, numbers)


def _texts(value: object) -> object:
    """A value as JSON of every machine has it: integers as text."""
    if isinstance(value, dict):
        return {str(key): _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value if value is None or isinstance(value, bool) else str(value)


def _write(options: ImportOptions, facts: RunFacts, result: ScanResult) -> None:
    """The snapshot, with the scans of another one where those are wanted. Raises: InputError."""
    rows = snapshot_rows(facts, [result])
    if options.beside is None:
        write_snapshot(options.db, rows)
        return
    name = result.deployment.name
    with open_snapshot(options.beside) as snapshot:
        sql = "SELECT scan_id, protocol FROM scans WHERE deployment = ?"
        _, found = snapshot.query(sql, [name])
    own = real_path(options.beside) == real_path(options.db)
    for scan, protocol in found:
        # A table may be read again into its own snapshot; nothing else goes unsaid.
        if protocol != TABLE or (scan != result.scan_id and not own):
            raise InputError(
                f"{options.beside} has a scan named {name} already ({protocol}): name this book"
                " otherwise with --name"
            )
    gone = [
        Remove(table.name, "scan_id = ?", (str(scan),))
        for scan, _ in found
        for table in SCHEMA.values()
        if any(column.name == "scan_id" for column in table.columns)
    ]
    extend_snapshot(options.beside, options.db, rows, gone)


def _table(
    options: ImportOptions,
    read: Read,
    prices: PriceTable,
    rules: RulesFile,
    result: ScanResult,
) -> BookTable:
    """What the document says of the table itself."""
    headrooms = [headroom_e18(row.margin) for row in result.margin]
    short = [-headroom for headroom in headrooms if headroom is not None and headroom < 0]
    notes = []
    if read.exponents:
        notes.append(
            f"{read.exponents:,} amounts are written with an exponent and taken as they stand: what"
            " wrote them may have rounded"
        )
    if prices.cut or read.cut_entries:
        cut = prices.cut + read.cut_entries
        notes.append(f"{cut:,} prices have more than 18 decimals: the rest was cut")
    state = state_of(result.book)
    unit = state.rules.unit
    still = sorted(name for name, price in prices.prices.items() if price.fixed and name != unit)
    if still:
        notes.append(
            f"no shock moves {', '.join(still)}: the unit of account is {unit}; to stress this"
            " book by what it is worth in dollars, write its prices in USD"
        )
    return BookTable(
        positions=_named(options.positions),
        prices=_named(options.prices),
        rules=rules.where if isinstance(options.rules, str | Path) else "given",
        content=result.block.hash,
        unit=unit,
        rows=state.rows,
        accounts=state.accounts,
        owners=len(set(result.book.owners)),
        below_maintenance=len(short),
        lacking_e18=sum(short),
        notes=tuple(notes),
    )


def _named(frame: Frame) -> str:
    """The file's name, without its folder."""
    return Path(frame).name if isinstance(frame, str | Path) else "given"
