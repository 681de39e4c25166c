"""How old a price is, by what its source says of itself."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.abi.codec import encode_values
from analyzer.abi.keccak import checksum, keccak
from analyzer.model.reads import Answer, NotRead, Reading, ReadRequest, Reverted, Value
from analyzer.protocols.kit.price_age import (
    STALE_AFTER_S,
    Round,
    SourceTime,
    read_times,
    status_of,
)

NOW = 1_700_000_000
DAY = 86_400
SOURCE, BEHIND = checksum("0x" + "51" * 20), checksum("0x" + "52" * 20)
ROUND = ("uint80", "int256", "uint256", "uint256", "uint80")


def selector(signature: str) -> str:
    """The first four bytes of a signature's hash."""
    return "0x" + keccak(signature.encode()).hex()[:8]


def read(answers: Mapping[str, Answer]) -> SourceTime:
    """What is read of a source that answers these functions and refuses all others."""

    def answer(request: ReadRequest) -> Answer:
        assert request.evidence
        by_selector = {selector(f"{name}()"): found for name, found in answers.items()}
        return by_selector.get(request.data, Reverted(b"", "execution reverted"))

    reading: Reading[dict[str, SourceTime]] = read_times([SOURCE, SOURCE])
    try:
        batch = next(reading)
        while True:
            batch = reading.send([answer(request) for request in batch])
    except StopIteration as done:
        found: dict[str, SourceTime] = done.value
        assert list(found) == [SOURCE]
        return found[SOURCE]


def latest(*values: int) -> Value:
    """The answer of `latestRoundData`."""
    return Value(encode_values(ROUND, values))


def test_a_round_gives_time_and_the_aggregator_behind_the_proxy() -> None:
    found = read(
        {
            "latestRoundData": latest(7, 5, NOW - 9, NOW - 8, 7),
            "latestTimestamp": Value(encode_values(("uint256",), (1,))),
            "aggregator": Value(encode_values(("address",), (BEHIND,))),
        }
    )
    assert found == SourceTime(NOW - 8, Round(7, 5, NOW - 9, NOW - 8, 7), BEHIND, "")
    assert status_of(found, NOW) == ("fresh", f"age 8 s, limit 93600 s, aggregator {BEHIND}")


def test_without_rounds_the_time_stands_alone_and_without_it_the_age_is_unknown() -> None:
    alone = read({"latestTimestamp": Value(encode_values(("uint256",), (NOW - 8,)))})
    assert (alone.updated_at, alone.round) == (NOW - 8, None)
    nothing = read({"latestAnswer": Value(encode_values(("int256",), (5,)))})
    assert status_of(nothing, NOW)[0] == "undated"
    assert "reverted" in nothing.why


@pytest.mark.parametrize("answer", [NotRead("not recorded"), Value(b""), Value(b"\x01" * 31)])
def test_what_was_not_recorded_or_is_no_answer_leaves_the_age_unknown(answer: Answer) -> None:
    found = read({"latestRoundData": answer, "latestTimestamp": answer, "aggregator": answer})
    assert (found.updated_at, found.round, found.aggregator) == (None, None, "")
    assert status_of(found, NOW) == ("undated", found.why)


def of(updated_at: int, *, answer: int = 5, round_id: int = 7, answered_in: int = 7) -> SourceTime:
    """A source whose round says this."""
    return SourceTime(updated_at, Round(round_id, answer, NOW, updated_at, answered_in), why="")


@pytest.mark.parametrize(
    ("time", "status"),
    [
        (of(NOW), "fresh"),
        (of(NOW - STALE_AFTER_S), "fresh"),
        (of(NOW - STALE_AFTER_S - 1), "stale"),
        (of(NOW - 40 * DAY), "stale"),
        (of(0), "doubtful"),
        (of(NOW + 1), "doubtful"),
        (of(2**256 - 1), "doubtful"),
        (of(NOW, answered_in=6), "doubtful"),
        (of(NOW, round_id=0, answered_in=0), "fresh"),
        (of(NOW, answer=0), "doubtful"),
        (of(NOW, answer=-(2**255)), "doubtful"),
        (SourceTime(0), "doubtful"),
    ],
)
def test_a_price_is_fresh_only_by_a_time_that_is_near_and_fits(
    time: SourceTime, status: str
) -> None:
    assert status_of(time, NOW)[0] == status


def test_a_feeds_own_limit_shortens_ours_and_never_lengthens_it() -> None:
    assert status_of(of(NOW - 61), NOW, 60)[0] == "stale"
    assert status_of(of(NOW - 60), NOW, 60)[0] == "fresh"
    assert status_of(of(NOW - 2 * DAY), NOW, 90 * DAY)[0] == "stale"


@given(
    st.integers(0, 2**256 - 1),
    st.integers(-(2**255), 2**255 - 1),
    st.integers(0, 2**80 - 1),
    st.integers(0, 2**80 - 1),
    st.integers(0, 2**63),
)
def test_whatever_a_round_says_it_has_one_status_and_words(
    updated_at: int, answer: int, round_id: int, answered_in: int, now: int
) -> None:
    time = of(updated_at, answer=answer, round_id=round_id, answered_in=answered_in)
    status, words = status_of(time, now)
    assert words
    fits = 0 < updated_at <= now and answer > 0 and answered_in >= round_id
    assert (status == "doubtful") is not fits
    if fits:
        assert (status == "stale") is (now - updated_at > 26 * 3_600)
