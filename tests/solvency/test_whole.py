"""Whether a set of accounts is whole: rules on totals made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_results import clean_result, details, total

from analyzer.model.rows import AccountRow, Proves, TotalRow
from analyzer.solvency.whole import Lack, shortages, zero_is_proven

LIST = replace(total(rebuilt=3, on_chain=3, allowed=0), name="markets", proves=Proves.LIST)
SUM = replace(total(rebuilt=100, on_chain=100, allowed=0), name="coins", proves=Proves.ACCOUNTS)
OWN = replace(SUM, name="own", proves=Proves.NOTHING)


def lacks(*totals: TotalRow, accounts: int = 3) -> list[Lack]:
    """What a scan with these totals lacks."""
    rows = details().accounts[:accounts]
    margin = None if accounts else []
    result = clean_result(margin, details=details(totals=list(totals), accounts=rows))
    return [shortage.lack for shortage in shortages(result)]


def test_a_sum_of_the_chain_that_is_met_proves_the_set() -> None:
    assert lacks(SUM) == []
    assert lacks(LIST, SUM) == []


def test_a_total_of_logs_against_logs_and_a_list_of_markets_count_no_account() -> None:
    assert lacks(OWN) == [Lack.NOTHING_NAMED]
    assert lacks(LIST) == [Lack.NOTHING_NAMED]
    assert lacks() == [Lack.NOTHING_NAMED]


def test_a_side_that_was_not_read_counts_as_not_held_whatever_it_is_of() -> None:
    for silent in (SUM, LIST, OWN):
        for change in ({"rebuilt": None}, {"on_chain": None}):
            row = replace(silent, name="silent", **change)
            assert Lack.NOT_COMPARED in lacks(SUM, row), (silent, change)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (replace(SUM, rebuilt=99), [Lack.SMALLER]),
        (replace(SUM, rebuilt=0, on_chain=1), [Lack.SMALLER]),
        (replace(SUM, rebuilt=1, on_chain=0), []),
        (replace(SUM, rebuilt=-100), []),  # off, and said so: but not because it is less
        (replace(SUM, rebuilt=101), []),
        (replace(SUM, rebuilt=99, allowed=1), []),
        (replace(LIST, rebuilt=2), [Lack.SMALLER]),
        (replace(LIST, rebuilt=4), [Lack.SMALLER]),  # another list than the chain's
        (replace(OWN, rebuilt=99), []),
    ],
)
def test_less_than_the_chain_has_is_a_smaller_set(row: TotalRow, found: list[Lack]) -> None:
    assert lacks(SUM, row) == found


@pytest.mark.parametrize(
    ("rebuilt", "found"), [(990, []), (989, [Lack.SMALLER]), (0, [Lack.SMALLER])]
)
def test_a_gift_is_at_most_a_hundredth_of_what_is_held(rebuilt: int, found: list[Lack]) -> None:
    gift = replace(SUM, rebuilt=rebuilt, on_chain=1_000, surplus_ok=True)
    assert gift.holds is True
    assert lacks(SUM, gift) == found


def test_no_account_is_proven_only_by_a_chain_that_says_zero() -> None:
    zero = replace(SUM, rebuilt=0, on_chain=0)
    assert lacks(zero, accounts=0) == []
    assert lacks(LIST, zero, accounts=0) == []
    assert Lack.NO_ACCOUNT in lacks(replace(zero, on_chain=1, allowed=1), accounts=0)
    assert Lack.NO_ACCOUNT in lacks(replace(zero, on_chain=5, surplus_ok=True), accounts=0)
    assert Lack.NO_ACCOUNT in lacks(zero, replace(zero, name="b", on_chain=None), accounts=0)
    assert Lack.NO_ACCOUNT in lacks(OWN, accounts=0)


def test_a_market_without_a_single_reserve_is_empty() -> None:
    none = replace(LIST, rebuilt=0, on_chain=0)
    assert lacks(none, accounts=0) == []
    assert lacks(LIST, accounts=0) == [Lack.NO_ACCOUNT, Lack.NOTHING_NAMED]


def test_an_account_that_no_log_names_is_no_sign_of_logs() -> None:
    fund = AccountRow("0xF", "0xF", "insurance_fund", 0, 0, 0)
    result = clean_result(details=details(totals=[SUM], accounts=[fund]))
    (shortage,) = shortages(result)
    assert (shortage.lack, shortage.text) == (
        Lack.NO_ACCOUNT,
        "the logs name no account, and the chain holds coins",
    )


TOTALS = st.builds(
    TotalRow,
    name=st.sampled_from("abcdef"),
    identity=st.just(""),
    unit=st.just("raw"),
    rebuilt=st.none() | st.integers(-3, 3),
    on_chain=st.none() | st.integers(-3, 3),
    allowed=st.integers(0, 1),
    why=st.just(""),
    surplus_ok=st.booleans(),
    proves=st.sampled_from(list(Proves)),
)


@given(st.lists(TOTALS, max_size=4))
def test_whatever_the_totals_zero_accounts_are_whole_only_if_the_chain_says_zero(
    totals: list[TotalRow],
) -> None:
    whole = lacks(*totals, accounts=0) == []
    if whole:
        proofs = [t for t in totals if t.proves is Proves.ACCOUNTS] or totals
        assert proofs
        assert all(t.on_chain == 0 for t in proofs if t.proves is not Proves.NOTHING)
        assert zero_is_proven(totals)
        assert all(t.holds is not None for t in totals)
