"""One list of doubts: the answer's caveats and the exit code cannot disagree."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_results import (
    backstop,
    check,
    clean_result,
    details,
    implementation,
    judged,
    total,
    unknown,
)

from analyzer.findings.proof import doubts
from analyzer.findings.summary import Answer, summarize
from analyzer.model.errors import ExitCode
from analyzer.model.rows import Proves, ReadRow
from analyzer.runs.exit import exit_code
from analyzer.solvency.result import ScanResult

DOUBTED = {
    "unknown account": clean_result([judged(0), unknown(1)]),
    "no total": clean_result(details=details(totals=[])),
    "total not read": clean_result(details=details(totals=[total(on_chain=None)])),
    "total off": clean_result(details=details(totals=[total(rebuilt=200)])),
    "set smaller": clean_result(details=details(totals=[total(rebuilt=50)])),
    "own total off": clean_result(
        details=details(
            totals=[total(), replace(total(rebuilt=9), name="b", proves=Proves.NOTHING)]
        )
    ),
    "no account": clean_result([], details=details(accounts=[])),
    "unread": clean_result(reads=[ReadRow("rebuild", "ERC20.symbol", 2, 1, 0, 1, "not read")]),
    "nobody asked": clean_result(checks=[]),
    "no answer": clean_result(checks=[check(0, equal=None)]),
    "one answer of two": clean_result(checks=[check(0, equal=True), check(1, equal=None)]),
    "fund unread": clean_result([judged(0, equity=-1)], backstops=[backstop(2, None)]),
    "code unknown": clean_result(
        details=details(implementations=[implementation("unknown")]), verify_mode="flagged"
    ),
    "logs doubted": clean_result(
        completeness=replace(clean_result().completeness, doubts=("block 7 names another parent",))
    ),
}


@pytest.mark.parametrize("name", DOUBTED)
def test_each_doubt_is_said_once_makes_the_answer_not_proven_and_is_exit_code_3(name: str) -> None:
    result = DOUBTED[name]
    said = doubts(result)
    assert len(said) == len(set(said)) >= 1
    assert summarize(result).answer is Answer.NOT_PROVEN
    assert summarize(result).caveats == said
    assert exit_code([result], None) is ExitCode.NOT_FULLY_READ


def test_a_contradiction_is_a_doubt_and_exit_code_4() -> None:
    result = clean_result(checks=[check(0, equal=False)])
    assert summarize(result).answer is Answer.NOT_PROVEN
    assert exit_code([result], None) is ExitCode.DIVERGENCE


def test_what_is_only_shown_or_was_not_asked_is_no_doubt() -> None:
    shown = [ReadRow("evidence", "ERC20.symbol", 2, 1, 0, 1, "not read")]
    assert doubts(clean_result(reads=shown)) == ()
    assert doubts(clean_result(checks=[], verify_mode="none")) == ()
    no_number = replace(check(0, equal=None), actual="1000")
    assert doubts(clean_result(checks=[check(0, equal=True), no_number])) == ()


def test_an_insolvent_deployment_stays_insolvent_and_its_doubts_are_exit_code_3() -> None:
    result = clean_result([judged(0, equity=-501)], details=details(totals=[]))
    assert summarize(result).answer is Answer.INSOLVENT
    assert exit_code([result], None) is ExitCode.NOT_FULLY_READ


@given(st.lists(st.sampled_from(sorted(DOUBTED)), max_size=3), st.booleans())
def test_a_run_is_clean_only_if_every_answer_is_proven(names: list[str], clean: bool) -> None:
    results: list[ScanResult] = [DOUBTED[name] for name in names]
    results += [clean_result()] if clean else []
    proven = not any(doubts(result) for result in results)
    assert (exit_code(results, None) is ExitCode.CLEAN) == proven
