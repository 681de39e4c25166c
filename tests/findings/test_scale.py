"""How large bad debt is beside what a deployment holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scan_results import E18, FUND, MARKET, backstop, clean_result, details, judged, unknown

from analyzer.findings.scale import Grade, Measure, Scale, money_of, scale_of, share_e18
from analyzer.findings.summary import summarize
from analyzer.model.rows import AccountRow, CollateralRow, MarketRow
from analyzer.solvency.result import ScanResult, Sum


def balance(account: str, value: int | None, *, amount: int = 1) -> CollateralRow:
    """A balance worth so many whole units."""
    value_e18 = None if value is None else value * E18
    return CollateralRow(account, "usdc", "USDC", 6, amount, E18, value_e18, value_e18, 10**6)


def market(*, short: int | None, price: int | None) -> MarketRow:
    """A market with so many short units at that price."""
    short_e18 = None if short is None else short * E18
    price_e18 = None if price is None else price * E18
    return MarketRow(
        MARKET, "vETH", "ETH", "open", None, None, price_e18, short_e18, short_e18, None, None
    )


def indebted(debt: int, deposits: int, **changes: object) -> ScanResult:
    """A proven scan with so much bad debt beyond empty backstops, and so many deposits."""
    rows = [judged(0), judged(1, equity=-debt), judged(2)]
    held = details(collateral=[balance("a", deposits)])
    return clean_result(rows, details=held, backstops=[backstop(1, 0)], **changes)


def scale(result: ScanResult) -> Scale:
    return scale_of(result, summarize(result))


def amounts(result: ScanResult) -> dict[Measure, tuple[int | None, int, int | None]]:
    """Measure -> (amount, left out, share)."""
    return {s.of: (s.amount_e18, s.left_out, s.share_e18) for s in scale(result).shares}


def test_every_measure_is_the_sum_of_what_is_known_and_counts_what_is_not() -> None:
    fund = AccountRow(FUND, FUND, "insurance_fund", 1, 1, 1)
    held = details(
        accounts=[fund],
        collateral=[
            balance("a", 700),
            balance("b", 300),
            balance("c", -50, amount=-1),
            balance("d", None),
            balance(FUND, 9_000),
            balance("treasury", 80),
        ],
        markets=[market(short=7, price=100), market(short=None, price=1), market(short=0, price=0)],
    )
    rows = [judged(0, equity=400), judged(1, equity=-10), unknown(2), judged(3, account=FUND)]
    rows.append(judged(4, account="treasury"))
    layers = [backstop(1, 40), replace(backstop(2, 0), account_id="treasury")]
    found = amounts(clean_result(rows, details=held, backstops=layers))
    assert found == {
        Measure.DEPOSITS: (1_000 * E18, 1, E18 // 100),
        Measure.OPEN_INTEREST: (700 * E18, 1, 14_285_714_285_714_286),
        Measure.EQUITY: (400 * E18, 1, E18 // 40),
        Measure.BACKSTOPS: (40 * E18, 0, E18 // 4),
    }


def test_a_measure_that_is_zero_or_unknown_has_no_share() -> None:
    rows = [judged(0, equity=-10)]
    found = amounts(clean_result(rows, backstops=[backstop(1, None)]))
    assert found == {
        Measure.DEPOSITS: (0, 0, None),
        Measure.EQUITY: (0, 0, None),
        Measure.BACKSTOPS: (None, 0, None),
    }


def test_a_share_is_rounded_up_so_that_no_debt_reads_as_none() -> None:
    assert share_e18(1, 10**60) == 1
    assert share_e18(1, 3) == 333_333_333_333_333_334
    assert share_e18(0, 3) == 0
    assert (share_e18(1, 0), share_e18(1, -5), share_e18(1, None)) == (None, None, None)


@pytest.mark.parametrize(
    ("deposits", "grade"),
    [
        (1_000_001, Grade.TRACE),
        (1_000_000, Grade.MINOR),
        (10_001, Grade.MINOR),
        (10_000, Grade.MATERIAL),
        (1_001, Grade.MATERIAL),
        (1_000, Grade.SEVERE),
        (1, Grade.SEVERE),
        (0, Grade.UNKNOWN),
    ],
)
def test_the_grade_goes_by_the_share_of_the_deposits(deposits: int, grade: Grade) -> None:
    assert scale(indebted(100, deposits)).grade is grade


def test_nothing_missing_is_no_grade_and_what_is_not_proven_has_none_that_comforts() -> None:
    assert scale(clean_result()).grade is Grade.NONE
    doubtful = indebted(100, 10**9)
    doubtful.margin = [*doubtful.margin, unknown(9)]
    assert summarize(doubtful).caveats
    assert scale(doubtful).grade is Grade.UNKNOWN
    part = indebted(100, 10**9)
    part.details = replace(part.details, collateral=[balance("a", 10**9), balance("b", None)])
    assert scale(part).grade is Grade.UNKNOWN


def test_a_fund_in_debt_is_graded_by_the_shortfall_that_it_makes() -> None:
    held = details(collateral=[balance("a", 1_000)])
    result = clean_result(details=held, backstops=[backstop(1, -50)])
    assert scale(result).grade is Grade.MATERIAL


def test_deposits_that_were_added_up_before_are_taken_as_they_are() -> None:
    result = indebted(100, 0)
    result.deposits = Sum(10**6 * E18, 2)
    assert amounts(result)[Measure.DEPOSITS] == (10**6 * E18, 2, E18 // 10**4)


def test_money_is_named_by_the_protocol_or_by_nobody() -> None:
    assert (money_of("aave-v3"), money_of("perp-v2"), money_of("derive-v2")) == (
        "USD",
        "USDC",
        "USDC",
    )
    assert money_of("not installed") == ""
