"""A crash in minutes as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.documents.clearing import (
    FlashDocument,
)
from analyzer.report.blocks import Block, Grid, Heading, Line

SHOWN = 4
"""Factors whose prices a page shows: those that fall furthest."""


def flash_page(document: FlashDocument) -> list[Block]:
    """The minutes in which something happens, and the last."""
    shown = sorted(document.lowest, key=lambda name: (document.lowest[name], name))[:SHOWN]
    last = document.minutes[-1].minute
    rows = tuple(
        (
            str(one.minute),
            *(f"{one.prices[name] - 1:+.2%}" for name in shown),
            f"{one.closed:,}",
            f"{one.notional_usd:,.0f}",
            f"{one.bad_debt_usd:,.0f}",
            f"{one.waiting:,}",
        )
        for one in document.minutes
        if one.closed or one.minute in (0, last)
    )
    columns = ("minute", *shown, "closed", "traded", "bad debt", "waiting")
    note = (
        "prices: of the block's, as the minute begins; minutes in which nobody is closed left out"
    )
    return [
        Heading(f"{document.jump}, minute by minute"),
        *(Line("flash", text) for text in document.sentences),
        Grid("Minutes", columns, rows, frozenset(columns), note),
        *(Line("assumes", text) for text in document.assumes),
    ]


def flash_rows(document: FlashDocument) -> tuple[list[str], Sequence[Sequence[Any]]]:
    """(columns, a row a minute) for the CSV form."""
    factors = list(document.lowest)
    columns = ["minute", *factors, "closed", "notional_usd", "bad_debt_usd", "waiting"]
    return columns, [
        [
            one.minute, *(one.prices[name] for name in factors), one.closed, one.notional_usd,
            one.bad_debt_usd, one.waiting,
        ]
        for one in document.minutes
    ]  # fmt: skip
