"""`analyzer risk size`: how far an account may grow, exact where its protocol decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from analyzer import __version__
from analyzer.chain.base import Progress
from analyzer.documents.decisions import DecisionRun, JointSizes, SizeDocument, SizeEntry
from analyzer.market.history import Floats
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.protocols.decisions import Resize
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.risk.losses import changes
from analyzer.risk.sizing import largest, within_es
from analyzer.runs.risk.decisions.inputs import Decided, exit_code, open_account
from analyzer.runs.risk.decisions.joint import joint_sizes, wanted
from analyzer.runs.risk.decisions.kept import keep, size_rows
from analyzer.runs.risk.inputs import Opened, RiskOptions, open_risk
from analyzer.store.snapshot import check_replaceable

ASSUMES = (
    "everything but the named position stays as it is at the block",
    "a trade is made at the protocol's reference price, without fee and price impact (GMX V2: with"
    " its own of both): `risk unwind` says what a market gives",
    "initial margin is the protocol's own test on integers: one unit more fails",
    "a price that moves against the position moves every asset of its risk factor alike",
)
MOST_USD = 1e15
"""Where an ES budget is searched up to: what is still within it there has no end."""


@dataclass(frozen=True, slots=True)
class SizeOptions:
    """Whose sizes. market: only this symbol. distance: stays out of liquidation when the price
    moves so far against it. es_usd: budget of ES at `level`, over one step of `returns`. want:
    `SYMBOL=WEIGHT`, positions that are sized together. out: the snapshot to write with the rows."""

    db: Path
    account: str
    market: str | None = None
    distance: float | None = None
    es_usd: float | None = None
    level: float = 0.99
    returns: Path | None = None
    still: tuple[str, ...] = ()
    want: tuple[str, ...] = ()
    out: Path | None = None


@dataclass(frozen=True, slots=True)
class Days:
    """What the account earned on each day, and who says what a factor did."""

    opened: Opened
    profits: Floats

    def of(self, factor: str) -> Floats | None:
        """The returns of a factor; None where it has none."""
        place = self.opened.days.factors.index(factor)
        return self.opened.days.values[:, place] if self.opened.days.known[place] else None


def size(options: SizeOptions, progress: Progress) -> SizeDocument:
    """The sizes of one account. Raises: InputError for wrong input."""
    progress("sizes", 0, 1)
    _check(options)
    if options.out is not None:
        check_replaceable(options.out)
    decided = open_account(options.db, options.account)
    days = _days(options, f"{decided.scan.deployment.name}/{decided.account}")
    row = decided.now()
    resizes = _chosen(decided, options)
    no_number = list[str]()
    entries = tuple(_entries(decided, resizes, options, days, no_number))
    joint: JointSizes | None = None
    if options.want:
        joint = joint_sizes(
            decided, wanted(options.want, resizes), options.es_usd, options.level, days
        )
    progress("sizes", 1, 1)
    free = row.free_collateral_e18 or 0
    document = SizeDocument(
        run=DecisionRun(
            __version__, int(exit_code(decided.scan)), options.db.name,
            decided.scan.deployment.name, decided.account,
        ),
        free_e18=free,
        distance=options.distance,
        es_budget_usd=options.es_usd,
        level=options.level,
        sizes=entries,
        joint=joint,
        sentences=tuple(_sentences(entries, free, decided.account)),
        assumes=(*ASSUMES, *dict.fromkeys(r.unjudged for r in resizes if r.unjudged)),
        no_number=tuple(no_number),
    )  # fmt: skip
    scan_id = decided.scan.scan_id
    about = {"account_id": decided.account}
    keep(options.db, options.out, size_rows(document, scan_id), about, [scan_id])
    return document


def _check(options: SizeOptions) -> None:
    """Raises: InputError."""
    if options.distance is not None and not 0 < options.distance < 1:
        raise InputError(f"--distance is a share between 0 and 1, not {options.distance}")
    if options.es_usd is not None and options.returns is None:
        raise InputError("--es-budget needs days: give --returns FILE")
    if options.es_usd is not None and not 0 < options.es_usd < MOST_USD:
        raise InputError(f"--es-budget is an amount above 0, not {options.es_usd}")
    if not 0.5 <= options.level < 1:
        raise InputError(f"--level is a share from 0.5 to below 1, not {options.level}")


def _days(options: SizeOptions, name: str) -> Days | None:
    """The account's profits by day; None where no prices were given."""
    if options.returns is None:
        return None
    asked = RiskOptions(options.db, "account", name, options.returns, still=options.still)
    opened = open_risk(asked)
    blocks = [
        block.equity for block in changes(opened.book, opened.days, opened.rows, opened.asked)
    ]
    return Days(opened, np.vstack(blocks).sum(axis=0))


def _chosen(decided: Decided, options: SizeOptions) -> Sequence[Resize]:
    """The ways that were asked for. Raises: InputError for a symbol that there is none of."""
    found = decided.decisions.resizes(decided.account)
    if options.market is None:
        return found
    wanted_ = options.market.lower()
    chosen = [r for r in found if wanted_ in (r.symbol.lower(), r.asset_id.lower())]
    if not chosen:
        known = ", ".join(resize.symbol for resize in found) or "nothing"
        raise InputError(
            f"{decided.account} may take on no more {options.market} (it may: {known})"
        )
    return chosen


