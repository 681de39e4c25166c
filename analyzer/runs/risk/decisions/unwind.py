"""`analyzer risk unwind`: which position or collateral goes first, and how much, at least cost.

alone    of each way the smallest amount after which the protocol's own test passes again
plan     taken in slices, each from the way that costs least for the headroom it gives back
         (so all that are used end at about one marginal price); then the last slice is cut to
         the smallest that still passes, and the dearer of plan and cheapest single way is left
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer import __version__
from analyzer.documents.decisions import DecisionRun, ReductionEntry, UnwindDocument
from analyzer.market.depth.file import NO_DEPTH, load_depth
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.model.rows import MarginRow
from analyzer.protocols.decisions import Reduction
from analyzer.runs.risk.decisions.inputs import Decided, decisions_of, exit_code, open_account
from analyzer.runs.risk.decisions.kept import keep, unwind_rows
from analyzer.runs.risk.decisions.schedule import Over, schedules_of
from analyzer.runs.risk.decisions.venues import Venues
from analyzer.runs.stress.cascades import curves_for
from analyzer.solvency.verdicts import headroom_e18
from analyzer.store.snapshot import check_replaceable

SLICES = 24
"""Parts in which a plan takes each way."""
UNTIL = ("maintenance", "initial")
ASSUMES = (
    "prices of the protocol stand still; every market is as it was at the block, and what is sold"
    " first moves it for what is sold next",
    "a debt is bought where its collateral is sold, by the stated depth curves; fees of venues"
    " outside are not in them",
    "nobody else sells, and nobody liquidates meanwhile",
)

Amounts = Mapping[int, int]
"""Number of a way -> raw amount."""


@dataclass(frozen=True, slots=True)
class UnwindOptions:
    """Whose. until: what has to hold again. depth: a file of curves. over: a schedule in time.
    out: the snapshot to write with the rows."""

    db: Path
    account: str
    until: str = "maintenance"
    depth: Path | None = None
    over: Over | None = None
    out: Path | None = None


@dataclass(frozen=True, slots=True)
class Plans:
    """An account's ways and what they fetch."""

    decided: Decided
    ways: Sequence[Reduction]
    venues: Venues
    until: str

    def after(self, amounts: Amounts) -> MarginRow | None:
        """The account after these amounts of the ways; None where a market does not bear them."""
        decisions, book = self.decided.decisions, None
        plug, prices = self.decided.scan.plug, self.decided.scan.prices
        for number, amount, received in self.parts(amounts):
            if received is None:
                return None
            book = decisions.reduced(self.decided.account, self.ways[number], amount, received)
            decisions = decisions_of(plug, plug.value(book, prices))
        return self.decided.now() if book is None else self.decided.margin(book)

    def parts(self, amounts: Amounts) -> Iterator[tuple[int, int, int | None]]:
        """(way, amount, what it fetches); ways that sell the same asset share its market."""
        sold: dict[str, int] = {}
        for number, amount in amounts.items():
            if not amount:
                continue
            way = self.ways[number]
            before = sold.get(way.asset_id, 0)
            sold[way.asset_id] = before + amount
            whole = self.venues.received_e18(way, before + amount)
            first = self.venues.received_e18(way, before)
            yield number, amount, None if whole is None or first is None else whole - first

    def holds(self, row: MarginRow | None) -> bool:
        """Whether what was asked for holds."""
        if row is None or row.free_collateral_e18 is None:
            return False
        if self.until == "initial":
            return row.free_collateral_e18 >= 0 and row.liquidatable is False
        return row.liquidatable is False

    def lacks_e18(self, row: MarginRow | None) -> int:
        """What is missing until it holds, for choosing between ways; never below 0."""
        if row is None:
            return 1 << 200
        headroom = headroom_e18(row)
        if headroom is None or row.free_collateral_e18 is None:
            return 1 << 200
        of = row.free_collateral_e18 if self.until == "initial" else headroom
        return max(-of, 0)

    def cost_usd(self, amounts: Amounts) -> float:
        """Value at the reference prices less what it fetches; infinite where that is not known."""
        total = 0.0
        for number, amount, received in self.parts(amounts):
            way = self.ways[number]
            value = self.decided.value_usd(way.asset_id, amount, way.decimals)
            if value is None or received is None:
                return float("inf")
            total += way.sign * (value - received / WAD)
        return total

    def smallest(self, number: int) -> int | None:
        """The smallest amount of one way that restores the account alone; None where none does."""
        high = self.ways[number].most
        while high and not self.holds(self.after({number: high})):
            # All of it may be more than its market bears, or cost more than it gives back.
            high //= 2
        if not high:
            return None
        low = 0
        while high - low > 1:
            middle = (low + high) // 2
            passes = self.holds(self.after({number: middle}))
            low, high = (low, middle) if passes else (middle, high)
        return high


