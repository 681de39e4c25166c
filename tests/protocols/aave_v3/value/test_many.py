"""The short way to a margin says what the long way says, or nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from aave_market import ALICE, BOB, E18, NOW, USD, account, asset_of, market, reserve
from aave_recording import recorded
from bare_book import bare_book
from hypothesis import example, given
from hypothesis import strategies as st

from analyzer.model.book import Book
from analyzer.protocols.aave_v3.ray_math import RAY
from analyzer.protocols.aave_v3.records.accounts import Account, StableLoan
from analyzer.protocols.aave_v3.state.state import AaveState, PriceFact, state_of
from analyzer.protocols.aave_v3.value import holdings
from analyzer.protocols.aave_v3.value.account import Valuation
from analyzer.protocols.aave_v3.value.margin import margin, row_in_full
from analyzer.protocols.aave_v3.value.prices import reference_prices
from analyzer.protocols.aave_v3.value.value import AaveValued, value
from analyzer.protocols.kit.unreadable import Unreadable

DATA = Path(__file__).resolve().parents[3] / "data" / "aave_v3"
WETH, DAI = asset_of("WETH"), asset_of("DAI")


def both(book: Book) -> tuple[AaveValued, AaveValued]:
    """The book valued twice: for the short way and for the long one."""
    prices = reference_prices(state_of(book))
    return value(book, prices), value(book, prices)


def check(book: Book) -> int:
    """Sees that both ways say the same of every account; how many went the short way."""
    short, full = both(book)
    rows = margin(short)
    assert rows == [row_in_full(full, address) for address in book.account_ids]
    plain = 0
    for address in book.account_ids:
        holder = short.state.accounts[address]
        view = holdings._view(full, holder)
        assert list(holdings.collateral_rows(short, holder)) == list(holdings._collateral(view))
        assert list(holdings.position_rows(short, holder)) == list(holdings._positions(view))
        plain += short.valuation.many.plain_terms(holder) is not None
    return plain


@pytest.mark.parametrize("name", ["v300", "rev3", "rev7", "rev9", "rev11", "gho_rev6"])
def test_every_account_of_a_recording_has_the_same_rows_either_way(name: str) -> None:
    recording = recorded(DATA / f"{name}.zip")
    accounts = plain = 0
    for label in recording.labels:
        book = recording.book(label)
        accounts += len(book)
        plain += check(book)
    assert plain > accounts / 2


def state(*accounts: Account, revision: int = 10, price: int = 2_000 * USD) -> AaveState:
    """A market of WETH and DAI."""
    stable = reserve(1, "DAI", ltv_bps=7_500, threshold_bps=7_800)
    return market(revision, [reserve(0, "WETH", price), stable], accounts)


amounts = st.one_of(
    st.integers(0, 10), st.integers(0, 10**24), st.integers(2**107, 2**113), st.integers(-3, -1)
)


@given(
    supplied=amounts,
    other=amounts,
    borrowed=amounts,
    bits=st.integers(0, 7),
    revision=st.sampled_from([1, 3, 8, 9, 11]),
    price=st.one_of(st.integers(0, 10**12), st.integers(2**78, 2**130)),
)
@example(supplied=2**108, other=0, borrowed=1, bits=1, revision=11, price=2**79)
@example(supplied=1, other=0, borrowed=1, bits=1, revision=3, price=10**8)
def test_whatever_an_account_holds_both_ways_say_the_same(
    supplied: int, other: int, borrowed: int, bits: int, revision: int, price: int
) -> None:
    who = replace(
        Account(ALICE),
        collateral_bits=bits,
        supplied={WETH: supplied, DAI: other},
        borrowed={DAI: borrowed},
    )
    check(bare_book(state(who, revision=revision, price=price)))


def test_what_is_out_of_the_ordinary_is_left_to_the_long_way() -> None:
    plain = account(ALICE, supplied={"WETH": E18}, borrowed={"DAI": E18})
    loan = replace(plain, stable={DAI: StableLoan(5, RAY // 20, NOW)})
    broke = account(BOB, supplied={"WETH": E18}, borrowed={"DAI": 10_000 * E18})
    absurd = replace(plain, supplied={WETH: 2**110})
    unlisted = replace(plain, collateral_bits=plain.collateral_bits | 4)
    many = lambda s: Valuation(s, reference_prices(s)).many  # noqa: E731
    assert many(state(plain)).row(plain) is not None
    assert many(state(unlisted)).row(unlisted) is not None
    for odd in (loan, broke, absurd):
        assert many(state(odd)).row(odd) is None
    found = state(plain)
    found.unreadable[ALICE] = Unreadable("balance", "was not read")
    assert many(found).row(plain) is None
    unpriced = replace(found.reserves[WETH], price=PriceFact(Unreadable("price", "gone"), ""))
    found = state(plain)
    found.reserves[WETH] = unpriced
    assert many(found).row(plain) is None
    assert not many(found).covers_debt(plain)
    assert many(state(plain)).covers_debt(plain)
