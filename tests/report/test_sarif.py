from __future__ import annotations

import copy
import json
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import fastjsonschema
import pytest
from sarif_check import validate
from scan_results import BLOCK, account_id, check, clean_result, implementation, judged, unknown
from scan_results import details as details_of
from told import SCAN_RUN, scan_of

from analyzer.documents.findings import LapsedEntry
from analyzer.documents.scan import Block, ScanDocument, ScanPlace
from analyzer.findings import ALL_DETECTORS, run_detectors
from analyzer.findings.acceptance import Acceptance, Weighed
from analyzer.model.finding import Severity
from analyzer.model.integers import WAD
from analyzer.report import sarif as module
from analyzer.report.render import render
from analyzer.report.sarif import LEVELS, SECURITY_SEVERITY, artifact_uri, sarif


def document(**run: Any) -> ScanDocument:
    """One insolvent account (accepted), one that the contract contradicts, three unknown ones of
    one cause, and code that is not known."""
    result = clean_result(
        [judged(0, equity=60), judged(1, equity=-700), *(unknown(n) for n in (2, 3, 4))],
        checks=[check(0, equal=False), check(1, equal=True)],
        details=details_of(implementations=[implementation("unknown")]),
    )
    result.findings = run_detectors(result)
    insolvent = next(f for f in result.findings if f.detector == "insolvent-account")
    terms = Acceptance(insolvent.fingerprint, "being wound down", "R. Auditor", date(2026, 11, 20))
    weighed = Weighed("triage.toml", {insolvent.fingerprint: terms})
    return scan_of([result], weighed, replace(SCAN_RUN, **run))


@pytest.fixture
def log() -> dict[str, Any]:
    return sarif(document())


