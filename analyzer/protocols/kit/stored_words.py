"""Numbers of ours and the words of a contract's storage that hold them, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.protocols.base import ProofSlot

_HALF_BITS = 128


@dataclass(frozen=True, slots=True)
class WordsOf:
    """A contract of which words are named, and whose numbers they hold. contract: its role;
    account_id, market_id: None where the number is nobody's, or of no market."""

    contract: str
    address: str
    account_id: str | None = None
    market_id: str | None = None

    def holds(
        self, slot: int, what: str, number: int, first_bit: int = 0, bits: int = 256
    ) -> ProofSlot:
        """One number in a word, in its `bits` from `first_bit` on (0 = lowest)."""
        return ProofSlot(
            self.account_id, self.market_id, self.contract, self.address, slot, what, number,
            first_bit, bits,
        )  # fmt: skip

    def halves(self, slot: int, low: tuple[str, int], high: tuple[str, int]) -> Iterator[ProofSlot]:
        """The two numbers, each with its name, of a word of two halves of 128 bits."""
        yield self.holds(slot, *low, 0, _HALF_BITS)
        yield self.holds(slot, *high, _HALF_BITS, _HALF_BITS)
