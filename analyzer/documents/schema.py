"""JSON Schemas of the documents, made from the dataclasses themselves (draft-07).

They ship in `schemas/`, one file a kind. Objects are open: within a version keys are added.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from analyzer.documents.encode import key_of, label_of, without_none
from analyzer.documents.envelope import Document

DRAFT = "http://json-schema.org/draft-07/schema#"
FOLDER = Path(__file__).resolve().parent / "schemas"
"""Where the schemas lie: package data."""

_DAY = r"\d{4}-\d{2}-\d{2}"
_PLAIN: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    datetime: {"type": "string", "pattern": rf"^{_DAY}T\d{{2}}:\d{{2}}:\d{{2}}Z$"},
    date: {"type": "string", "pattern": f"^{_DAY}$"},
}
_AMOUNT = {"type": "string", "pattern": "^-?(0|[1-9][0-9]*)$"}

Schema = dict[str, Any]


def json_schema(kind: type[Document]) -> Schema:
    """The JSON Schema of one kind of document."""
    parts: dict[str, Schema] = {}
    whole = _object(kind, parts)
    return {
        "$schema": DRAFT,
        "title": f"analyzer {kind.KIND}, schema {kind.SCHEMA}",
        **whole,
        "definitions": dict(sorted(parts.items())),
    }


def schema_text(kind: type[Document]) -> str:
    """The same as the text of its file."""
    return json.dumps(json_schema(kind), indent=1) + "\n"


def write_schemas(kinds: Sequence[type[Document]], folder: Path = FOLDER) -> None:
    """Writes every kind's schema into `folder`, and nothing else stays there."""
    for old in folder.glob("*.json"):
        old.unlink()
    for kind in kinds:
        (folder / f"{kind.KIND}.json").write_text(schema_text(kind), encoding="utf-8")


def _object(kind: type[Any], parts: dict[str, Schema]) -> Schema:
    """A dataclass as an object, every field required; its parts are put into `parts`."""
    hints = get_type_hints(kind, include_extras=True)
    head: dict[str, Schema] = {}
    if issubclass(kind, Document):
        head = {"schema": {"const": kind.SCHEMA}, "kind": {"const": kind.KIND}}
    properties = head | {key_of(f.name): _of(hints[f.name], parts) for f in fields(kind)}
    return {
        "description": " ".join((kind.__doc__ or "").split()),
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def _of(hint: Any, parts: dict[str, Schema]) -> Schema:
    """The schema of a field's type."""
    kind, may_lack = without_none(hint)
    if may_lack:
        return {"anyOf": [_of(kind, parts), {"type": "null"}]}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _AMOUNT
    if isinstance(hint, type) and is_dataclass(hint):
        if hint.__name__ not in parts:
            parts[hint.__name__] = {}
            parts[hint.__name__] = _object(hint, parts)
        return {"$ref": f"#/definitions/{hint.__name__}"}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [label_of(member) for member in hint]}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of(arguments[1], parts)}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return {"type": "array", "items": _of(arguments[0], parts)}
    if hint is Any:
        return {}
    return _PLAIN[hint]
