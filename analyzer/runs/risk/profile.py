"""`analyzer risk`: everything about one subject, as a document."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analyzer import __version__
from analyzer.chain.base import Progress
from analyzer.documents.risk import (
    ClassEntry,
    CorrelationChange,
    ExposureEntry,
    MixEntry,
    RiskBlock,
    RiskData,
    RiskDocument,
    RiskRun,
    SaleEntry,
)
from analyzer.documents.scenario import DepthEntry
from analyzer.market.history import Floats
from analyzer.model.errors import ExitCode
from analyzer.risk.correlation import changes as correlation_changes
from analyzer.risk.mix import mix, thresholds
from analyzer.risk.protocol_var import (
    BROKEN,
    DOWNTURN,
    DRAWS,
    AtRisk,
    at_risk,
    broad_downturn,
    broken_correlation,
    worst_days,
)
from analyzer.risk.sufficiency import room, sales
from analyzer.risk.var import filtered, historical
from analyzer.risk.var.garch import LEAST
from analyzer.runs.risk.accounts import Figures, Moves, accounts_of, figures_of, moves_of, too_short
from analyzer.runs.risk.feedback import clustering_of, spirals_of
from analyzer.runs.risk.findings import finding_rows, profile_findings_of
from analyzer.runs.risk.inputs import Opened, RiskOptions, open_risk, pledged
from analyzer.runs.risk.rows import risk_rows
from analyzer.runs.risk.sentences import ASSUMES, OF_CLASSES, sentences_of
from analyzer.runs.risk.tails import moment, tails_of
from analyzer.runs.stress.batch_cascades import impacts_of
from analyzer.store.extend import extend_snapshot

TOP = 30
"""Accounts of a protocol that are listed."""
JUMP_LEVEL = 0.99


@dataclass(frozen=True, slots=True)
class RiskOutcome:
    """What came out."""

    document: RiskDocument
    exit_code: ExitCode


def profile(options: RiskOptions, progress: Progress) -> RiskOutcome:
    """The profile of one subject; with `out`, the rows of all its accounts in a snapshot.

    Exit code 3 where an account is unknown, a factor has no price history, or a scan's answer is
    not proven. Raises: InputError for wrong input; nothing is written then.
    """
    progress("profile", 0, 1)
    opened = open_risk(options)
    moves = moves_of(opened.days, opened.market)
    found = figures_of(opened, moves, opened.rows)
    document = _document(opened, moves, found)
    if options.out is not None:
        rows = risk_rows(opened, moves, found, document)
        rows["findings"], gone = finding_rows(opened, document)
        extend_snapshot(options.db, options.out, rows, gone)
    progress("profile", 1, 1)
    return RiskOutcome(document, ExitCode(document.run.exit_code))


def _document(opened: Opened, moves: Moves, found: Figures) -> RiskDocument:
    """All parts together."""
    options, book, days = opened.options, opened.book, opened.days
    rows = opened.rows
    entries = book.entries(rows)[1]
    slopes = np.bincount(
        book.column[entries], book.equity[entries], minlength=len(book.factors)
    ).astype(np.float64)
    linear = bool(book.linear[rows].all())
    tails = tails_of(opened, slopes, linear=linear)
    order = rows[np.argsort(-found.gross[rows], kind="stable")][:TOP].tolist()
    whole = options.subject == "protocol"
    classes, without = classes_of(opened) if whole else ((), ())
    clustering, unclustered = clustering_of(opened) if whole else ((), ())
    changed = _correlations(opened, slopes)
    equity = float(np.nansum(found.equity[rows]))
    gross = float(found.gross[rows].sum())
    unknown = int(book.unknown[rows].sum())
    used = set(book.factors)
    document = RiskDocument(
        run=RiskRun(
            analyzer_version=__version__,
            exit_code=int(_code(opened)),
            snapshot=options.db.name,
            out=None if options.out is None else options.out.name,
            subject=options.subject,
            id=opened.name,
            deployments=tuple(scan.deployment.name for scan in opened.scans),
            market=opened.market,
            seed=options.seed,
        ),
        blocks=_blocks(opened),
        data=RiskData(
            source=opened.prices.source,
            first=moment(days.times[0] - days.step_s),
            last=moment(days.times[-1]),
            rows=len(days.times),
            step_s=days.step_s,
            skipped=days.skipped,
            missing=days.missing,
            still=days.still,
            with_base=days.with_base,
            feeds=opened.prices.feeds,
        ),
        sentences=(),
        assumes=(*ASSUMES, OF_CLASSES) if classes else ASSUMES,
        no_number=(*tails.no_number, *without, *unclustered),
        accounts_total=len(rows),
        accounts_unknown=unknown,
        equity_e18=_exact_equity(opened),
        gross_usd=gross,
        leverage=gross / equity if equity > 0 else None,
        exposures=_exposures(opened, moves, slopes),
        mix=_mix(opened, moves, slopes),
        tails=tails.tails,
        backtests=tails.backtests,
        accounts=accounts_of(opened, moves, found, order),
        sales=_sales(opened, slopes),
        classes=classes,
        correlation_changes=changed,
        spirals=spirals_of(opened) if whole else (),
        clustering=clustering,
        findings=(),
        depth=tuple(
            DepthEntry(one.factor, one.origin, one.kind, one.source)
            for one in opened.chosen.used
            if one.factor in used
        ),
    )
    return sentences_of(replace(document, findings=profile_findings_of(opened, document)))


def _blocks(opened: Opened) -> tuple[RiskBlock, ...]:
    """Of each deployment in which the subject has an account, in the order of the snapshot."""
    used = {opened.book.account_ids[row].partition("/")[0] for row in opened.rows.tolist()}
    return tuple(
        RiskBlock(one.deployment.name, one.block.number, moment(one.block.time), one.scan_id)
        for one in opened.scans
        if one.deployment.name in used
    )


def _code(opened: Opened) -> ExitCode:
    """Whether all that the subject's figures rest on is known."""
    rows = opened.rows
    held = opened.book.column[opened.book.entries(rows)[1]].tolist()
    missing = {opened.book.factors[c] for c in held} & set(opened.days.missing)
    unproven = any(scan.caveats for scan in opened.scans)
    whole = not (missing or opened.book.unknown[rows].any() or unproven or opened.chosen.unknown)
    return ExitCode.CLEAN if whole else ExitCode.NOT_FULLY_READ


