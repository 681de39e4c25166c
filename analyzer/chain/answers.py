"""Takes the body of a JSON-RPC answer apart: which result belongs to which request."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import orjson

from analyzer.abi.scan import LogText, cut_logs
from analyzer.chain.endpoint import Endpoint, TransportError, shown
from analyzer.chain.faults import Fault, FaultKind, read_fault

_BOM = b"\xef\xbb\xbf"
_TWICE = object()
"""Stands for answers to one request that differ."""


def read_answer(
    endpoint: Endpoint, body: bytes, ids: Sequence[int], *, logs: bool = False
) -> list[object] | Fault:
    """The result of each request, or its Fault; one Fault when the node refused all of them at
    once. logs: the results are arrays of logs, and one of compact JSON stays text (`LogText`).
    Raises TransportError for a body that is no JSON."""
    answer, texts = _parsed(endpoint, body.removeprefix(_BOM), logs=logs)
    if isinstance(answer, dict):
        if answer.get("error") is not None and (len(ids) > 1 or _id(answer.get("id")) is None):
            return _fault(endpoint, answer)
        if len(ids) > 1:
            return Fault(FaultKind.MALFORMED, None, "the node answered a batch with one object")
    by_id = _by_id(answer if isinstance(answer, list) else [answer])
    return [_text_of(_result(endpoint, by_id.get(i)), texts) for i in ids]


def _parsed(endpoint: Endpoint, body: bytes, *, logs: bool) -> tuple[object, list[LogText]]:
    """The answer as JSON, and the texts of logs that were cut out of it."""
    if logs:
        rest, texts = cut_logs(body)
        with suppress(orjson.JSONDecodeError):
            answer = orjson.loads(rest)
            members = answer if isinstance(answer, list) else [answer]
            # A node's own `[0]` would be taken for what was cut: then nothing is cut.
            numbers = [n for n in map(_number_of, members) if n is not None]
            alone = len(_by_id(members)) == len(members)
            if texts and alone and sorted(numbers) == list(range(len(texts))):
                return answer, texts
    try:
        return orjson.loads(body), []
    except orjson.JSONDecodeError:
        start = endpoint.scrub(shown(body[:240].decode(errors="replace")))
        raise TransportError(f"{endpoint.name} answered no JSON ('{start}')", less=True) from None


def _number_of(member: object) -> int | None:
    """The number in a member whose result is `[number]`, as a cut leaves it; None for others."""
    return _only_number(member.get("result")) if isinstance(member, dict) else None


def _only_number(result: object) -> int | None:
    """The number in `[number]`; None for everything else."""
    if isinstance(result, list) and len(result) == 1 and isinstance(result[0], int):
        return result[0]
    return None


def _text_of(result: object, texts: Sequence[LogText]) -> object:
    """The text that was cut out in the place of a result, or the result itself."""
    number = _only_number(result) if texts else None
    return result if number is None else texts[number]


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
