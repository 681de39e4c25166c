"""Which findings matter most, one a cause."""

from __future__ import annotations

from scan_results import E18, account_id

from analyzer.findings.matters import MOST, Matter, matters
from analyzer.model.finding import Finding, Severity


def finding(
    number: int,
    detector: str,
    severity: Severity,
    amounts: dict[str, int] | None = None,
    cause: str = "",
    account: bool = True,
) -> Finding:
    evidence = {"cause": cause} if cause else {}
    who = account_id(number) if account else None
    return Finding(
        f"{number:032x}", detector, severity, "a" * 16, who, None, detector, amounts or {}, evidence
    )


CRITICAL, HIGH, MEDIUM = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM
INSOLVENT = [
    finding(n, "insolvent-account", CRITICAL, {"shortfall_e18": n * E18}) for n in (1, 5, 2)
]
FUND = finding(10, "insurance-fund-shortfall", CRITICAL, {"shortfall_e18": 7 * E18}, account=False)
BELOW = [
    finding(20 + n, "undercollateralized-account", HIGH, {"below_maintenance_e18": n * E18})
    for n in (3, 4)
]
ORACLES = [
    finding(30, "bad-oracle", HIGH, {"accounts_count": 900}),
    finding(31, "unknown-account", MEDIUM),
]


def told(found: list[Matter]) -> list[tuple[str, int, int | None]]:
    return [(m.detector, len(m.findings), m.total_e18) for m in found]


def test_bad_debt_is_told_once_by_the_side_that_adds_up_to_most() -> None:
    found = matters([FUND, *INSOLVENT, *BELOW])
    assert told(found) == [
        ("insolvent-account", 3, 8 * E18),
        ("undercollateralized-account", 2, 7 * E18),
    ]
    assert (found[0].largest, found[0].most) == (INSOLVENT[1], 5 * E18)


def test_severity_goes_before_the_amount_and_the_amount_before_the_number() -> None:
    many = [finding(50 + n, "unknown-account", MEDIUM) for n in range(40)]
    found = matters([*many, *ORACLES[:1], *BELOW, *INSOLVENT])
    assert [m.detector for m in found] == [
        "insolvent-account",
        "undercollateralized-account",
        "bad-oracle",
    ]
    assert len(found) == MOST
    assert found[2].total_e18 is None
    assert found[2].most == 900


def test_causes_are_told_apart() -> None:
    amount = {"value_e18": E18}
    blocked = [
        finding(1, "liquidation-blocked", HIGH, amount, "paused"),
        finding(2, "liquidation-blocked", HIGH, amount, "overflow"),
        finding(3, "liquidation-blocked", HIGH, amount, "overflow"),
    ]
    assert [(m.cause, len(m.findings)) for m in matters(blocked)] == [
        ("overflow", 2),
        ("paused", 1),
    ]


def test_what_somebody_accepts_does_not_matter() -> None:
    accepted = {f.fingerprint for f in INSOLVENT}
    assert told(matters([*INSOLVENT, *BELOW], accepted)) == [
        ("undercollateralized-account", 2, 7 * E18)
    ]
    assert matters([]) == []
