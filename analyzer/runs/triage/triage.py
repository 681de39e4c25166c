"""`triage`: findings that somebody has looked at and accepts, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from analyzer import __version__
from analyzer.documents.envelope import Run
from analyzer.documents.triage import (
    ListedAcceptance,
    OpenFinding,
    OpenFindingsDocument,
    TriageDocument,
)
from analyzer.findings.acceptance import (
    NOTHING_ACCEPTED,
    Acceptance,
    Weighed,
    measure,
    weigh,
    why_lapsed,
)
from analyzer.findings.scenario_detector import SCENARIO
from analyzer.model.errors import InputError
from analyzer.model.finding import Finding
from analyzer.runs.snapshot.reader import read_summaries
from analyzer.runs.snapshot.summaries import ScanSummary, Summaries
from analyzer.runs.triage.file import (
    read_triage,
    triage_beside,
    with_entry,
    without_entry,
    write_triage,
)
from analyzer.solvency.result import ScanResult

_E18 = 18
_SHORTEST_PREFIX = 6


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms findings are accepted. up_to: the largest amount, as a number of the
    finding's first measure (of an `_e18` amount in whole units); None = whatever it becomes."""

    reason: str
    author: str
    expires: date | None = None
    up_to: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An acceptance and what it comes to now: `accepted`, why not, or `not in this snapshot`."""

    acceptance: Acceptance
    state: str


def today() -> date:
    """The day by which acceptances expire, in UTC."""
    return datetime.now(UTC).date()


def weigh_results(
    results: Sequence[ScanResult], *, db: Path, named: Path | None, today: date
) -> Weighed:
    """What is accepted of the findings of a run, by the triage file `named`, else the one beside
    `db`; nothing when there is none. Raises: InputError for a file that is not as it should be."""
    file = named or triage_beside(db)
    acceptances = read_triage(file, named=named is not None)
    if not acceptances:
        return replace(NOTHING_ACCEPTED, file=file.name) if named else NOTHING_ACCEPTED
    return weigh(
        acceptances,
        [finding for result in results for finding in result.findings],
        today=today,
        scanned=[(r.deployment.chain_id, r.deployment.name) for r in results],
        file=file.name,
    )


def weigh_summaries(summaries: Summaries, *, db: Path, named: Path | None, today: date) -> Weighed:
    """The same for the findings of a snapshot."""
    file = named or triage_beside(db)
    return weigh(
        read_triage(file, named=named is not None),
        summaries.findings,
        today=today,
        scanned=[scan.place for scan in summaries.scans],
        scenarios={name for scan in summaries.scans for name in scan.scenarios},
        file=file.name,
    )


def accept(
    db: Path, fingerprints: Sequence[str], terms: Terms, *, file: Path | None, today: date
) -> list[Acceptance]:
    """Accepts findings of the snapshot `db`, each named by its fingerprint or the beginning of it.

    An acceptance of the same finding that is there already is replaced. Raises: InputError when
    there is no such finding, for terms that mean nothing, or a file that cannot be written.
    """
    if not terms.reason.strip() or not terms.author.strip():
        raise InputError("an acceptance needs a reason and an author (--reason, --author)")
    if terms.expires is not None and terms.expires < today:
        raise InputError(f"--expires {terms.expires.isoformat()} is in the past")
    summaries = read_summaries(db)
    path = file or triage_beside(db)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    known = {entry.fingerprint for entry in read_triage(path, named=False)}
    added = []
    for given in dict.fromkeys(fingerprints):
        finding = _find(summaries, given, db)
        acceptance = _acceptance(summaries, finding, terms, today)
        if finding.fingerprint in known:
            text = without_entry(text, finding.fingerprint, path)
        known.add(finding.fingerprint)
        text = with_entry(text, acceptance)
        added.append(acceptance)
    write_triage(path, text)
    return added


def withdraw(file: Path, fingerprints: Sequence[str]) -> list[Acceptance]:
    """Takes acceptances out of the triage file again. Raises: InputError when one is not there."""
    entries = read_triage(file, named=True)
    text = file.read_text(encoding="utf-8")
    gone = []
    for given in dict.fromkeys(fingerprints):
        fits = [e for e in entries if e not in gone and _is_named(e.fingerprint, given)]
        if len(fits) != 1:
            raise InputError(f"{file} accepts {_how_many(len(fits))} whose fingerprint is {given}")
        text = without_entry(text, fits[0].fingerprint, file)
        gone.append(fits[0])
    write_triage(file, text)
    return gone


def list_accepted(db: Path | None, *, file: Path, named: bool, today: date) -> list[Entry]:
    """Every acceptance, with what it comes to for the findings of `db` (if any is given)."""
    acceptances = read_triage(file, named=named)
    if db is None:
        return [Entry(a, _by_date(a, today)) for a in acceptances]
    summaries = read_summaries(db)
    found = {finding.fingerprint: finding for finding in summaries.findings}
    return [Entry(a, _state(a, found.get(a.fingerprint), today)) for a in acceptances]


def open_findings(
    db: Path, *, named: Path | None, today: date
) -> list[tuple[ScanSummary, Finding]]:
    """The findings of a snapshot that nobody has accepted, each with its scan."""
    summaries = read_summaries(db)
    accepted = weigh_summaries(summaries, db=db, named=named, today=today).accepted
    scans = {scan.scan_id: scan for scan in summaries.scans}
    return [(scans[f.scan_id], f) for f in summaries.findings if f.fingerprint not in accepted]


def open_document(db: Path, *, named: Path | None, today: date) -> OpenFindingsDocument:
    """The same findings as a document."""
    found = tuple(
        OpenFinding(
            f.fingerprint, f.severity, f.detector, scan.deployment, f.account_id, f.market, f.title
        )
        for scan, f in open_findings(db, named=named, today=today)
    )
    return OpenFindingsDocument(Run(__version__, 0), found)


def accepted_document(db: Path | None, *, file: Path, named: bool, today: date) -> TriageDocument:
    """Every acceptance of `list_accepted` as a document."""
    entries = list_accepted(db, file=file, named=named, today=today)
    return TriageDocument(Run(__version__, 0), tuple(map(_listed, entries)))


def _listed(entry: Entry) -> ListedAcceptance:
    """One acceptance and what it comes to."""
    a = entry.acceptance
    return ListedAcceptance(
        fingerprint=a.fingerprint,
        state=entry.state,
        detector=a.detector,
        deployment=a.deployment,
        about=a.about,
        reason=a.reason,
        author=a.author,
        date=a.day,
        expires=a.expires,
    )


def _by_date(acceptance: Acceptance, today: date) -> str:
    """What can be said of an acceptance without any finding."""
    if acceptance.expires is not None and today > acceptance.expires:
        return f"expired on {acceptance.expires.isoformat()}"
    return "accepted"


def _state(acceptance: Acceptance, finding: Finding | None, today: date) -> str:
    """What an acceptance comes to in a snapshot."""
    if finding is None:
        return "matches nothing"
    return why_lapsed(acceptance, finding, today=today) or "accepted"


def _find(summaries: Summaries, given: str, db: Path) -> Finding:
    """The finding that a fingerprint, or the beginning of one, names."""
    fits = [f for f in summaries.findings if _is_named(f.fingerprint, given)]
    if len(fits) == 1:
        return fits[0]
    raise InputError(
        f"{db} holds {_how_many(len(fits))} whose fingerprint is {given}:"
        f" `analyzer triage list --open --db {db}` shows them"
    )


def _is_named(fingerprint: str, given: str) -> bool:
    """Whether `given` is the fingerprint, or enough of its beginning."""
    text = given.lower()
    return len(text) >= _SHORTEST_PREFIX and fingerprint.startswith(text)


def _how_many(number: int) -> str:
    """`no finding`, or how many."""
    return f"{number} findings" if number else "no finding"


def _acceptance(summaries: Summaries, finding: Finding, terms: Terms, today: date) -> Acceptance:
    """The entry for a finding: with what it is now, so that it does not cover what it becomes."""
    scan = next(scan for scan in summaries.scans if scan.scan_id == finding.scan_id)
    # A finding across several deployments names them in its evidence, in the fingerprint's order.
    across = finding.evidence.get("deployments")
    return Acceptance(
        fingerprint=finding.fingerprint,
        reason=terms.reason.strip(),
        author=terms.author.strip(),
        day=today,
        expires=terms.expires,
        severity=finding.severity,
        up_to={} if terms.up_to is None else _limit(finding, terms.up_to),
        detector=finding.detector,
        chain_id=scan.chain_id,
        deployment=across.replace(", ", "+") if across else scan.deployment,
        about=" ".join(part for part in (finding.account_id, finding.market) if part),
        scenario=finding.evidence.get(SCENARIO, ""),
    )


def _limit(finding: Finding, text: str) -> dict[str, int]:
    """The first measure of a finding and the amount up to which it is accepted."""
    sizes = measure(finding)
    if not sizes:
        raise InputError(f"--up-to: {finding.detector} findings have no size")
    name, now = next(iter(sizes.items()))
    try:
        number = Decimal(text.replace("_", "").replace(",", ""))
        limit = int(number.scaleb(_E18) if name.endswith("_e18") else number)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise InputError(f"--up-to {text} is no number") from error
    if limit < now:
        raise InputError(f"--up-to {text}: {name} is {now} already")
    return {name: limit}
