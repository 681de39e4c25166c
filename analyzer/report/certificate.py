"""Certificates as a page: what is proved, what it rests on, and the first of the words."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.documents.certificate import CertificateCheck, CertificateDocument, CertificateEntry
from analyzer.report.blocks import Block, Grid, Heading, Line
from analyzer.report.csv_text import csv_text
from analyzer.report.markdown import markdown
from analyzer.report.proofs import proof_lines
from analyzer.report.render_json import document_text
from analyzer.report.table import DEFAULT_WIDTH, table

CSV_COLUMNS = ("scan_id", "account_id", "market_id", "contract", "address", "slot", "what",
               "number", "first_bit", "bits", "word", "storage_root")  # fmt: skip
_WORDS = 15
"""Words that a page lists; JSON and the table proved_words hold all of them, with their slots."""


def render_certificate(
    document: CertificateDocument,
    format_: str,
    *,
    width: int = DEFAULT_WIDTH,
    colour: bool = False,
) -> str:
    """The document as `table`, `json`, `csv` (the proved words, one a row) or `markdown`.

    Raises: ValueError for another format.
    """
    if format_ == "json":
        return document_text(document)
    if format_ == "csv":
        rows = [
            (entry.certificate.scan_id, *(getattr(word, name) for name in CSV_COLUMNS[1:]))
            for entry in document.certificates
            for word in entry.words
        ]
        return csv_text(CSV_COLUMNS, rows)
    blocks = list(_page(document))
    if format_ == "markdown":
        return markdown(blocks)
    if format_ == "table":
        return table(blocks, width=width, colour=colour)
    raise ValueError(f"no such format: {format_}")


def _page(document: CertificateDocument) -> Iterator[Block]:
    """All certificates, one after the other."""
    for entry in document.certificates:
        yield from _entry(entry)
    if document.signed_by is not None:
        yield Line("Signed", f"by the Ed25519 key {document.signed_by}", "good")


def _entry(entry: CertificateEntry) -> Iterator[Block]:
    """One certificate, its check, and its first words."""
    certificate = entry.certificate
    yield Heading(
        f"{certificate.protocol} · {certificate.deployment} · chain {certificate.chain_id} · "
        f"block {certificate.block:,}"
    )
    yield Line("Block", certificate.block_hash)
    yield Line("Asked", ", ".join(certificate.asked) or "nothing")
    yield from proof_lines(certificate)
    cost = certificate.cost
    yield Line(
        "Cost",
        f"{cost.headers:,} headers, receipts of {cost.receipts:,} blocks, proofs of"
        f" {cost.proofs:,} contracts: {cost.bytes:,} bytes",
    )
    if entry.check is not None:
        yield from _check(entry, entry.check)
    if entry.words:
        yield _words(entry)


def _check(entry: CertificateEntry, check: CertificateCheck) -> Iterator[Block]:
    """What came out again."""
    for text in check.problems:
        yield Line("Did not come out", text, "bad")
    for text in check.missing:
        yield Line("Not checked", text, "doubt")
    for text in check.unchecked:
        yield Line("Not in a bundle", text, "doubt")
    headers = check.headers
    if headers is not None:
        trusted = (
            f"{headers.links:,} links lead to a hash that you trust"
            if headers.trusted
            else "no trusted hash was given"
        )
        yield Line(
            "Checked",
            f"{check.words:,} of {len(entry.words):,} words and {check.codes:,} of"
            f" {len(entry.codes):,} codes came out again, {headers.recomputed:,} headers were"
            f" hashed again, {trusted}",
            "plain" if check.problems or check.missing else "good",
        )


def _words(entry: CertificateEntry) -> Grid:
    """The first proved words."""
    rows = tuple(
        (w.account_id or w.market_id or "all", w.contract, w.what, w.number)
        for w in entry.words[:_WORDS]
    )
    left = len(entry.words) - len(rows)
    note = f"{left:,} more are in JSON and in the table proved_words." if left else ""
    columns = ("of", "contract", "what", "number")
    return Grid("Proved words", columns, rows, frozenset({"number"}), note, frozenset({"of"}))
