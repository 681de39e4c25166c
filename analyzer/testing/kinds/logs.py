"""Lies and weaknesses about logs: missing, invented, changed, and malformed ones."""

from __future__ import annotations

from typing import Any

from analyzer.testing.kinds.kind import UNCHANGED, Moment, Stage, kind
from analyzer.testing.rpc import JsonObject

LOGS = ("eth_getLogs",)
_STRANGER = "0x" + "5e" * 20


def _place(moment: Moment, logs: list[JsonObject]) -> int:
    """Which log is meant: option `nth` from 1 on, or -1 for the last; 0 = by chance, the same
    for the same logs asked again."""
    nth = moment.number("nth")
    if nth:
        return nth - 1 if nth > 0 else len(logs) + nth
    return moment.rng.randrange(len(logs))


def _changed(moment: Moment, logs: Any, **members: Any) -> Any:
    """The logs with members of one of them changed."""
    if not isinstance(logs, list) or not logs:
        return UNCHANGED
    at = min(_place(moment, logs), len(logs) - 1)
    return [*logs[:at], logs[at] | members, *logs[at + 1 :]]


def _digits(text: str) -> str:
    """Hex text with its last digit changed."""
    return f"{text[:-1]}{int(text[-1], 16) ^ 1:x}"


@kind("logs-empty", Stage.RESULT, seen="pruned nodes, and nodes whose log index is behind",
      methods=LOGS)  # fmt: skip
def logs_empty(moment: Moment, logs: Any) -> Any:
    """No logs where there are some."""
    return [] if logs else UNCHANGED


@kind("logs-null", Stage.RESULT, seen="nodes that have no answer yet", methods=LOGS)
def logs_null(moment: Moment, logs: Any) -> Any:
    """`null` in place of a list."""
    return None


@kind("logs-object", Stage.RESULT, seen="gateways that page their answers", methods=LOGS)
def logs_object(moment: Moment, logs: Any) -> Any:
    """An object with the logs inside in place of a list."""
    return {"logs": logs, "next": None}


@kind("logs-end-missing", Stage.RESULT, seen="nodes that name a head whose logs they have not"
      " indexed yet", methods=LOGS, newest=5)  # fmt: skip
def logs_end_missing(moment: Moment, logs: Any) -> Any:
    """The logs of the `newest` blocks of the chain are missing, without a word."""
    last = moment.source.head() - moment.number("newest")
    kept = [log for log in logs if int(log["blockNumber"], 16) <= last]
    return kept if len(kept) < len(logs) else UNCHANGED


@kind("logs-start-missing", Stage.RESULT, seen="pruned nodes", methods=LOGS, before=10)
def logs_start_missing(moment: Moment, logs: Any) -> Any:
    """The logs of blocks before `before` are missing, without a word."""
    first = moment.number("before")
    kept = [log for log in logs if int(log["blockNumber"], 16) >= first]
    return kept if len(kept) < len(logs) else UNCHANGED


@kind("logs-cut", Stage.RESULT, seen="providers that cut off at a round number", methods=LOGS,
      most=1000)  # fmt: skip
def logs_cut(moment: Moment, logs: Any) -> Any:
    """Only the first `most` logs, without a word."""
    most = moment.number("most")
    return logs[:most] if len(logs) > most else UNCHANGED


@kind("log-missing", Stage.RESULT, seen="nodes with a damaged log index", methods=LOGS, nth=0)
def log_missing(moment: Moment, logs: Any) -> Any:
    """One log is missing."""
    if not logs:
        return UNCHANGED
    at = min(_place(moment, logs), len(logs) - 1)
    return logs[:at] + logs[at + 1 :]


@kind("log-invented", Stage.RESULT, seen="no honest node", methods=LOGS, nth=0)
def log_invented(moment: Moment, logs: Any) -> Any:
    """One log comes a second time, with an index of its own in its block."""
    if not logs:
        return UNCHANGED
    log = logs[min(_place(moment, logs), len(logs) - 1)]
    same = [int(g["logIndex"], 16) for g in logs if g["blockNumber"] == log["blockNumber"]]
    return [*logs, log | {"logIndex": hex(max(same) + 1000)}]


@kind("log-doubled", Stage.RESULT, seen="nodes that merge two stores", methods=LOGS, nth=0)
def log_doubled(moment: Moment, logs: Any) -> Any:
    """One log is there twice, the same to the last byte."""
    if not logs:
        return UNCHANGED
    return [*logs, dict(logs[min(_place(moment, logs), len(logs) - 1)])]


@kind("log-changed", Stage.RESULT, seen="no honest node", methods=LOGS, nth=0)
def log_changed(moment: Moment, logs: Any) -> Any:
    """The last digit of a log's first word of data is another one."""
    if not isinstance(logs, list) or not logs:
        return UNCHANGED
    at = min(_place(moment, logs), len(logs) - 1)
    data = str(logs[at]["data"])
    if len(data) < 66:
        return UNCHANGED
    changed = logs[at] | {"data": _digits(data[:66]) + data[66:]}
    return [*logs[:at], changed, *logs[at + 1 :]]


