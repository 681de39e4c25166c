from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.chain.size import PATIENCE, Size


def asked(limit: int, questions: int, size: Size) -> list[int]:
    """What is asked of something that answers at most `limit` at once."""
    out = []
    for _ in range(questions):
        out.append(size.now)
        if size.now <= limit:
            size.answered(size.now)
        else:
            size.refuse(size.now)
    return out


def test_it_doubles_while_everything_is_answered() -> None:
    assert asked(10**9, 6, Size(100, 2_000)) == [100, 200, 400, 800, 1600, 2000]


def test_a_refused_size_is_not_asked_again_for_each_question() -> None:
    sizes = asked(30, 200, Size(600, 10_000))
    assert sizes[:6] == [600, 300, 150, 75, 37, 18]
    assert sum(size > 30 for size in sizes) <= 10
    assert all(size == 18 for size in sizes[6 : 5 + PATIENCE])


@given(limit=st.integers(1, 5_000), first=st.integers(1, 100_000))
def test_vain_tries_get_rarer_and_what_is_used_is_half_of_the_limit_at_least(
    limit: int, first: int
) -> None:
    sizes = asked(limit, 2_000, Size(first, 100_000))
    settled = sizes[100:]
    assert sum(size > limit for size in settled) <= 12
    assert all(2 * size + 1 >= min(limit, 100_000) for size in settled)


def test_what_was_refused_for_what_it_held_is_asked_again_in_time() -> None:
    size = Size(1_000, 1_000)
    assert asked(1, 10, size)[-1] == 1
    sizes = asked(10**9, 60, size)
    assert sizes[-1] == 1_000


def test_a_stated_limit_is_kept_for_ever() -> None:
    size = Size(600, 10_000)
    size.refuse(600, 37, always=True)
    assert asked(37, 100, size) == [37] * 100


def test_advice_that_is_no_less_than_what_was_refused_is_not_taken() -> None:
    size = Size(600, 10_000)
    size.refuse(600, 700)
    assert size.now == 599


def test_fewer_than_the_size_say_nothing() -> None:
    size = Size(600, 10_000)
    size.answered(5)
    assert size.now == 600
