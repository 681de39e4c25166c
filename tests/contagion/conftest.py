"""The reference cases of the risk models: most travel with the clone, the others lie elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

Cases = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def cases(repository: Path) -> Cases:
    """The reference cases that travel with the clone, by id: `inputs` and `expected`."""
    text = (repository / "tests" / "data" / "risk" / "cases.json").read_text(encoding="utf-8")
    found: Cases = json.loads(text)
    return found


@pytest.fixture(scope="session")
def all_cases(shared: Path) -> Cases:
    """All reference cases, from the reference folder."""
    text = (shared / "vectors" / "risk_reference_cases.json").read_text(encoding="utf-8")
    return {case["id"]: case for case in json.loads(text)["cases"]}
