"""A document as SARIF 2.1.0, for code scanning and for tools that compare runs.

    run ── tool.driver.rules        one a detector: what it proves, what not, what to do
        ├─ invocations              exit code, times, what was not read, groups with one cause
        ├─ logicalLocations         deployment ─▶ contract, account, market
        └─ results                  one a finding, accepted ones with their suppression

A finding is about an account of a deployment, not about a line of a file. Some readers refuse a
result without a physical location, and take one at another path for another alert; so it is a
constant of the deployment, `eip155-10/perp-v2-optimism`, and never the name of a file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from analyzer.documents.encode import to_json
from analyzer.documents.findings import WeighedFinding
from analyzer.documents.scan import (
    JudgedDocument,
    JudgedRun,
    Scan,
    ScanPlace,
    Verification,
)
from analyzer.findings import ALL_DETECTORS, detector_of
from analyzer.findings.detector import Described
from analyzer.model.identity import alert_key, joint_name
from analyzer.model.visible import visible
from analyzer.report.answer import answer_text, how_much
from analyzer.report.finding_blocks import about
from analyzer.report.money import amount
from analyzer.report.page import not_looked_for, not_read
from analyzer.report.sarif_places import Places

SCHEMA_URI = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION = "2.1.0"
FINGERPRINT = "analyzerFinding/v1"
"""Key of the house fingerprint among the partial fingerprints."""
GITHUB_FINGERPRINT = "primaryLocationLineHash"
"""The key by which GitHub tells alerts apart. All results lie at line 1 of one file, so without it
findings of one rule would be one alert."""
MAX_RESULTS = 20_000
"""How many results a run holds at most: code scanning refuses a run with more than 25,000."""
MAX_FINGERPRINTS = 1_000
"""How many findings of one cause a notification names; its text counts all of them."""
MAX_NOTIFICATIONS = 500
"""How many notifications an invocation holds at most; the last one says how many are left out."""
MAX_KINDS = 100
"""How many kinds of comparison are counted one by one; the others are summed."""
_EMBEDDED = re.compile(r"\[(?=[^\[\]]*\]\()")
"""Where a link would begin that a viewer follows."""
MESSAGE_AMOUNTS = 3
"""How many amounts a message names; the properties hold all of them."""

LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
SECURITY_SEVERITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0", "info": "0.1"}
"""GitHub's scale: critical above 9.0, high from 7.0, medium from 4.0, low above 0."""
EXIT_CODES = {
    0: "nothing at or above --fail-on",
    1: "findings at or above --fail-on",
    2: "the input is wrong",
    3: "not fully read, or not proven",
    4: "a number differs from the contract's own view",
}
_RUN = ("verify", "sample_seed", "fail_on", "source", "endpoint", "snapshot", "evidence")
_NOT_DONE = frozenset({2, 3})

Log = dict[str, Any]
Found = TypeVar("Found", bound=WeighedFinding)


def sarif(document: JudgedDocument) -> Log:
    """The document of a scan as a SARIF log with one run of at most `MAX_RESULTS` results.

    Amounts are decimal strings of exact integers, as in the document.
    """
    run = document.run
    scans = {scan.scan_id: scan for scan in document.scans}
    rules = rule_order(document.findings)
    places = Places(document.scans)
    kept, left_out = bounded(document.findings)
    results = [result(finding, scans[finding.scan_id], rules, places) for finding in kept]
    notes = [*left_out, *_notifications(document, rules)]
    return log(
        {
            "tool": {"driver": driver(run.analyzer_version, rules)},
            "automationDetails": {"id": _category(document.scans, run.run_id)},
            "invocations": [_invocation(run, bounded_notes(notes))],
            "artifacts": [_artifact(scan) for scan in document.scans],
            "logicalLocations": places.listed,
            "results": results,
            "properties": {
                "verification": _verification(document.verification),
                "scans": [_scan(scan) for scan in document.scans],
            },
        }
    )


def log(run: Mapping[str, Any]) -> Log:
    """A SARIF log of one run."""
    return {"$schema": SCHEMA_URI, "version": VERSION, "runs": [dict(run)]}


def driver(version: str, rules: Mapping[str, int]) -> Log:
    """The tool and its rules, in the order of `rules`."""
    return {
        "name": "analyzer",
        "version": version,
        "semanticVersion": version,
        "rules": [_rule(id_) for id_ in rules],
    }


