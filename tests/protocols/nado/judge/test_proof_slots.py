"""The words that are named hold our numbers: as the recording has them, and by a trie of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from nado_recording import Recorded
from stored_words import StoredWords

from analyzer.chain.proofs.gathered import Gathered
from analyzer.model.certificate import ProvedWord
from analyzer.protocols.nado.judge.proof_slots import proof_slots
from analyzer.protocols.nado.value.value import NadoValued
from analyzer.solvency.prove_state import prove_state

CUT = Path(__file__).parents[3] / "data" / "nado" / "socialised_spot.zip"


@pytest.fixture(scope="module")
def cut() -> Recorded:
    return Recorded(CUT)


@pytest.fixture(scope="module")
def valued(cut: Recorded) -> NadoValued:
    ((number, _, _),) = cut.replay.pins()
    found = cut.rebuilt(str(number)).valued
    assert isinstance(found, NadoValued)
    return found


def test_every_word_named_of_all_accounts_is_proved_to_hold_our_number(
    cut: Recorded, valued: NadoValued
) -> None:
    accounts = list(valued.state.accounts)
    numbers = proof_slots(valued, accounts)
    chain = StoredWords(cut.folder)
    recorded = [slot for slot in numbers.slots if chain.has(slot.address, slot.slot)]
    # What the recording was not asked: balances that an account's bitmap says are none.
    left = [slot for slot in numbers.slots if not chain.has(slot.address, slot.slot)]
    assert all(slot.number == 0 and slot.account_id is not None for slot in left)
    gathered = Gathered(chain)
    gathered.take([chain.block.number])
    found = prove_state(gathered, chain.block, numbers, (), len(accounts))
    assert found is not None
    assert gathered.contradictions == []
    assert found.told.proved == found.told.wanted == len(numbers.slots)
    assert len(recorded) > 600
    kinds = {word.what for word in found.words}
    assert kinds >= {"spot balance", "size", "vQuote", "price", "insurance", "parent", "spreads"}
    assert {w.account_id for w in found.words} - {None} == set(accounts)


def test_a_word_with_another_number_is_named(cut: Recorded, valued: NadoValued) -> None:
    numbers = proof_slots(valued, list(valued.state.accounts)[3:6])
    slot = next(s for s in numbers.slots if s.what == "cumulativeFundingLong" and s.number)
    chain = StoredWords(cut.folder, {(slot.address.lower(), slot.slot): 5})
    gathered = Gathered(chain)
    gathered.take([chain.block.number])
    found = prove_state(gathered, chain.block, numbers, (), 3)
    assert found is not None
    assert {c.field for c in gathered.contradictions} == {f"PerpEngine slot 0x{slot.slot:x}"}
    assert any(
        f"is {slot.number} here" in c.text and "to hold 5 at" in c.text
        for c in gathered.contradictions
    )


def test_each_pinned_block_of_the_recording_holds_what_is_named(shared: Path) -> None:
    recorded = Recorded(shared / "recordings" / "nado_seedA")
    checked = 0
    for label in recorded.labels[::6]:
        found = recorded.rebuilt(label).valued
        assert isinstance(found, NadoValued)
        block = recorded.replay.resolve(label).number
        words = StoredWords(recorded.folder, block=block)
        for slot in proof_slots(found, list(found.state.accounts)).slots:
            word = words.word(slot.address, slot.slot)
            if word is not None:
                checked += 1
                assert ProvedWord(
                    None, None, "", "", "", slot.what, str(slot.number), slot.first_bit,
                    slot.bits, f"0x{word:064x}", "",
                ).fits, slot  # fmt: skip
    assert checked > 5_000
