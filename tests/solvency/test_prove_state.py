"""What a proof of state says of numbers and code for which nothing could be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from analyzer.chain.proofs.gathered import Gathered
from analyzer.chain.proofs.source import WantedWords
from analyzer.chain.wire import parse_header
from analyzer.model.block import BlockRef
from analyzer.model.reads import NotRead
from analyzer.model.rows import CodeStatus, ImplementationRow
from analyzer.protocols.base import ProofSlot, StoredNumbers
from analyzer.protocols.kit.code import BEACON_SLOT, IMPLEMENTATION_SLOT
from analyzer.solvency.prove_state import ProvedState, prove_state

BLOCKS = Path(__file__).parents[1] / "data" / "proofs" / "blocks.json"
CONTRACT = next(v for v in orjson.loads(BLOCKS.read_bytes()) if v["fork"] == "cancun")
BLOCK = parse_header(CONTRACT["header"], whole=True)
ADDRESS: str = CONTRACT["proof"]["address"]
FORTY_TWO = ProofSlot("0xA", None, "vault", ADDRESS, 7, "balance", 42, 0, 256)
"""What slot 7 of the contract holds."""
UNREAD = ImplementationRow(
    "vault", ADDRESS, None, None, CodeStatus.UNKNOWN, f"through its EIP-1967 beacon 0x{7:040x}"
)


class OneBlock:
    """A chain of one block, with the proof of one contract."""

    def whole_headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        return [BLOCK for _ in numbers]

    def receipts(self, blocks: Sequence[BlockRef]) -> list[Sequence[Mapping[str, Any]] | NotRead]:
        raise NotImplementedError

    def proof_nodes(
        self, block: BlockRef, wanted: Sequence[WantedWords]
    ) -> list[Sequence[bytes] | NotRead]:
        raw = CONTRACT["proof"]
        texts = [
            *raw["accountProof"],
            *(n for entry in raw["storageProof"] for n in entry["proof"]),
        ]
        return [[bytes.fromhex(text[2:]) for text in texts] for _ in wanted]


def proved(
    numbers: StoredNumbers, rows: Sequence[ImplementationRow] = ()
) -> tuple[Gathered, ProvedState]:
    gathered = Gathered(OneBlock())
    gathered.take([BLOCK.number])
    found = prove_state(gathered, BLOCK, numbers, rows, 1)
    assert found is not None
    return gathered, found


def test_a_number_that_its_word_holds_is_proved() -> None:
    gathered, found = proved(StoredNumbers((FORTY_TWO,)))
    assert (gathered.missing, gathered.contradictions) == ((), [])
    assert (found.told.accounts, found.told.wanted, found.told.proved) == (1, 1, 1)


def test_an_account_of_which_no_number_has_a_word_is_missing_beside_others() -> None:
    shared = replace(FORTY_TWO, account_id=None)
    gathered, found = proved(StoredNumbers((shared,)))
    assert gathered.missing == ("no number of 1 accounts is proved: none of theirs has a word",)
    assert (found.told.accounts, found.told.proved) == (0, 1)


def test_where_no_number_has_a_word_none_of_any_account_is_said_to_be_proved() -> None:
    gathered, found = proved(StoredNumbers((), ("all numbers: nobody has said where",)))
    assert gathered.missing == (
        "no number is proved against storage: all numbers: nobody has said where",
    )
    assert (found.told.accounts, found.told.proved) == (0, 0)


def test_code_whose_hash_was_not_read_is_missing_and_another_proxys_slot_is_said() -> None:
    gathered, found = proved(StoredNumbers((FORTY_TWO,)), [UNREAD])
    assert gathered.missing == ("the code of vault is not proved: the scan did not read its hash",)
    assert found.told.wanted_codes == 0
    (text,) = found.told.not_in_storage
    assert text.startswith(f"which code vault runs: its beacon 0x{7:040x} says")
    # This contract holds nothing in a beacon's slot, which the proof of another word shows.
    assert [c.field for c in gathered.contradictions] == [f"vault slot 0x{BEACON_SLOT:x}"]


@pytest.mark.parametrize(
    ("note", "slot"),
    [("", IMPLEMENTATION_SLOT), ("through its OpenZeppelin slot 0x07; more", 0x7050C9E0)],
)
def test_a_proxy_of_any_kind_is_proved_by_the_slot_that_it_reads(note: str, slot: int) -> None:
    row = ImplementationRow("vault", ADDRESS, "0x07", None, CodeStatus.KNOWN, note)
    gathered, _ = proved(StoredNumbers((FORTY_TWO,)), [row])
    (found,) = gathered.contradictions
    assert found.field.startswith(f"vault slot 0x{slot:x}")
    assert "vault implementation is 7 here" in found.text


def test_a_word_of_a_layout_that_was_never_compared_is_proved_or_not_provable_but_no_lie() -> None:
    unsure = replace(FORTY_TWO, sure=False)
    gathered, found = proved(StoredNumbers((unsure, replace(unsure, number=43))))
    assert [word.number for word in found.words] == ["42"]
    assert gathered.contradictions == []
    (text,) = gathered.missing
    assert text.startswith("not provable: vault balance of 0xA is 43 here")
    assert "or where vault keeps it, is another" in text


@pytest.mark.parametrize("number", [42 + (1 << 8), 42 - (1 << 8)])
def test_a_number_beyond_its_bits_is_contradicted_though_its_low_bits_are_there(
    number: int,
) -> None:
    slot = replace(FORTY_TWO, number=number, bits=8)
    gathered, found = proved(StoredNumbers((slot,)))
    assert found.words == []
    assert [c.field for c in gathered.contradictions] == ["vault slot 0x7"]
