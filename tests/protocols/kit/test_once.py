"""Numbers that are computed once."""

from __future__ import annotations

import pytest

from analyzer.protocols.kit.once import once


class Counter:
    def __init__(self) -> None:
        self.calls = 0

    @once
    def value(self) -> int:
        """How often it was computed."""
        self.calls += 1
        if self.calls == 1:
            raise ValueError("not yet")
        return self.calls


def test_a_value_is_computed_once_for_each_owner_and_a_failure_is_not_kept() -> None:
    first, second = Counter(), Counter()
    with pytest.raises(ValueError, match="not yet"):
        _ = first.value
    assert [first.value, first.value, first.calls] == [2, 2, 2]
    assert second.calls == 0


def test_it_keeps_the_words_of_what_it_computes() -> None:
    assert Counter.value.__doc__ == "How often it was computed."