def bounded(findings: Sequence[Found]) -> tuple[list[Found], list[Log]]:
    """(the findings that a run can hold, the notification of those that are left out).

    As they are where all fit; else the severest first, those that count before accepted ones.
    """
    if len(findings) <= MAX_RESULTS:
        return list(findings), []
    ranks = {severity: rank for rank, severity in enumerate(LEVELS)}
    ranked = sorted(findings, key=lambda f: (bool(f.accepted), ranks[f.severity.label]))
    kept, left = ranked[:MAX_RESULTS], ranked[MAX_RESULTS:]
    counts = Counter(finding.severity.label for finding in left)
    listed = ", ".join(f"{counts[name]:,} {name}" for name in LEVELS if counts[name])
    text = (
        f"{len(left):,} of {len(findings):,} findings are left out ({listed}): a run holds"
        f" {MAX_RESULTS:,}, the severest; --format json has all of them"
    )
    return kept, [_notification("warning", text)]


def bounded_notes(notes: Sequence[Log]) -> list[Log]:
    """Notifications, of which the last says how many are left out, if any."""
    if len(notes) <= MAX_NOTIFICATIONS:
        return list(notes)
    kept = list(notes[: MAX_NOTIFICATIONS - 1])
    text = f"{len(notes) - len(kept):,} more notifications are left out: --format json has them"
    return [*kept, _notification("warning", text)]


def artifact_uri(scan: ScanPlace) -> str:
    """Where the findings of a deployment are said to be: a relative path that names the deployment
    and stays the same whatever the files are called."""
    return f"eip155-{scan.chain_id}/{quote(scan.deployment, safe='')}"


def rule_order(findings: Sequence[WeighedFinding]) -> dict[str, int]:
    """Rule id -> its index: all detectors, then those of findings that another version made."""
    ids = [detector.id for detector in ALL_DETECTORS]
    ids += sorted({finding.detector for finding in findings} - set(ids))
    return {id_: number for number, id_ in enumerate(ids)}


def result(
    finding: WeighedFinding,
    scan: ScanPlace,
    rules: Mapping[str, int],
    places: Places,
) -> Log:
    """One finding. rules: id -> index."""
    severity, print_ = finding.severity.label, finding.fingerprint
    return {
        "ruleId": finding.detector,
        "ruleIndex": rules[finding.detector],
        "kind": "fail",
        "level": LEVELS[severity],
        "rank": _rank(severity),
        "message": {"text": message(finding, scan)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": artifact_uri(scan)},
                    "region": {"startLine": 1},
                },
                "logicalLocations": places.of(finding, scan),
            }
        ],
        "partialFingerprints": {FINGERPRINT: print_, GITHUB_FINGERPRINT: alert_key(print_)},
        # Present on every result, because a reader takes a missing list for 'not known'.
        "suppressions": _suppressions(finding),
        "properties": {
            "severity": severity,
            "security-severity": SECURITY_SEVERITY[severity],
            "fingerprint": print_,
            "scan_id": finding.scan_id,
            "chain_id": scan.chain_id,
            "deployment": scan.deployment,
            "account_id": finding.account_id,
            "market": finding.market,
            "block_number": scan.block.number,
            "block_hash": scan.block.hash,
            "cause": finding.cause,
            "amounts": {name: str(value) for name, value in finding.amounts.items()},
            "evidence": dict(finding.evidence),
        },
    }


def message(finding: WeighedFinding, scan: ScanPlace) -> str:
    """A finding in one sentence: what, where, how much, why."""
    amounts = [amount(name, value) for name, value in finding.amounts.items()]
    parts = [f"{finding.title}: {about(finding)} of {scan.deployment}"]
    parts += amounts[:MESSAGE_AMOUNTS]
    parts += [finding.cause] if finding.cause else []
    return _plain("; ".join(parts))


def _plain(text: str) -> str:
    """`text` as SARIF has plain text: no link in it (`[..](..)`), and nothing that is not seen."""
    return _EMBEDDED.sub(r"\\[", visible(text, lines=True))


def _rule(id_: str) -> Log:
    """One detector as a rule; of one that this version does not have only the id is known."""
    detector = detector_of(id_)
    if detector is None:
        return {"id": id_, "shortDescription": {"text": "a detector of another version"}}
    severity = detector.severity.label
    return {
        "id": id_,
        "name": detector.__name__,
        "shortDescription": {"text": detector.title},
        "fullDescription": {"text": detector.proves},
        "help": _help(detector),
        "defaultConfiguration": {"level": LEVELS[severity], "rank": _rank(severity)},
        "properties": {
            "security-severity": SECURITY_SEVERITY[severity],
            "severity": severity,
            "proves": detector.proves,
            "does_not_prove": detector.does_not_prove,
            "remedy": detector.remedy,
            "tags": ["security", "solvency"],
        },
    }


