"""What a profile is made from: books, days, curves, and whose profile it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear import LinearBook, joined_book
from analyzer.contagion.linear.joined import AskedJoined
from analyzer.market.depth.choose import Chosen
from analyzer.market.depth.file import NO_DEPTH, load_depth
from analyzer.market.depth.impact import ImpactCurve, NoImpact
from analyzer.market.history import Floats
from analyzer.model.book import LegKind
from analyzer.model.errors import InputError
from analyzer.risk.days import Days, days_of
from analyzer.runs.risk.prices import PriceSource, prices_of
from analyzer.runs.snapshot.account import named_account
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.snapshot.venues import funds_of
from analyzer.runs.stress.cascades import curves_for
from analyzer.runs.stress.twins import twin_of
from analyzer.store.snapshot import check_replaceable

MARKETS = ("BTC", "ETH")
"""The market factor, unless it is given: the first of these that has days, else the first factor
that has."""


MOST_BALANCES = 8
"""Balances of one account in one factor up to which those that its equity counts are looked for."""


@dataclass(frozen=True, slots=True)
class RiskOptions:
    """Whose profile, from what.

    subject: `account`, `owner` or `protocol`; id: in the words of the user. returns: a price
    history; None = what the logs of the index tell. still: factors that are taken to stand still.
    market: the market factor. out: the snapshot to write with the rows of a protocol's accounts in
    it; may be `db`. index: whose liquidations are fitted and whose prices are taken; None = the one
    beside the snapshot, if there is one.
    """

    db: Path
    subject: str
    id: str
    returns: Path | None = None
    still: tuple[str, ...] = ()
    market: str | None = None
    depth: Path | None = None
    out: Path | None = None
    index: Path | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything together. book: of all scans, without the accounts of funds; rows: the subject's
    accounts in it. collateral: [account, factor], what is pledged at the block's prices."""

    options: RiskOptions
    scans: tuple[ScanBook, ...]
    book: LinearBook
    asked: AskedJoined
    days: Days
    prices: PriceSource
    chosen: Chosen
    market: str
    name: str
    rows: NDArray[np.int64]

    @property
    def curves(self) -> list[ImpactCurve]:
        """[factor]: its curve against the unit of account; one that is not known stands still."""
        return [self.chosen.curves.get(factor) or NoImpact() for factor in self.book.factors]

    def place(self, row: int) -> tuple[ScanBook, str]:
        """(scan, account id) of an account of the joined book."""
        deployment, _, account = self.book.account_ids[row].partition("/")
        scan = next(one for one in self.scans if one.deployment.name == deployment)
        return scan, account


def open_risk(options: RiskOptions, given: Sequence[ScanBook] = ()) -> Opened:
    """Reads the snapshot, the prices and the depth. given: these scans instead of the snapshot's.

    Raises: InputError for wrong input of any of them, an unknown subject, a factor that stands
    still and that nobody holds, or a market factor without prices.
    """
    if options.out is not None:
        check_replaceable(options.out)
    if options.seed < 0:
        raise InputError(f"--seed is a whole number from 0, not {options.seed}")
    scans = tuple(given) or tuple(read_books(options.db, ()))
    if not scans:
        raise InputError(f"{options.db} holds no scan")
    parts = [_without_funds(scan) for scan in scans]
    twins = [twin_of(scan, scan.book.part(part)) for scan, part in zip(scans, parts, strict=True)]
    book, asked = joined_book(
        [linear for linear, _ in twins],
        [nonlinear for _, nonlinear in twins],
        [scan.deployment.name for scan in scans],
    )
    prices = prices_of(options.returns, options.db, options.index, scans)
    days = days_of(prices.history, book.factors, options.still)
    file = NO_DEPTH if options.depth is None else load_depth(options.depth)
    if file.pools:
        raise InputError(
            f"{options.depth} names pools, which only stress and contagion read: give curves"
        )
    name, rows = _subject(options, scans, book)
    return Opened(
        options=options,
        scans=scans,
        book=book,
        asked=asked,
        days=days,
        prices=prices,
        chosen=curves_for(scans, file),
        market=_market(options.market, days),
        name=name,
        rows=rows,
    )