def unwind(options: UnwindOptions) -> UnwindDocument:
    """The plan of one account. Raises: InputError for wrong input."""
    if options.until not in UNTIL:
        raise InputError(f"--until is {' or '.join(UNTIL)}, not {options.until}")
    if options.out is not None:
        check_replaceable(options.out)
    decided = open_account(options.db, options.account)
    file = NO_DEPTH if options.depth is None else load_depth(options.depth)
    if file.pools:
        raise InputError(f"{options.depth} names pools: give curves")
    plans = Plans(
        decided,
        decided.decisions.reductions(decided.account),
        Venues(decided, curves_for([decided.scan], file)),
        options.until,
    )
    ready = plans.holds(decided.now())
    singles = {} if ready else {n: plans.smallest(n) for n in range(len(plans.ways))}
    amounts = {} if ready else _plan(plans, singles)
    row = plans.after(amounts)
    penalty = _penalty(decided)
    schedules, no_number = schedules_of(
        options.over, options.db, plans.venues, _sold(plans, amounts)
    )
    entries = tuple(_entry(plans, n, amount) for n, amount in amounts.items() if amount)
    document = UnwindDocument(
        run=DecisionRun(
            __version__, int(exit_code(decided.scan)), options.db.name,
            decided.scan.deployment.name, decided.account,
        ),
        until=options.until,
        holds_already=ready,
        alone=tuple(_entry(plans, n, amount) for n, amount in singles.items()),
        plan=entries,
        restored=plans.holds(row),
        cost_usd=plans.cost_usd(amounts),
        free_after_e18=None if row is None else row.free_collateral_e18,
        headroom_after_e18=None if row is None else headroom_e18(row),
        liquidation_penalty_e18=penalty,
        schedules=schedules,
        sentences=tuple(
            _sentences(plans, entries, plans.cost_usd(amounts), penalty, ready, plans.holds(row))
        ),
        assumes=ASSUMES,
        no_number=no_number,
    )  # fmt: skip
    scan_id = decided.scan.scan_id
    about = {"account_id": decided.account, "until": options.until}
    keep(options.db, options.out, unwind_rows(document, scan_id), about, [scan_id])
    return document


def _plan(plans: Plans, singles: Mapping[int, int | None]) -> dict[int, int]:
    """The cheaper of the mix and the cheapest single way; all that goes where nothing restores."""
    found = {n: amount for n, amount in singles.items() if amount is not None}
    tried = [{n: amount} for n, amount in found.items()]
    mixed = _mixed(plans, found)
    if plans.holds(plans.after(mixed)):
        tried.append(mixed)
    if not tried:
        return mixed
    return min(tried, key=lambda amounts: (plans.cost_usd(amounts), sorted(amounts.items())))


