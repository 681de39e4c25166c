from __future__ import annotations

import json
from typing import Any

import pytest
from scan_results import (
    BLOCK,
    E18,
    account_id,
    backstop,
    check,
    clean_result,
    details,
    judged,
    total,
    unknown,
)
from told import SCAN_RUN, scan_json

from analyzer.findings import run_detectors
from analyzer.solvency.result import Completeness, ScanResult


def found(result: ScanResult) -> ScanResult:
    """The result with the findings that its detectors make."""
    result.findings = run_detectors(result)
    return result


def test_the_envelope_has_the_keys_of_its_schema_and_amounts_are_decimal_strings() -> None:
    result = found(clean_result([judged(0, equity=60), judged(1)]))
    document = scan_json([result])
    assert list(document) == [
        "schema",
        "kind",
        "run",
        "scans",
        "verification",
        "triage",
        "groups",
        "findings",
    ]
    assert (document["schema"], document["kind"]) == (1, "scan")
    assert document["run"]["run_id"] == SCAN_RUN.run_id
    [scan] = document["scans"]
    assert {
        key: scan[key] for key in ("protocol", "deployment", "chain_id", "accounts", "unknown")
    } == {
        "protocol": "perp-v2",
        "deployment": "local",
        "chain_id": 31_337,
        "accounts": 2,
        "unknown": 0,
    }
    assert scan["block"] == {"number": 1_234, "hash": BLOCK.hash, "time": BLOCK.time}
    [written] = scan["totals"]
    assert {k: written[k] for k in ("name", "rebuilt", "on_chain", "difference", "allowed")} == {
        "name": "usdc",
        "rebuilt": "100",
        "on_chain": "100",
        "difference": "0",
        "allowed": "2",
    }
    [finding] = document["findings"]
    assert finding["amounts"] == {
        "below_maintenance_e18": str(40 * E18),
        "equity_e18": str(60 * E18),
        "margin_equity_e18": str(60 * E18),
        "maintenance_margin_e18": str(100 * E18),
    }
    assert list(finding) == [
        "fingerprint",
        "detector",
        "severity",
        "scan_id",
        "account_id",
        "market",
        "title",
        "amounts",
        "evidence",
        "cause",
        "accepted",
    ]


def test_verification_is_summed_over_scans_and_only_answered_checks_count() -> None:
    one = clean_result(checks=[check(0, equal=True), check(1, equal=None)])
    two = clean_result(
        scan_id="fedcba9876543210",
        verify_mode="flagged",
        verified_accounts=1,
        checks=[check(2, equal=False)],
    )
    document = scan_json([one, two])
    assert document["verification"] == {
        "mode": "all, flagged",
        "accounts": 4,
        "checks": 2,
        "mismatches": 1,
        "not_compared": 1,
        "kinds": {"Vault.getAccountValue": 2},
        "details": [
            {
                "scan_id": "fedcba9876543210",
                "account_id": account_id(2),
                "market": None,
                "contract": "Vault.getAccountValue",
                "field": "accountValue",
                "expected": "1000",
                "actual": "1001",
                "note": "",
            }
        ],
    }
    assert [scan["verification"]["checks"] for scan in document["scans"]] == [1, 1]


def solvency(result: ScanResult) -> dict[str, Any]:
    """The solvency part of the only scan."""
    answer: dict[str, Any] = scan_json([result])["scans"][0]["solvency"]
    return answer


@pytest.mark.parametrize(
    ("result", "answer", "caveats"),
    [
        (clean_result(), "solvent", []),
        (clean_result([judged(0, equity=-10), judged(1)]), "covered", []),
        (clean_result([judged(0, equity=-501), judged(1)]), "insolvent", []),
        (clean_result([judged(0), unknown(1)]), "not_proven", ["1 of 2 accounts unknown"]),
        (
            clean_result([judged(0, equity=-501), unknown(1)]),
            "insolvent",
            ["1 of 2 accounts unknown"],
        ),
        (
            clean_result(checks=[check(0, equal=False)]),
            "not_proven",
            ["1 numbers contradicted by the contract"],
        ),
        (
            clean_result(details=details(totals=[total(rebuilt=200)])),
            "not_proven",
            ["control totals off: usdc"],
        ),
        (
            clean_result(completeness=Completeness(1, 9, 5, 2, 3, 1, ("header 7 does not link",))),
            "not_proven",
            ["logs not proven complete: header 7 does not link"],
        ),
        (
            clean_result([judged(0, equity=-1)], backstops=[backstop(2, None)]),
            "not_proven",
            ["the backstops' capacity is unknown"],
        ),
        (
            clean_result(details=details(totals=[])),
            "not_proven",
            ["no count or supply of the chain to hold the accounts against"],
        ),
        (
            clean_result(details=details(totals=[total(on_chain=None)])),
            "not_proven",
            ["control totals not compared: usdc"],
        ),
        (
            clean_result(details=details(totals=[total(rebuilt=97)])),
            "not_proven",
            ["less in the logs than on the chain: usdc"],
        ),
        (clean_result(checks=[]), "not_proven", ["--verify all, and there was no view to ask"]),
        (clean_result(checks=[], verify_mode="none"), "solvent", []),
        (
            clean_result([], checks=[], details=details(accounts=[], totals=[total()])),
            "not_proven",
            [
                "the logs name no account, and the chain holds usdc",
                "--verify all, and there was no view to ask",
            ],
        ),
        (
            clean_result(
                [],
                checks=[],
                details=details(accounts=[], totals=[total(rebuilt=0, on_chain=0)]),
            ),
            "solvent",
            [],
        ),
    ],
)
def test_the_answer_is_the_first_that_applies_and_says_why_it_may_not_stand(
    result: ScanResult, answer: str, caveats: list[str]
) -> None:
    found_solvency = solvency(result)
    assert (found_solvency["answer"], found_solvency["caveats"]) == (answer, caveats)


def test_the_worst_accounts_come_by_headroom_and_no_unknown_one_is_among_them() -> None:
    rows = [judged(0), judged(1, equity=60), unknown(2), judged(3, equity=-5)]
    [scan] = scan_json([clean_result(rows)])["scans"]
    assert [account["account_id"] for account in scan["worst_accounts"]] == [
        account_id(3),
        account_id(1),
        account_id(0),
    ]


def test_an_unknown_amount_is_null_and_never_zero() -> None:
    result = clean_result(details=details(totals=[total(on_chain=None)]))
    [scan] = scan_json([result])["scans"]
    assert (scan["totals"][0]["on_chain"], scan["totals"][0]["difference"]) == (None, None)


def test_the_document_survives_json() -> None:
    document = scan_json([found(clean_result([judged(0, equity=-700), unknown(1)]))])
    assert json.loads(json.dumps(document, allow_nan=False)) == document
