"""Checks a SARIF log against the published schema of SARIF 2.1.0.

The schema is no part of this repository: npm fetches the package that carries it, by exact
version, into the user's cache folder. Where it cannot, the test is skipped, or fails when
REQUIRE_CHAIN is set.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema
from demands import missing

from analyzer.devnet.packages import fetch
from analyzer.model.errors import InputError

MANIFEST = Path(__file__).with_name("sarif_schema") / "package.json"
SCHEMA = "node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"


@cache
def _validator() -> Callable[[Any], Any]:
    try:
        folder = fetch(manifest=MANIFEST).folder
    except InputError as error:
        missing(f"needs the SARIF schema: {error}", "REQUIRE_CHAIN")
    schema = json.loads((folder / SCHEMA).read_text(encoding="utf-8"))
    return fastjsonschema.compile(schema, use_default=False)


def validate(log: Any) -> None:
    """Raises fastjsonschema.JsonSchemaValueException, naming the place, for what is no SARIF."""
    _validator()(log)
