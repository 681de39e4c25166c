"""The packed words of the Pool."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.protocols.aave_v3.words import (
    ReserveConfig,
    account_word,
    bit_numbers,
    has_bit,
    reserve_config,
)

FIELDS = (
    (8_000, 0),
    (8_500, 16),
    (10_500, 32),
    (18, 48),
    (1, 56),
    (0, 57),
    (1, 58),
    (0, 59),
    (1, 60),
    (1, 61),
    (0, 62),
    (1, 63),
    (1_500, 64),
    (1_000_000, 80),
    (2_000_000, 116),
    (1_000, 152),
    (7, 168),
    (9, 176),
    (12_345_678, 212),
    (1, 252),
)


def test_every_field_of_a_configuration_stands_where_the_contract_puts_it() -> None:
    word = sum(value << shift for value, shift in FIELDS)
    assert reserve_config(word) == ReserveConfig(
        ltv_bps=8_000,
        threshold_bps=8_500,
        bonus_bps=10_500,
        decimals=18,
        active=True,
        frozen=False,
        borrowing=True,
        stable_borrowing=False,
        paused=True,
        borrowable_in_isolation=True,
        siloed=False,
        flash_loans=True,
        reserve_factor_bps=1_500,
        borrow_cap=1_000_000,
        supply_cap=2_000_000,
        protocol_fee_bps=1_000,
        emode_category=7,
        unbacked_cap=9,
        debt_ceiling=12_345_678,
        virtual_accounting=True,
    )


def test_the_status_is_the_first_that_applies() -> None:
    active, frozen, paused = 1 << 56, 1 << 57, 1 << 60
    words = (0, active, active | frozen, active | frozen | paused)
    assert [reserve_config(word).status for word in words] == [
        "inactive",
        "active",
        "frozen",
        "paused",
    ]


def test_an_accounts_word_has_two_bits_a_reserve() -> None:
    assert account_word(0, []) == 0
    assert account_word(0b101, [1]) == (1 << 1) | (1 << 5) | (1 << 2)


@given(st.sets(st.integers(min_value=0, max_value=127)))
def test_the_numbers_of_set_bits_come_back_in_order(numbers: set[int]) -> None:
    word = sum(1 << number for number in numbers)
    assert bit_numbers(word) == sorted(numbers)
    assert all(has_bit(word, number) for number in numbers)
