"""Owners over several deployments: what their accounts come to together, at one set of prices.

Each deployment judges its own accounts at its own prices, so an owner whose every account passes
has, by those numbers, no shortfall in the sum either. But deployments price the same risk factor
differently: one averages over minutes, another takes the last update of a feed, a third an old
one. An owner who is long in one and owes in another is then counted at the better price twice.

So the accounts are added up at common prices. For each deployment of the run in turn, all others
are valued once more, exactly and by their own rules, with that deployment's prices for every
factor that both of them price:

    headroom together = Σ margin equity - Σ maintenance margin        over the owner's accounts

Below zero for one of these price sets: the owner is short together. Settlement currencies are
added as one unit (all of them dollars of some kind).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from analyzer.model.book import Book, Price, Prices
from analyzer.model.integers import mul_div
from analyzer.model.rows import JudgedRow, MarginRow
from analyzer.model.verdict import Verdict
from analyzer.solvency.result import ScanResult

MarginAt = Callable[[ScanResult, Book, Prices], Sequence[MarginRow]]
"""Exact margin of the accounts of a book (a part of the scan's) at given prices: the plug's."""

SAFE = (Verdict.HEALTHY, Verdict.BELOW_INITIAL)
"""Verdicts of accounts that their own protocol would not liquidate."""
_GIVEN = ("fresh", "undated")
"""Only a price that its source gives now replaces another, and only such a one is replaced: the
settlement token is 1 by definition, and a closed market has its last price for good."""


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """One account of an owner, in one scan of the run. scan: its number in the run."""

    scan: int
    number: int
    row: JudgedRow


@dataclass(frozen=True, slots=True)
class Together:
    """An owner's accounts added up at one deployment's prices. Amounts in 18 decimals.

    priced_by: number of the scan whose prices were used. headroom_alone_e18: Σ of the headrooms
    that the deployments see by themselves. repriced: (symbol, factor, own price, common price) of
    each price that was replaced in a deployment where the owner has an account.
    """

    owner: str
    accounts: Sequence[OwnAccount]
    priced_by: int
    headroom_alone_e18: int
    equity_e18: int
    margin_equity_e18: int
    maintenance_margin_e18: int
    repriced: Sequence[tuple[str, str, int, int]]

    @property
    def headroom_e18(self) -> int:
        """Σ margin equity - Σ maintenance margin at the common prices, signed."""
        return self.margin_equity_e18 - self.maintenance_margin_e18


def owners_of(results: Sequence[ScanResult]) -> dict[str, list[OwnAccount]]:
    """Every owner's accounts over all scans, scan by scan in book order."""
    owners: dict[str, list[OwnAccount]] = defaultdict(list)
    for scan, result in enumerate(results):
        for number, row in enumerate(result.margin):
            owners[row.margin.owner].append(OwnAccount(scan, number, row))
    return dict(owners)


def safe_in_several(accounts: Sequence[OwnAccount]) -> bool:
    """Whether the accounts are of at least two scans and none could be liquidated, or is unknown:
    of an owner with an unknown account nothing can be proved."""
    several = len({account.scan for account in accounts}) > 1
    return several and all(account.row.verdict in SAFE for account in accounts)


def short_together(results: Sequence[ScanResult], margin_at: MarginAt) -> list[Together]:
    """The owners who are safe in each deployment and short together, by owner; of several price
    sets under which one is short, the worst.

    Scans of different chains or blocks are never added up. A price set under which an account
    of the owner has no margin says nothing of that owner.
    """
    found: dict[str, Together] = {}
    for scans in _same_block(results):
        part = [results[scan] for scan in scans]
        owners = {o: a for o, a in owners_of(part).items() if safe_in_several(a)}
        if not owners:
            continue
        for priced_by in range(len(part)):
            for together in _at_prices_of(part, owners, priced_by, margin_at):
                worst = found.get(together.owner)
                if together.headroom_e18 < min(0, worst.headroom_e18 if worst else 0):
                    found[together.owner] = _renumbered(together, scans)
    return [found[owner] for owner in sorted(found)]


def common_prices(own: Prices, other: Prices) -> dict[str, int]:
    """What `own` prices become when `other`'s are used wherever both price the same thing.

    The same token takes its price; else a token of a plain factor (`ETH`) takes the price of the
    first token of that factor; a ratio token (`stETH/ETH`) keeps its ratio and moves with the
    price of what it is a ratio to. Asset -> price in 18 decimals; only those that change.
    """
    theirs = _by_factor(other)
    ours = _by_factor(own)
    changes: dict[str, int] = {}
    for asset_id, price in own.by_asset.items():
        if price.price_e18 is None or price.status not in _GIVEN:
            continue
        new = _common_price(price, ours, theirs, other)
        if new is not None and new != price.price_e18:
            changes[asset_id] = new
    return changes


def _same_block(results: Sequence[ScanResult]) -> Iterator[list[int]]:
    """Numbers of the scans that may be added up: of one chain and one block."""
    groups: dict[tuple[int, str], list[int]] = defaultdict(list)
    for number, result in enumerate(results):
        groups[result.deployment.chain_id, result.block.hash].append(number)
    yield from groups.values()


def _renumbered(together: Together, scans: Sequence[int]) -> Together:
    """With the numbers of the whole run in the place of those within one block."""
    return replace(
        together,
        priced_by=scans[together.priced_by],
        accounts=[replace(account, scan=scans[account.scan]) for account in together.accounts],
    )


def _at_prices_of(
    results: Sequence[ScanResult],
    owners: Mapping[str, Sequence[OwnAccount]],
    priced_by: int,
    margin_at: MarginAt,
) -> Iterator[Together]:
    """The owners' accounts added up at one scan's prices; nothing where no price differs."""
    rows: dict[tuple[int, int], MarginRow] = {}
    repriced: dict[int, list[tuple[str, str, int, int]]] = {}
    for scan, result in enumerate(results):
        changes = common_prices(result.prices, results[priced_by].prices)
        if scan == priced_by or not changes:
            continue
        mine = (account for accounts in owners.values() for account in accounts)
        numbers = [account.number for account in mine if account.scan == scan]
        book = result.book.part(numbers)
        at_common = margin_at(result, book, result.prices.with_e18(changes))
        rows |= {(scan, n): row for n, row in zip(numbers, at_common, strict=True)}
        repriced[scan] = list(_replaced(result.prices, changes))
    for owner, accounts in owners.items():
        here = [change for s in {a.scan for a in accounts} for change in repriced.get(s, [])]
        together = _added_up(owner, accounts, rows, priced_by) if here else None
        if together is not None:
            yield replace(together, repriced=sorted(set(here)))


def _added_up(
    owner: str,
    accounts: Sequence[OwnAccount],
    rows: Mapping[tuple[int, int], MarginRow],
    priced_by: int,
) -> Together | None:
    """The sums over an owner's accounts; None where an account has no margin at these prices."""
    alone = equity = margin_equity = maintenance = 0
    for account in accounts:
        own = account.row.margin
        row = rows.get((account.scan, account.number), own)
        if own.margin_equity_e18 is None or own.maintenance_margin_e18 is None:
            return None
        if (
            row.equity_e18 is None
            or row.margin_equity_e18 is None
            or row.maintenance_margin_e18 is None
        ):
            return None
        alone += own.margin_equity_e18 - own.maintenance_margin_e18
        equity += row.equity_e18
        margin_equity += row.margin_equity_e18
        maintenance += row.maintenance_margin_e18
    return Together(owner, accounts, priced_by, alone, equity, margin_equity, maintenance, ())


def _by_factor(prices: Prices) -> dict[str, int]:
    """Factor -> price of the first token of it with a fresh price that is not 0."""
    out: dict[str, int] = {}
    for price in prices.by_asset.values():
        if price.price_e18 and price.status in _GIVEN:
            out.setdefault(price.factor, price.price_e18)
    return out


def _common_price(
    price: Price, ours: Mapping[str, int], theirs: Mapping[str, int], other: Prices
) -> int | None:
    """The other's price of the same thing; None where it has none."""
    same = other.by_asset.get(price.asset_id)
    if same is not None and same.status in _GIVEN and same.price_e18:
        return same.price_e18
    ratio, slash, base = price.factor.rpartition("/")
    if not slash:
        return theirs.get(price.factor)
    if not ratio or base not in ours or base not in theirs or price.price_e18 is None:
        return None
    return mul_div(price.price_e18, theirs[base], ours[base])


def _replaced(own: Prices, changes: Mapping[str, int]) -> Iterator[tuple[str, str, int, int]]:
    """(symbol, factor, own price, common price) of each change."""
    for asset_id, new in changes.items():
        price = own.by_asset[asset_id]
        if price.price_e18 is not None:
            yield price.symbol, price.factor, price.price_e18, new
