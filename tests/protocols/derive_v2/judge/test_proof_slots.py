"""The words of Derive's feeds that are named hold what the recording's storage holds."""

from __future__ import annotations

from pathlib import Path

from derive_recording import recorded
from stored_words import StoredWords

from analyzer.chain.proofs.gathered import Gathered
from analyzer.protocols.derive_v2 import PLUG
from analyzer.protocols.derive_v2.judge.proof_slots import proof_slots
from analyzer.solvency.prove_state import prove_state


def test_every_word_of_the_signed_feeds_is_proved_and_no_account_is_said_to_be(
    shared: Path,
) -> None:
    found = recorded(shared)
    book = found.book("A")
    valued = PLUG.value(book, PLUG.prices(book))
    accounts = list(book.account_ids)[:4]
    numbers = proof_slots(valued, accounts)
    chain = StoredWords(found.folder, block=found.block("A").number)
    gathered = Gathered(chain)
    gathered.take([chain.block.number])
    proved = prove_state(gathered, chain.block, numbers, (), len(accounts))
    assert proved is not None
    assert gathered.contradictions == []
    assert proved.told.proved == proved.told.wanted == len(numbers.slots) > 25
    assert proved.told.accounts == 0
    assert gathered.missing == ("no number of 4 accounts is proved: none of theirs has a word",)
    named = {word.contract.partition("_")[2] for word in proved.words}
    assert named >= {"SpotFeed", "ForwardFeed", "VolFeed", "RateFeed"}
