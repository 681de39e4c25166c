"""The table `certificates`: what was proved of a scan, against what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.model.certificate import Certificate
from analyzer.model.certificate_text import certificate_of, certificate_text
from analyzer.store.keys import SCAN
from analyzer.store.rows import Row
from analyzer.store.schema import Table, count, flag, json_text

TABLE = Table(
    "certificates",
    "What was proved of a scan against block headers (`scan --prove`). One row per scan for which"
    " anybody asked.",
    (
        SCAN,
        flag("holds", "Whether all that was asked for was checked, and nothing contradicts."),
        count("contradictions", "How many things that were said do not follow from a header."),
        count("missing", "How many things could not be checked."),
        json_text("certificate", "The certificate."),
    ),
)


def to_row(certificate: Certificate) -> Row:
    """The row of one scan's certificate."""
    return (
        certificate.scan_id,
        certificate.holds,
        len(certificate.contradictions),
        len(certificate.missing),
        certificate_text(certificate),
    )


def from_row(row: Sequence[Any]) -> Certificate:
    """The certificate in a row. Raises: ValueError for a text that is none."""
    return certificate_of(str(row[-1]))
