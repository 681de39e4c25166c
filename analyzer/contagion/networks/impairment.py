"""Who bears a token's lost backing: one loss, shared out in four ways side by side.

    loss of a holder   = what the share takes of its equity, at the block's prices
    total              = sum of it over those where it happened
    all holders alike  = total, in proportion to what the share would take of every holder
    then lenders       = equity of the holder first, to zero; what is left over what it owes (by
                         value), there the backstops first, then whoever is owed

The rules are those by which incident reports tell such losses: socialised over all holders or left
where it happened, and in either case with holders, or with lenders once equity is used up. Amounts
are integers; parts are the exact shares rounded down, the last units by largest remainders, so each
allocation sums to the total to the last unit. Nobody reacts and nothing is sold: that is for the
cascade. Backstops are as at the block, before any other bad debt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from analyzer.contagion.cascade.waterfall import charge
from analyzer.contagion.trace.apportion import apportion
from analyzer.model.rows import BackstopKind, BackstopRow


class Allocation(StrEnum):
    """By which rule the loss is shared out."""

    HOLDERS_ALIKE = "all holders alike"
    HOLDERS_THERE = "holders where it happened"
    LENDERS_ALIKE = "all alike, then lenders"
    LENDERS_THERE = "where it happened, then lenders"

    @property
    def alike(self) -> bool:
        """Whether those bear it too to whom it did not happen."""
        return self in (Allocation.HOLDERS_ALIKE, Allocation.LENDERS_ALIKE)

    @property
    def lenders(self) -> bool:
        """Whether lenders bear what holders have no equity for."""
        return self in (Allocation.LENDERS_ALIKE, Allocation.LENDERS_THERE)


class Side(StrEnum):
    """Whose money a part of the loss is."""

    HOLDERS = "holders"
    BACKSTOP = "backstop"
    LENDERS = "lenders"


@dataclass(frozen=True, slots=True)
class Holder:
    """An account that the impairment would cost something, 18 decimals of the unit of account.

    equity_e18: at the block. loses_e18: what the share takes of it (>= 0). there: whether it
    happened in its deployment. owes_e18: asset id -> what it is short of, by value. fund: the
    name of the backstop that it is, empty = it is none.
    """

    deployment: str
    account_id: str
    equity_e18: int
    loses_e18: int
    there: bool
    owes_e18: Mapping[str, int]
    fund: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Bearer:
    """Who bears a part: a side of a deployment, of a reserve (asset id) or a backstop by name.
    name: empty for holders, and for lenders of an account that is short of no asset."""

    deployment: str
    side: Side
    name: str


Parts = dict[Bearer, int]


def total_e18(holders: Sequence[Holder]) -> int:
    """The loss that every allocation sums to."""
    return sum(holder.loses_e18 for holder in holders if holder.there)


def allocate(
    holders: Sequence[Holder],
    layers: Mapping[str, Sequence[BackstopRow]],
    rule: Allocation,
) -> Parts:
    """Bearer -> its part, parts of 0 left out; they sum to `total_e18` exactly.

    layers: deployment -> its waterfall at the block.
    """
    weights = [h.loses_e18 if rule.alike or h.there else 0 for h in holders]
    shares = apportion(total_e18(holders), weights)
    parts: defaultdict[Bearer, int] = defaultdict(int)
    missing: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for holder, loss in zip(holders, shares, strict=True):
        if holder.fund:
            parts[Bearer(holder.deployment, Side.BACKSTOP, holder.fund)] += loss
            continue
        own = min(loss, max(holder.equity_e18, 0)) if rule.lenders else loss
        parts[Bearer(holder.deployment, Side.HOLDERS, "")] += own
        owed = missing[holder.deployment]
        for asset, part in _over_debts(holder, loss - own):
            owed[asset] = owed.get(asset, 0) + part
    for deployment, owed in missing.items():
        for bearer, part in _charged(deployment, owed, layers.get(deployment, ())):
            parts[bearer] += part
    return {bearer: part for bearer, part in parts.items() if part}


def _over_debts(holder: Holder, missing_e18: int) -> list[tuple[str, int]]:
    """(asset id, part) of what an account cannot bear, by what it owes."""
    assets = [asset for asset, value in holder.owes_e18.items() if value > 0]
    if not assets:
        return [("", missing_e18)]
    weights = [holder.owes_e18[asset] for asset in assets]
    return list(zip(assets, apportion(missing_e18, weights), strict=True))


def _charged(
    deployment: str, owed_e18: Mapping[str, int], layers: Sequence[BackstopRow]
) -> list[tuple[Bearer, int]]:
    """(bearer, part) of a deployment's missing money, reserve by reserve in order of asset id: what
    a layer paid for one it does not have for the next."""
    out, left = [], list(layers)
    for asset, missing in sorted(owed_e18.items()):
        for row, part in charge(left, missing, asset or None):
            if row is None or row.kind is BackstopKind.SOCIALISED:
                out.append((Bearer(deployment, Side.LENDERS, asset), part))
                continue
            out.append((Bearer(deployment, Side.BACKSTOP, row.name), part))
            if row.capacity_e18 is not None:
                left[left.index(row)] = replace(row, capacity_e18=row.capacity_e18 - part)
    return out
