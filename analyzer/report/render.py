"""One entry for every form of a run's document."""

from __future__ import annotations

import json

from analyzer.documents.encode import to_json
from analyzer.documents.scan import JudgedDocument
from analyzer.report.csv_text import csv_text
from analyzer.report.findings_file import findings_text
from analyzer.report.markdown import markdown
from analyzer.report.page import page
from analyzer.report.render_json import document_text, json_text
from analyzer.report.sarif import sarif
from analyzer.report.table import DEFAULT_WIDTH, table

__all__ = ["CSV_COLUMNS", "DOCUMENT_FORMATS", "findings_csv", "render"]

DOCUMENT_FORMATS = ("table", "json", "csv", "markdown", "sarif", "findings")
"""The forms of a run's document."""
CSV_COLUMNS = (
    "scan_id",
    "protocol",
    "deployment",
    "chain_id",
    "block_number",
    "fingerprint",
    "detector",
    "severity",
    "account_id",
    "market",
    "title",
    "amounts",
    "evidence",
    "cause",
    "accepted",
)
"""Columns of the CSV form: one row a finding."""


def render(
    document: JudgedDocument,
    format_: str,
    *,
    width: int = DEFAULT_WIDTH,
    colour: bool = False,
) -> str:
    """The document as `table`, `json`, `csv`, `markdown`, `sarif` or `findings` text, ending with
    a newline.

    json is the document itself; csv is its findings, one a row; sarif is for code scanning;
    findings is JSON without anything of the run; table and markdown are the page for people.
    Raises: ValueError for another format.
    """
    if format_ == "json":
        return document_text(document)
    if format_ == "sarif":
        return json_text(sarif(document))
    if format_ == "findings":
        return findings_text(document.scans, document.findings)
    if format_ == "csv":
        return findings_csv(document)
    if format_ == "markdown":
        return markdown(page(document))
    if format_ == "table":
        return table(page(document), width=width, colour=colour)
    raise ValueError(f"no such format: {format_}")


def findings_csv(document: JudgedDocument) -> str:
    """The findings, one row each; amounts and evidence are JSON objects in one cell."""
    scans = {scan.scan_id: scan for scan in document.scans}
    rows = []
    for finding in document.findings:
        scan, written = scans[finding.scan_id], to_json(finding)
        row = {
            **written,
            "protocol": scan.protocol,
            "deployment": scan.deployment,
            "chain_id": scan.chain_id,
            "block_number": scan.block.number,
            "amounts": json.dumps(written["amounts"], ensure_ascii=False),
            "evidence": json.dumps(written["evidence"], ensure_ascii=False),
            "accepted": None if finding.accepted is None else finding.accepted.reason,
        }
        rows.append([row[name] for name in CSV_COLUMNS])
    return csv_text(CSV_COLUMNS, rows)
