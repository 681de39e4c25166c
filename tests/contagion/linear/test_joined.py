from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fire_sale_books import book_of
from formula_bank import EMPTY, Bank, book, four

from analyzer.contagion.linear.book import LinearBook, Nonlinear, linear_book, nonlinear_accounts
from analyzer.contagion.linear.joined import joined_book
from analyzer.contagion.reverse.rays import ray
from analyzer.contagion.reverse.smallest import distances, smallest_static


def bank() -> tuple[LinearBook, Nonlinear]:
    accounts = book(EMPTY)
    found = linear_book(Bank(four), accounts)
    return found, nonlinear_accounts(Bank(four), accounts, found)


def house() -> LinearBook:
    """Two accounts in two assets, of which one is a factor of the bank too."""
    plain = book_of([[1, 0], [0, 2]], [-60, -170], [100, 100], [0.1, 0.1])
    return replace(plain, factors=("SOL", "ETH"), owner_names=["1", "x"])


def nobody(of: LinearBook) -> Nonlinear:
    return nonlinear_accounts(Bank(four), book(EMPTY), of)


def test_every_account_of_two_books_stands_where_it_stands_alone() -> None:
    (first, asked), second = bank(), house()
    whole, answers = joined_book([first, second], [asked, nobody(second)], ["bank", "house"])
    assert whole.factors == ("ETH", "USD", "BTC", "SOL")
    assert whole.account_ids[3:] == ["bank/3", "house/0", "house/1"]
    betas = {"ETH": 1.0, "SOL": 1.5}
    both = distances(whole, ray(whole.factors, betas), answers)
    alone = [
        distances(first, ray(first.factors, {"ETH": 1.0}), asked),
        distances(second, ray(second.factors, betas)),
    ]
    for name in ("liquidation_down", "liquidation_up", "insolvency_down", "insolvency_up"):
        expected = np.concatenate([getattr(part, name) for part in alone])
        np.testing.assert_allclose(getattr(both, name), expected, rtol=1e-12, atol=1e-12)


def test_bad_debt_of_two_books_is_one_sum() -> None:
    (first, asked), second = bank(), house()
    whole, answers = joined_book([second, first], [nobody(second), asked], ["house", "bank"])
    along = ray(whole.factors, {"ETH": 1.0})
    found = smallest_static(whole, along, 22.0, nonlinear=answers)
    assert found.x is not None
    # The house's short of 170 against 200 ETH, and the bank's maker: 5 - 12 sqrt(m).
    m = 1 + found.x
    assert 170 - 200 * m + max(5 - 12 * np.sqrt(m), 0) == pytest.approx(22.0, abs=1e-8)
    assert found.accounts == (2 if m < 25 / 144 else 1)


def test_owners_of_the_same_name_are_one_owner() -> None:
    (first, asked), second = bank(), house()
    whole, _ = joined_book([first, second], [asked, nobody(second)], ["bank", "house"])
    assert [whole.owner_names[number] for number in whole.owner] == ["0", "1", "2", "3", "1", "x"]
    assert len(whole.owner_names) == 5


def test_books_without_names_or_without_answers_are_refused() -> None:
    second = house()
    for books, asked, names in (
        ([], [], []),
        ([second], [], ["house"]),
        ([second], [nobody(second)], []),
    ):
        with pytest.raises(ValueError, match="every book needs"):
            joined_book(books, asked, names)
