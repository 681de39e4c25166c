from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.abi.codec import encode_values
from analyzer.model.errors import InputError
from analyzer.model.reads import Answer, NotRead, ReadRequest, Reverted, Value
from analyzer.model.rows import CheckRow, JudgedRow, MarginRow
from analyzer.model.verdict import Verdict
from analyzer.protocols.base import Judge
from analyzer.solvency.verify import (
    SAMPLE_ACCOUNTS,
    VerifyMode,
    accounts_to_verify,
    compare,
    parse_mode,
    with_verified,
)

VIEW = ReadRequest("call", "0x" + "0a" * 20, "0x12345678", "Vault.getAccount")
ADDRESS = "0x" + "Ab" * 20


def judge(
    types: tuple[str, ...],
    expected: tuple[int | bool | str | None, ...],
    revert: str | None = None,
) -> Judge:
    fields = tuple(f"field{i}" for i in range(len(types)))
    return Judge("0x1", None, "Vault.getAccount", VIEW, fields, types, expected, revert)


def error_string(text: str) -> bytes:
    return bytes.fromhex("08c379a0") + encode_values(["string"], [text])


def outcomes(judged: Judge, answer: Answer) -> list[tuple[str, str, str | None, bool | None]]:
    return [(c.field, c.expected, c.actual, c.equal) for c in compare([judged], [answer])]


def test_equal_fields_are_equal_and_a_difference_of_one_wei_is_not() -> None:
    types = ("int256", "uint256", "bool", "address", "bytes32")
    values = [-5, 7, True, "0x" + "ab" * 20, b"\x01" * 32]
    answer = Value(encode_values(types, values))
    right = judge(types, (-5, 7, True, ADDRESS, "0x" + "01" * 32))
    wrong = judge(types, (-6, 8, False, "0x" + "ac" * 20, "0x" + "02" * 32))
    assert [equal for *_, equal in outcomes(right, answer)] == [True] * 5
    assert [equal for *_, equal in outcomes(wrong, answer)] == [False] * 5
    assert outcomes(wrong, answer)[0] == ("field0", "-6", "-5", False)


@given(st.integers(-(2**255), 2**255 - 1), st.integers(-(2**255), 2**255 - 1))
def test_integers_are_equal_exactly_when_they_are(rebuilt: int, on_chain: int) -> None:
    answer = Value(encode_values(["int256"], [on_chain]))
    assert outcomes(judge(("int256",), (rebuilt,)), answer)[0][3] == (rebuilt == on_chain)


def test_a_true_is_no_one() -> None:
    answer = Value(encode_values(["bool"], [True]))
    assert outcomes(judge(("bool",), (1,)), answer) == [("field0", "1", "true", False)]


def test_a_field_that_was_not_rebuilt_is_not_compared() -> None:
    answer = Value(encode_values(["int256", "int256"], [1, 2]))
    checks = compare([judge(("int256", "int256"), (1, None))], [answer])
    assert checks == [
        CheckRow("0x1", None, "Vault.getAccount", "field0", "1", "1", True),
        CheckRow(
            "0x1", None, "Vault.getAccount", "field1", "not rebuilt", "2", None,
            "the rebuild has no number for it",
        ),
    ]  # fmt: skip


def test_a_judge_that_was_not_recorded_is_no_divergence() -> None:
    checks = compare([judge(("int256",), (1,))], [NotRead("not in the recording")])
    assert checks == [
        CheckRow("0x1", None, "Vault.getAccount", "field0", "1", None, None, "not in the recording")
    ]


def test_a_revert_where_a_value_was_rebuilt_is_a_divergence_in_every_field() -> None:
    reverted = Reverted(error_string("V_NEG"), "execution reverted")
    assert outcomes(judge(("int256", "bool"), (1, True)), reverted) == [
        ("field0", "1", "reverted: V_NEG", False),
        ("field1", "true", "reverted: V_NEG", False),
    ]


@pytest.mark.parametrize(
    ("revert", "answer", "equal"),
    [
        ("V_NEG", Reverted(error_string("V_NEG"), "execution reverted"), True),
        ("V_NEG", Reverted(b"", "execution reverted: V_NEG"), True),
        ("", Reverted(error_string("anything"), ""), True),
        ("V_NEG", Reverted(error_string("V_ELSE"), "execution reverted"), False),
        ("V_NEG", Value(encode_values(["int256"], [0])), False),
        ("", Value(b""), False),
        ("V_NEG", NotRead("node is down"), None),
    ],
)
def test_a_revert_that_the_rebuild_foresaw_has_to_come(
    revert: str, answer: Answer, equal: bool | None
) -> None:
    checks = outcomes(judge(("int256",), (None,), revert), answer)
    assert [(field, found) for field, _, _, found in checks] == [("reverts", equal)]


def test_an_answer_that_cannot_be_decoded_is_a_divergence() -> None:
    assert outcomes(judge(("int256",), (1,)), Value(b"")) == [("field0", "1", "0x", False)]


def judged(number: int, verdict: Verdict) -> JudgedRow:
    account = f"0x{number:040x}"
    nothing = (None,) * 7
    return JudgedRow(MarginRow(account, account, *nothing, unknown_reason="?"), verdict, "")


ROWS = [judged(i, Verdict.HEALTHY if i % 3 else Verdict.INSOLVENT) for i in range(300)]
FLAGGED = [r.margin.account_id for r in ROWS if r.verdict is not Verdict.HEALTHY]


def test_flagged_is_all_that_is_not_healthy_and_a_sample() -> None:
    chosen = accounts_to_verify(ROWS, VerifyMode.FLAGGED, seed=0)
    assert set(FLAGGED) <= set(chosen)
    assert len(chosen) == len(FLAGGED) + SAMPLE_ACCOUNTS
    sample = accounts_to_verify(ROWS, VerifyMode.SAMPLE, seed=0)
    assert sorted(sample) == sorted(set(chosen) - set(FLAGGED))


def test_the_sample_is_the_same_every_time_and_another_with_another_seed() -> None:
    once = accounts_to_verify(ROWS, VerifyMode.SAMPLE, seed=1)
    assert accounts_to_verify(list(reversed(ROWS)), VerifyMode.SAMPLE, seed=1) == once[::-1]
    assert set(accounts_to_verify(ROWS, VerifyMode.SAMPLE, seed=2)) != set(once)


def test_all_is_all_and_none_is_none() -> None:
    assert accounts_to_verify(ROWS, VerifyMode.ALL, seed=0) == [r.margin.account_id for r in ROWS]
    assert accounts_to_verify(ROWS, VerifyMode.NONE, seed=0) == []


def test_an_account_is_verified_when_every_compared_field_is_equal() -> None:
    def check(account: str | None, equal: bool | None) -> CheckRow:
        return CheckRow(account, None, "c", "f", "1", None, equal)

    ids = [row.margin.account_id for row in ROWS[:4]]
    checks = [
        check(ids[0], True), check(ids[0], True), check(ids[0], None),
        check(ids[1], True), check(ids[1], False), check(ids[1], True),
        check(ids[2], None), check(None, False),
    ]  # fmt: skip
    assert [row.verified for row in with_verified(ROWS[:4], checks)] == [True, False, None, None]


def test_a_mode_that_there_is_not_is_refused_with_those_there_are() -> None:
    assert parse_mode("all") is VerifyMode.ALL
    with pytest.raises(InputError, match="choose one of flagged, sample, all, none"):
        parse_mode("some")
