"""Where the data that ships with the package lies, in a wheel and in an editable install alike.

A wheel carries the repository's `abis/` and `queries/` inside the package as `_abis` and
`_queries`; an editable install does not, so there the folders beside the package are used.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import analyzer
from analyzer.model.errors import InputError


@cache
def resource_folder(name: str) -> Path:
    """The folder `name` of the shipped data: `analyzer/_<name>`, else `<repository>/<name>`.

    Raises InputError when the installation holds neither.
    """
    package = Path(analyzer.__file__).resolve().parent
    for folder in (package / f"_{name}", package.parent / name):
        if folder.is_dir():
            return folder
    raise InputError(f"this installation lacks its '{name}' folder: install the package again")


def abi_folder() -> Path:
    """The folder with one subfolder of ABI files a protocol."""
    return resource_folder("abis")


def queries_folder() -> Path:
    """The folder with the shipped SQL queries."""
    return resource_folder("queries")
