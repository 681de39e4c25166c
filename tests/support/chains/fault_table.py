"""What is expected of a scan under each kind of fault: once, and for good.

One row for each kind; `fault_page.py` makes docs/faults.md of it, tests/testing/test_faults.py
runs it. `words` are a pattern for what the command prints.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SURVIVED, NOTICED, NOT_NOTICEABLE = "survived", "noticed", "not noticeable"
PINNED, LATEST = "42", "latest"
PROOFS = "only proofs of receipts and of storage would tell"


@dataclass(frozen=True, slots=True)
class Expected:
    """An outcome. code, words: of a noticed one. said: for people, where words are not enough."""

    outcome: str
    code: int = 0
    words: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A kind. once, always: None where it makes no sense to ask. schedule, options: of the fault
    in both; block: what the scan asks for."""

    kind: str
    once: Expected | None
    always: Expected | None
    schedule: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    block: str = PINNED


S = Expected(SURVIVED)


def noticed(words: str, *, code: int = 3, said: str = "") -> Expected:
    """Exit code `code`, and words."""
    return Expected(NOTICED, code, words, said)


def unnoticed(said: str) -> Expected:
    """Nothing contradicts it."""
    return Expected(NOT_NOTICEABLE, said=said)


SECOND = {"first": 2}
"""Not the question for the chain id, which is the first: that has rows of its own."""
LATER = {"blocks": (13, 10**9)}
"""Logs that are not the first of a contract, but moves of accounts."""
BRANCH = {"depth": 8}
"""So deep that the pinned block is on the branch."""
NO_ANSWER = noticed("no endpoint answers|the node does not give")
TOO_LARGE = noticed("an answer of more than 4 MB .*raises the limit")
REFUSED = noticed("answered HTTP")
UNANSWERED = noticed("left this request unanswered")
NO_STATE = noticed("has no state at block 42")
MOVED_ON = noticed("block .* (was .* and is now|changed while it was)")
UNUSABLE = noticed("the header of block . is not usable|the header of block 42 is not usable")
MALFORMED = noticed("the logs of blocks? .* cannot be read: a log of block .* is malformed")
WRONG_ROWS = noticed("", code=4, said="views and control totals of the contract say otherwise")
LEFT_OUT = noticed("gives logs of block .* asked for it alone, and left them out")
UNKNOWN_CODE = noticed(
    "unknown-implementation", code=0, said="a finding: exit 1 with `--fail-on medium`"
)


def _wire(kind: str, once: Expected, always: Expected, **options: Any) -> Row:
    return Row(kind, once, always, SECOND, options)


def _log(kind: str, once: Expected, always: Expected, **options: Any) -> Row:
    return Row(kind, once, always, LATER, {"nth": 2, **options})


WIRE = (
    _wire("http-400", S, REFUSED),
    _wire("http-401", REFUSED, REFUSED),
    _wire("http-403", REFUSED, REFUSED),
    _wire("http-404", REFUSED, REFUSED),
    _wire("http-413", S, REFUSED),
    _wire("http-500", S, REFUSED),
    _wire("http-502", S, REFUSED),
    _wire("http-503", S, REFUSED),
    _wire("http-504", S, REFUSED),
    _wire("http-429", S, REFUSED),
    _wire("http-302", REFUSED, REFUSED),
    _wire("reset-before-headers", S, noticed("dropped the connection")),
    _wire("closed-before-headers", S, noticed("dropped the connection")),
    _wire("reset-after-headers", S, noticed("dropped the connection")),
    _wire("body-cut", S, noticed("dropped the connection")),
    _wire("json-cut", S, noticed("answered no JSON")),
    _wire("body-empty", S, noticed("answered no JSON")),
    _wire("body-html", S, noticed("answered no JSON .'<html>")),
    _wire("body-null", S, UNANSWERED),
    _wire("body-nested", S, noticed("answered no JSON")),
    _wire("body-bom", S, S),
    _wire("body-not-utf8", S, noticed("answered no JSON")),
    _wire("content-type-text", S, S),
    _wire("gzip-garbage", S, noticed("no HTTP answer")),
    _wire("gzip-right", S, S),
    _wire("gzip-bomb", TOO_LARGE, TOO_LARGE, megabytes=20),
    _wire("body-endless", TOO_LARGE, TOO_LARGE),
    Row("body-slow", S, None, SECOND),
    _wire("answer-late", S, S, ms=5),
    _wire("answer-huge", TOO_LARGE, TOO_LARGE, megabytes=20),
    _wire("node-dies", S, noticed("dropped the connection")),
    Row("range-gateway-timeout", S, S, options={"most": 5}),
    Row("range-bad-request", S, S, options={"most": 5}),
    Row("range-drops", S, S, options={"most": 5}),
    Row("batch-drops", S, S, options={"most": 3}),
)

