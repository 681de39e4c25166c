"""The number that cannot be had: kept as a value, raised where it is needed, never a zero."""

from __future__ import annotations

import pytest

from analyzer.model.errors import InputError, UnreadError
from analyzer.protocols.kit.unreadable import (
    Unreadable,
    UnreadableNumberError,
    attempt,
    known,
    needed,
    reverts,
)

STALE = reverts("ETH feed", "BLF_DataTooOld")
NOT_READ = Unreadable("ETH feed", "not recorded")


def test_a_known_value_is_given_and_zero_is_one() -> None:
    assert (known(0), known(False), known("")) == (0, False, "")


@pytest.mark.parametrize("problem", [STALE, NOT_READ])
def test_what_is_needed_and_cannot_be_had_comes_out_as_it_went_in(problem: Unreadable) -> None:
    def margin() -> int:
        return 3 * known(price)

    price: int | Unreadable = problem
    with pytest.raises(UnreadableNumberError, match=f"^ETH feed: {problem.reason}$"):
        margin()
    assert attempt(margin) == problem
    price = 2
    assert attempt(margin) == 6


def test_a_division_by_zero_is_the_contracts_panic_and_other_faults_are_ours() -> None:
    assert attempt(lambda: 1 // 0) == Unreadable("arithmetic", "Panic(0x12)", True)
    with pytest.raises(KeyError):
        attempt(lambda: {}["x"])


def test_where_a_contract_refuses_what_all_needs_its_address_is_wrong() -> None:
    text = r"^the contract at 0x1 does not answer like Till \(ETH feed: BLF_DataTooOld\): check its"
    with pytest.raises(InputError, match=text):
        needed(STALE, "0x1", "Till")


def test_where_a_node_does_not_answer_what_all_needs_nothing_was_read() -> None:
    with pytest.raises(UnreadError, match=r"^the contract at 0x1 was not read: ETH feed: not rec"):
        needed(NOT_READ, "0x1", "Till")
    assert needed(0, "0x1", "Till") == 0
