"""`demo`: the whole way on the recording that ships with the package, and what it should give.

The recording was made from the real contracts on a local chain; what it should give lies beside
it, one small file that a person can read. No network, no node.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import orjson

import analyzer
from analyzer.chain.base import Progress
from analyzer.documents.account import StatementDocument
from analyzer.documents.contagion import ContagionDocument
from analyzer.documents.demo import DemoDocument
from analyzer.findings.summary import worst_accounts
from analyzer.model.errors import ExitCode, InputError, worst_exit
from analyzer.model.integers import WAD
from analyzer.model.scratch import Scratch
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan
from analyzer.runs.snapshot.account import account
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.stress.cascades import split_by_simulation
from analyzer.runs.stress.contagion import ContagionOptions, ContagionOutcome, contagion
from analyzer.runs.stress.rows import contagion_rows
from analyzer.runs.stress.stress import StressOptions
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verify import VerifyMode
from analyzer.store.extend import extend_snapshot

RECORDING = "crash.zip"
EXPECTED = "expected.json"

SCENARIO = "2024-08-05_carry_unwind"
"""The scenario that the demo ends with: a shipped one, of a day with little more than a shock."""


@dataclass(frozen=True, slots=True)
class DemoOutcome:
    """What the demo found. Its cascade is that of `SCENARIO`. problems: what is not as it should
    be, in words; empty = nothing. exit_code: 0 when nothing is, findings included."""

    document: DemoDocument
    statement: StatementDocument
    problems: list[str]
    exit_code: ExitCode


def _document(
    scanned: ScanOutcome, cascade: ContagionDocument | None, code: ExitCode
) -> DemoDocument:
    """The scan's document with the cascade; what the demo says to the shell, findings aside."""
    said = scanned.document
    parts = {field.name: getattr(said, field.name) for field in fields(said)}
    run = replace(said.run, exit_code=int(code))
    return DemoDocument(**{**parts, "run": run}, contagion=cascade)


def demo_folder() -> Path:
    """Where the recording and what it should give lie: package data of this room."""
    return Path(analyzer.__file__).resolve().parent / "runs" / "recordings"


def demo(progress: Progress, *, db: Path | None = None, folder: Path | None = None) -> DemoOutcome:
    """Indexes, rebuilds, verifies and judges the shipped recording.

    The snapshot is written to `db`, with its index beside it, else into a temporary folder.
    Raises: InputError when the installation lacks the recording.
    """
    folder = demo_folder() if folder is None else folder
    expected = _read_expected(folder / EXPECTED)
    with Scratch("demo") as scratch:
        target = db or Path(scratch) / "demo.duckdb"
        outcome = scan_demo(folder / RECORDING, target, str(expected["block"]), progress)
        first = outcome.results[0]
        statement = account(target, f"{first.deployment.name}/{worst_account(first)}")
        followed = follow(target, progress)
    problems = differences(all_numbers(outcome.results), expected["deployments"])
    problems += cascade_differences(cascade_numbers(followed), expected.get("cascade"))
    codes = [code for code in (outcome.exit_code,) if code is not ExitCode.FINDINGS]
    if problems:
        codes.append(ExitCode.DIVERGENCE)
    cascade = None if followed is None else followed.document
    code = worst_exit(*codes)
    return DemoOutcome(_document(outcome, cascade, code), statement, problems, code)


def follow(db: Path, progress: Progress) -> ContagionOutcome | None:
    """The cascade of `SCENARIO` on the demo's snapshot, which gets its tables (but not its
    findings: those of the table are the scan's). None without a protocol that has a simulation."""
    options = ContagionOptions(
        StressOptions(db=db, scenarios=(SCENARIO,), fail_on="never"), what_if=0
    )
    if not split_by_simulation(read_books(db))[0]:
        return None
    outcome = contagion(options, progress)
    extend_snapshot(db, db, contagion_rows(outcome.assessed))
    return outcome


def cascade_numbers(followed: ContagionOutcome | None) -> dict[str, Any] | None:
    """What the cascade came to: counts, and bad debt in whole dollars, because impact curves are
    floats and the last digits may differ from machine to machine."""
    if followed is None:
        return None
    one = followed.assessed
    return {
        "scenario": one.scenario.name,
        "rounds": sum(1 for round_ in one.result.rounds if round_.closed),
        "failed": len(one.result.failures),
        "ledger_closes": all(round_.closes for round_ in one.result.rounds),
        "bad_debt_usd": {n: round(one.bad_debt_e18(n) / WAD) for n in sorted(one.venues)},
    }


