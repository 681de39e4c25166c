"""Prices that a protocol's own logs tell: rounds of its feeds, trades of its pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from analyzer.model.book import Book
from analyzer.model.logs import Event


@dataclass(frozen=True, slots=True)
class Round:
    """One price. factor: its risk factor; price_e18: in the unit of account; time: unix seconds of
    the moment that it is of, by its source's own stamp where it has one."""

    factor: str
    price_e18: int
    time: int


@dataclass(frozen=True, slots=True)
class Rounds:
    """kinds: (role, event) of the logs that carry a price. price: of one of them; None where it is
    of nothing that the book knows."""

    kinds: tuple[tuple[str, str], ...]
    price: Callable[[Book, Event], Round | None]
