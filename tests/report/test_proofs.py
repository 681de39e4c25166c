"""A certificate as lines: what holds, what is missing, what contradicts, and nothing besides."""

from __future__ import annotations

from dataclasses import replace

from analyzer.model.certificate import (
    Certificate,
    Contradiction,
    Cost,
    HeadersProved,
    LogsProved,
    QuorumSample,
    StateProved,
)
from analyzer.report.blocks import Line
from analyzer.report.proofs import proof_lines

CERTIFICATE = Certificate(
    "5ca0", "p", "d", 10, 99, "0xab", ("logs", "state"), 3, None, 7,
    HeadersProved(9, 8, {99: "0xab"}, 5), LogsProved(
        1, 99, 50, 30, 20, 10, 10, 79, 10, 9, 1, 0.25, ("1-20",), 0.5, 0.75
    ),
    StateProved("0x01", 4, 20, 19, 3, 3, (), 5), None, (), (), ("keccak",), Cost(9, 11, 3, 900),
)  # fmt: skip


def _lines(certificate: Certificate | None) -> list[tuple[str, str, str]]:
    return [(b.label, b.text, b.tone) for b in proof_lines(certificate) if isinstance(b, Line)]


def test_nothing_is_said_where_nobody_asked() -> None:
    assert _lines(None) == []


def test_a_sample_says_what_it_misses_and_a_trusted_hash_what_rests_on_it() -> None:
    said = {text: tone for _, text, tone in _lines(CERTIFICATE)}
    words = " ".join(said)
    assert "8 parent links lead to the trusted hash of block 99, and 5 proved blocks" in words
    assert "30 of 50 logs by the receipts roots of 10 of 20 blocks" in words
    assert "missed with probability 0.5, one block left out whole with 0.75" in words
    assert "19 of 20 numbers by storage proofs, of 4 accounts" in words
    assert ("Believed", "keccak", "plain") in _lines(CERTIFICATE)


def test_without_a_trusted_hash_it_says_so() -> None:
    bare = replace(CERTIFICATE, headers=HeadersProved(9, 0, {}, 0))
    assert any("no trusted hash was given" in text for _, text, _ in _lines(bare))


def test_what_contradicts_comes_first_and_nothing_is_called_good_then() -> None:
    found = tuple(Contradiction("log", n, f"log {n}", "gone") for n in range(7))
    told = _lines(replace(CERTIFICATE, contradictions=found, missing=("one thing",)))
    assert told[0] == ("Contradicted", "block 0, log 0: gone", "bad")
    assert told[5] == ("Contradicted", "and 2 more", "bad")
    assert ("Not proved", "one thing", "doubt") in told
    assert "good" not in {tone for _, _, tone in told}


def test_a_quorum_and_a_witness_are_said_to_be_no_proof() -> None:
    quorum = QuorumSample(("http://a", "http://b"), 7, 3, 4, 5, 6)
    headers = replace(CERTIFICATE.headers, witness="http://w", witness_blocks=4)
    said = [text for _, text, _ in _lines(replace(CERTIFICATE, quorum=quorum, headers=headers))]
    assert any("4 logs, 5 calls and 6 slots at 2 endpoints" in text for text in said)
    assert sum("which is no proof" in text for text in said) == 2