def _exact_equity(opened: Opened) -> int:
    """The protocols' own integers, of known accounts."""
    total = 0
    wanted = {opened.book.account_ids[row] for row in opened.rows.tolist()}
    for scan in opened.scans:
        ids = scan.book.account_ids
        numbers = [n for n, a in enumerate(ids) if f"{scan.deployment.name}/{a}" in wanted]
        if numbers:
            valued = scan.plug.value(scan.book.part(numbers), scan.prices)
            total += sum(row.equity_e18 or 0 for row in scan.plug.margin(valued))
    return total


def _exposures(opened: Opened, moves: Moves, slopes: Floats) -> tuple[ExposureEntry, ...]:
    """Factor by factor, the largest first."""
    gross = float(np.abs(slopes).sum())
    known = opened.days.known.tolist()
    made = [
        ExposureEntry(
            factor=factor,
            value_usd=value,
            share=abs(value) / gross,
            beta=float(moves.betas[number]) if known[number] else None,
            beta_error=float(moves.beta_errors[number]) if known[number] else None,
            daily_volatility=float(moves.daily_volatility[number]) if known[number] else None,
        )
        for number, (factor, value) in enumerate(
            zip(opened.book.factors, slopes.tolist(), strict=True)
        )
        if value
    ]
    return tuple(sorted(made, key=lambda one: (-one.share, one.factor)))


