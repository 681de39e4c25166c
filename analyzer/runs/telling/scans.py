"""Results of scans as the documents of `scan`, `verify` and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analyzer.documents.findings import Group, Triage, WeighedFinding
from analyzer.documents.report import ReportedScan
from analyzer.documents.scan import (
    Account,
    Block,
    Completeness,
    Implementation,
    JudgedDocument,
    JudgedRun,
    Matter,
    Mismatch,
    Read,
    RebuildRun,
    Scale,
    Scan,
    ScanDocument,
    ScanRun,
    Share,
    Solvency,
    Total,
    Verification,
    VerifyDocument,
)
from analyzer.findings.acceptance import NOTHING_ACCEPTED, Weighed
from analyzer.findings.groups import grouped
from analyzer.findings.matters import Matter as Weighty
from analyzer.findings.matters import matters
from analyzer.findings.registry import detector_of
from analyzer.findings.scale import scale_of
from analyzer.findings.summary import Summary, summarize, worst_accounts
from analyzer.model.block import BlockRef
from analyzer.model.rows import CheckRow, JudgedRow, TotalRow
from analyzer.model.verdict import Verdict
from analyzer.protocols.kit.factors import own_factors
from analyzer.runs.telling.explorers import explorers
from analyzer.runs.telling.findings import group, triage, weighed_findings
from analyzer.solvency.result import ScanResult

WORST_ACCOUNTS = 10
"""How many accounts a scan lists by name; the snapshot holds all of them."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What all documents about scans have in common, less the run that made them."""

    scans: tuple[Scan, ...]
    verification: Verification
    triage: Triage
    groups: tuple[Group, ...]
    findings: tuple[WeighedFinding, ...]


def scan_document(
    run: ScanRun, results: Sequence[ScanResult], weighed: Weighed = NOTHING_ACCEPTED
) -> ScanDocument:
    """The document of one scan. weighed: what is accepted of its findings."""
    told = judged(results, weighed)
    return ScanDocument(run, told.scans, told.verification, told.triage, told.groups, told.findings)


def verify_document(run: RebuildRun, results: Sequence[ScanResult]) -> VerifyDocument:
    """The document of one `verify`; nothing is accepted in it."""
    told = judged(results)
    return VerifyDocument(
        run, told.scans, told.verification, told.triage, told.groups, told.findings
    )


def judged_document(
    run: JudgedRun, results: Sequence[ScanResult], known: Mapping[int, str] | None = None
) -> JudgedDocument:
    """The document of scans that were restored from a snapshot; nothing is accepted in it. known:
    chain id -> its explorer, as `explorers` gives them."""
    told = judged(results, known=known)
    return JudgedDocument(
        run, told.scans, told.verification, told.triage, told.groups, told.findings
    )


def judged(
    results: Sequence[ScanResult],
    weighed: Weighed = NOTHING_ACCEPTED,
    known: Mapping[int, str] | None = None,
) -> Judged:
    """The scans, their findings in the order of `run_detectors`, and what is accepted of them.

    known: chain id -> its explorer. Raises: InputError for an explorer that is no address.
    """
    verifications = [_verification(result) for result in results]
    places = explorers() if known is None else known
    return Judged(
        scans=tuple(
            _scan(result, done, weighed, places.get(result.deployment.chain_id) or None)
            for result, done in zip(results, verifications, strict=True)
        ),
        verification=_summed(verifications),
        triage=triage(weighed),
        groups=tuple(
            group(found)
            for result in results
            for found in grouped(
                [f for f in result.findings if f.fingerprint not in weighed.accepted]
            )
        ),
        findings=tuple(
            entry for result in results for entry in weighed_findings(result.findings, weighed)
        ),
    )


def reported_scan(result: ScanResult) -> ReportedScan:
    """The rows of a scan that a report shows."""
    deployment = result.deployment
    return ReportedScan(
        scan_id=result.scan_id,
        protocol=deployment.protocol,
        deployment=deployment.name,
        chain_id=deployment.chain_id,
        contracts=dict(deployment.contracts),
        block=block(result.block),
        source=deployment.source,
        margin=result.margin,
        prices=result.details.prices,
        markets=result.details.markets,
        backstops=result.backstops,
        implementations=result.details.implementations,
    )


def block(ref: BlockRef) -> Block:
    """A block as documents name it."""
    return Block(ref.number, ref.hash, ref.time)


def _scan(
    result: ScanResult, verification: Verification, weighed: Weighed, explorer: str | None
) -> Scan:
    """One deployment at one block."""
    summary = summarize(result)
    deployment, complete = result.deployment, result.completeness
    return Scan(
        scan_id=result.scan_id,
        protocol=deployment.protocol,
        deployment=deployment.name,
        chain_id=deployment.chain_id,
        contracts=dict(deployment.contracts),
        block=block(result.block),
        methodology=result.methodology,
        accounts=len(result.margin),
        unknown=summary.verdicts[Verdict.UNKNOWN],
        verdicts={verdict.value: count for verdict, count in summary.verdicts.items()},
        solvency=_solvency(summary, _scale(result, summary)),
        worst_accounts=tuple(_account(row) for row in worst_accounts(result, WORST_ACCOUNTS)),
        totals=tuple(_total(total) for total in result.details.totals),
        verification=verification,
        completeness=Completeness(
            complete.from_block,
            complete.to_block,
            complete.logs,
            complete.blocks_with_logs,
            complete.headers,
            complete.headers_linked,
            tuple(complete.doubts),
        ),
        reads=tuple(
            Read(r.purpose, r.what, r.requested, r.values, r.reverted, r.not_read, r.example)
            for r in result.reads
        ),
        own_factors=tuple(own_factors((a.factor for a in result.book.assets), deployment.factors)),
        silent_changes=len(result.details.silent_changes),
        implementations=tuple(
            Implementation(r.role, r.address, r.implementation, r.code_hash, r.status)
            for r in result.details.implementations
        ),
        matters=tuple(map(_matter, matters(result.findings, weighed.accepted))),
        explorer=explorer,
        detectors_off=tuple(sorted(result.selection.off)),
        thresholds=dict(result.selection.least),
        certificate=None if result.proofs is None else result.proofs.certificate,
    )


