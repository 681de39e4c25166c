"""Where the signed prices lie in storage, so that a proof against the state root is of them.

Source: `state.signed_words`; every word of the recording holds what its logs say. What stands
before these variables depends on the revision of a library that the contracts inherit from: where a
feed was built with another one, its words lie elsewhere, which is told as not provable. For the
same reason nothing is said of balances: no word of the sub-accounts was ever compared.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.protocols.base import ProofSlot, StoredNumbers
from analyzer.protocols.derive_v2.state.signed_words import signed_words
from analyzer.protocols.derive_v2.state.state import state_of
from analyzer.protocols.derive_v2.value.value import DeriveValued

_NOT_IN_STORAGE = (
    "balances, positions, cash indexes and parameters: the layout of these contracts was never"
    " compared with real words",
    "differences to spot that perp and impact feeds sign: nor was theirs",
)


def proof_slots(valued: DeriveValued, _account_ids: Sequence[str]) -> StoredNumbers:
    """The words of the spot, forward, volatility and rate feeds that every margin rests on; of
    accounts none. Each holds a number with its confidence and time, as they were signed."""
    state = state_of(valued.book)
    named = [
        ProofSlot(
            None, None, state.names.get(signed.feed.lower(), "feed"), signed.feed, signed.slot,
            f"signed: {signed.about}", signed.word, sure=False,
        )
        for signed in signed_words(state.feeds)
        if signed.word
    ]  # fmt: skip
    return StoredNumbers(tuple(named), _NOT_IN_STORAGE)
