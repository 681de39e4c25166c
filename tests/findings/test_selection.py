"""What is looked for, and what is too small to be told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scan_results import E18, clean_result, judged

from analyzer.findings import ALL_DETECTORS, run_detectors
from analyzer.findings.selection import ALWAYS, keep_selected, select, selection_words, why_untold
from analyzer.model.errors import InputError
from analyzer.model.selection import EVERYTHING
from analyzer.solvency.result import ScanResult


def poor() -> ScanResult:
    """One account owes 40 more than it has, another lacks 30 to its maintenance."""
    result = clean_result([judged(0, equity=-40), judged(1, equity=70), judged(2)])
    result.findings = run_detectors(result)
    return result


def kept(**options: object) -> set[str]:
    """The detectors whose findings stay."""
    result = poor()
    keep_selected([result], select(**options))  # type: ignore[arg-type]
    return {finding.detector for finding in result.findings}


ALL = {"insolvent-account", "undercollateralized-account", "hidden-bad-debt"}


def test_without_a_word_everything_is_looked_for() -> None:
    assert select() == EVERYTHING
    assert selection_words(select()) == []
    assert kept() == ALL


def test_one_detector_can_be_left_out_or_looked_for_alone() -> None:
    assert kept(exclude=["hidden-bad-debt"]) == ALL - {"hidden-bad-debt"}
    assert kept(detect=["hidden-bad-debt"]) == {"hidden-bad-debt"}
    assert kept(detect=["hidden-bad-debt"], exclude=["hidden-bad-debt"]) == set()


def test_what_says_whether_a_scan_can_be_believed_always_looks() -> None:
    assert not select(detect=["hidden-bad-debt"]).off & ALWAYS
    assert {detector.id for detector in ALL_DETECTORS} >= ALWAYS
    for name in ALWAYS:
        with pytest.raises(InputError, match="it cannot be excluded"):
            select(exclude=[name])
        with pytest.raises(InputError, match="it has no threshold"):
            select(least={name: "1"})


@pytest.mark.parametrize(
    ("least", "stays"), [("40", True), ("40.000000000000000001", False), ("39.9", True)]
)
def test_a_threshold_is_exact_and_what_equals_it_is_told(least: str, stays: bool) -> None:
    assert ("insolvent-account" in kept(least={"insolvent-account": least})) is stays


def test_a_finding_without_its_measure_is_told_whatever_the_threshold() -> None:
    [finding] = [f for f in poor().findings if f.detector == "insolvent-account"]
    high = select(least={"insolvent-account": "1000000"})
    assert why_untold(high, finding) == "less than 1,000,000 shortfall is not told"
    assert why_untold(high, replace(finding, amounts={})) == ""


def test_a_selection_says_what_it_leaves_out() -> None:
    chosen = select(exclude=["bad-oracle"], least={"insolvent-account": "0.5"})
    assert chosen.least == {"insolvent-account": E18 // 2}
    assert selection_words(chosen) == [
        "detectors left out: bad-oracle",
        "insolvent-account below 0.5 shortfall",
    ]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"exclude": ["insolvent-acount"]}, "did you mean 'insolvent-account'"),
        ({"detect": ["zzz"]}, "there is no detector 'zzz': `analyzer detectors list`"),
        ({"least": {"zzz": "1"}}, "there is no detector 'zzz'"),
        ({"least": {"unknown-account": "1"}}, "unknown-account measures nothing"),
        ({"least": {"insolvent-account": "-1"}}, "has to be an amount such as 100"),
        ({"least": {"insolvent-account": "1e9"}}, "has to be an amount such as 100"),
        ({"least": {"insolvent-account": "nan"}}, "has to be an amount such as 100"),
        ({"least": {"insolvent-account": "1" * 40}}, "has to be an amount such as 100"),
        ({"least": {"unknown-price-age": "1.5"}}, "has to be a whole number"),
    ],
)
def test_a_wrong_word_is_one_line(options: dict[str, object], text: str) -> None:
    with pytest.raises(InputError, match=r"^[^\n]+$") as caught:
        select(**options)  # type: ignore[arg-type]
    assert text in str(caught.value)
