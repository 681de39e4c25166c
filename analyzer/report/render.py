"""One entry for every form of a run's document."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from analyzer.report.markdown import markdown
from analyzer.report.page import page
from analyzer.report.table import DEFAULT_WIDTH, table

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
)
"""Columns of the CSV form: one row a finding."""


def render(
    document: Mapping[str, Any],
    format_: str,
    *,
    width: int = DEFAULT_WIDTH,
    colour: bool = False,
) -> str:
    """The document as `table`, `json`, `csv` or `markdown` text, ending with a newline.

    json is the document itself; csv is its findings, one a row; table and markdown are the page
    for people. Raises: ValueError for another format.
    """
    if format_ == "json":
        return json_text(document)
    if format_ == "csv":
        return findings_csv(document)
    if format_ == "markdown":
        return markdown(page(document))
    if format_ == "table":
        return table(page(document), width=width, colour=colour)
    raise ValueError(f"no such format: {format_}")


def json_text(value: object) -> str:
    """`value` as indented JSON. Keys keep their order; NaN and infinity are refused."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def findings_csv(document: Mapping[str, Any]) -> str:
    """The findings, one row each; amounts and evidence are JSON objects in one cell."""
    scans = {scan["scan_id"]: scan for scan in document["scans"]}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for finding in document["findings"]:
        scan = scans[finding["scan_id"]]
        row = {
            **finding,
            "protocol": scan["protocol"],
            "deployment": scan["deployment"],
            "chain_id": scan["chain_id"],
            "block_number": scan["block"]["number"],
            "amounts": json.dumps(finding["amounts"], ensure_ascii=False),
            "evidence": json.dumps(finding["evidence"], ensure_ascii=False),
        }
        writer.writerow(["" if row[name] is None else row[name] for name in CSV_COLUMNS])
    return out.getvalue()
