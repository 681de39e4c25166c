"""A protocol's profile as rows of the snapshot."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analyzer.documents.encode import moment_text
from analyzer.documents.risk import RiskDocument
from analyzer.market.history import Floats
from analyzer.risk.extra import library
from analyzer.risk.losses import changes
from analyzer.runs.risk.accounts import Figures, Moves, finite, ratio, too_short
from analyzer.runs.risk.inputs import Opened
from analyzer.runs.risk.tails import BEYOND, LEVELS
from analyzer.store.rows import Row
from analyzer.store.tables import risk_accounts, risk_classes, risk_spirals

HORIZON_S = 7 * 86_400


def risk_rows(
    opened: Opened, moves: Moves, found: Figures, document: RiskDocument
) -> dict[str, list[Row]]:
    """The rows of the subject's accounts, and of the classes where there are any."""
    name = history_name(document)
    out = {"risk_accounts": list(_accounts(opened, found, document))}
    if document.classes:
        out["risk_classes"] = [
            risk_classes.to_row(
                scan_id=scan.scan_id,
                history=name,
                **{"class": one.name},
                market=document.run.market,
                insolvency_usd=one.insolvency_usd,
                insolvency_error_usd=one.insolvency_error_usd,
                liquidations_usd=one.liquidations_usd,
                liquidations_error_usd=one.liquidations_error_usd,
                draws=one.draws,
                unknown=one.unknown,
            )
            for scan in opened.scans
            for one in document.classes
        ]
    if document.spirals:
        out["risk_spirals"] = [
            risk_spirals.to_row(
                scan_id=scan.scan_id,
                factor=one.factor,
                fall=point.fall,
                kappa=point.kappa,
                sold_usd=point.sold_usd,
            )
            for scan in opened.scans
            for one in document.spirals
            for point in one.points
        ]
    return out


def history_name(document: RiskDocument) -> str:
    """What tells one price history from another in a table."""
    data = document.data
    still = f", still {' '.join(data.still)}" if data.still else ""
    return (
        f"{data.source}, {data.rows} steps of {data.step_s} s from {moment_text(data.first)} to"
        f" {moment_text(data.last)}{still}"
    )


def _accounts(opened: Opened, found: Figures, document: RiskDocument) -> Iterator[Row]:
    """Account by account, in blocks."""
    name = history_name(document)
    failed = {one.level: one.failed for one in document.backtests if one.method == "historical"}
    book, days = opened.book, opened.days
    scans = {scan.deployment.name: scan.scan_id for scan in opened.scans}
    per_day = math.sqrt(86_400 / days.step_s)
    touched = _touched(found.headroom, found.spread * math.sqrt(HORIZON_S / days.step_s))
    if too_short(days):
        touched = np.full(len(book), np.nan)
    for block in changes(book, days, opened.rows, opened.asked):
        tails = _tails(block.equity)
        for place, row in enumerate(block.accounts.tolist()):
            deployment, _, account = book.account_ids[row].partition("/")
            equity, gone = finite(found.equity[row]), bool(found.gone[row])
            yield risk_accounts.to_row(
                scan_id=scans[deployment],
                history=name,
                account_id=account,
                owner=book.owner_names[int(book.owner[row])],
                days=0 if gone else len(days.times),
                equity_usd=equity,
                gross_usd=float(found.gross[row]),
                leverage=float(found.gross[row]) / equity if equity and equity > 0 else None,
                distance=None if gone else finite(found.level[row]),
                headroom_sigmas=ratio(
                    float(found.headroom[row]), float(found.spread[row]) * per_day
                ),
                touch_7d=finite(touched[row]),
                var95_usd=finite(tails[0, place]),
                es95_usd=finite(tails[1, place]),
                var99_usd=finite(tails[2, place]),
                es99_usd=finite(tails[3, place]),
                failed95=failed.get(LEVELS[0]),
                failed99=failed.get(LEVELS[1]),
                coverage_alone=finite(found.alone[row]),
                coverage_together=finite(found.together[row]),
            )


def _tails(profits: Floats) -> Floats:
    """[VaR and ES of each level, account]: NaN where days are too few or not known.

    Shape: profits [account, day].
    """
    out = np.full((2 * len(LEVELS), len(profits)), np.nan)
    for number, level in enumerate(LEVELS):
        if profits.shape[1] * (1 - level) < BEYOND:
            continue
        cut = np.quantile(profits, 1 - level, axis=1)
        beyond: NDArray[np.bool_] = profits <= cut[:, None]
        worst = np.where(beyond, profits, 0.0).sum(axis=1)
        out[2 * number] = -cut
        with np.errstate(invalid="ignore"):
            out[2 * number + 1] = -worst / beyond.sum(axis=1)
    return out


def _touched(headroom: Floats, spread: Floats) -> Floats:
    """[account]: 2 Phi(-X / s), the reflection principle; 1 below zero, 0 where nothing moves."""
    with np.errstate(divide="ignore", invalid="ignore"):
        reflected = 2 * library("scipy.special").ndtr(-headroom / spread)
    still = np.where(spread > 0, reflected, np.where(np.isnan(spread), np.nan, 0.0))
    out: Floats = np.where(headroom < 0, np.where(np.isnan(spread), np.nan, 1.0), still)
    return out
