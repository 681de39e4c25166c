"""The detectors as a list, a page of documentation, or JSON: all from their own metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.findings import (
    ALL_DETECTORS,
    RUN_DETECTORS,
    SCENARIO_DETECTORS,
    detector_of,
)
from analyzer.findings.detector import Described
from analyzer.model.errors import InputError
from analyzer.report.blocks import Block, Grid, Heading, Line
from analyzer.report.markdown import pipe_table
from analyzer.report.render_json import json_text
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
    id_: str | None, format_: str, *, width: int = DEFAULT_WIDTH, colour: bool = False
) -> str:
    """All detectors, or the one named `id_`, as `table`, `json` or `markdown`.

    Raises: InputError when there is no such detector; ValueError for another format.
    """
    chosen = ALL_DETECTORS if id_ is None else [_named(id_)]
    if format_ == "json":
        documents = [detector_document(detector) for detector in chosen]
        return json_text({"detectors": documents} if id_ is None else documents[0])
    if format_ == "markdown":
        return _markdown(chosen, introduced=id_ is None)
    if format_ == "table":
        blocks = _overview(chosen) if id_ is None else _page(chosen[0])
        return table(blocks, width=width, colour=colour)
    raise ValueError(f"no such format: {format_}")


def detector_document(detector: type[Described]) -> dict[str, Any]:
    """Everything that a detector states."""
    return {
        "id": detector.id,
        "title": detector.title,
        "severity": detector.severity.label,
        "sees": _sees(detector),
        "proves": detector.proves,
        "does_not_prove": detector.does_not_prove,
        "remedy": detector.remedy,
        "market_is": detector.about,
        "measures": list(detector.measures),
        "needs_comparison": detector.needs_comparison,
    }


def _named(id_: str) -> type[Described]:
    detector = detector_of(id_)
    if detector is None:
        known = ", ".join(sorted(detector.id for detector in ALL_DETECTORS))
        raise InputError(f"there is no detector {id_!r} (there are: {known})")
    return detector


def _sees(detector: type[Described]) -> str:
    """What a detector sees: one scan, all scans of a run, or a scenario's cascade."""
    if detector in SCENARIO_DETECTORS:
        return "scenario"
    return "run" if detector in RUN_DETECTORS else "scan"


def _overview(detectors: Sequence[type[Described]]) -> list[Block]:
    rows = tuple((d.severity.label, d.id, d.title) for d in detectors)
    columns = ("severity", "detector", "what is found")
    note = "analyzer detectors show ID: what it proves, what it does not, what to do."
    return [Grid("", columns, rows, note=note, whole=frozenset(columns))]


def _page(detector: type[Described]) -> list[Block]:
    return [
        Heading(f"{detector.id} · {detector.severity.label} · {detector.title}"),
        *(Line(label, text) for label, text in _texts(detector)),
    ]


def _texts(detector: type[Described]) -> list[tuple[str, str]]:
    """What a detector says of itself, label by label."""
    scope = _SCOPES[_sees(detector)]
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


def _markdown(detectors: Sequence[type[Described]], *, introduced: bool) -> str:
    parts = []
    if introduced:
        rows = [(d.id, d.severity.label, d.title) for d in detectors]
        parts = [INTRODUCTION, pipe_table(("detector", "severity", "what is found"), rows) + "\n"]
    for detector in detectors:
        lines = [f"- **{label}**: {text}" for label, text in _texts(detector)]
        title = f"## {detector.id}\n\n{detector.title}. Severity: {detector.severity.label}."
        parts.append("\n".join([title, "", *lines, ""]))
    return "\n".join(parts)