def _mix(opened: Opened, moves: Moves, slopes: Floats) -> MixEntry:
    """What is pledged, against all else that moves."""
    held = pledged(opened, opened.rows)
    whole = bool(opened.days.known[(held != 0) | (slopes != 0)].all())
    found = mix(
        opened.book.factors,
        held,
        slopes - held,
        moves.betas if whole else None,
        moves.covariance * (86_400 / opened.days.step_s) if whole else None,
    )
    return MixEntry(
        value_usd=found.value,
        stable=found.shares["stable"],
        staking=found.shares["staking"],
        volatile=found.shares["volatile"],
        hhi=found.hhi,
        largest=found.largest,
        largest_share=found.largest_share,
        beta=found.beta,
        wrong_way=found.wrong_way,
    )


def _sales(opened: Opened, slopes: Floats) -> tuple[SaleEntry, ...]:
    """Every factor that the subject holds, sold by all at once."""
    days, entered = opened.days, thresholds(opened.book)
    out = []
    for number, sale in enumerate(sales(opened.book, opened.curves)):
        if not slopes[number] or not sale.value:
            continue
        jump = _jump(days.values[:, number]) if days.known[number] else None
        threshold = float(entered[number]) if np.isfinite(entered[number]) else None
        out.append(
            SaleEntry(
                factor=sale.factor,
                value_usd=sale.value,
                received_usd=sale.received,
                unsold_usd=sale.unsold,
                slippage=sale.slippage,
                threshold=threshold,
                jump=jump,
                room=None
                if jump is None or threshold is None or threshold <= 0
                else room(threshold, jump, sale.slippage),
            )
        )
    return tuple(sorted(out, key=lambda one: (-one.value_usd, one.factor)))


def _jump(returns: Floats) -> float | None:
    """ES of one factor's step, filtered where there are days enough; None for too few of them."""
    if float(np.ptp(returns)) == 0:
        return 0.0
    if len(returns) * (1 - JUMP_LEVEL) < 1:
        return None
    of = filtered if len(returns) >= LEAST else historical
    return of(returns, JUMP_LEVEL).es


def classes_of(opened: Opened) -> tuple[tuple[ClassEntry, ...], tuple[str, ...]]:
    """(the two classes over all deployments together, why there is none)."""
    book, days, seed = opened.book, opened.days, opened.options.seed
    if days.missing:
        return (), (f"two-class VaR: no price history of {', '.join(days.missing)}",)
    short = too_short(days)
    if short:
        return (), (f"two-class VaR: {short}",)
    market = days.number(opened.market)
    count = len(worst_days(days.values[:, market]))
    impacts = impacts_of(book.factors, opened.chosen)
    classes = [
        at_risk(name, moved, count, book, impacts, opened.asked)
        for name, moved in (
            (DOWNTURN, broad_downturn(days.values, market, DRAWS, seed)),
            (BROKEN, broken_correlation(days.values, DRAWS, seed)),
        )
    ]
    return tuple(map(_class, classes)), ()


def _class(found: AtRisk) -> ClassEntry:
    """One class in a document."""
    return ClassEntry(
        name=found.name,
        insolvency_usd=found.insolvency,
        insolvency_error_usd=found.insolvency_error,
        insolvency_mean_usd=found.insolvency_mean,
        liquidations_usd=found.liquidations,
        liquidations_error_usd=found.liquidations_error,
        liquidations_mean_usd=found.liquidations_mean,
        draws=found.draws,
        days=found.days,
        unknown=found.unknown,
    )


def _correlations(opened: Opened, slopes: Floats) -> tuple[CorrelationChange, ...]:
    """The changes among held factors, the latest first."""
    days = opened.days
    held = np.flatnonzero(days.known & (slopes != 0))
    found = correlation_changes(days.logs.values[:, held])
    names = [days.factors[number] for number in held.tolist()]
    made = [
        CorrelationChange(
            first=names[one.first],
            second=names[one.second],
            at=moment(days.times[one.at]),
            before=one.before,
            after=one.after,
            steps_before=one.steps_before,
            steps_after=one.steps_after,
            p_value=one.p_value,
        )
        for one in found
    ]
    return tuple(sorted(made, key=lambda one: (one.at, one.first, one.second), reverse=True))
