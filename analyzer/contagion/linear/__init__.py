"""The linear twin of a book: what margin is made of when prices move."""

from __future__ import annotations

from analyzer.contagion.linear.book import (
    Asked,
    LinearBook,
    holdings_book,
    linear_book,
    nonlinear_accounts,
)
from analyzer.contagion.linear.joined import joined_book

__all__ = [
    "Asked",
    "LinearBook",
    "holdings_book",
    "joined_book",
    "linear_book",
    "nonlinear_accounts",
]