def cascade_differences(
    found: Mapping[str, Any] | None, expected: Mapping[str, Any] | None
) -> list[str]:
    """Every number of the cascade that is not as expected, in words."""
    return [
        f"cascade: {name}: {came!r} came out, {wanted!r} was expected"
        for name, came, wanted in _pairs(found or {}, expected or {})
        if came != wanted
    ]


def scan_demo(recording: Path, db: Path, block: str, progress: Progress) -> ScanOutcome:
    """The scan that the demo makes: every account verified."""
    options = ScanOptions(
        db=db, recording=recording, block=block, verify=VerifyMode.ALL.value, fail_on="never"
    )
    return scan(options, progress)


def write_expected(folder: Path, block: str, progress: Progress) -> dict[str, Any]:
    """Writes what the recording in `folder` gives at `block` as what it should give from now on.

    For whoever makes a new recording; the numbers are then compared with the live chain by a
    test, so nothing wrong becomes right by being written here.
    """
    with Scratch("demo") as scratch:
        db = Path(scratch) / "demo.duckdb"
        outcome = scan_demo(folder / RECORDING, db, block, progress)
        followed = follow(db, progress)
    found = {
        "block": block,
        "deployments": all_numbers(outcome.results),
        "cascade": cascade_numbers(followed),
    }
    text = orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (folder / EXPECTED).write_bytes(text)
    return found


def all_numbers(results: Sequence[ScanResult]) -> dict[str, dict[str, Any]]:
    """Deployment -> what its scan came to."""
    return {result.deployment.name: numbers(result) for result in results}


def differences(
    found: Mapping[str, Mapping[str, Any]], expected: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Every number that is not as expected, in words; a deployment too many or too few included."""
    return [
        f"{deployment}: {name}: {came!r} came out, {wanted!r} was expected"
        for deployment in sorted(found.keys() | expected.keys())
        for name, came, wanted in _pairs(found.get(deployment, {}), expected.get(deployment, {}))
        if came != wanted
    ]


def _pairs(
    found: Mapping[str, Any], expected: Mapping[str, Any]
) -> list[tuple[str, object, object]]:
    """(name, what came out, what was expected) of every name of either, sorted by name."""
    names = sorted(found.keys() | expected.keys())
    return [(name, found.get(name), expected.get(name)) for name in names]


def numbers(result: ScanResult) -> dict[str, Any]:
    """What a scan came to, small enough to read, and strict enough that no margin can change."""
    verdicts = Counter(row.verdict.value for row in result.margin)
    return {
        "scan_id": result.scan_id,
        "accounts": len(result.margin),
        "verdicts": dict(sorted(verdicts.items())),
        "checks": len(result.checks) - len(result.not_compared),
        "mismatches": len(result.mismatches),
        "findings": dict(sorted(Counter(f.detector for f in result.findings).items())),
        "worst_account": worst_account(result),
        "margin_sha256": margin_digest(result),
    }


def worst_account(result: ScanResult) -> str:
    """The account furthest below (or nearest to) maintenance; else the first there is.

    Raises: InputError when there is no account at all.
    """
    if not result.margin:
        raise InputError("the scan found no account")
    worst = worst_accounts(result, 1)
    return (worst[0] if worst else result.margin[0]).margin.account_id


def margin_digest(result: ScanResult) -> str:
    """sha256 over every account's margin, to the wei, sorted by account."""
    digest = hashlib.sha256()
    for row in sorted(result.margin, key=lambda row: row.margin.account_id):
        m = row.margin
        values = (
            m.account_id,
            m.equity_e18,
            m.margin_equity_e18,
            m.initial_margin_e18,
            m.maintenance_margin_e18,
            m.free_collateral_e18,
            row.verdict.value,
        )
        digest.update("\x1f".join(map(str, values)).encode() + b"\n")
    return digest.hexdigest()


def _read_expected(path: Path) -> Mapping[str, Any]:
    """What the recording should give. Raises InputError when the installation lacks it."""
    try:
        values = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError) as error:
        raise InputError(f"this installation lacks its demo ({path.name}): {error}") from error
    if not isinstance(values, dict) or "block" not in values:
        raise InputError(f"this installation's demo is damaged: {path.name} names no block")
    return values
