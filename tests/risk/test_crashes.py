"""The back-tests over eight crashes that the page of risk shows."""

from __future__ import annotations

from pathlib import Path

from crash_backtests import CRASHES, END, PAGE, page


def test_the_page_has_the_table_as_it_is_computed(shared: Path) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(shared)


def test_the_table_has_every_crash_by_both_methods() -> None:
    text = PAGE.read_text(encoding="utf-8").split(END)[0]
    for day in CRASHES:
        assert sum(f"{day} ±" in line for line in text.splitlines()) == 2
