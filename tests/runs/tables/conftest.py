"""The small table in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_tables import POSITIONS, PRICES, RULES, Tables


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols as they are installed, in the place of the room's made-up one."""


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """Its three files, and the command on them."""
    found = Tables(tmp_path)
    found.write("positions.csv", POSITIONS)
    found.write("prices.csv", PRICES)
    found.write("rules.toml", RULES)
    return found
