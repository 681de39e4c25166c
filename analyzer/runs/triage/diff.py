"""`diff`: two snapshots, finding by finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

from analyzer import __version__
from analyzer.documents.diff import (
    ChangedFinding,
    DeploymentChange,
    DeploymentFacts,
    DiffDocument,
    DiffRun,
    Side,
    SideScan,
)
from analyzer.findings import detector_of
from analyzer.findings.acceptance import Weighed
from analyzer.findings.diff import ALARMING, Change, Difference, compare
from analyzer.findings.scenario_detector import SCENARIO
from analyzer.findings.selection import below_threshold, selection_words, why_untold
from analyzer.model.errors import ExitCode, worst_exit
from analyzer.model.finding import Finding, Severity
from analyzer.runs.exit import parse_fail_on
from analyzer.runs.snapshot.reader import read_summaries
from analyzer.runs.snapshot.summaries import ScanSummary, Summaries
from analyzer.runs.telling.findings import triage, weighed_finding
from analyzer.runs.telling.scans import block
from analyzer.runs.triage.triage import weigh_summaries

ACCEPTED = "accepted"
"""State of a finding that is there and that somebody accepts, whatever it became."""


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """Which snapshots: `before` is the earlier one. fail_on: a severity, or `never`. triage: the
    file of accepted findings (default: the one beside `after`). today: by which these expire."""

    before: Path
    after: Path
    today: date
    fail_on: str = "high"
    triage: Path | None = None


@dataclass(frozen=True, slots=True)
class DiffOutcome:
    """What changed. document: for every form of it."""

    document: DiffDocument
    differences: list[Difference]
    exit_code: ExitCode


def diff(options: DiffOptions) -> DiffOutcome:
    """Compares the findings of two snapshots; neither is changed.

    Exit code 1 when something is new or worse, at least as severe as `fail_on` and not accepted;
    3 when a finding of that severity was there before and the later snapshot cannot tell, or is
    there now and the earlier one did not look.
    Raises: InputError when one of them is no snapshot of ours.
    """
    fail_on = parse_fail_on(options.fail_on)
    before, after = read_summaries(options.before), read_summaries(options.after)
    found = differences(before, after)
    weighed = weigh_summaries(after, db=options.after, named=options.triage, today=options.today)
    code = _exit_code(found, fail_on, weighed)
    document = DiffDocument(
        run=DiffRun(__version__, int(code), options.fail_on),
        before=Side(before.name),
        after=Side(after.name),
        deployments=tuple(_deployments(before, after)),
        notes=tuple(_notes(before, after)),
        counts=_counts(found, weighed),
        triage=triage(weighed),
        scans=(
            *(_scan(scan, "before") for scan in before.scans),
            *(_scan(scan, "after") for scan in after.scans),
        ),
        findings=tuple(_difference(difference, weighed) for difference in found),
    )
    return DiffOutcome(document, found, code)


def differences(before: Summaries, after: Summaries) -> list[Difference]:
    """Every finding of two snapshots once, with what became of it."""
    return compare(
        before.findings,
        after.findings,
        blind_before=lambda finding: _blind(before, after, finding),
        blind_after=lambda finding: _blind(after, before, finding),
        not_looked=lambda finding: _not_looked(before, after, finding),
        may_be=lambda finding: _may_be(after, before, finding),
    )


def _places(
    summaries: Summaries, other: Summaries, finding: Finding
) -> dict[str, ScanSummary | None]:
    """The deployments of a finding of the other snapshot, as `summaries` has them; None = it has
    none."""
    origin = next(scan for scan in other.scans if scan.scan_id == finding.scan_id)
    across = finding.evidence.get("deployments", origin.deployment).split(", ")
    scans = {scan.place: scan for scan in summaries.scans}
    return {name: scans.get((origin.chain_id, name)) for name in across}


def _not_looked(summaries: Summaries, other: Summaries, finding: Finding) -> str:
    """Why `summaries` never looked for a finding of the other snapshot: its deployment was not
    scanned, its scenario not run, nothing compared, its detector left out, too small to be told;
    empty = it looked."""
    places = _places(summaries, other, finding)
    missing = [name for name, scan in places.items() if scan is None]
    if missing:
        chain = next(scan.chain_id for scan in other.scans if scan.scan_id == finding.scan_id)
        return f"{', '.join(missing)} of chain {chain} was not scanned"
    seen = [scan for scan in places.values() if scan is not None]
    scenario = finding.evidence.get(SCENARIO)
    if scenario is not None and not all(scenario in scan.scenarios for scan in seen):
        return f"scenario {scenario} was not run"
    detector = detector_of(finding.detector)
    compared = detector is None or not detector.needs_comparison
    if not compared and not all(_was_compared(finding, scan) for scan in seen):
        return "nothing was compared with the contract"
    return next(filter(None, (why_untold(scan.selection, finding) for scan in seen)), "")


def _may_be(summaries: Summaries, other: Summaries, finding: Finding) -> str:
    """What a finding of the other snapshot that `summaries` lacks may still be there."""
    seen = [scan for scan in _places(summaries, other, finding).values() if scan is not None]
    texts = (below_threshold(scan.selection, finding.detector) for scan in seen)
    return next(filter(None, texts), "")


def _blind(summaries: Summaries, other: Summaries, finding: Finding) -> str:
    """Why `summaries` could not have found, or not all of, a finding of the other snapshot; empty =
    it could."""
    not_looked = _not_looked(summaries, other, finding)
    if not_looked:
        return not_looked
    seen = [scan for scan in _places(summaries, other, finding).values() if scan is not None]
    if finding.account_id is not None and any(finding.account_id in s.unknown for s in seen):
        return "the account is unknown"
    detector = detector_of(finding.detector)
    if detector is None:
        return f"version {__version__} has no detector {finding.detector}"
    if finding.market is not None and any(finding.market in scan.unread for scan in seen):
        return f"{finding.market} was not read"
    unknown = sum(scan.verdicts["unknown"] for scan in seen)
    if detector.adds_accounts and unknown:
        return f"{unknown} accounts are unknown, and are in no sum"
    if any(scan.place in summaries.not_whole for scan in seen):
        return "the set of accounts is not proven whole"
    return ""


def _was_compared(finding: Finding, scan: ScanSummary) -> bool:
    """Whether a scan asked the contract about what a finding is about."""
    if finding.account_id is None:
        return scan.checks > 0
    return finding.account_id in scan.compared


def _exit_code(found: Sequence[Difference], fail_on: Severity | None, weighed: Weighed) -> ExitCode:
    """What the differences say to the shell."""
    codes = [ExitCode.CLEAN]
    for difference in found:
        if fail_on is None or difference.finding.severity < fail_on:
            continue
        if _is_accepted(difference, weighed) and difference.before is None:
            continue
        if difference.change is Change.UNDECIDED:
            codes.append(ExitCode.NOT_FULLY_READ)
        elif difference.change in ALARMING and not _is_accepted(difference, weighed):
            codes.append(ExitCode.FINDINGS)
    return worst_exit(*codes)


def _is_accepted(difference: Difference, weighed: Weighed) -> bool:
    """Whether a finding is there now and somebody accepts it."""
    after = difference.after
    return after is not None and after.fingerprint in weighed.accepted


def _state(difference: Difference, weighed: Weighed) -> str:
    """`accepted`, else what became of it."""
    return ACCEPTED if _is_accepted(difference, weighed) else difference.change.value


def _counts(found: Sequence[Difference], weighed: Weighed) -> dict[str, int]:
    """How many findings there are of each state; those of no finding are 0."""
    counted = Counter(_state(difference, weighed) for difference in found)
    return {state: counted[state] for state in (*(c.value for c in Change), ACCEPTED)}


def _difference(difference: Difference, weighed: Weighed) -> ChangedFinding:
    """One finding as it is now (as it was, when it is gone: `side` says which), and what became
    of it."""
    finding, before = difference.finding, difference.before
    now = weighed_finding(finding, weighed.accepted.get(finding.fingerprint))
    return ChangedFinding(
        **{field.name: getattr(now, field.name) for field in fields(now)},
        state=_state(difference, weighed),
        change=difference.change,
        why=difference.why,
        side="before" if difference.after is None else "after",
        severity_before=None if before is None else before.severity,
        amounts_before=None if before is None else dict(before.amounts),
    )


def _deployments(before: Summaries, after: Summaries) -> list[DeploymentChange]:
    """Every deployment of either side, by chain and name."""
    old, new = _by_place(before), _by_place(after)
    return [
        DeploymentChange(
            chain_id=place[0],
            deployment=place[1],
            in_=_side(place in old, place in new),
            before=_facts(old.get(place)),
            after=_facts(new.get(place)),
        )
        for place in sorted(old.keys() | new.keys())
    ]


def _side(before: bool, after: bool) -> str:
    return "both" if before and after else "before" if before else "after"


def _by_place(summaries: Summaries) -> dict[tuple[int, str], ScanSummary]:
    return {scan.place: scan for scan in summaries.scans}


def _facts(scan: ScanSummary | None) -> DeploymentFacts | None:
    """One side of a deployment in numbers."""
    if scan is None:
        return None
    return DeploymentFacts(
        scan_id=scan.scan_id,
        block=block(scan.block),
        methodology=scan.methodology,
        analyzer_version=scan.analyzer_version,
        accounts=scan.accounts,
        verdicts=dict(scan.verdicts),
        answer=scan.answer,
        caveats=tuple(scan.caveats),
        hidden_bad_debt_e18=scan.hidden_bad_debt_e18,
        checks=scan.checks,
    )


def _scan(scan: ScanSummary, side: str) -> SideScan:
    """A scan as the findings of a document refer to it, by side and scan id."""
    return SideScan(
        scan_id=scan.scan_id,
        protocol=scan.protocol,
        deployment=scan.deployment,
        chain_id=scan.chain_id,
        contracts=dict(scan.contracts),
        block=block(scan.block),
        side=side,
    )


def _notes(before: Summaries, after: Summaries) -> list[str]:
    """What a reader has to know before he believes a difference."""
    old, new = _by_place(before), _by_place(after)
    notes = []
    for side, mine, others in (("before", old, new), ("after", new, old)):
        chains = {chain for chain, _ in mine} - {chain for chain, _ in others}
        notes += [f"chain {chain} is only in {side}" for chain in sorted(chains)]
        notes += [
            f"deployment {name} of chain {chain} is only in {side}"
            for chain, name in sorted(mine.keys() - others.keys())
        ]
    for place in sorted(old.keys() & new.keys()):
        notes += _scan_notes(old[place], new[place])
    return notes


def _scan_notes(before: ScanSummary, after: ScanSummary) -> list[str]:
    """The same for a deployment that both sides have."""
    name = after.deployment
    notes = [
        f"{name}: {side} is not proven: {'; '.join(scan.caveats)}"
        for side, scan in (("before", before), ("after", after))
        if scan.caveats
    ]
    notes += [
        f"{name}: {side} was not looked for: {'; '.join(words)}"
        for side, scan in (("before", before), ("after", after))
        if (words := selection_words(scan.selection))
    ]
    if before.scan_id == after.scan_id:
        return [*notes, f"{name}: both are the same scan, of block {after.block.number}"]
    if after.block.number < before.block.number:
        numbers = f"{after.block.number} after {before.block.number}"
        notes.append(f"{name}: the later snapshot is of the earlier block ({numbers})")
    if before.methodology != after.methodology:
        notes.append(f"{name}: other rules ({before.methodology} -> {after.methodology})")
    if before.contracts != after.contracts:
        notes.append(f"{name}: the contracts are not the same")
    if before.analyzer_version != after.analyzer_version:
        versions = f"{before.analyzer_version} -> {after.analyzer_version}"
        notes.append(f"{name}: made by other versions of the program ({versions})")
    return notes
