"""A book around a protocol's state that says nothing more than whose accounts it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.model.book import Book, make_book


def bare_book(state: Any, order: Sequence[str] | None = None) -> Book:
    """The state's accounts (or these, in this order), without their legs."""
    ids = [str(account) for account in state.accounts] if order is None else list(order)
    return make_book(ids, [], ([] for _ in ids), state)
