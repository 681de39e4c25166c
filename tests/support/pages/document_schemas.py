"""A document against the schema that ships with its kind; and the schemas' own writer.

python tests/support/pages/document_schemas.py
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import fastjsonschema

from analyzer.documents.kinds import KINDS
from analyzer.documents.schema import FOLDER, write_schemas


def validate(document: dict[str, Any]) -> None:
    """Sees that a document is what the shipped schema of its kind says, and holds nothing else.

    Raises: fastjsonschema.JsonSchemaException naming the value that is not.
    """
    _validator(document["kind"])(document)


@cache
def _validator(kind: str) -> Any:
    """The schema of a kind, with its objects closed: what is not in it would not be promised."""
    return fastjsonschema.compile(_closed(json.loads((FOLDER / f"{kind}.json").read_bytes())))


def _closed(schema: Any) -> Any:
    """A schema in which an object with named properties has no others."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if isinstance(closed.get("properties"), dict) and closed.get("type") == "object":
        closed["additionalProperties"] = False
    return closed


if __name__ == "__main__":
    write_schemas(KINDS)