def pledged(opened: Opened, rows: NDArray[np.int64]) -> Floats:
    """[factor]: what these accounts have pledged, at the block's prices, USD; an asset without a
    price counts nothing (its holders are unknown), nor does a balance that their equity leaves out
    (a supply that is not enabled as collateral secures nothing)."""
    place = {factor: number for number, factor in enumerate(opened.book.factors)}
    out = np.zeros(len(place))
    chosen = {opened.book.account_ids[row]: row for row in rows.tolist()}
    for scan in opened.scans:
        for number, account in enumerate(scan.book.account_ids):
            row = chosen.get(f"{scan.deployment.name}/{account}")
            if row is None:
                continue
            held: dict[int, list[float]] = {}
            other = np.zeros(len(place))
            for asset, amount in scan.book.legs(number):
                price = scan.prices.by_asset.get(asset.asset_id)
                if price is None or price.price_e18 is None:
                    continue
                factor = place[asset.factor]
                value = amount / 10**asset.decimals * (price.price_e18 / 1e18)
                if asset.kind is not LegKind.COLLATERAL or amount <= 0:
                    other[factor] += value
                elif price.status == "fixed":
                    out[factor] += value  # The unit of account moves no equity.
                else:
                    held.setdefault(factor, []).append(value)
            moves = _equity_moves(opened.book, row)
            for factor, values in held.items():
                out[factor] += _in_equity(values, float(moves[factor] - other[factor]))
    return out


def _equity_moves(book: LinearBook, row: int) -> Floats:
    """[factor]: the coefficients of one account's equity."""
    entries = slice(int(book.indptr[row]), int(book.indptr[row + 1]))
    return np.bincount(
        book.column[entries], book.equity[entries], minlength=len(book.factors)
    ).astype(np.float64)


def _in_equity(values: Sequence[float], moves: float) -> float:
    """What of an account's balances in one factor its equity counts: those that together move it
    by `moves`, which is what it moves beside positions and debts. All of them where no choice comes
    to that, as for an account that is not linear."""
    whole = sum(values)
    near = 1e-9 * (whole + abs(moves))
    for count in range(len(values), -1, -1) if len(values) <= MOST_BALANCES else ():
        for some in combinations(values, count):
            if abs(sum(some) - moves) <= near:
                return sum(some)
    return whole


def _without_funds(scan: ScanBook) -> list[int]:
    """The numbers of the accounts that are owners', not backstops'."""
    funds = funds_of(scan)
    return [n for n, account in enumerate(scan.book.account_ids) if account not in funds]


def _subject(
    options: RiskOptions, scans: Sequence[ScanBook], book: LinearBook
) -> tuple[str, NDArray[np.int64]]:
    """(its name as the snapshot has it, its accounts). Raises: InputError."""
    ids = list(book.account_ids)
    if options.subject == "protocol":
        names = [scan.deployment.name for scan in scans]
        wanted = options.id.strip().lower()
        found = [name for name in names if name.lower() == wanted]
        if not found:
            raise InputError(
                f"{options.db} has no deployment '{options.id}' (it has {', '.join(names)})"
            )
        rows = [row for row, name in enumerate(ids) if name.startswith(f"{found[0]}/")]
        return found[0], np.array(rows, dtype=np.int64)
    if options.subject == "owner":
        owner = options.id.strip().lower()
        numbers = [n for n, name in enumerate(book.owner_names) if name.lower() == owner]
        if not numbers:
            raise InputError(f"no account of {options.db} is owned by '{options.id}'")
        return book.owner_names[numbers[0]], np.flatnonzero(np.isin(book.owner, numbers))
    deployment, account = named_account(options.db, options.id)
    name = f"{deployment}/{account}"
    if name not in ids:
        raise InputError(f"{name} is a fund of its protocol: it has no profile of its own")
    return name, np.array([ids.index(name)], dtype=np.int64)


def _market(given: str | None, days: Days) -> str:
    """The market factor. Raises: InputError for one without days."""
    if given is not None:
        days.number(given)
        return given
    moving = [
        factor
        for factor, known in zip(days.factors, days.known.tolist(), strict=True)
        if known and factor not in days.still
    ]
    return next((factor for factor in MARKETS if factor in moving), moving[0])
