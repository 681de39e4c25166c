from __future__ import annotations

from analyzer.protocols.base import ProofSlot
from analyzer.protocols.kit import WordsOf


def test_a_number_stands_in_the_bits_that_are_named_and_has_its_owner() -> None:
    words = WordsOf("vault", "0xV", "ann", "X")
    expected = ProofSlot("ann", "X", "vault", "0xV", 7, "balance", -3, 8, 24)
    assert words.holds(7, "balance", -3, 8, 24) == expected
    whole = WordsOf("vault", "0xV").holds(7, "total", 3)
    assert (whole.account_id, whole.market_id) == (None, None)
    assert (whole.first_bit, whole.bits, whole.sure) == (0, 256, True)


def test_a_word_of_halves_has_the_low_number_in_its_low_bits() -> None:
    low, high = WordsOf("pool", "0xP").halves(1, ("a", 5), ("b", 6))
    assert (low.what, low.number, low.first_bit, low.bits) == ("a", 5, 0, 128)
    assert (high.what, high.number, high.first_bit, high.bits) == ("b", 6, 128, 128)
