"""The numbers that travel with the clone are those of the reference folder."""

from __future__ import annotations

from typing import Any


def test_every_case_that_travels_is_as_in_the_reference_folder(
    cases: dict[str, Any], all_cases: dict[str, Any]
) -> None:
    parts = ("inputs", "expected")
    assert cases == {name: {part: all_cases[name][part] for part in parts} for name in cases}
    assert len(cases) >= 5