ENVELOPE = (
    _wire("id-wrong", S, UNANSWERED),
    _wire("id-text", S, S),
    _wire("id-float", S, S),
    _wire("id-list", S, UNANSWERED),
    _wire("id-missing", S, UNANSWERED),
    _wire("id-null", S, UNANSWERED),
    _wire("version-missing", S, S),
    _wire("list-for-object", S, S),
    _wire("object-for-list", S, S),
    _wire("batch-shuffled", S, S),
    _wire("batch-short", S, S),
    _wire("batch-none", S, UNANSWERED),
    _wire("batch-long", S, S),
    _wire("batch-doubled", S, S),
    _wire("batch-foreign", S, S),
    _wire("batch-refused", S, S),
    _wire("batch-swapped", S, noticed("the node gave block .* when asked for")),
    _wire("result-missing", S, noticed("neither result nor error")),
    _wire("error-is-text", S, noticed("upstream busy")),
    _wire("error-beside-result", S, S),
)

REFUSALS = (
    Row("limit-exceeded", S, noticed("limit exceeded")),
    Row("requests-exhausted", S, noticed("daily request count exceeded")),
    Row("compute-exhausted", S, noticed("compute units")),
    Row("server-error", S, noticed("internal server error")),
    Row("internal-error", S, noticed("Internal error")),
    Row("invalid-params", noticed("cannot unmarshal"), noticed("cannot unmarshal")),
    Row("method-missing", S, noticed("the method eth_getLogs does not exist")),
    Row("words-unknown", S, noticed("the wombat is asleep")),
    Row("request-timeout", S, noticed("execution aborted")),
    Row("header-not-found", S, noticed("header not found")),
    Row("history-pruned", S, noticed("History has been pruned")),
    Row("state-missing", NO_STATE, NO_STATE),
    Row("state-pruned", NO_STATE, NO_STATE),
    Row("block-unknown-with-data", S, NO_STATE),
    Row("state-missing-with-data", NO_STATE, NO_STATE),
    Row("revert-false", S, WRONG_ROWS, {"first": 5}),
    Row("revert-untold", S, WRONG_ROWS, {"first": 5}),
    Row("gas-cap", S, S),
    Row("overrides-refused", S, S),
    Row("overrides-ignored", S, S),
    Row("pin-by-hash-refused", S, S),
    Row("range-refused", S, S, options={"most": 5}),
    Row("range-stated", S, S, options={"most": 5}),
    Row("range-advised", S, S, options={"most": 5}),
    Row("range-advice-absurd", S, S, options={"most": 5}),
    Row("range-advice-backwards", S, S, options={"most": 5}),
    Row("range-limit-exceeded", S, S, options={"most": 5}),
    Row("results-refused", S, S, options={"most": 5}),
)

HEADERS = (
    Row("header-null", S, noticed("does not give block '42': it answers null")),
    Row("latest-null", S, noticed("does not give block 'latest': it answers null"), block=LATEST),
    Row("header-parent", S, noticed("")),
    Row("header-hash", noticed("header not found"), noticed("header not found")),
    Row("header-hash-later", MOVED_ON, MOVED_ON),
    Row("header-neighbour", S, noticed("the node gave block 41 when asked for 42")),
    Row("bloom-zero", S, S),
    Row("bloom-strange", S, noticed("bloom")),
    Row("header-time-absurd", S, UNUSABLE),
    Row("header-hash-short", S, UNUSABLE),
    Row("header-number-strange", S, noticed("is not usable: number")),
    Row("header-fields-missing", S, UNUSABLE),
    Row("header-is-text", S, noticed("no block header but not ready")),
    Row(
        "chain-id-changes",
        noticed("is of chain 4242, the answers come from chain 4243", code=2),
        noticed("is of chain 4242, the answers come from chain 4243", code=2),
    ),
    Row("chain-id-strange", S, noticed("gives no chain id")),
)

