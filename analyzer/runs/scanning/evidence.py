"""What a recording says beside the node's answers: what was found from them, and by what.

    evidence.zip ── findings.json   the bytes of `--format findings`
                 ├─ version.json    the program, its rules and options, and the digest of the above
                 └─ certificate.json    what was proved, where anybody asked for it

A scan of the recording elsewhere gives the same findings; where it does not, it says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from analyzer import __version__
from analyzer.chain.recording import FORMAT
from analyzer.documents.scan import Evidence
from analyzer.findings.selection import selection_words
from analyzer.model.certificate_text import proofs_text
from analyzer.report.findings_file import findings_text
from analyzer.report.render_json import json_text
from analyzer.runs.telling.scans import judged
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verify import VerifyMode

FINDINGS, VERSION, CERTIFICATE = "findings.json", "version.json", "certificate.json"


def attachments(results: Sequence[ScanResult], *, verify: str, seed: int) -> dict[str, bytes]:
    """The files that a recording of this scan carries, by name."""
    found = _findings_bytes(results)
    version = {
        "analyzer_version": __version__,
        "recording_format": FORMAT,
        "methodologies": {r.deployment.name: r.methodology for r in results},
        "verify": verify,
        "sample_seed": seed,
        "findings_sha256": hashlib.sha256(found).hexdigest(),
    }
    if left_out := _left_out(results):
        version["not_looked_for"] = left_out
    proofs = [result.proofs for result in results if result.proofs is not None]
    proved = {CERTIFICATE: proofs_text(proofs).encode()} if proofs else {}
    return {FINDINGS: found, VERSION: json_text(version).encode(), **proved}


def compare(
    attached: Mapping[str, bytes], results: Sequence[ScanResult], *, verify: str, seed: int
) -> Evidence | None:
    """Whether a scan of a recording finds what the recording says was found; None when it says
    nothing."""
    if not attached:
        return None
    recorded = attached.get(FINDINGS)
    version = _object(attached.get(VERSION))
    made_by = str(version.get("analyzer_version") or "unknown")
    if recorded is None or "findings_sha256" not in version:
        return Evidence(
            made_by, __version__, "not compared", f"it lacks {FINDINGS} or {VERSION} of ours"
        )
    if hashlib.sha256(recorded).hexdigest() != version["findings_sha256"]:
        return Evidence(
            made_by, __version__, "differ", f"{FINDINGS} is not what {VERSION} says was written"
        )
    now = _findings_bytes(results)
    if now == recorded:
        return Evidence(made_by, __version__, "same", "")
    if _scan_ids(recorded) != _scan_ids(now):
        why = "another block, other deployments or other rules were scanned"
        return Evidence(made_by, __version__, "not compared", why)
    made_with = (version.get("verify"), version.get("sample_seed"))
    if made_with != (verify, seed):
        why = f"it was made with --verify {made_with[0]} --sample-seed {made_with[1]}"
        return Evidence(made_by, __version__, "not compared", why)
    if version.get("not_looked_for", []) != _left_out(results):
        why = "one of both left out detectors, or findings below a threshold"
        return Evidence(made_by, __version__, "not compared", why)
    return Evidence(made_by, __version__, "differ", _differences(recorded, now))


def made_with(version: bytes | None) -> tuple[str, int]:
    """The verification mode and the seed of its sample that a recording's version.json names, so
    that the same is found again; `none` and 0 where it names none."""
    said = _object(version)
    mode, seed = said.get("verify"), said.get("sample_seed")
    known = isinstance(mode, str) and mode in {mode.value for mode in VerifyMode}
    return (str(mode), seed) if known and type(seed) is int else ("none", 0)


def _left_out(results: Sequence[ScanResult]) -> list[str]:
    """What the findings of a scan leave out because a user said so."""
    return sorted({words for result in results for words in selection_words(result.selection)})


def _findings_bytes(results: Sequence[ScanResult]) -> bytes:
    """The bytes of `--format findings`."""
    found = judged(results)
    return findings_text(found.scans, found.findings).encode()


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
