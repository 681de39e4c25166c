"""The libraries of the extra `risk`, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from analyzer.model.errors import lacks_extra


def library(name: str) -> Any:
    """A module of the extra `risk` (`scipy.special`).

    Raises: InputError saying how to install it where it is missing.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise lacks_extra("a risk profile", "risk") from error
