"""JSON as every command writes it."""

from __future__ import annotations

import json

from analyzer.model.visible import json_visible


def json_text(value: object) -> str:
    """`value` as indented JSON. Keys keep their order; NaN and infinity are refused; what a screen
    would obey or hide is escaped, as JSON may be."""
    return json_visible(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"
