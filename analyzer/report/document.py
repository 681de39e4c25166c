"""The document of a run: the JSON envelope that every other form is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.findings.acceptance import NOTHING_ACCEPTED, Acceptance, Weighed
from analyzer.findings.groups import Group, cause_of, grouped
from analyzer.findings.summary import Summary, summarize, worst_accounts
from analyzer.model.finding import Finding
from analyzer.model.rows import CheckRow, JudgedRow, ReadRow, TotalRow
from analyzer.model.verdict import Verdict
from analyzer.protocols.kit.factors import own_factors
from analyzer.solvency.result import ScanResult

SCHEMA = 1
"""Version of the envelope. Within a version keys are added, never renamed or removed."""
WORST_ACCOUNTS = 10
"""How many accounts a scan lists by name; the snapshot holds all of them."""

Document = dict[str, Any]


def envelope(
    run: Mapping[str, Any], results: Sequence[ScanResult], weighed: Weighed = NOTHING_ACCEPTED
) -> Document:
    """The document of one invocation.

    weighed: what is accepted of the findings. groups: findings of one scan that one cause
    has, but for accepted ones.

    run: what the run says of itself (id, version, options without keys). Amounts are decimal
    strings of exact integers (the unit is in their name), counts are numbers, unknown is null.
    Findings come in the order of `run_detectors`, scan by scan. own_factors: risk factors of
    assets that no table connects with others, which therefore move alone in every stress.
    """
    verifications = [_verification(result) for result in results]
    return {
        "schema": SCHEMA,
        "run": dict(run),
        "scans": [
            _scan(result, verification)
            for result, verification in zip(results, verifications, strict=True)
        ],
        "verification": _summed(verifications),
        "triage": triage_document(weighed),
        "groups": [
            _group(group)
            for result in results
            for group in grouped(
                [f for f in result.findings if f.fingerprint not in weighed.accepted]
            )
        ],
        "findings": [
            finding_document(finding, weighed.accepted.get(finding.fingerprint))
            for result in results
            for finding in result.findings
        ],
    }


def _scan(result: ScanResult, verification: Document) -> Document:
    summary = summarize(result)
    deployment, block, complete = result.deployment, result.block, result.completeness
    return {
        "scan_id": result.scan_id,
        "protocol": deployment.protocol,
        "deployment": deployment.name,
        "chain_id": deployment.chain_id,
        "contracts": dict(deployment.contracts),
        "block": {"number": block.number, "hash": block.hash, "time": block.time},
        "methodology": result.methodology,
        "accounts": len(result.margin),
        "unknown": summary.verdicts[Verdict.UNKNOWN],
        "verdicts": {verdict.value: count for verdict, count in summary.verdicts.items()},
        "solvency": _solvency(summary),
        "worst_accounts": [_account(row) for row in worst_accounts(result, WORST_ACCOUNTS)],
        "totals": [_total(total) for total in result.details.totals],
        "verification": verification,
        "completeness": {
            "from_block": complete.from_block,
            "to_block": complete.to_block,
            "logs": complete.logs,
            "blocks_with_logs": complete.blocks_with_logs,
            "headers": complete.headers,
            "headers_linked": complete.headers_linked,
            "doubts": list(complete.doubts),
        },
        "reads": [_read(row) for row in result.reads],
        "own_factors": own_factors((a.factor for a in result.book.assets), deployment.factors),
        "silent_changes": len(result.details.silent_changes),
        "implementations": [
            {
                "role": row.role,
                "address": row.address,
                "implementation": row.implementation,
                "code_hash": row.code_hash,
                "status": row.status,
            }
            for row in result.details.implementations
        ],
    }


def _solvency(summary: Summary) -> Document:
    return {
        "answer": summary.answer.value,
        "caveats": list(summary.caveats),
        "hidden_bad_debt_e18": str(summary.debt.at_prices_e18),
        "hidden_bad_debt_by_contract_value_e18": _text(summary.debt.by_contract_e18),
        "backstop_capacity_e18": _text(summary.backstops.capacity_e18),
        "shortfall_e18": _text(summary.shortfall_e18),
        "insolvent_accounts": summary.debt.accounts,
        "collateral_liquidatable_accounts": summary.collateral_liquidatable,
        "waterfall": list(summary.backstops.layers),
    }


def _account(row: JudgedRow) -> Document:
    margin = row.margin
    return {
        "account_id": margin.account_id,
        "verdict": row.verdict.value,
        "reason": row.reason,
        "status": margin.status,
        "equity_e18": _text(margin.equity_e18),
        "margin_equity_e18": _text(margin.margin_equity_e18),
        "initial_margin_e18": _text(margin.initial_margin_e18),
        "maintenance_margin_e18": _text(margin.maintenance_margin_e18),
        "free_collateral_e18": _text(margin.free_collateral_e18),
        "verified": row.verified,
    }


def _total(total: TotalRow) -> Document:
    return {
        "name": total.name,
        "identity": total.identity,
        "unit": total.unit,
        "rebuilt": _text(total.rebuilt),
        "on_chain": _text(total.on_chain),
        "difference": _text(total.difference),
        "allowed": str(total.allowed),
        "why": total.why,
        "surplus_ok": total.surplus_ok,
        "holds": total.holds,
        "proves": total.proves.value,
    }


def _read(row: ReadRow) -> Document:
    return {
        "purpose": row.purpose,
        "what": row.what,
        "requested": row.requested,
        "values": row.values,
        "reverted": row.reverted,
        "not_read": row.not_read,
        "example": row.example,
    }


def _verification(result: ScanResult) -> Document:
    """Counts of one scan; `checks` are comparisons made, `not_compared` those without answer."""
    not_compared = len(result.not_compared)
    return {
        "mode": result.verify_mode,
        "accounts": result.verified_accounts,
        "checks": len(result.checks) - not_compared,
        "mismatches": len(result.mismatches),
        "not_compared": not_compared,
        "kinds": dict(sorted(_kinds(result).items())),
        "details": [_check(result.scan_id, check) for check in result.mismatches],
    }


def _kinds(result: ScanResult) -> Counter[str]:
    """How many comparisons were made of each kind: what stands before the dot in the field's name,
    else the contract that was asked."""
    return Counter(
        check.field.partition(".")[0] if "." in check.field else check.contract
        for check in result.checks
        if check.equal is not None
    )


def _check(scan_id: str, check: CheckRow) -> Document:
    return {
        "scan_id": scan_id,
        "account_id": check.account_id,
        "market": check.market_id,
        "contract": check.contract,
        "field": check.field,
        "expected": check.expected,
        "actual": check.actual,
        "note": check.note,
    }


def _summed(verifications: Sequence[Document]) -> Document:
    counts = ("accounts", "checks", "mismatches", "not_compared")
    modes = sorted({verification["mode"] for verification in verifications})
    return {
        "mode": ", ".join(modes) or "none",
        **{name: sum(verification[name] for verification in verifications) for name in counts},
        "kinds": _summed_kinds(verifications),
        "details": [detail for verification in verifications for detail in verification["details"]],
    }


def finding_document(finding: Finding, acceptance: Acceptance | None = None) -> Document:
    """One finding. cause: what it shares with others, null where it stands alone by its nature.
    accepted: on which terms somebody accepts it, null = nobody does."""
    return {
        "fingerprint": finding.fingerprint,
        "detector": finding.detector,
        "severity": finding.severity.label,
        "scan_id": finding.scan_id,
        "account_id": finding.account_id,
        "market": finding.market,
        "title": finding.title,
        "amounts": {name: str(value) for name, value in finding.amounts.items()},
        "evidence": dict(finding.evidence),
        "cause": cause_of(finding),
        "accepted": None if acceptance is None else acceptance_document(acceptance),
    }


def acceptance_document(acceptance: Acceptance) -> Document:
    """The terms of one acceptance."""
    expires, severity = acceptance.expires, acceptance.severity
    return {
        "reason": acceptance.reason,
        "author": acceptance.author,
        "date": acceptance.day.isoformat(),
        "expires": None if expires is None else expires.isoformat(),
        "severity": None if severity is None else severity.label,
        "up_to": {name: str(value) for name, value in acceptance.up_to.items()},
    }


def triage_document(weighed: Weighed) -> Document:
    """What the triage file came to: how many findings it accepts, what of it holds no longer."""
    return {
        "file": weighed.file or None,
        "accepted": len(weighed.accepted),
        "lapsed": [{"why": lapsed.why, **_entry(lapsed.acceptance)} for lapsed in weighed.lapsed],
        "unmatched": [_entry(acceptance) for acceptance in weighed.unmatched],
    }


def _entry(acceptance: Acceptance) -> Document:
    return {
        "fingerprint": acceptance.fingerprint,
        "detector": acceptance.detector or None,
        "deployment": acceptance.deployment or None,
        "about": acceptance.about or None,
        "reason": acceptance.reason,
    }


def _group(group: Group) -> Document:
    return {
        "scan_id": group.scan_id,
        "detector": group.detector,
        "severity": group.severity.label,
        "cause": group.cause,
        "title": group.title,
        "count": len(group.findings),
        "fingerprints": [finding.fingerprint for finding in group.findings],
    }


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _summed_kinds(verifications: Sequence[Document]) -> Document:
    """Comparisons by kind over all scans, sorted."""
    total: Counter[str] = Counter()
    for verification in verifications:
        total.update(verification["kinds"])
    return dict(sorted(total.items()))