def _scale(result: ScanResult, summary: Summary) -> Scale:
    """How large the bad debt is."""
    scale = scale_of(result, summary)
    shares = tuple(Share(s.of, s.name, s.amount_e18, s.left_out, s.share_e18) for s in scale.shares)
    return Scale(scale.money or None, scale.grade, shares)


def _matter(matter: Weighty) -> Matter:
    """One matter; the detector's own title where its findings say different things."""
    largest, detector = matter.largest, detector_of(matter.detector)
    alike = len({finding.title for finding in matter.findings}) == 1
    return Matter(
        detector=matter.detector,
        severity=matter.severity,
        title=largest.title if alike or detector is None else detector.title,
        cause=matter.cause or None,
        count=len(matter.findings),
        accounts=len({f.account_id for f in matter.findings if f.account_id}),
        measure=matter.measure or None,
        total_e18=matter.total_e18,
        largest=matter.most if matter.measure else None,
        about=largest.account_id or largest.market or "deployment",
    )


def _solvency(summary: Summary, scale: Scale) -> Solvency:
    return Solvency(
        answer=summary.answer,
        caveats=tuple(summary.caveats),
        hidden_bad_debt_e18=summary.debt.at_prices_e18,
        hidden_bad_debt_by_contract_value_e18=summary.debt.by_contract_e18,
        backstop_capacity_e18=summary.backstops.capacity_e18,
        shortfall_e18=summary.shortfall_e18,
        insolvent_accounts=summary.debt.accounts,
        collateral_liquidatable_accounts=summary.collateral_liquidatable,
        waterfall=tuple(summary.backstops.layers),
        scale=scale,
    )


def _account(row: JudgedRow) -> Account:
    margin = row.margin
    return Account(
        account_id=margin.account_id,
        verdict=row.verdict,
        reason=row.reason,
        status=margin.status,
        equity_e18=margin.equity_e18,
        margin_equity_e18=margin.margin_equity_e18,
        initial_margin_e18=margin.initial_margin_e18,
        maintenance_margin_e18=margin.maintenance_margin_e18,
        free_collateral_e18=margin.free_collateral_e18,
        verified=row.verified,
    )


def _total(total: TotalRow) -> Total:
    return Total(
        name=total.name,
        identity=total.identity,
        unit=total.unit,
        rebuilt=total.rebuilt,
        on_chain=total.on_chain,
        difference=total.difference,
        allowed=total.allowed,
        why=total.why,
        surplus_ok=total.surplus_ok,
        holds=total.holds,
        proves=total.proves,
    )


def _verification(result: ScanResult) -> Verification:
    """Counts of one scan; `checks` are comparisons made, `not_compared` those without answer."""
    not_compared = len(result.not_compared)
    return Verification(
        mode=result.verify_mode,
        accounts=result.verified_accounts,
        checks=len(result.checks) - not_compared,
        mismatches=len(result.mismatches),
        not_compared=not_compared,
        kinds=dict(sorted(_kinds(result).items())),
        details=tuple(_mismatch(result.scan_id, check) for check in result.mismatches),
    )


def _kinds(result: ScanResult) -> Counter[str]:
    """How many comparisons were made with each contract's views. By view and arguments there would
    be as many kinds as makers have ranges."""
    return Counter(check.contract for check in result.checks if check.equal is not None)


def _mismatch(scan_id: str, check: CheckRow) -> Mismatch:
    return Mismatch(
        scan_id=scan_id,
        account_id=check.account_id,
        market=check.market_id,
        contract=check.contract,
        field=check.field,
        expected=check.expected,
        actual=check.actual,
        note=check.note,
    )


def _summed(verifications: Sequence[Verification]) -> Verification:
    """The verifications of all scans as one."""
    kinds: Counter[str] = Counter()
    for one in verifications:
        kinds.update(one.kinds)
    return Verification(
        mode=", ".join(sorted({one.mode for one in verifications})) or "none",
        accounts=sum(one.accounts for one in verifications),
        checks=sum(one.checks for one in verifications),
        mismatches=sum(one.mismatches for one in verifications),
        not_compared=sum(one.not_compared for one in verifications),
        kinds=dict(sorted(kinds.items())),
        details=tuple(_all(one.details for one in verifications)),
    )


def _all(parts: Iterable[Iterable[Mismatch]]) -> Iterable[Mismatch]:
    return (item for part in parts for item in part)
