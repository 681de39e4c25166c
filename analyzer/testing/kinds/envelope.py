"""Faults of the JSON-RPC answer as a whole: ids, order, and how many answers there are."""

from __future__ import annotations

from typing import Any

from analyzer.testing.kinds.kind import UNCHANGED, Answers, Moment, Stage, kind
from analyzer.testing.rpc import JsonObject


def _shape(answers: Answers, batch: bool) -> Any:
    """A list for a batch, else the only answer."""
    return answers if batch else answers[0]


@kind("id-wrong", Stage.ENVELOPE, seen="proxies that mix up two callers")
def id_wrong(moment: Moment, answers: Answers, batch: bool) -> Any:
    """Every id is another one than was asked with."""
    return _shape([a | {"id": int(a["id"]) + 1_000_000} for a in answers], batch)


@kind("id-text", Stage.ENVELOPE, seen="nodes written in languages without large integers")
def id_text(moment: Moment, answers: Answers, batch: bool) -> Any:
    """Ids come back as text."""
    return _shape([a | {"id": str(a["id"])} for a in answers], batch)


@kind("id-float", Stage.ENVELOPE, seen="nodes that read every number as a double")
def id_float(moment: Moment, answers: Answers, batch: bool) -> Any:
    """Ids come back as 7.0."""
    return _shape([a | {"id": float(a["id"])} for a in answers], batch)


@kind("id-list", Stage.ENVELOPE, seen="nobody but an attacker")
def id_list(moment: Moment, answers: Answers, batch: bool) -> Any:
    """Ids come back inside a list, which is no key of anything."""
    return _shape([a | {"id": [a["id"]]} for a in answers], batch)


@kind("id-missing", Stage.ENVELOPE, seen="gateways that answer for a node")
def id_missing(moment: Moment, answers: Answers, batch: bool) -> Any:
    """Answers have no id."""
    return _shape([_without(a, "id") for a in answers], batch)


@kind("id-null", Stage.ENVELOPE, seen="nodes that could not read the request")
def id_null(moment: Moment, answers: Answers, batch: bool) -> Any:
    """Ids are null."""
    return _shape([a | {"id": None} for a in answers], batch)


@kind("version-missing", Stage.ENVELOPE, seen="old nodes")
def version_missing(moment: Moment, answers: Answers, batch: bool) -> Any:
    """Answers do not name a version of JSON-RPC."""
    return _shape([_without(a, "jsonrpc") for a in answers], batch)


@kind("list-for-object", Stage.ENVELOPE, seen="proxies that batch by themselves")
def list_for_object(moment: Moment, answers: Answers, batch: bool) -> Any:
    """A single request is answered by a list of one."""
    return UNCHANGED if batch else answers


@kind("object-for-list", Stage.ENVELOPE, seen="nodes that do not know batches")
def object_for_list(moment: Moment, answers: Answers, batch: bool) -> Any:
    """A batch is answered by its first answer alone."""
    return answers[0] if batch else UNCHANGED


@kind("batch-shuffled", Stage.ENVELOPE, seen="nodes that answer batches in parallel")
def batch_shuffled(moment: Moment, answers: Answers, batch: bool) -> Any:
    """The answers of a batch in another order, ids right."""
    if len(answers) < 2:
        return UNCHANGED
    return answers[1:] + answers[:1]


@kind("batch-short", Stage.ENVELOPE, seen="providers that stop at a limit of time or size")
def batch_short(moment: Moment, answers: Answers, batch: bool) -> Any:
    """The last third of a batch is not answered."""
    return answers[: max(1, len(answers) * 2 // 3)] if len(answers) > 1 else UNCHANGED


@kind("batch-none", Stage.ENVELOPE, seen="providers whose backend went away")
def batch_none(moment: Moment, answers: Answers, batch: bool) -> Any:
    """A batch is answered by an empty list."""
    return [] if batch else UNCHANGED


@kind("batch-long", Stage.ENVELOPE, seen="proxies that mix up two callers")
def batch_long(moment: Moment, answers: Answers, batch: bool) -> Any:
    """A batch gets answers that nobody asked for, too."""
    if not batch:
        return UNCHANGED
    return answers + [{"jsonrpc": "2.0", "id": -n, "result": "0x"} for n in range(1, 4)]


@kind("batch-doubled", Stage.ENVELOPE, seen="proxies that retry behind the scenes")
def batch_doubled(moment: Moment, answers: Answers, batch: bool) -> Any:
    """Every answer of a batch comes twice."""
    return answers + answers if batch else UNCHANGED


@kind("batch-foreign", Stage.ENVELOPE, seen="nobody but an attacker")
def batch_foreign(moment: Moment, answers: Answers, batch: bool) -> Any:
    """Numbers and texts stand between the answers of a batch."""
    return [1, "answer", None, *answers] if batch else UNCHANGED


@kind("batch-refused", Stage.ENVELOPE, seen="dRPC's free plan, several L2 sequencers", most=1)
def batch_refused(moment: Moment, answers: Answers, batch: bool) -> Any:
    """A batch of more than `most` requests is refused by one error."""
    if len(answers) <= moment.number("most"):
        return UNCHANGED
    error = {"code": -32600, "message": f"batch too large, max {moment.options['most']}"}
    return {"jsonrpc": "2.0", "id": None, "error": error}


@kind("batch-swapped", Stage.ENVELOPE, seen="a proxy that numbers answers by their order")
def batch_swapped(moment: Moment, answers: Answers, batch: bool) -> Any:
    """The answers of a batch under each other's ids."""
    if len(answers) < 2:
        return UNCHANGED
    ids = [a["id"] for a in answers]
    return [a | {"id": i} for a, i in zip(answers, ids[1:] + ids[:1], strict=True)]


@kind("result-missing", Stage.ENVELOPE, seen="gateways that drop what they cannot pack")
def result_missing(moment: Moment, answers: Answers, batch: bool) -> Any:
    """Answers with neither result nor error."""
    return _shape([_without(_without(a, "result"), "error") for a in answers], batch)


@kind("error-is-text", Stage.ENVELOPE, seen="gateways with an error format of their own")
def error_is_text(moment: Moment, answers: Answers, batch: bool) -> Any:
    """The member `error` is a text."""
    return _shape([_without(a, "result") | {"error": "upstream busy"} for a in answers], batch)


@kind("error-beside-result", Stage.ENVELOPE, seen="nodes that always send both members")
def error_beside_result(moment: Moment, answers: Answers, batch: bool) -> Any:
    """Results come with `"error": null` beside them."""
    return _shape([a if "error" in a else a | {"error": None} for a in answers], batch)


def _without(answer: JsonObject, name: str) -> JsonObject:
    """An answer without one member."""
    return {key: value for key, value in answer.items() if key != name}
