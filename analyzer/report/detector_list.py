"""The detectors as a list, a page of documentation, or JSON: all from their own metadata."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.documents.listings import DetectorEntry, DetectorsDocument
from analyzer.report.blocks import Block, Grid, Heading, Line
from analyzer.report.entries import entry_rows
from analyzer.report.markdown import pipe_table
from analyzer.report.render_json import document_text
from analyzer.report.rows import render_rows
from analyzer.report.table import DEFAULT_WIDTH, table

_SCOPES = {
    "scan": "each scan",
    "run": "all scans of a run together",
    "scenario": "the cascade of each scenario of `analyzer stress` and `analyzer contagion`",
}
INTRODUCTION = """\
# Detectors

Made by `analyzer detectors list --format markdown`; do not edit.

A finding is about one scan: one deployment at one block. Its fingerprint is made of detector,
chain, deployment, account and market, so it stays the same from block to block. Two runs are
compared by the amounts that measure a finding, the first one first.
"""


def render_detectors(
    document: DetectorsDocument,
    format_: str,
    *,
    introduced: bool,
    width: int = DEFAULT_WIDTH,
    colour: bool = False,
) -> str:
    """The detectors as `table`, `json`, `csv` or `markdown`. introduced: as the list of all of
    them, else one in full. Raises: ValueError for another format."""
    chosen = document.detectors
    if format_ == "json":
        return document_text(document)
    if format_ == "csv":
        return render_rows(*entry_rows(chosen, DetectorEntry), "csv")
    if format_ == "markdown":
        return _markdown(chosen, introduced=introduced)
    if format_ == "table":
        blocks = _overview(chosen) if introduced else _page(chosen[0])
        return table(blocks, width=width, colour=colour)
    raise ValueError(f"no such format: {format_}")


def _overview(detectors: Sequence[DetectorEntry]) -> list[Block]:
    rows = tuple((d.severity.label, d.id, d.title) for d in detectors)
    columns = ("severity", "detector", "what is found")
    note = "analyzer detectors show ID: what it proves, what it does not, what to do."
    return [Grid("", columns, rows, note=note, whole=frozenset(columns))]


def _page(detector: DetectorEntry) -> list[Block]:
    return [
        Heading(f"{detector.id} · {detector.severity.label} · {detector.title}"),
        *(Line(label, text) for label, text in _texts(detector)),
    ]


def _texts(detector: DetectorEntry) -> list[tuple[str, str]]:
    """What a detector says of itself, label by label."""
    scope = _SCOPES[detector.sees]
    out = [
        ("Proves", detector.proves),
        ("Not proven", detector.does_not_prove),
        ("To do", detector.remedy),
        ("Looks at", scope + ("; needs --verify" if detector.needs_comparison else "")),
    ]
    return out + (
        [("Measured by", ", ".join(f"`{name}`" for name in detector.measures))]
        if detector.measures
        else []
    )


def _markdown(detectors: Sequence[DetectorEntry], *, introduced: bool) -> str:
    parts = []
    if introduced:
        rows = [(d.id, d.severity.label, d.title) for d in detectors]
        parts = [INTRODUCTION, pipe_table(("detector", "severity", "what is found"), rows) + "\n"]
    for detector in detectors:
        lines = [f"- **{label}**: {text}" for label, text in _texts(detector)]
        title = f"## {detector.id}\n\n{detector.title}. Severity: {detector.severity.label}."
        parts.append("\n".join([title, "", *lines, ""]))
    return "\n".join(parts)
