"""The one reader of a snapshot: its scans as books, as summaries, as results.

    FILE ──open: version, nothing foreign──▶ Reader ──books──────▶ stress, contagion, the API
                                                    ├─summaries──▶ diff, triage, watch
                                                    └─results────▶ report

All three are made of the tables' own `from_row`, and a file of somebody else, which may hold
anything in its rows, is one line of error in each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from analyzer.documents.scan import JudgedRun
from analyzer.findings import in_order
from analyzer.model.errors import InputError
from analyzer.model.scan_rows import ScanRow
from analyzer.protocols.registry import name_among
from analyzer.runs.snapshot.books import ScanBook, scan_book
from analyzer.runs.snapshot.results import scan_result
from analyzer.runs.snapshot.summaries import Summaries, scan_summary
from analyzer.solvency.result import ScanResult
from analyzer.store.reader import Snapshot, of_rows, open_snapshot
from analyzer.store.rows import column_reader
from analyzer.store.tables import books, findings, runs, scans

_version = column_reader(runs.TABLE, "analyzer_version")


@dataclass(frozen=True, slots=True)
class Reader:
    """What an open snapshot holds, in the program's own types. It does not close the snapshot."""

    snapshot: Snapshot

    def scans(self) -> list[ScanRow]:
        """Every scan in numbers, in the order in which they were written. Raises: InputError for
        rows that analyzer does not write."""
        with of_rows(self.snapshot.path):
            rows = self.snapshot.rows(scans.TABLE, as_written=True)
            return [scans.from_row(row) for row in rows]

    def books(self, deployments: Sequence[str] = ()) -> list[ScanBook]:
        """The scans ready to compute on, by deployment; of these deployments only, when any is
        named.

        Raises: InputError for a deployment that is not there, when a scan was made by other rules
        than this program's, and when its book is missing or is not what was written.
        """
        path = self.snapshot.path
        found = sorted(self.scans(), key=lambda scan: (scan.deployment.name, scan.scan_id))
        wanted = _chosen(path, [scan.deployment.name for scan in found], deployments)
        with of_rows(path):
            return [
                scan_book(path, scan, next(map(books.from_row, kept), None))
                for scan in found
                if scan.deployment.name in wanted
                for kept in [self.snapshot.rows(books.TABLE, scan.scan_id)]
            ]

    def summaries(self) -> Summaries:
        """The scans by chain and deployment, and their findings in the order of `run_detectors`.

        Raises: InputError for rows that analyzer does not write.
        """
        path = self.snapshot.path
        found = sorted(self.scans(), key=attrgetter("deployment.chain_id", "deployment.name"))
        with of_rows(path):
            listed = [scan_summary(self.snapshot, scan) for scan in found]
            rows = self.snapshot.rows(findings.TABLE, as_written=True)
            said = [findings.from_row(row) for row in rows]
        ordered = [
            finding
            for scan in listed
            for finding in in_order(f for f in said if f.scan_id == scan.scan_id)
        ]
        return Summaries(path.name, listed, ordered)

    def results(self) -> list[ScanResult]:
        """Every scan in the order in which they were written, with its findings.

        `runs.telling.scans.scan_document` of them is what the scan said. Raises: InputError
        when there is none, and for rows that analyzer does not write.
        """
        path, found = self.snapshot.path, self.scans()
        if not found:
            raise InputError(f"{path} holds no scan: `analyzer scan --db FILE` makes one")
        with of_rows(path):
            return [scan_result(self.snapshot, scan) for scan in found]

    def run_facts(self) -> JudgedRun:
        """What the run says of itself that does not change from machine to machine or with the
        clock.

        source: `rpc` or `recording`. The endpoint is left out: it proves nothing to a reader.
        """
        rows = self.snapshot.rows(runs.TABLE, as_written=True)
        if not rows:
            return JudgedRun("unknown", 0, "unknown", "unknown", "none")
        with of_rows(self.snapshot.path):
            facts, (version,) = runs.from_row(rows[0]), _version(rows[0])
        return JudgedRun(version, facts.exit_code, facts.run_id, facts.source, facts.verify_mode)


@contextmanager
def open_reader(db: Path) -> Iterator[Reader]:
    """The reader of the snapshot `db`, which is closed in the end. Raises: InputError when there
    is none, it is not ours, of another version, or carries what analyzer does not write."""
    with open_snapshot(db) as snapshot:
        yield Reader(snapshot)


def read_books(db: Path, deployments: Sequence[str] = ()) -> list[ScanBook]:
    """`Reader.books` of the snapshot `db`. Raises: InputError."""
    with open_reader(db) as reader:
        return reader.books(deployments)


def read_summaries(db: Path) -> Summaries:
    """`Reader.summaries` of the snapshot `db`. Raises: InputError."""
    with open_reader(db) as reader:
        return reader.summaries()


def _chosen(path: Path, known: Sequence[str], deployments: Sequence[str]) -> set[str]:
    """The names that are wanted. Raises: InputError for one that the snapshot does not hold."""
    wanted = [name_among(name, list(known)) for name in deployments]
    for name in wanted:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise InputError(f"{path} holds no deployment '{name}' (it holds: {listed})")
    return set(wanted or known)
