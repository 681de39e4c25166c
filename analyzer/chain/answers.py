"""Takes the body of a JSON-RPC answer apart: which result belongs to which request."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from analyzer.chain.endpoint import Endpoint, TransportError, shown
from analyzer.chain.faults import Fault, FaultKind, read_fault

_BOM = b"\xef\xbb\xbf"
_TWICE = object()
"""Stands for answers to one request that differ."""


def read_answer(endpoint: Endpoint, body: bytes, ids: Sequence[int]) -> list[object] | Fault:
    """The result of each request, or its Fault; one Fault when the node refused all of them at
    once. Raises TransportError for a body that is no JSON."""
    try:
        answer = orjson.loads(body.removeprefix(_BOM))
    except orjson.JSONDecodeError:
        start = endpoint.scrub(shown(body[:240].decode(errors="replace")))
        raise TransportError(f"{endpoint.name} answered no JSON ('{start}')", less=True) from None
    if isinstance(answer, dict):
        if answer.get("error") is not None and (len(ids) > 1 or _id(answer.get("id")) is None):
            return _fault(endpoint, answer)
        if len(ids) > 1:
            return Fault(FaultKind.MALFORMED, None, "the node answered a batch with one object")
    by_id = _by_id(answer if isinstance(answer, list) else [answer])
    return [_result(endpoint, by_id.get(i)) for i in ids]


def _by_id(items: Sequence[object]) -> dict[int, object]:
    """The members of an answer by the ids of their requests. What names no request is nobody's."""
    found: dict[int, object] = {}
    for item in items:
        key = _id(item.get("id")) if isinstance(item, dict) else None
        if key is not None:
            found[key] = item if found.setdefault(key, item) == item else _TWICE
    return found


def _id(value: object) -> int | None:
    """The id of an answer, which some servers send back as text or as a float; None for none."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _result(endpoint: Endpoint, item: object) -> object:
    """The result in one member of an answer, or its Fault."""
    if item is _TWICE:
        return Fault(FaultKind.MALFORMED, None, "the node gave two answers to one request")
    if not isinstance(item, dict):
        return Fault(FaultKind.TRANSIENT, None, "the node left this request unanswered")
    if item.get("error") is not None:
        return _fault(endpoint, item)
    if "result" not in item:
        return Fault(FaultKind.MALFORMED, None, "an answer with neither result nor error")
    return item["result"]


def _fault(endpoint: Endpoint, item: dict[str, object]) -> Fault:
    """The Fault of an answer, its text without the endpoint's secrets."""
    fault = read_fault(item.get("error"))
    return Fault(fault.kind, fault.code, endpoint.scrub(fault.message), fault.data)
