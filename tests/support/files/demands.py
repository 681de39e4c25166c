"""What the environment demands of a test run: which tests may not be skipped."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def required(name: str) -> bool:
    """Whether the environment says that tests of this kind may not be skipped."""
    return os.environ.get(name, "") not in ("", "0")


def missing(reason: str, switch: str) -> NoReturn:
    """Skips the test with `reason`, or fails it when `switch` is set."""
    if required(switch):
        pytest.fail(f"{reason} ({switch} is set, so this is no skip)", pytrace=False)
    pytest.skip(reason)
