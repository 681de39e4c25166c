"""JSON as every command writes it."""

from __future__ import annotations

import json

from analyzer.documents.encode import to_json
from analyzer.documents.envelope import Document
from analyzer.model.visible import json_visible


def document_text(document: Document) -> str:
    """A command's document as JSON text."""
    return json_text(to_json(document))


def json_text(value: object) -> str:
    """`value` as indented JSON. Keys keep their order; NaN and infinity are refused; what a screen
    would obey or hide is escaped, as JSON may be."""
    return json_visible(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"
