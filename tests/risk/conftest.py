"""The reference cases, where the shared data is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def cases(shared: Path) -> dict[str, Any]:
    text = (shared / "vectors" / "risk_reference_cases.json").read_text(encoding="utf-8")
    return {case["id"]: case for case in json.loads(text)["cases"]}
