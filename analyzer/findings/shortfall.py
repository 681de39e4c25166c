"""Negative equity that no backstop has been charged with, and what could absorb it."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.rows import BackstopKind
from analyzer.solvency.result import ScanResult

BEARING = frozenset({BackstopKind.FUND, BackstopKind.TREASURY, BackstopKind.LP})
"""Layers that can be charged with a loss before winners or everybody else pay."""

FUND_KIND = "insurance_fund"
"""`AccountRow.kind` of a backstop's own account: it absorbs losses, so its own negative equity is
a loss already charged, not a hidden one."""


@dataclass(frozen=True, slots=True)
class HiddenBadDebt:
    """Bad debt not yet settled, all in 18 decimals and not negative.

    at_prices_e18 = -sum of min(equity, 0), no haircut. by_contract_e18: the same sum over the
    contract's own haircut equity, None when the protocol has no such value. unknown: accounts
    whose equity is not known and that are therefore in neither sum.
    """

    at_prices_e18: int
    by_contract_e18: int | None
    accounts: int
    unknown: int


def hidden_bad_debt(result: ScanResult) -> HiddenBadDebt:
    """Sums the negative equity of all accounts but the backstops' own."""
    funds = {row.account_id for row in result.details.accounts if row.kind == FUND_KIND}
    rows = [row.margin for row in result.margin if row.margin.account_id not in funds]
    known = [row.equity_e18 for row in rows if row.equity_e18 is not None]
    haircut = [row.settled_equity_e18 for row in rows if row.settled_equity_e18 is not None]
    return HiddenBadDebt(
        at_prices_e18=-sum(min(equity, 0) for equity in known),
        by_contract_e18=-sum(min(equity, 0) for equity in haircut) if haircut else None,
        accounts=sum(1 for equity in known if equity < 0),
        unknown=len(rows) - len(known),
    )


@dataclass(frozen=True, slots=True)
class Absorption:
    """What stands between bad debt and everybody else's money, in 18 decimals.

    capacity_e18: sum over the bounded funds, treasuries and LP vaults that have to pay (one that
    is in debt itself counts with its negative capacity); None when one of them could not be read.
    layers: the whole waterfall in words.
    """

    capacity_e18: int | None
    layers: tuple[str, ...]


def absorption(result: ScanResult) -> Absorption:
    """Adds up the layers of the waterfall that can bear a loss.

    What the debtors themselves have left (their tokens) is in their equity already, so the bad
    debt is what remains after it; who may pay but does not have to is no capacity.
    """
    own = [
        row.capacity_e18
        for row in result.backstops
        if row.kind in BEARING and not row.voluntary and not row.unlimited
    ]
    known = [capacity for capacity in own if capacity is not None]
    return Absorption(
        capacity_e18=sum(known) if len(known) == len(own) else None,
        layers=tuple(f"{row.order}. {row.name}: {row.rule}" for row in result.backstops),
    )


def shortfall_e18(debt_e18: int, layers: Absorption) -> int | None:
    """Bad debt beyond the capacity, not negative; None when the capacity is unknown and matters.

    A fund that is itself in debt makes a shortfall even without other bad debt.
    """
    if layers.capacity_e18 is None:
        return None if debt_e18 else 0
    return max(debt_e18 - layers.capacity_e18, 0)