def _mixed(plans: Plans, singles: Mapping[int, int]) -> dict[int, int]:
    """Slices of the ways, the cheapest for what it gives back first."""
    steps = {
        n: max(singles.get(n, way.most) // SLICES, 1) for n, way in enumerate(plans.ways)
    }  # fmt: skip
    taken: dict[int, int] = {}
    lacks, cost = plans.lacks_e18(plans.decided.now()), 0.0
    for _ in range(SLICES * max(len(plans.ways), 1)):
        best: tuple[float, int, dict[int, int], int, float] | None = None
        for number, step in steps.items():
            if taken.get(number, 0) + step > plans.ways[number].most:
                continue
            tried = {**taken, number: taken.get(number, 0) + step}
            row = plans.after(tried)
            left = plans.lacks_e18(row)
            if left >= lacks and not plans.holds(row):
                continue
            more = plans.cost_usd(tried)
            rate = (more - cost) / max(lacks - left, 1)
            if best is None or (rate, number) < best[:2]:
                best = (rate, number, tried, left, more)
        if best is None:
            return taken
        _, number, tried, lacks, cost = best
        if plans.holds(plans.after(tried)):
            return _cut(plans, taken, number, tried[number])
        taken = tried
    return taken


def _cut(plans: Plans, before: Mapping[int, int], number: int, high: int) -> dict[int, int]:
    """The smallest last slice that still restores the account."""
    low = before.get(number, 0)
    while high - low > 1:
        middle = (low + high) // 2
        passes = plans.holds(plans.after({**before, number: middle}))
        low, high = (low, middle) if passes else (middle, high)
    return {**before, number: high}


def _entry(plans: Plans, number: int, amount: int | None) -> ReductionEntry:
    """One way in a document."""
    way = plans.ways[number]
    received = None if amount is None else plans.venues.received_e18(way, amount)
    value = None
    if amount is not None:
        value = plans.decided.value_usd(way.asset_id, amount, way.decimals)
    known = amount is not None and received is not None and value is not None
    return ReductionEntry(
        kind=way.kind,
        asset_id=way.asset_id,
        symbol=way.symbol,
        decimals=way.decimals,
        debt_symbol=way.debt_symbol,
        bought=way.sign < 0,
        amount=amount,
        received_e18=received,
        value_usd=value,
        cost_usd=plans.cost_usd({number: amount or 0}) if known else None,
        share=None if amount is None else amount / way.most,
        venue=plans.venues.name(way),
    )


def _penalty(decided: Decided) -> int | None:
    """What liquidators would take of the account now, over its closures that would go through."""
    found = decided.scan.plug.liquidate(decided.scan.valued, decided.account)
    taken = [closure.penalty_e18 for closure in found if closure.reverts is None]
    return max(taken) if taken else None


def _sold(plans: Plans, amounts: Amounts) -> list[tuple[Reduction, int]]:
    """The parts of a plan."""
    return [(plans.ways[n], amount) for n, amount in amounts.items() if amount]


def _sentences(
    plans: Plans,
    entries: Sequence[ReductionEntry],
    cost: float,
    penalty: int | None,
    ready: bool,
    restored: bool,
) -> Iterator[str]:
    """The plan in words."""
    name = plans.decided.account
    if ready:
        yield f"{name} holds its {plans.until} requirement: nothing has to go."
        return
    if not entries:
        yield f"Nothing of {name} can be reduced."
        return
    for entry in entries:
        did = "Buy back" if entry.bought else "Sell"
        repaid = f" and repay {entry.debt_symbol}" if entry.debt_symbol else ""
        yield (
            f"{did} {(entry.amount or 0) / 10**entry.decimals:,.6g} {entry.symbol}"
            f" ({entry.share or 0:.1%} of it){repaid}."
        )
    if restored:
        yield f"Then its {plans.until} requirement holds again; prices moved cost {cost:,.2f}."
    else:
        yield f"Even so its {plans.until} requirement does not hold: it takes new collateral."
    if penalty is not None:
        yield f"A liquidator's largest call would take {penalty / WAD:,.2f} of it now."