def _entries(
    decided: Decided,
    resizes: Sequence[Resize],
    options: SizeOptions,
    days: Days | None,
    no_number: list[str],
) -> Iterator[SizeEntry]:
    """A row for each way; a way whose numbers cannot be had is named in `no_number`."""
    for resize in resizes:
        for kind, sign in _signs(resize):
            try:
                yield _entry(decided, resize, kind, sign, options, days)
            except UnreadableNumberError as error:
                no_number.append(f"{kind} {resize.symbol}: {error.unreadable}")


def _signs(resize: Resize) -> list[tuple[str, int]]:
    """(its name, the sign of amounts) of each direction."""
    if resize.kind != "trade":
        return [(resize.kind, 1)]
    return [("long" if sign > 0 else "short", sign) for sign in resize.sides]


def _entry(
    decided: Decided, resize: Resize, kind: str, sign: int, options: SizeOptions, days: Days | None
) -> SizeEntry:
    """One way."""
    by_margin = _by(decided, _allowed(decided, resize, sign))
    most, bound = by_margin, "initial margin"
    if resize.most is not None and (most is None or resize.most < most):
        most, bound = resize.most, resize.bound
    if by_margin is None and resize.most is None:
        bound = "nothing that is known"
    by_distance = None
    if options.distance is not None:
        by_distance = _by(decided, _survives(decided, resize, sign, options.distance))
    return SizeEntry(
        kind=kind,
        asset_id=resize.asset_id,
        symbol=resize.symbol,
        decimals=resize.decimals,
        largest=most,
        bound=bound if most else "nothing is free" if most == 0 else bound,
        value_usd=None
        if most is None
        else decided.value_usd(resize.asset_id, most, resize.decimals),
        margin_largest=by_margin,
        by_distance=by_distance,
        by_es_usd=_by_es(decided, resize, sign if resize.kind == "trade" else -1, options, days),
        hedges=_hedges(decided, resize, sign, most),
    )


def _allowed(decided: Decided, resize: Resize, sign: int) -> Callable[[int], bool]:
    """The protocol's own test: of the order where it has one of its own, else free collateral."""
    allows = getattr(decided.decisions, "allows", None)
    if allows is None:
        return lambda amount: _free(decided, resize, sign * amount) >= 0
    return lambda amount: bool(allows(decided.account, resize, sign * amount))


def _by(decided: Decided, passes: Callable[[int], bool]) -> int | None:
    """The largest amount that passes; 0 where not even that does."""
    return largest(passes) if passes(0) else 0


def _free(decided: Decided, resize: Resize, amount: int) -> int:
    """Free collateral after it; an account that is unknown then has none."""
    row = decided.margin(decided.decisions.resized(decided.account, resize, amount))
    return -1 if row.free_collateral_e18 is None else row.free_collateral_e18


def _survives(
    decided: Decided, resize: Resize, sign: int, distance: float
) -> Callable[[int], bool]:
    """Whether the account is not liquidatable once prices of the factor moved against it."""
    falls = sign > 0 if resize.kind == "trade" else resize.kind == "withdraw"
    against = -1 if falls else 1
    times = 1 + against * Fraction(str(distance))
    factor, scan = decided.factor(resize.asset_id), decided.scan
    moved = {
        asset: round(price.price_e18 * times)
        for asset, price in scan.prices.by_asset.items()
        if price.price_e18 is not None and price.factor == factor and price.status != "fixed"
    }
    prices = scan.prices.with_e18(moved)

    def passes(amount: int) -> bool:
        book = decided.decisions.resized(decided.account, resize, sign * amount)
        [row] = scan.plug.margin(scan.plug.value(book, prices))
        return row.liquidatable is False

    return passes


def _by_es(
    decided: Decided, resize: Resize, sign: int, options: SizeOptions, days: Days | None
) -> float | None:
    """The largest value, USD, at which ES stays within the budget; 0 where it is exceeded already,
    None where nothing asks or ends it."""
    if days is None or options.es_usd is None:
        return None
    unit = days.of(decided.factor(resize.asset_id))
    if unit is None or np.isnan(days.profits).any():
        return None
    found = within_es(days.profits, sign * unit, options.es_usd, options.level, MOST_USD)
    if found is None:
        return 0.0
    return None if found >= MOST_USD else found


def _hedges(decided: Decided, resize: Resize, sign: int, most: int | None) -> bool:
    """Whether a thousandth of it, or a unit, leaves more free than there was."""
    if not most or resize.kind != "trade":
        return False
    small = max(most // 1_000, 1)
    return _free(decided, resize, sign * small) > _free(decided, resize, 0)


def _sentences(entries: Sequence[SizeEntry], free_e18: int, account: str) -> Iterator[str]:
    """What matters, in words."""
    if free_e18 < 0:
        yield f"{account} is below its initial margin: it may take on nothing more."
        return
    yield f"{account} has {free_e18 / WAD:,.2f} of free collateral."
    for entry in entries:
        if entry.largest is None:
            yield f"{entry.kind} {entry.symbol}: nothing that is known ends it."
        elif entry.hedges:
            amount = entry.largest / 10**entry.decimals
            yield (
                f"A {entry.kind} of {entry.symbol} hedges what it holds, and raises its capacity"
                f" first: up to {amount:,.4g} in all."
            )