def _help(detector: type[Described]) -> Log:
    """What a finding of this kind proves, what not, and what to do."""
    parts = (
        ("What it proves", detector.proves),
        ("What it does not prove", detector.does_not_prove),
        ("What to do", detector.remedy),
    )
    return {
        "text": "\n\n".join(f"{title}: {text}" for title, text in parts),
        "markdown": "\n\n".join(f"**{title}.** {text}" for title, text in parts),
    }


def _rank(severity: str) -> float:
    """Priority, 0 to 100."""
    return 10 * float(SECURITY_SEVERITY[severity])


def _suppressions(finding: WeighedFinding) -> list[Log]:
    """The acceptance of a finding; none for one that counts."""
    accepted = finding.accepted
    if not accepted:
        return []
    terms = to_json(accepted)
    return [
        {
            "kind": "external",
            "status": "accepted",
            "justification": accepted.reason,
            "properties": {k: terms[k] for k in ("author", "date", "expires", "up_to")},
        }
    ]


def _invocation(run: JudgedRun, notifications: list[Log]) -> Log:
    """How the run went. Incomplete reading is an execution that did not succeed."""
    code, said = run.exit_code, to_json(run)
    return {
        "executionSuccessful": code not in _NOT_DONE,
        "exitCode": code,
        "exitCodeDescription": EXIT_CODES[code],
        "startTimeUtc": said["started_at"],
        "endTimeUtc": said["finished_at"],
        "toolExecutionNotifications": notifications,
        "properties": {name: said[name] for name in _RUN if said.get(name) is not None},
    }


def _notifications(document: JudgedDocument, rules: Mapping[str, int]) -> list[Log]:
    """Groups with one cause, each answer with its scale, what was not read, and what of the triage
    file holds no longer."""
    out = [
        {
            # A cause is news of the protocol, and no error of this tool: its findings have levels.
            "level": "note",
            "message": {"text": _plain(f"{group.count} findings, one cause: {group.cause}")},
            "associatedRule": {"id": group.detector, "index": rules[group.detector]},
            "properties": {
                "severity": group.severity.label,
                "fingerprints": list(group.fingerprints[:MAX_FINGERPRINTS]),
            },
        }
        for group in document.groups
    ]
    for scan in document.scans:
        said = f"{answer_text(scan)[0]}; {how_much(scan)}"
        out.append(_notification("note", f"{scan.deployment}: {said}"))
        texts = [*scan.solvency.caveats, *(f"not read: {text}" for text in not_read(scan))]
        texts += [f"not looked for: {text}" for text in not_looked_for(scan)]
        out += [_notification("warning", f"{scan.deployment}: {text}") for text in texts]
    triage = document.triage
    out += [
        _notification("warning", f"accepted finding {e.fingerprint} counts again: {e.why}")
        for e in triage.lapsed
    ]
    out += [
        _notification("note", f"accepted finding {e.fingerprint} matches nothing")
        for e in triage.unmatched
    ]
    return out


def _notification(level: str, text: str) -> Log:
    return {"level": level, "message": {"text": _plain(text)}}


def _artifact(scan: Scan) -> Log:
    return {
        "location": {"uri": artifact_uri(scan)},
        "description": {"text": "The deployment that the findings are about: no file."},
    }


def _verification(verification: Verification) -> Log:
    """The counts of the comparisons, without their list; of the kinds the largest."""
    kinds = Counter(verification.kinds).most_common()
    counted = dict(sorted(kinds[:MAX_KINDS]))
    if len(kinds) > MAX_KINDS:
        counted["others"] = sum(count for _, count in kinds[MAX_KINDS:])
    plain = {name: value for name, value in to_json(verification).items() if name != "details"}
    return {**plain, "kinds": counted}


def _category(scans: Sequence[Scan], run_id: str) -> str:
    """What analyses of the same deployments have in common, then the run."""
    names = joint_name(f"{scan.chain_id}-{scan.deployment}" for scan in scans)
    return f"analyzer/{names}/{run_id}"


def _scan(scan: Scan) -> Log:
    """What a scan answers, without its lists."""
    kept = ("scan_id", "protocol", "deployment", "chain_id", "block", "methodology", "accounts",
            "unknown", "verdicts", "solvency", "completeness")  # fmt: skip
    said = to_json(scan)
    return {name: said[name] for name in kept}
