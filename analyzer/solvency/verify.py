"""Compares rebuilt numbers with the contract's own views, field by field.

The judges are asked after everything is rebuilt and nothing is taken from them: each answer is
only equal, different, or missing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from analyzer.abi.codec import decode_revert, decode_values
from analyzer.abi.errors import DecodeError
from analyzer.model.errors import InputError
from analyzer.model.reads import Answer, NotRead, Reverted
from analyzer.model.rows import CheckRow, JudgedRow
from analyzer.model.verdict import Verdict
from analyzer.protocols.base import Expected, Judge
from analyzer.solvency.result import ALL_ACCOUNTS

SAMPLE_ACCOUNTS = 100
"""How many healthy accounts `flagged` and `sample` compare."""


class VerifyMode(StrEnum):
    """Which accounts are compared with the contract."""

    FLAGGED = "flagged"
    """Every account that is not healthy, and the sample."""
    SAMPLE = "sample"
    """A seeded sample of the healthy accounts."""
    ALL = ALL_ACCOUNTS
    NONE = "none"


def parse_mode(text: str) -> VerifyMode:
    """The mode named `text`. Raises InputError listing the modes."""
    try:
        return VerifyMode(text)
    except ValueError:
        known = ", ".join(mode.value for mode in VerifyMode)
        raise InputError(f"'{text}' is no verification mode: choose one of {known}") from None


def accounts_to_verify(rows: Sequence[JudgedRow], mode: VerifyMode, *, seed: int) -> list[str]:
    """The accounts that `mode` compares, in the order of `rows`.

    The sample is the same on every machine: the accounts with the smallest
    sha256(seed, account id).
    """
    if mode is VerifyMode.NONE:
        return []
    if mode is VerifyMode.ALL:
        return [row.margin.account_id for row in rows]
    healthy = [row.margin.account_id for row in rows if row.verdict is Verdict.HEALTHY]
    chosen = set(sorted(healthy, key=lambda account: _rank(seed, account))[:SAMPLE_ACCOUNTS])
    if mode is VerifyMode.FLAGGED:
        chosen |= {r.margin.account_id for r in rows if r.verdict is not Verdict.HEALTHY}
    return [row.margin.account_id for row in rows if row.margin.account_id in chosen]


def compare(judges: Sequence[Judge], answers: Sequence[Answer]) -> list[CheckRow]:
    """One row per field of every judge: equal, different, or not compared."""
    return [
        row for judge, answer in zip(judges, answers, strict=True) for row in _check(judge, answer)
    ]


def with_verified(rows: Sequence[JudgedRow], checks: Sequence[CheckRow]) -> list[JudgedRow]:
    """The rows with `verified` set from the checks about each account.

    false = a compared field differs; true = fields were compared and all are equal; None = none.
    """
    verified: dict[str, bool] = {}
    for check in checks:
        if check.account_id is not None and check.equal is not None:
            verified[check.account_id] = check.equal and verified.get(check.account_id, True)
    return [
        JudgedRow(row.margin, row.verdict, row.reason, verified.get(row.margin.account_id))
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one field's comparison came to."""

    actual: str | None
    equal: bool | None
    note: str = ""


def _check(judge: Judge, answer: Answer) -> list[CheckRow]:
    """The rows of one judge."""
    if judge.expected_revert is not None:
        name = judge.expected_revert
        return [
            _row(judge, _revert_field(judge), name or "any error", _revert_outcome(name, answer))
        ]
    outcomes = _field_outcomes(judge, answer)
    return [
        _row(judge, field, _text(expected), outcome)
        for field, expected, outcome in zip(judge.fields, judge.expected, outcomes, strict=True)
    ]


def _revert_field(judge: Judge) -> str:
    """`reverts`, with the kind of check in front where the judge's fields name one."""
    kind = judge.fields[0].partition(".")[0] if judge.fields and "." in judge.fields[0] else ""
    return f"{kind}.reverts" if kind else "reverts"


def _revert_outcome(name: str, answer: Answer) -> _Outcome:
    """The rebuild says that the view reverts: a value is a divergence, as is another error."""
    if isinstance(answer, NotRead):
        return _Outcome(None, None, answer.reason)
    if not isinstance(answer, Reverted):
        return _Outcome(f"value 0x{answer.data.hex()}", False, "the view did not revert")
    words = revert_text(answer)
    return _Outcome(f"reverted: {words}", not name or name == words or _names(answer, name))


def _names(answer: Reverted, name: str) -> bool:
    """Whether the node's text has the error as a word of its own: `NL` is not in `NLA`."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", answer.message) is not None


def _field_outcomes(judge: Judge, answer: Answer) -> list[_Outcome]:
    """One outcome per field of a judge that is expected to answer with values."""
    if isinstance(answer, NotRead):
        return [_Outcome(None, None, answer.reason)] * len(judge.fields)
    if isinstance(answer, Reverted):
        failed = f"reverted: {revert_text(answer)}"
        return [_compare_field(expected, failed, False) for expected in judge.expected]
    if not judge.types:
        return [_compare_field(expected, "true", expected is True) for expected in judge.expected]
    try:
        values = decode_values(judge.types, answer.data)
    except DecodeError as error:
        return [_Outcome(f"0x{answer.data.hex()}", False, str(error))] * len(judge.fields)
    return [
        _compare_field(expected, _text(value), _same(expected, value))
        for expected, value in zip(judge.expected, values, strict=True)
    ]


def _compare_field(expected: Expected, actual: str, equal: bool) -> _Outcome:
    """A field for which the rebuild has no number is not compared, whatever the view says."""
    if expected is None:
        return _Outcome(actual, None, "the rebuild has no number for it")
    return _Outcome(actual, equal)


def _row(judge: Judge, field: str, expected: str, outcome: _Outcome) -> CheckRow:
    """A check row of this judge."""
    return CheckRow(
        judge.account_id,
        judge.market_id,
        judge.contract,
        field,
        expected,
        outcome.actual,
        outcome.equal,
        outcome.note,
    )


def revert_text(answer: Reverted) -> str:
    """The error's name or words, from its data when there is any, else the node's own text."""
    return decode_revert(answer.data) if answer.data else answer.message


def _same(expected: object, value: object) -> bool:
    """Equal in type and value; text (addresses, hex) without case, bytes as 0x text."""
    if isinstance(value, bytes):
        value = "0x" + value.hex()
    if isinstance(expected, str) and isinstance(value, str):
        return expected.lower() == value.lower()
    # bool is an int in Python: a view's `true` must not equal a rebuilt 1.
    return type(expected) is type(value) and expected == value


def _text(value: object) -> str:
    """A value as the table shows it."""
    if value is None:
        return "not rebuilt"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def _rank(seed: int, account: str) -> bytes:
    """The place of an account in the seeded order."""
    return hashlib.sha256(f"{seed}\x1f{account}".encode()).digest()
