"""What a sample misses, and which numbers a word holds."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import combinations

import pytest

from analyzer.model.certificate import ProvedWord, miss_probability


@pytest.mark.parametrize(
    ("blocks", "checked", "lies"), [(6, 2, 1), (6, 2, 3), (7, 3, 2), (5, 0, 1)]
)
def test_the_chance_to_miss_is_that_of_all_samples_counted(
    blocks: int, checked: int, lies: int
) -> None:
    samples = list(combinations(range(blocks), checked))
    missed = [s for s in samples if not set(s) & set(range(lies))]
    assert miss_probability(blocks, checked, lies) == Fraction(len(missed), len(samples))


def test_the_chance_to_miss_in_ten_million_blocks_is_found_at_once() -> None:
    started = time.process_time()
    assert miss_probability(10**18, 200_000) == 1 - Fraction(200_000, 10**18)
    assert miss_probability(10_000_000, 5_000_000) == Fraction(1, 2)
    assert time.process_time() - started < 1


def test_nothing_is_missed_where_all_is_checked_or_nothing_is_there() -> None:
    assert miss_probability(5, 5) == miss_probability(0, 0) == miss_probability(5, 4, 2) == 0


def test_a_number_lies_in_its_bits_of_the_word_and_in_no_others() -> None:
    word = f"0x{(7 << 128 | 5):064x}"
    low = ProvedWord(None, None, "pool", "0x", "0x", "index", "5", 0, 128, word, "0x")
    assert low.fits
    assert low.held == 5
    assert not ProvedWord(None, None, "pool", "0x", "0x", "rate", "5", 128, 128, word, "0x").fits
    minus = f"0x{2**256 - 3:064x}"
    assert ProvedWord("a", None, "vault", "0x", "0x", "balance", "-3", 0, 256, minus, "0x").fits
