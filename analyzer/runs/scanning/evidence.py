"""What a recording says beside the node's answers: what was found from them, and by what.

    evidence.zip ── findings.json   the bytes of `--format findings`
                 └─ version.json    the program, its rules and options, and the digest of the above

A scan of the recording elsewhere gives the same findings; where it does not, it says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from analyzer import __version__
from analyzer.chain.recording import FORMAT
from analyzer.report.document import envelope
from analyzer.report.findings_file import findings_text
from analyzer.report.render_json import json_text
from analyzer.solvency.result import ScanResult

FINDINGS, VERSION = "findings.json", "version.json"


@dataclass(frozen=True, slots=True)
class Compared:
    """A recording's findings against those of this scan.

    version: of the program that made the recording. findings: `same`, `differ` or `not compared`;
    why: in words, empty when they are the same.
    """

    version: str
    findings: str
    why: str

    def document(self) -> dict[str, Any]:
        """As the run's document has it."""
        return {
            "recorded_version": self.version,
            "this_version": __version__,
            "findings": self.findings,
            "why": self.why,
        }


def attachments(results: Sequence[ScanResult], *, verify: str, seed: int) -> dict[str, bytes]:
    """The files that a recording of this scan carries, by name."""
    found = findings_text(envelope({}, results)).encode()
    version = {
        "analyzer_version": __version__,
        "recording_format": FORMAT,
        "methodologies": {r.deployment.name: r.methodology for r in results},
        "verify": verify,
        "sample_seed": seed,
        "findings_sha256": hashlib.sha256(found).hexdigest(),
    }
    return {FINDINGS: found, VERSION: json_text(version).encode()}


def compare(
    attached: Mapping[str, bytes], results: Sequence[ScanResult], *, verify: str, seed: int
) -> Compared | None:
    """Whether a scan of a recording finds what the recording says was found; None when it says
    nothing."""
    if not attached:
        return None
    recorded = attached.get(FINDINGS)
    version = _object(attached.get(VERSION))
    made_by = str(version.get("analyzer_version") or "unknown")
    if recorded is None or "findings_sha256" not in version:
        return Compared(made_by, "not compared", f"it lacks {FINDINGS} or {VERSION} of ours")
    if hashlib.sha256(recorded).hexdigest() != version["findings_sha256"]:
        return Compared(made_by, "differ", f"{FINDINGS} is not what {VERSION} says was written")
    now = findings_text(envelope({}, results)).encode()
    if now == recorded:
        return Compared(made_by, "same", "")
    if _scan_ids(recorded) != _scan_ids(now):
        why = "another block, other deployments or other rules were scanned"
        return Compared(made_by, "not compared", why)
    made_with = (version.get("verify"), version.get("sample_seed"))
    if made_with != (verify, seed):
        why = f"it was made with --verify {made_with[0]} --sample-seed {made_with[1]}"
        return Compared(made_by, "not compared", why)
    return Compared(made_by, "differ", _differences(recorded, now))


def _differences(recorded: bytes, now: bytes) -> str:
    """How many findings are only on one side, or not the same on both."""
    before, after = _findings(recorded), _findings(now)
    changed = sum(1 for name in before.keys() & after.keys() if before[name] != after[name])
    return (
        f"{len(before.keys() - after.keys())} only in the recording,"
        f" {len(after.keys() - before.keys())} only here, {changed} with other contents"
    )


def _findings(data: bytes) -> dict[str, object]:
    """Fingerprint -> finding."""
    listed = _object(data).get("findings")
    found = listed if isinstance(listed, list) else []
    return {str(item.get("fingerprint")): item for item in found if isinstance(item, dict)}


def _scan_ids(data: bytes) -> list[str]:
    """The scans that a findings file is about."""
    listed = _object(data).get("scans")
    scans = listed if isinstance(listed, list) else []
    return sorted(str(scan.get("scan_id")) for scan in scans if isinstance(scan, dict))


def _object(data: bytes | None) -> dict[str, Any]:
    """A JSON object; empty for what is none, because other programs may put such files there."""
    try:
        value = orjson.loads(data or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
