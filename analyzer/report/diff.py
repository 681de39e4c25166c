"""The differences between two snapshots, in every form."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from analyzer.documents.diff import (
    ChangedFinding,
    DeploymentChange,
    DeploymentFacts,
    DiffDocument,
    SideScan,
)
from analyzer.documents.encode import to_json
from analyzer.findings.diff import Change
from analyzer.report.blocks import Block, Grid, Heading, Line
from analyzer.report.csv_text import csv_text
from analyzer.report.finding_blocks import (
    count_of,
    finding_rows,
    first_amount,
    triage_lines,
    whole_columns,
)
from analyzer.report.markdown import markdown
from analyzer.report.money import amount, short
from analyzer.report.render_json import document_text, json_text
from analyzer.report.sarif import (
    EXIT_CODES,
    bounded,
    bounded_notes,
    driver,
    log,
    result,
    rule_order,
)
from analyzer.report.sarif_places import Places
from analyzer.report.table import DEFAULT_WIDTH, table

ScanKey = tuple[str, str]
DIFF_FORMATS = ("table", "json", "csv", "markdown", "sarif")
STATES = ("new", "worse", "undecided", "better", "resolved", "accepted")
"""States that a page lists, in this order; findings that are the same are only counted."""
ROWS = 20
"""How many findings of one state and detector a page lists."""
CSV_COLUMNS = ("state", "change", "why", "fingerprint", "detector", "severity", "severity_before",
               "deployment", "chain_id", "account_id", "market", "title", "amounts",
               "amounts_before", "accepted")  # fmt: skip
BASELINE = {"new": "new", "worse": "updated", "better": "updated", "same": "unchanged",
            "undecided": "unchanged", "resolved": "absent"}  # fmt: skip
"""Change -> SARIF's baselineState. What is undecided was not seen to be gone."""


def render_diff(
    document: DiffDocument,
    format_: str,
    *,
    width: int = DEFAULT_WIDTH,
    colour: bool = False,
) -> str:
    """The differences as `table`, `json`, `csv`, `markdown` or `sarif`. csv: one row a finding;
    sarif: results with their baseline state. Raises: ValueError for another format."""
    if format_ == "json":
        return document_text(document)
    if format_ == "csv":
        return _csv(document)
    if format_ == "sarif":
        return json_text(diff_sarif(document))
    if format_ == "markdown":
        return markdown(_page(document))
    if format_ == "table":
        return table(_page(document), width=width, colour=colour)
    raise ValueError(f"no such format: {format_}")


def diff_sarif(document: DiffDocument) -> dict[str, Any]:
    """The findings of both snapshots as one SARIF run, each with its baseline state."""
    scans = _scans(document)
    rules = rule_order(document.findings)
    places = Places(document.scans)
    kept, left_out = bounded(document.findings)
    results = [
        result(finding, scans[_scan_key(finding)], rules, places)
        | {"baselineState": BASELINE[finding.change]}
        for finding in kept
    ]
    notes = [{"level": "note", "message": {"text": text}} for text in document.notes]
    code = document.run.exit_code
    return log(
        {
            "tool": {"driver": driver(document.run.analyzer_version, rules)},
            "invocations": [
                {
                    "executionSuccessful": code < 2,
                    "exitCode": code,
                    "exitCodeDescription": EXIT_CODES[code],
                    "toolExecutionNotifications": bounded_notes([*left_out, *notes]),
                }
            ],
            "logicalLocations": places.listed,
            "results": results,
            "properties": {"counts": dict(document.counts)},
        }
    )


def _page(document: DiffDocument) -> list[Block]:
    """The answer first, then each deployment in numbers, then what changed."""
    before, after = document.before.snapshot, document.after.snapshot
    counts = document.counts
    alarming = counts["new"] + counts["worse"]
    said = ", ".join(f"{count:,} {state}" for state, count in counts.items() if count)
    tone = "bad" if alarming else "doubt" if counts["undecided"] else "good"
    blocks: list[Block] = [
        Heading(f"{before} -> {after}"),
        Line("Findings", said or "none before, none after", tone),
        *(Line("Note", text, "doubt") for text in document.notes),
        *triage_lines(document.triage),
        _deployments(document.deployments),
    ]
    places = {key: scan.deployment for key, scan in _scans(document).items()}
    for state in STATES:
        found = [finding for finding in document.findings if finding.state == state]
        blocks += [_grid(state, found, places)] if found else []
    return blocks