LOGS = (
    Row("logs-empty", S, LEFT_OUT, LATER),
    Row("logs-null", S, noticed("answered eth_getLogs with None"), LATER),
    Row("logs-object", S, noticed("answered eth_getLogs with {'logs'"), LATER),
    Row("logs-end-missing", S, WRONG_ROWS, LATER),
    Row("logs-start-missing", S, noticed("NOT PROVEN SOLVENT")),
    Row("logs-cut", S, LEFT_OUT, LATER, {"most": 3}),
    _log("log-missing", S, WRONG_ROWS),
    _log("log-invented", S, WRONG_ROWS),
    _log("log-doubled", S, S),
    _log("log-changed", S, WRONG_ROWS),
    _log(
        "log-tail-changed",
        unnoticed(f"the rebuild uses none of it (the bank's memo): {PROOFS}"),
        unnoticed(f"as once: {PROOFS}"),
    ),
    _log("log-topic-changed", S, noticed("is not in the bloom filter")),
    Row("logs-reversed", S, S, LATER),
    _log("log-foreign", S, noticed("a log that was not asked for")),
    _log("log-removed", S, noticed("a log that a reorg has removed")),
    _log("log-index-huge", S, MALFORMED),
    _log("log-index-negative", S, MALFORMED),
    _log("log-transaction-huge", S, MALFORMED),
    _log("log-hash-short", S, MALFORMED),
    _log("log-address-short", S, MALFORMED),
    _log("log-data-odd", S, MALFORMED),
    _log("log-data-short", noticed("1 bytes, where 64"), noticed("1 bytes, where 64")),
    _log("log-fields-missing", S, MALFORMED),
    _log("log-block-hash", S, noticed("name another block hash than its header")),
    Row("log-outside", S, noticed("the node gave a log of block"), LATER),
    Row("log-index-shared", S, noticed("have the index .* and differ")),
)

STATE = (
    Row("call-empty", noticed("the answer ends after 0 bytes"), noticed("ends after 0 bytes")),
    Row("call-one-wei-more", WRONG_ROWS, WRONG_ROWS),
    Row("call-zero", WRONG_ROWS, noticed("NOT PROVEN SOLVENT: .*control totals off")),
    Row("call-huge", noticed("12 of 12 accounts unknown"), noticed("12 of 12 accounts unknown")),
    Row("call-cut", noticed("the answer ends after 31 bytes"), noticed("ends after 31 bytes")),
    Row("call-no-hex", S, noticed("")),
    Row("call-null", S, noticed("")),
    Row("storage-zero", noticed("slot 0"), noticed("slot 0")),
    Row("code-empty", noticed("no contract at registry", code=2), noticed("no contract", code=2)),
    Row("code-other", UNKNOWN_CODE, UNKNOWN_CODE, {"first": 2}),
)

WORLDS = (
    Row(
        "head-lags",
        None,
        noticed("there is no block '42' on this chain yet: latest is 36", code=2),
        {},
        {"by": 10},
    ),
    Row("head-jumps-back", None, noticed(""), {}, {"by": 10}, LATEST),
    Row("logs-lag", S, LEFT_OUT, {"blocks": (37, 46)}, {"by": 12}),
    Row("two-forks", noticed(""), noticed(""), {"first": 2, "every": 2}, BRANCH),
    Row("reorg", MOVED_ON, None, {}, BRANCH),
)

ROWS = (*WIRE, *ENVELOPE, *REFUSALS, *HEADERS, *LOGS, *STATE, *WORLDS)

UNNOTICED = frozenset(
    row.kind
    for row in ROWS
    if any(e is not None and e.outcome == NOT_NOTICEABLE for e in (row.once, row.always))
)
"""Kinds that leave wrong rows which nothing contradicts."""