def results(log: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Rule -> its last result."""
    return {result["ruleId"]: result for result in log["runs"][0]["results"]}


def test_the_log_is_sarif_by_the_published_schema(log: dict[str, Any]) -> None:
    validate(json.loads(render(document(), "sarif")))
    validate(log)


def test_a_log_that_is_no_sarif_is_refused_by_the_schema(log: dict[str, Any]) -> None:
    wrong = copy.deepcopy(log)
    wrong["runs"][0]["results"][0]["level"] = "awful"
    with pytest.raises(fastjsonschema.JsonSchemaValueException, match="level"):
        validate(wrong)


def test_every_finding_is_a_result_with_its_fingerprint(log: dict[str, Any]) -> None:
    prints = [finding.fingerprint for finding in document().findings]
    partial = [result["partialFingerprints"] for result in log["runs"][0]["results"]]
    assert [p["analyzerFinding/v1"] for p in partial] == prints
    assert len({p["primaryLocationLineHash"] for p in partial}) == len(set(prints))


def test_the_level_is_the_findings_own_severity(log: dict[str, Any]) -> None:
    found = Counter(finding.severity.label for finding in document().findings)
    levels = Counter(LEVELS[severity] for severity in found.elements())
    assert Counter(result["level"] for result in log["runs"][0]["results"]) == levels
    assert set(levels) == {"error", "warning"}


def test_every_severity_has_a_level_and_a_number_in_githubs_band() -> None:
    bands = {"critical": (9.0, 10), "high": (6.9, 9), "medium": (3.9, 6.9), "low": (0, 3.9)}
    for severity in Severity:
        low, high = bands.get(severity.label, (0, 1))
        assert low < float(SECURITY_SEVERITY[severity.label]) <= high
        assert LEVELS[severity.label] in ("error", "warning", "note")


def test_every_result_says_its_account_market_or_contract_by_a_full_name(
    log: dict[str, Any],
) -> None:
    def names(rule: str) -> list[tuple[str, str]]:
        [location] = results(log)[rule]["locations"]
        return [(p["kind"], p["fullyQualifiedName"]) for p in location["logicalLocations"]]

    root = "eip155:31337/local"
    assert names("insolvent-account") == [("account", f"{root}/account/{account_id(1)}")]
    assert names("hidden-bad-debt") == [("deployment", root)]
    assert names("unknown-implementation") == [("contract", f"{root}/contract/vault")]
    contradicted = names("contract-divergence")
    assert contradicted[0] == ("account", f"{root}/account/{account_id(0)}")
    assert contradicted[-1] == ("contract", f"{root}/contract/Vault")


def test_a_contract_is_listed_once_with_its_address_below_its_deployment(
    log: dict[str, Any],
) -> None:
    listed = log["runs"][0]["logicalLocations"]
    paths = [place["fullyQualifiedName"] for place in listed]
    assert len(set(paths)) == len(paths)
    vault = listed[paths.index("eip155:31337/local/contract/vault")]
    assert vault["properties"] == {"address": account_id(900)}
    assert listed[vault["parentIndex"]]["kind"] == "deployment"
    for result in log["runs"][0]["results"]:
        for place in result["locations"][0]["logicalLocations"]:
            assert paths[place["index"]] == place["fullyQualifiedName"]


def test_amounts_are_exact_decimal_strings(log: dict[str, Any]) -> None:
    properties = results(log)["insolvent-account"]["properties"]
    assert properties["amounts"]["shortfall_e18"] == str(700 * WAD)
    assert (properties["block_number"], properties["block_hash"]) == (BLOCK.number, BLOCK.hash)


def test_only_an_accepted_finding_is_suppressed_with_its_reason(log: dict[str, Any]) -> None:
    suppressed = {rule: result["suppressions"] for rule, result in results(log).items()}
    [said] = suppressed.pop("insolvent-account")
    assert (said["kind"], said["status"]) == ("external", "accepted")
    assert said["justification"] == "being wound down"
    assert said["properties"]["author"] == "R. Auditor"
    assert set(map(len, suppressed.values())) == {0}


def test_every_detector_is_a_rule_with_its_texts(log: dict[str, Any]) -> None:
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [detector.id for detector in ALL_DETECTORS]
    for rule, detector in zip(rules, ALL_DETECTORS, strict=True):
        for text in (detector.proves, detector.does_not_prove, detector.remedy):
            assert text in rule["help"]["text"]
            assert text in rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] == LEVELS[detector.severity.label]
    for result in log["runs"][0]["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_findings_of_one_cause_stay_apart_and_are_told_once_as_a_group(
    log: dict[str, Any],
) -> None:
    found = [r for r in log["runs"][0]["results"] if r["ruleId"] == "unknown-account"]
    assert len({r["partialFingerprints"]["analyzerFinding/v1"] for r in found}) == 3
    [invocation] = log["runs"][0]["invocations"]
    groups = [n for n in invocation["toolExecutionNotifications"] if "associatedRule" in n]
    assert [(n["associatedRule"]["id"], n["message"]["text"][:22]) for n in groups] == [
        ("unknown-account", "3 findings, one cause:")
    ]
    assert groups[0]["properties"]["fingerprints"] == [
        r["properties"]["fingerprint"] for r in found
    ]


@pytest.mark.parametrize(("code", "whole"), [(0, True), (1, True), (3, False), (4, True)])
def test_the_invocation_says_the_exit_code_and_that_reading_was_incomplete(
    code: int, whole: bool
) -> None:
    [invocation] = sarif(document(exit_code=code))["runs"][0]["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (code, whole)
    assert invocation["startTimeUtc"] == "2026-11-22T10:00:00Z"
    texts = [n["message"]["text"] for n in invocation["toolExecutionNotifications"]]
    assert "local: 3 of 5 accounts unknown" in texts


def test_where_a_finding_is_said_to_be_is_a_constant_of_the_deployment(
    log: dict[str, Any],
) -> None:
    def uris(log: dict[str, Any]) -> set[str]:
        run = log["runs"][0]
        places = [r["locations"][0]["physicalLocation"]["artifactLocation"] for r in run["results"]]
        assert run["artifacts"][0]["location"]["uri"] == "eip155-31337/local"
        return {str(place["uri"]) for place in places}

    assert uris(log) == {"eip155-31337/local"}
    live = document(source="rpc", endpoint="https://a", snapshot="tuesday.duckdb")
    assert uris(sarif(live)) == {"eip155-31337/local"}
    odd = ScanPlace("0" * 16, "perp-v2", "my vault/../100%", 1, {}, Block(1, "0x", 1))
    assert artifact_uri(odd) == "eip155-1/my%20vault%2F..%2F100%25"


def test_no_notification_is_an_error_of_the_tool(log: dict[str, Any]) -> None:
    [invocation] = log["runs"][0]["invocations"]
    levels = {n["level"] for n in invocation["toolExecutionNotifications"]}
    assert levels == {"note", "warning"}


def test_more_findings_than_a_reader_takes_are_left_out_mildest_first_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_RESULTS", 6)
    plain = document()
    mild = next(f for f in plain.findings if f.severity is Severity.MEDIUM)
    accepted = next(f for f in plain.findings if f.accepted is not None)
    assert accepted.severity is Severity.CRITICAL
    plainly = replace(accepted, accepted=None)
    many = tuple(
        replace(source, fingerprint=f"{number:016x}")
        for number, source in enumerate([mild] * 5 + [accepted] * 2 + [plainly] * 3)
    )
    [run] = sarif(replace(plain, findings=many))["runs"]
    kept = [int(r["properties"]["fingerprint"], 16) for r in run["results"]]
    assert kept == [7, 8, 9, 0, 1, 2]
    first = run["invocations"][0]["toolExecutionNotifications"][0]
    assert first["level"] == "warning"
    assert first["message"]["text"].startswith(
        "4 of 10 findings are left out (2 critical, 2 medium): a run holds 6, the severest;"
    )
    validate(sarif(replace(plain, findings=many)))
    [run] = sarif(replace(plain, findings=many[:6]))["runs"]
    assert [int(r["properties"]["fingerprint"], 16) for r in run["results"]] == [0, 1, 2, 3, 4, 5]


def test_the_limits_stay_below_those_of_code_scanning() -> None:
    assert 5_000 < module.MAX_RESULTS < 25_000


def test_notifications_kinds_and_fingerprints_have_a_bound(log: dict[str, Any]) -> None:
    plain = document()
    entry = LapsedEntry("0" * 16, None, None, None, "r", "it is over")
    triage = replace(plain.triage, lapsed=(entry,) * 700)
    kinds = {f"range {number}": number for number in range(300)}
    groups = (replace(plain.groups[0], fingerprints=("0" * 16,) * 5000, count=5000),)
    verification = replace(plain.verification, kinds=kinds)
    big = replace(plain, triage=triage, groups=groups, verification=verification)
    [run] = sarif(big)["runs"]
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert len(notes) == module.MAX_NOTIFICATIONS
    assert "more notifications are left out" in notes[-1]["message"]["text"]
    assert "5000 findings, one cause" in notes[0]["message"]["text"]
    assert len(notes[0]["properties"]["fingerprints"]) == module.MAX_FINGERPRINTS
    counted = run["properties"]["verification"]["kinds"]
    assert len(counted) == module.MAX_KINDS + 1
    assert sum(counted.values()) == sum(kinds.values())
    assert counted["range 299"] == 299


def test_a_result_is_this_and_nothing_else(log: dict[str, Any]) -> None:
    found = results(log)["insolvent-account"]
    who, print_ = account_id(1), "b4917c646baf7fe9"
    [place] = found["locations"][0]["logicalLocations"]
    assert found == {
        "ruleId": "insolvent-account",
        "ruleIndex": [detector.id for detector in ALL_DETECTORS].index("insolvent-account"),
        "kind": "fail",
        "level": "error",
        "rank": 95.0,
        "message": {
            "text": f"Account owes more than it has: {who} of local; shortfall 700.00; below"
            " maintenance 800.00; equity -700.00"
        },
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "eip155-31337/local"},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [
                    {
                        "index": place["index"],
                        "fullyQualifiedName": f"eip155:31337/local/account/{who}",
                        "name": who,
                        "kind": "account",
                    }
                ],
            }
        ],
        # printf 'insolvent-account\x1f31337\x1flocal\x1f<account>\x1f' | sha256sum
        "partialFingerprints": {
            "analyzerFinding/v1": print_,
            "primaryLocationLineHash": f"{print_}:1",
        },
        "suppressions": [
            {
                "kind": "external",
                "status": "accepted",
                "justification": "being wound down",
                "properties": {
                    "author": "R. Auditor",
                    "date": "2026-11-20",
                    "expires": None,
                    "up_to": {},
                },
            }
        ],
        "properties": {
            "severity": "critical",
            "security-severity": "9.5",
            "fingerprint": print_,
            "scan_id": "0123456789abcdef",
            "chain_id": 31337,
            "deployment": "local",
            "account_id": who,
            "market": None,
            "block_number": BLOCK.number,
            "block_hash": BLOCK.hash,
            "cause": None,
            "amounts": {
                "shortfall_e18": str(700 * WAD),
                "below_maintenance_e18": str(800 * WAD),
                "equity_e18": str(-700 * WAD),
                "margin_equity_e18": str(-700 * WAD),
                "maintenance_margin_e18": str(100 * WAD),
            },
            "evidence": {
                "block": f"{BLOCK.number} ({BLOCK.hash})",
                "verdict": "equity -700 is below zero; margin equity -700 - maintenance margin 100"
                " = -800",
                "status": "open",
                "verified": "every compared field equals the contract's view",
            },
        },
    }


def test_a_rule_is_this_and_nothing_else(log: dict[str, Any]) -> None:
    rules = {rule["id"]: rule for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    unknown_account = next(one for one in ALL_DETECTORS if one.id == "unknown-account")
    proves, not_, remedy = (
        unknown_account.proves,
        unknown_account.does_not_prove,
        unknown_account.remedy,
    )
    assert rules["unknown-account"] == {
        "id": "unknown-account",
        "name": "UnknownAccount",
        "shortDescription": {"text": unknown_account.title},
        "fullDescription": {"text": proves},
        "help": {
            "text": f"What it proves: {proves}\n\nWhat it does not prove: {not_}\n\n"
            f"What to do: {remedy}",
            "markdown": f"**What it proves.** {proves}\n\n**What it does not prove.** {not_}\n\n"
            f"**What to do.** {remedy}",
        },
        "defaultConfiguration": {"level": "warning", "rank": 55.0},
        "properties": {
            "security-severity": "5.5",
            "severity": "medium",
            "proves": proves,
            "does_not_prove": not_,
            "remedy": remedy,
            "tags": ["security", "solvency"],
        },
    }


def test_levels_and_numbers_are_these() -> None:
    levels = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
    assert {**levels, "info": "note"} == LEVELS
    numbers = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0", "info": "0.1"}
    assert numbers == SECURITY_SEVERITY


ENDINGS = [
    (0, True, "nothing at or above --fail-on"),
    (1, True, "findings at or above --fail-on"),
    (2, False, "the input is wrong"),
    (3, False, "not fully read, or not proven"),
    (4, True, "a number differs from the contract's own view"),
]


@pytest.mark.parametrize(("code", "successful", "words"), ENDINGS)
def test_an_invocation_is_this_and_nothing_else(code: int, successful: bool, words: str) -> None:
    [run] = sarif(document(exit_code=code))["runs"]
    [said] = run["invocations"]
    assert isinstance(said.pop("toolExecutionNotifications"), list)
    assert said == {
        "executionSuccessful": successful,
        "exitCode": code,
        "exitCodeDescription": words,
        "startTimeUtc": "2026-11-22T10:00:00Z",
        "endTimeUtc": "2026-11-22T10:00:01Z",
        "properties": {
            "verify": "all",
            "sample_seed": 0,
            "fail_on": "high",
            "source": "recording",
            "endpoint": "my evidence.zip",
            "snapshot": "scan.duckdb",
        },
    }
    assert run["automationDetails"] == {"id": "analyzer/31337-local/00112233445566ff"}


def test_the_runs_properties_are_these(log: dict[str, Any]) -> None:
    said = log["runs"][0]["properties"]
    assert said["verification"] == {
        "mode": "all",
        "accounts": 5,
        "checks": 2,
        "mismatches": 1,
        "not_compared": 0,
        "kinds": {"Vault.getAccountValue": 2},
    }
    [scan] = said["scans"]
    assert list(scan) == [
        *("scan_id", "protocol", "deployment", "chain_id", "block", "methodology", "accounts"),
        *("unknown", "verdicts", "solvency", "completeness"),
    ]
    assert log["$schema"] == "https://json.schemastore.org/sarif-2.1.0.json"
    assert log["version"] == "2.1.0"