@kind("log-tail-changed", Stage.RESULT, seen="no honest node", methods=LOGS, nth=0)
def log_tail_changed(moment: Moment, logs: Any) -> Any:
    """The last digit of a log's data is another one."""
    if not isinstance(logs, list) or not logs:
        return UNCHANGED
    at = min(_place(moment, logs), len(logs) - 1)
    if len(logs[at]["data"]) <= 66:
        return UNCHANGED
    changed = logs[at] | {"data": _digits(logs[at]["data"])}
    return [*logs[:at], changed, *logs[at + 1 :]]


@kind("log-topic-changed", Stage.RESULT, seen="no honest node", methods=LOGS, nth=0)
def log_topic_changed(moment: Moment, logs: Any) -> Any:
    """The last topic of a log (an account, mostly) is another one."""
    if not isinstance(logs, list) or not logs:
        return UNCHANGED
    at = min(_place(moment, logs), len(logs) - 1)
    topics = list(logs[at]["topics"])
    if len(topics) < 2:
        return UNCHANGED
    changed = logs[at] | {"topics": [*topics[:-1], _digits(topics[-1])]}
    return [*logs[:at], changed, *logs[at + 1 :]]


@kind("logs-reversed", Stage.RESULT, seen="nodes that answer from several threads", methods=LOGS)
def logs_reversed(moment: Moment, logs: Any) -> Any:
    """The logs in the opposite order."""
    return logs[::-1] if len(logs) > 1 else UNCHANGED


@kind("log-foreign", Stage.RESULT, seen="nodes that ignore a filter", methods=LOGS, nth=0)
def log_foreign(moment: Moment, logs: Any) -> Any:
    """A log of an address that was not asked for."""
    return _changed(moment, logs, address=_STRANGER)


@kind("log-removed", Stage.RESULT, seen="nodes that take part in a reorg", methods=LOGS, nth=0)
def log_removed(moment: Moment, logs: Any) -> Any:
    """A log that says of itself that a reorg removed it."""
    return _changed(moment, logs, removed=True)


@kind("log-index-huge", Stage.RESULT, seen="no honest node", methods=LOGS, nth=0)
def log_index_huge(moment: Moment, logs: Any) -> Any:
    """A log index of 2**70."""
    return _changed(moment, logs, logIndex=hex(2**70))


@kind("log-index-negative", Stage.RESULT, seen="no honest node", methods=LOGS, nth=0)
def log_index_negative(moment: Moment, logs: Any) -> Any:
    """A log index of -1."""
    return _changed(moment, logs, logIndex="-0x1")


@kind("log-transaction-huge", Stage.RESULT, seen="no honest node", methods=LOGS, nth=0)
def log_transaction_huge(moment: Moment, logs: Any) -> Any:
    """A transaction index of 2**70."""
    return _changed(moment, logs, transactionIndex=hex(2**70))


@kind("log-hash-short", Stage.RESULT, seen="no honest node", methods=LOGS, nth=0)
def log_hash_short(moment: Moment, logs: Any) -> Any:
    """A transaction hash of two bytes."""
    return _changed(moment, logs, transactionHash="0xabcd")


@kind("log-address-short", Stage.RESULT, seen="no honest node", methods=LOGS, nth=0)
def log_address_short(moment: Moment, logs: Any) -> Any:
    """An address of two bytes."""
    return _changed(moment, logs, address="0xabcd")


@kind("log-data-odd", Stage.RESULT, seen="no honest node", methods=LOGS, nth=0)
def log_data_odd(moment: Moment, logs: Any) -> Any:
    """Data with half a byte at its end."""
    return _changed(moment, logs, data="0xabc")


@kind("log-data-short", Stage.RESULT, seen="another contract at the address", methods=LOGS, nth=0)
def log_data_short(moment: Moment, logs: Any) -> Any:
    """Data that is too short for the event."""
    return _changed(moment, logs, data="0xab")


@kind("log-fields-missing", Stage.RESULT, seen="pending logs of some nodes", methods=LOGS, nth=0)
def log_fields_missing(moment: Moment, logs: Any) -> Any:
    """A log whose block hash and index are null."""
    return _changed(moment, logs, blockHash=None, logIndex=None)


@kind("log-block-hash", Stage.RESULT, seen="a reorg between two answers", methods=LOGS, nth=0)
def log_block_hash(moment: Moment, logs: Any) -> Any:
    """A log of a block with another hash than that block's header."""
    return _changed(moment, logs, blockHash="0x" + "0d" * 32)


@kind("log-outside", Stage.RESULT, seen="nodes that ignore a range", methods=LOGS)
def log_outside(moment: Moment, logs: Any) -> Any:
    """A log of a block after the range that was asked for."""
    if not logs or moment.ask.blocks is None:
        return UNCHANGED
    return [*logs, logs[-1] | {"blockNumber": hex(moment.ask.blocks[1] + 1)}]


@kind("log-index-shared", Stage.RESULT, seen="chains that count logs by transaction", methods=LOGS)
def log_index_shared(moment: Moment, logs: Any) -> Any:
    """Two logs of a block under one index, told apart by their transactions only."""
    for at in range(1, len(logs)):
        before, log = logs[at - 1], logs[at]
        if before["blockNumber"] == log["blockNumber"]:
            return [*logs[:at], log | {"logIndex": before["logIndex"]}, *logs[at + 1 :]]
    return UNCHANGED
