"""Each detector on a scan in which one thing is wrong, and none on a clean one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scan_results import (
    E18,
    FUND,
    MARKET,
    account_id,
    backstop,
    check,
    clean_result,
    details,
    implementation,
    judged,
    position,
    price,
    total,
    unknown,
)

from analyzer.findings import run_detectors
from analyzer.findings.summary import summarize
from analyzer.model.finding import Severity
from analyzer.model.rows import AccountRow, Proves, TotalRow
from analyzer.protocols.base import Caution
from analyzer.solvency.result import ScanResult

Brief = list[tuple[str, str, str | None, str | None, dict[str, int]]]


def brief(result: ScanResult) -> Brief:
    """Findings as (detector, severity, account, market, amounts)."""
    return [
        (f.detector, f.severity.label, f.account_id, f.market, dict(f.amounts))
        for f in run_detectors(result)
    ]


def test_a_clean_scan_has_no_findings() -> None:
    assert run_detectors(clean_result()) == []


def test_an_account_below_maintenance_is_reported_with_what_it_lacks() -> None:
    result = clean_result([judged(0, equity=60, maintenance=100, initial=160), judged(1)])
    assert brief(result) == [
        (
            "undercollateralized-account",
            "high",
            account_id(0),
            None,
            {
                "equity_e18": 60 * E18,
                "margin_equity_e18": 60 * E18,
                "maintenance_margin_e18": 100 * E18,
                "below_maintenance_e18": 40 * E18,
            },
        )
    ]


def test_the_evidence_of_an_account_leads_to_the_block_and_the_formula_of_each_number() -> None:
    [finding] = run_detectors(clean_result([judged(0, equity=60), judged(1)]))
    assert dict(finding.evidence) == {
        "block": "1234 (0x" + "ab" * 32 + ")",
        "verdict": (
            "the protocol's own test says liquidatable: margin equity 60"
            " - maintenance margin 100 = -40"
        ),
        "status": "open",
        "maintenance margin": "mulRatio(abs, mm)",
        "account value": "collateral + PnL",
        "verified": "every compared field equals the contract's view",
    }


def test_an_insolvent_account_makes_its_own_finding_and_the_sum_of_the_deployment() -> None:
    result = clean_result([judged(0, equity=-70, settled=-90), judged(1, settled=1_000)])
    assert brief(result) == [
        (
            "insolvent-account",
            "critical",
            account_id(0),
            None,
            {
                "shortfall_e18": 70 * E18,
                "equity_e18": -70 * E18,
                "margin_equity_e18": -70 * E18,
                "maintenance_margin_e18": 100 * E18,
                "below_maintenance_e18": 170 * E18,
            },
        ),
        (
            "hidden-bad-debt",
            "high",
            None,
            None,
            {
                "hidden_bad_debt_e18": 70 * E18,
                "hidden_bad_debt_by_contract_value_e18": 90 * E18,
                "accounts_count": 1,
                "unknown_accounts_count": 0,
            },
        ),
    ]


def test_bad_debt_beyond_the_fund_is_a_shortfall() -> None:
    result = clean_result([judged(0, equity=-600), judged(1)])
    [shortfall] = [f for f in run_detectors(result) if f.detector == "insurance-fund-shortfall"]
    assert shortfall.severity is Severity.CRITICAL
    assert dict(shortfall.amounts) == {
        "shortfall_e18": 100 * E18,
        "bad_debt_e18": 600 * E18,
        "capacity_e18": 500 * E18,
        "unknown_accounts_count": 0,
    }


def test_a_shortfall_by_the_contracts_haircut_alone_is_less_severe() -> None:
    result = clean_result([judged(0, equity=-400, settled=-550), judged(1)])
    [shortfall] = [f for f in run_detectors(result) if f.detector == "insurance-fund-shortfall"]
    assert shortfall.severity is Severity.HIGH
    assert shortfall.amounts["shortfall_e18"] == 0
    assert shortfall.amounts["shortfall_by_contract_value_e18"] == 50 * E18


def test_the_tokens_of_the_debtors_do_not_count_twice_as_a_backstop() -> None:
    result = clean_result(
        [judged(0, equity=-600), judged(1)], backstops=[backstop(1, 10_000, None), backstop(2, 500)]
    )
    assert "insurance-fund-shortfall" in {f.detector for f in run_detectors(result)}


def test_a_fund_in_debt_is_a_shortfall_and_no_hidden_bad_debt() -> None:
    rows = [judged(0), judged(9, equity=-30, maintenance=0, initial=0, account=FUND)]
    accounts = [AccountRow(FUND, FUND, "insurance_fund", 1, 2, 1)]
    result = clean_result(
        rows, details=details(accounts=accounts), backstops=[backstop(2, -30), backstop(3, 10)]
    )
    found = {f.detector: dict(f.amounts) for f in run_detectors(result)}
    assert "hidden-bad-debt" not in found
    assert found["insurance-fund-shortfall"]["shortfall_e18"] == 20 * E18


def test_an_unread_fund_makes_no_shortfall_up() -> None:
    result = clean_result([judged(0, equity=-600)], backstops=[backstop(2, None)])
    assert "insurance-fund-shortfall" not in {f.detector for f in run_detectors(result)}


def test_a_blocked_position_of_an_unsafe_account_is_reported_and_of_a_safe_one_not() -> None:
    blocked = details(positions=[position(0, blocked="uint24"), position(1, blocked="paused")])
    result = clean_result([judged(0, equity=60), judged(1)], details=blocked)
    assert [b for b in brief(result) if b[0] == "liquidation-blocked"] == [
        (
            "liquidation-blocked",
            "high",
            account_id(0),
            MARKET,
            {"size_e18": 2 * E18, "value_e18": 200 * E18},
        )
    ]


@pytest.mark.parametrize("kind", ["liquidation_reverts", "fund_capacity", "paused_market"])
def test_a_caution_is_reported_once_beside_the_blocked_position(
    kind: str,
) -> None:
    caution = Caution(kind, account_id(0), MARKET, "the text", {"deficit_e18": 5})
    result = clean_result(
        [judged(0, equity=60)],
        cautions=[caution],
        details=details(positions=[position(0, blocked="the same")]),
    )
    [finding] = [f for f in run_detectors(result) if f.detector == "liquidation-blocked"]
    assert (finding.title, dict(finding.amounts)) == ("the text", {"deficit_e18": 5})
    assert finding.evidence["cause"] == kind


@pytest.mark.parametrize(
    ("status", "severity"), [("stale", "medium"), ("invalid", "high"), ("missing", "high")]
)
def test_a_bad_price_is_reported_with_its_age_and_never_as_zero(status: str, severity: str) -> None:
    known = None if status == "missing" else 100 * E18
    result = clean_result(details=details(prices=[price(status, known)]))
    amounts = {"age_s": 400} if known is None else {"price_e18": known, "age_s": 400}
    assert brief(result) == [("bad-oracle", severity, None, MARKET, amounts)]


@pytest.mark.parametrize("status", ["fresh", "fixed"])
def test_a_price_that_is_as_it_should_be_is_no_finding(status: str) -> None:
    assert run_detectors(clean_result(details=details(prices=[price(status)]))) == []


def test_an_oracle_caution_about_the_same_market_is_not_reported_twice() -> None:
    caution = Caution("stale_oracle", None, MARKET, "feed timed out")
    result = clean_result(details=details(prices=[price("stale")]), cautions=[caution])
    assert [f.title for f in run_detectors(result)] == ["feed timed out"]


def test_an_unknown_account_is_reported_with_its_reason_and_without_amounts() -> None:
    result = clean_result([judged(0), unknown(1)])
    [finding] = run_detectors(result)
    assert (finding.detector, finding.account_id, dict(finding.amounts)) == (
        "unknown-account",
        account_id(1),
        {},
    )
    assert finding.evidence["reason"] == "pool.observe reverted: OLD"


def test_a_total_within_its_residue_is_silent_and_one_beyond_it_is_reported() -> None:
    assert run_detectors(clean_result(details=details(totals=[total(rebuilt=102)]))) == []
    result = clean_result(details=details(totals=[total(rebuilt=103)]))
    assert brief(result) == [
        (
            "control-total-off",
            "critical",
            None,
            "usdc",
            {"rebuilt_raw": 103, "on_chain_raw": 100, "difference_raw": 3, "allowed_raw": 2},
        )
    ]


def test_a_total_that_was_not_read_is_not_off_but_proves_nothing() -> None:
    result = clean_result(details=details(totals=[total(), silent("underlying")]))
    assert brief(result) == [("incomplete-set", "high", None, "not_compared", {"totals_count": 1})]
    [finding] = run_detectors(result)
    assert finding.evidence["because"] == "control totals not compared: underlying"
    assert finding.evidence["underlying"].startswith("100 rebuilt, not read on the chain")


def silent(name: str) -> TotalRow:
    return replace(total(on_chain=None), name=name, proves=Proves.NOTHING)


def test_a_sum_that_is_smaller_than_the_chains_is_a_set_that_is_not_whole() -> None:
    result = clean_result(details=details(totals=[total(rebuilt=90)]))
    assert [(row[0], row[3]) for row in brief(result)] == [
        ("control-total-off", "usdc"),
        ("incomplete-set", "smaller"),
    ]


def test_a_sum_that_is_larger_is_off_and_no_sign_of_a_missing_account() -> None:
    result = clean_result(details=details(totals=[total(rebuilt=110)]))
    assert [row[0] for row in brief(result)] == ["control-total-off"]


def test_a_scan_that_names_nothing_to_be_held_against_is_not_whole() -> None:
    result = clean_result(details=details(totals=[]))
    assert [(row[0], row[3]) for row in brief(result)] == [("incomplete-set", "nothing_named")]


def test_divergences_of_one_account_are_one_finding_that_names_every_field() -> None:
    checks = [
        check(0, equal=False, field="accountValue"),
        check(0, equal=False, field="freeCollateral"),
        check(1, equal=True),
        check(2, equal=None),
    ]
    [finding] = run_detectors(clean_result(checks=checks))
    assert (finding.detector, finding.severity, finding.account_id) == (
        "contract-divergence",
        Severity.CRITICAL,
        account_id(0),
    )
    assert dict(finding.amounts) == {"fields_count": 2}
    assert dict(finding.evidence) == {
        "block": "1234 (0x" + "ab" * 32 + ")",
        "Vault.getAccountValue.accountValue": "rebuilt 1000, contract 1001",
        "Vault.getAccountValue.freeCollateral": "rebuilt 1000, contract 1001",
    }


def test_an_unknown_implementation_is_reported_and_one_not_recorded_is_not() -> None:
    rows = [implementation("unknown"), replace(implementation("not recorded"), role="exchange")]
    result = clean_result(details=details(implementations=rows))
    assert brief(result) == [("unknown-implementation", "medium", None, "vault", {})]


@pytest.mark.parametrize(
    ("status", "title"),
    [
        ("no code", "There is no code behind vault"),
        ("changed without event", "The implementation of vault changed without an event"),
    ],
)
def test_code_that_is_gone_or_changed_in_silence_is_high(status: str, title: str) -> None:
    result = clean_result(details=details(implementations=[implementation(status)]))
    [finding] = run_detectors(result)
    assert (finding.detector, finding.severity.label, finding.title) == (
        "unknown-implementation",
        "high",
        title,
    )


def test_price_feeds_of_unknown_code_are_one_low_finding_and_one_without_code_is_high() -> None:
    feed = replace(implementation("unknown"), role="price_feed ETH")
    gone = replace(implementation("no code"), role="price_feed BTC")
    rows = [feed, replace(feed, role="price_feed USDC"), gone]
    assert brief(clean_result(details=details(implementations=rows))) == [
        ("unknown-implementation", "high", None, "price_feed BTC", {}),
        ("unknown-implementation", "low", None, "price_feed", {"feeds_count": 2}),
    ]


def test_nothing_is_proven_over_unknown_code_unless_every_view_of_every_account_is_equal() -> None:
    def answer(mode: str, equal: bool | None, status: str = "unknown") -> tuple[str, ...]:
        checks = [check(0, equal=True), check(1, equal=equal)]
        rows = [implementation(status), replace(implementation("unknown"), role="price_feed X")]
        shown = details(implementations=rows)
        result = clean_result(details=shown, checks=checks, verify_mode=mode)
        return tuple(c for c in summarize(result).caveats if "code" in c)

    for status in ("unknown", "no code", "changed without event"):
        said = (
            "the code of 1 contract is not known, and not every view was compared and is equal"
            f" (--verify all): vault ({status})",
        )
        assert answer("all", True, status) == ()
        for mode, equal in (("all", None), ("all", False), ("flagged", True), ("none", True)):
            assert answer(mode, equal, status) == said
    assert answer("flagged", True, "known") == answer("none", True, "not recorded") == ()


def test_a_fingerprint_holds_no_block_amount_or_time() -> None:
    first = clean_result([judged(0, equity=60)])
    later = clean_result(
        [judged(0, equity=50)],
        scan_id="fedcba9876543210",
        block=replace(first.block, number=9_999, hash="0x" + "11" * 32, time=1_800_000_000),
    )
    # S='\x1f'; printf "undercollateralized-account${S}31337${S}local${S}0x(40 zeros)${S}"
    assert account_id(0) == "0x" + "0" * 40
    expected = "7670009ab817fa6b"
    assert [f.fingerprint for f in run_detectors(first)] == [expected]
    assert [f.fingerprint for f in run_detectors(later)] == [expected]


def test_findings_come_worst_first_whatever_the_order_of_the_rows() -> None:
    rows = [judged(3, equity=60), judged(2, equity=-1), unknown(4), judged(1, equity=60)]
    one = run_detectors(clean_result(rows))
    other = run_detectors(clean_result(rows[::-1]))
    assert one == other
    assert [(f.detector, f.account_id) for f in one] == [
        ("insolvent-account", account_id(2)),
        ("hidden-bad-debt", None),
        ("undercollateralized-account", account_id(1)),
        ("undercollateralized-account", account_id(3)),
        ("unknown-account", account_id(4)),
    ]


@pytest.mark.parametrize("kind", ["withdrawals_blocked", "socialised_loss"])
def test_a_loss_that_reaches_everybodys_cash_is_reported_once(kind: str) -> None:
    caution = Caution(kind, None, "CashAsset", "Withdrawals revert", {"frozen_cash_e18": 5}, {})
    found = brief(clean_result(cautions=[caution]))
    assert found == [
        ("withdrawals-at-risk", "high", None, f"CashAsset {kind}", {"frozen_cash_e18": 5})
    ]


@pytest.mark.parametrize(
    ("kind", "detector", "severity"),
    [
        ("revision_not_run", "unproven-rules", "medium"),
        ("reserve_deficit", "uncovered-deficit", "high"),
    ],
)
def test_what_a_protocol_says_of_itself_is_a_finding(
    kind: str, detector: str, severity: str
) -> None:
    caution = Caution(kind, None, "Pool", "as it says", {"revision_count": 7}, {"source": "view"})
    found = brief(clean_result(cautions=[caution]))
    assert found == [(detector, severity, None, "Pool", {"revision_count": 7})]
