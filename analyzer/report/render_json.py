"""JSON as every command writes it."""

from __future__ import annotations

import json


def json_text(value: object) -> str:
    """`value` as indented JSON. Keys keep their order; NaN and infinity are refused."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
