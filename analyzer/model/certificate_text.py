"""Certificates as JSON and back: the same text in a snapshot, a bundle and a signed statement.

What is read may be a stranger's: every field has to be there and of its type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

from analyzer.model.certificate import FORMAT, Certificate, Proofs

T = TypeVar("T")
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS
_MOST_TEXT = 100_000
"""Characters of one text: more is no certificate of ours."""


def certificate_text(certificate: Certificate) -> str:
    """A certificate as JSON: keys sorted, so that equal ones are equal texts."""
    return orjson.dumps(certificate, option=_OPTIONS).decode()


def certificate_of(text: str | bytes) -> Certificate:
    """The certificate in a text. Raises: ValueError saying which field is not as it has to be."""
    return _of(Certificate, orjson.loads(text), "certificate")


def proofs_text(proofs: Sequence[Proofs]) -> str:
    """Certificates with what they count, as a bundle carries them."""
    return orjson.dumps({"format": FORMAT, "proofs": list(proofs)}, option=_OPTIONS).decode()


def proofs_of(text: bytes) -> list[Proofs]:
    """What `proofs_text` wrote. Raises: ValueError."""
    document = orjson.loads(text)
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise ValueError(f"it is no certificate of format {FORMAT}")
    entries = document.get("proofs")
    if not isinstance(entries, list):
        raise ValueError("proofs is no list")
    return [_of(Proofs, entry, f"proofs[{number}]") for number, entry in enumerate(entries)]


def _of(kind: type[T], value: object, path: str) -> T:
    """A dataclass of a JSON object. Raises: ValueError."""
    made: T = _made(kind, value, path)
    return made


def _made(hint: Any, value: Any, path: str) -> Any:
    """A value of a type of a field. Raises: ValueError naming the path to what is another."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        if value is None:
            return None
        hint = next(kind for kind in get_args(hint) if kind is not NoneType)
        origin = get_origin(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        hints = _hints(hint)
        if not isinstance(value, Mapping) or set(value) != set(hints):
            raise ValueError(f"{path} has not the fields of a {hint.__name__}")
        return hint(**{name: _made(kind, value[name], f"{path}.{name}")
                       for name, kind in hints.items()})  # fmt: skip
    if origin is tuple and isinstance(value, list):
        inner = get_args(hint)[0]
        return tuple(_made(inner, item, f"{path}[{n}]") for n, item in enumerate(value))
    if origin is not None and isinstance(value, Mapping):
        # The one mapping there is: block number -> hash.
        return {_number(key, path): _made(str, item, path) for key, item in value.items()}
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint in (int, str) and type(value) is hint and len(str(value)) <= _MOST_TEXT:
        return value
    raise ValueError(f"{path} is {str(value)[:40]!r}")


def _number(text: str, path: str) -> int:
    """A block number as a key. Raises: ValueError."""
    if not text.isdecimal() or len(text) > 20:
        raise ValueError(f"{path} names block {text[:40]!r}")
    return int(text)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The types of a dataclass's fields, in order."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