def _deployments(rows: Sequence[DeploymentChange]) -> Grid:
    columns = ("deployment", "chain", "block", "accounts", "unknown", "insolvent", "liquidatable",
               "hidden bad debt")  # fmt: skip
    cells = tuple(_deployment(row) for row in rows)
    return Grid("Deployments", columns, cells, frozenset(columns[2:]), whole=frozenset(columns))


def _deployment(row: DeploymentChange) -> tuple[str, ...]:
    """One deployment in numbers: before -> after, once where they are equal."""
    before, after = row.before, row.after

    def both(of: Callable[[DeploymentFacts], str]) -> str:
        texts = ["-" if side is None else of(side) for side in (before, after)]
        return texts[0] if texts[0] == texts[1] else " -> ".join(texts)

    return (
        row.deployment,
        str(row.chain_id),
        both(lambda side: f"{side.block.number:,}"),
        both(lambda side: f"{side.accounts:,}"),
        *(both(partial(_counted, name)) for name in ("unknown", "insolvent", "liquidatable")),
        both(lambda side: short(side.hidden_bad_debt_e18)),
    )


def _counted(verdict: str, side: DeploymentFacts) -> str:
    """How many accounts of one side have a verdict."""
    return f"{side.verdicts[verdict]:,}"


def _grid(state: str, found: Sequence[ChangedFinding], places: Mapping[ScanKey, str]) -> Grid:
    """The findings of one state by deployment and detector: those with one cause in one row, the
    largest of the others, and how many are left out."""
    parts: dict[tuple[str, str], list[ChangedFinding]] = {}
    for finding in found:
        parts.setdefault((finding.detector, places[_scan_key(finding)]), []).append(finding)
    rows: list[tuple[str, ...]] = [
        (*row[:2], place, *row[2:])
        for (_, place), members in parts.items()
        for row in finding_rows(members, _what, ROWS)
    ]
    columns: tuple[str, ...] = ("severity", "detector", "deployment", "about", "what")
    if len(set(places.values())) == 1:
        columns, rows = (*columns[:2], *columns[3:]), [(*row[:2], *row[3:]) for row in rows]
    title = f"{state.capitalize()}: {count_of(len(found), 'finding')}"
    return Grid(title, columns, tuple(rows), whole=whole_columns(columns, rows))


def _what(finding: ChangedFinding) -> str:
    """What became of a finding, in few words."""
    if finding.accepted is not None and finding.state == "accepted":
        changed = f"{finding.change}; " if finding.change is not Change.SAME else ""
        return f"{changed}accepted: {finding.accepted.reason}"
    if finding.change in (Change.WORSE, Change.BETTER):
        return _moved(finding)
    name, value = first_amount(finding)
    text = amount(name, value) if name else finding.title
    return f"{text} ({finding.why})" if finding.why else text


def _moved(finding: ChangedFinding) -> str:
    """The amount or severity that became another: its exact values are in `why`."""
    name = finding.why.partition(" ")[0]
    now = finding.amounts.get(name)
    was = (finding.amounts_before or {}).get(name)
    if now is None or was is None:
        return finding.why
    return f"{amount(name, was)} -> {amount(name, now).split()[-1]}"


def _csv(document: DiffDocument) -> str:
    """One row a finding; amounts are JSON objects in one cell."""
    scans = _scans(document)
    rows = []
    for finding in document.findings:
        scan, written = scans[_scan_key(finding)], to_json(finding)
        row = {
            **written,
            "deployment": scan.deployment,
            "chain_id": scan.chain_id,
            "amounts": json.dumps(written["amounts"]),
            "amounts_before": json.dumps(written["amounts_before"] or {}),
            "accepted": None if finding.accepted is None else finding.accepted.reason,
        }
        rows.append([row[name] for name in CSV_COLUMNS])
    return csv_text(CSV_COLUMNS, rows)


def _scans(document: DiffDocument) -> dict[ScanKey, SideScan]:
    """The scans of both sides."""
    return {_scan_key(scan): scan for scan in document.scans}


def _scan_key(item: SideScan | ChangedFinding) -> ScanKey:
    """By what a finding names its scan."""
    return item.side, item.scan_id
