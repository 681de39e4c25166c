"""A certificate as lines for people: what is proved, what is not, what contradicts."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model.certificate import Certificate, LogsProved, QuorumSample, StateProved
from analyzer.report.blocks import Block, Line

_NAMED = 5
"""Contradictions that a page lists; JSON holds all of them."""


def proof_lines(certificate: Certificate | None) -> list[Block]:
    """The lines of one scan's certificate; none where nobody asked for proofs."""
    return [] if certificate is None else list(_lines(certificate))


def _lines(certificate: Certificate) -> Iterator[Block]:
    found = certificate.contradictions
    for contradiction in found[:_NAMED]:
        where = f"block {contradiction.block}, {contradiction.field}"
        yield Line("Contradicted", f"{where}: {contradiction.text}", "bad")
    if len(found) > _NAMED:
        yield Line("Contradicted", f"and {len(found) - _NAMED:,} more", "bad")
    tone = "good" if certificate.holds else "plain"
    yield Line("Proved", headers_words(certificate), tone)
    if certificate.logs is not None:
        yield Line("Proved", logs_words(certificate.logs), tone)
    if certificate.state is not None:
        yield Line("Proved", state_words(certificate.state), tone)
    if certificate.quorum is not None:
        yield Line("Compared", quorum_words(certificate.quorum))
    for text in certificate.missing:
        yield Line("Not proved", text, "doubt")
    for text in certificate.believed:
        yield Line("Believed", text)


def headers_words(certificate: Certificate) -> str:
    """What was done with headers, in one sentence."""
    headers = certificate.headers
    text = f"{headers.recomputed:,} headers hash to what they are called"
    if headers.witness is not None:
        text += f", {headers.witness_blocks:,} of them at {headers.witness} too, which is no proof"
    if not headers.trusted:
        return f"{text}; no trusted hash was given"
    blocks = ", ".join(f"{block:,}" for block in headers.trusted)
    return (
        f"{text}; {headers.links:,} parent links lead to the trusted hash of block {blocks}, and"
        f" {headers.anchored:,} proved blocks rest on it"
    )


def logs_words(logs: LogsProved) -> str:
    """What was done with logs, in one sentence."""
    empty = logs.empty_by_bloom + logs.empty_by_receipts
    text = (
        f"{logs.proved_logs:,} of {logs.logs:,} logs by the receipts roots of"
        f" {logs.proved_blocks:,} of {logs.blocks_with_logs:,} blocks; {empty:,} of"
        f" {logs.empty_blocks:,} other blocks have none ({logs.empty_by_bloom:,} by their bloom,"
        f" which chance alone makes look otherwise with probability {logs.false_positive_rate:.2g},"
        f" {logs.empty_by_receipts:,} by their receipts)"
    )
    if not logs.miss_with_logs and not logs.miss_empty:
        return text
    return (
        f"{text}; a lie in one block with logs is missed with probability"
        f" {logs.miss_with_logs:.4g}, one block left out whole with {logs.miss_empty:.4g}"
    )


def state_words(state: StateProved) -> str:
    """What was done with storage, in one sentence."""
    return (
        f"{state.proved:,} of {state.wanted:,} numbers by storage proofs, of {state.accounts:,}"
        f" accounts and what their margin rests on; the code of {state.codes:,} of"
        f" {state.wanted_codes:,} contracts"
    )


def quorum_words(quorum: QuorumSample) -> str:
    """What several endpoints were asked, in one sentence."""
    return (
        f"{quorum.headers:,} headers, {quorum.logs:,} logs, {quorum.calls:,} calls and"
        f" {quorum.slots:,} slots at {len(quorum.endpoints)} endpoints"
        f" ({', '.join(quorum.endpoints)}), which is no proof"
    )
