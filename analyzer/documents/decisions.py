"""What `analyzer risk size`, `what-if` and `exits` say about an account or a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.encode import Amount
from analyzer.documents.envelope import Document, Run


@dataclass(frozen=True, slots=True)
class DecisionRun(Run):
    """A run about one deployment of a snapshot. id: the account, empty where it is about all."""

    snapshot: str
    deployment: str
    id: str


@dataclass(frozen=True, slots=True)
class SizeEntry:
    """How far an account may grow in one way, nothing else changing.

    kind: `long`, `short`, `borrow` or `withdraw`. largest: raw, of `decimals`, the most that the
    protocol's own integers let pass, null = nothing ends it; bound: what ends it. value_usd: at the
    reference price. margin_largest: what initial margin alone would let pass, where something else
    ends it before. by_distance: the largest after which the account is still not liquidatable when
    its price has moved by `distance` against it; by_es: the largest value at which ES stays within
    the budget, 0 = it is exceeded already; null = not asked, or no end. hedges: a little of it
    raises free collateral.
    """

    kind: str
    asset_id: str
    symbol: str
    decimals: int
    largest: Amount | None
    bound: str
    value_usd: float | None
    margin_largest: Amount | None
    by_distance: Amount | None
    by_es_usd: float | None
    hedges: bool


@dataclass(frozen=True, slots=True)
class JointEntry:
    """One position of several that are sized together. amount_usd: signed; weight: as wanted, 0 = a
    hedge. raw: what was tested by the protocol's integers."""

    symbol: str
    weight: float
    amount_usd: float
    raw: Amount


@dataclass(frozen=True, slots=True)
class JointSizes:
    """Positions that are sized together. scaled: the share of the programme's answer that the
    protocol's own integers let pass; es_usd: of the account with them, null = no days."""

    entries: tuple[JointEntry, ...]
    scaled: float
    free_after_e18: Amount
    es_usd: float | None


@dataclass(frozen=True, slots=True)
class SizeDocument(Document):
    """What `analyzer risk size` says. free_e18: free collateral at the block. assumes: what every
    size rests on. no_number: what could not be said, and why."""

    KIND: ClassVar[str] = "risk_size"

    run: DecisionRun
    free_e18: Amount
    distance: float | None
    es_budget_usd: float | None
    level: float
    sizes: tuple[SizeEntry, ...]
    joint: JointSizes | None
    sentences: tuple[str, ...]
    assumes: tuple[str, ...]
    no_number: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReductionEntry:
    """One way to take risk down, alone or as a part of a plan. kind: `close` a position, or `repay`
    a debt (`debt_symbol`) with what a collateral fetches. amount: raw; received_e18: what it
    fetches (costs, where it is bought), in the settlement currency; cost_usd: its value at the
    reference price less that; share: of all there is of it. venue: where it is traded. null = no
    amount of it restores the account."""

    kind: str
    asset_id: str
    symbol: str
    decimals: int
    debt_symbol: str
    bought: bool
    amount: Amount | None
    received_e18: Amount | None
    value_usd: float | None
    cost_usd: float | None
    share: float | None
    venue: str


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """A part of the plan sold over time: what is left after each step (Almgren and Chriss), what it
    is expected to fetch with the standard deviation of that; and a block at both ends with an even
    rate between (Obizhaeva and Wang)."""

    symbol: str
    days: float
    left: tuple[float, ...]
    at_once_usd: float
    recovery_usd: float
    sd_usd: float
    first: float
    last: float
    rate_per_day: float


@dataclass(frozen=True, slots=True)
class UnwindDocument(Document):
    """What `analyzer risk unwind` says. until: `maintenance` or `initial`, what has to hold again.
    alone: each way by itself; plan: the cheapest mix of them, in the order in which they are
    taken, null amounts nowhere; restored: whether the plan passes the protocol's own test.
    free_after_e18, headroom_after_e18: after the plan. liquidation_penalty_e18: what the protocol's
    liquidators would take of the account now; null = it cannot be liquidated."""

    KIND: ClassVar[str] = "risk_unwind"

    run: DecisionRun
    until: str
    holds_already: bool
    alone: tuple[ReductionEntry, ...]
    plan: tuple[ReductionEntry, ...]
    restored: bool
    cost_usd: float
    free_after_e18: Amount | None
    headroom_after_e18: Amount | None
    liquidation_penalty_e18: Amount | None
    schedules: tuple[ScheduleEntry, ...]
    sentences: tuple[str, ...]
    assumes: tuple[str, ...]
    no_number: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParameterEntry:
    """A parameter that may be set, as a user writes it. before, low, high: decimal texts; after:
    what it was set to, null = left as it is."""

    name: str
    before: str
    after: str | None
    low: str
    high: str
    unit: str
    text: str


@dataclass(frozen=True, slots=True)
class SideEntry:
    """An account whose verdict another parameter changes. headroom: margin equity less
    maintenance."""

    account_id: str
    verdict_before: str
    verdict_after: str
    equity_e18: Amount | None
    headroom_before_e18: Amount | None
    headroom_after_e18: Amount | None


@dataclass(frozen=True, slots=True)
class SideTotals:
    """One side of a what-if. verdicts: how many accounts of each; free_e18: what all may borrow or
    trade on, of those that may; liquidatable_e18: maintenance of the accounts in breach;
    nearest: the least market fall at which a healthy account becomes liquidatable, all prices
    alike; wall: sold by force within falls of five, ten, twenty and thirty percent, USD;
    insolvency, liquidations: the two-class figures, by class; empty without prices."""

    verdicts: Mapping[str, int]
    free_e18: Amount
    liquidatable_e18: Amount
    nearest: float | None
    wall_usd: Mapping[str, float]
    insolvency_usd: Mapping[str, float]
    liquidations_usd: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class WhatIfDocument(Document):
    """What `analyzer risk what-if` says. parameters: those that were set; without any, all that may
    be. changed: accounts that change sides."""

    KIND: ClassVar[str] = "risk_what_if"

    run: DecisionRun
    parameters: tuple[ParameterEntry, ...]
    before: SideTotals | None
    after: SideTotals | None
    changed: tuple[SideEntry, ...]
    sentences: tuple[str, ...]
    assumes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeaverEntry:
    """One who leaves, in the order in which the largest do. place: from 1. Raw amounts of the
    pool's asset."""

    place: int
    account_id: str
    wants: Amount
    paid: Amount
    locked: Amount


@dataclass(frozen=True, slots=True)
class ExitEntry:
    """One pool. Raw amounts of `decimals`. claims: all that is owed; free: what margins let go of
    it; available: what can be paid now; left_after: what is left for all others once the largest
    1, 5, 10 and 25 have left; holders: accounts of which something may leave; paid_in_full: how
    many of them, the largest first, are. leavers: the first of them, and everybody from the first
    who is not paid in full, up to a limit. stakes: what stands behind the pool with a cooldown;
    stakes_firm: of it, what has to stay until `stakes_delay_s` seconds are over; null = no such
    stake is known."""

    asset_id: str
    symbol: str
    decimals: int
    price_e18: Amount | None
    claims: Amount
    free: Amount
    available: Amount
    lent: Amount
    utilisation: float | None
    withdrawable: Amount
    holders: int
    paid_in_full: int
    locked: Amount
    left_after: Mapping[str, Amount]
    leavers: tuple[LeaverEntry, ...]
    stakes: Amount | None
    stakes_firm: Amount | None
    stakes_delay_s: int | None


@dataclass(frozen=True, slots=True)
class BackstopEntry:
    """What bears a loss of the pool. capacity: 18 decimals, null = unknown."""

    name: str
    capacity_e18: Amount | None
    note: str


@dataclass(frozen=True, slots=True)
class StakeEntry:
    """A backstop that its stakers may take away after a cooldown. capacity: raw, what a loss of the
    pool can take of it now; leaving: of it, what has begun its cooldown; delay_s: seconds of the
    cooldown. source: where that comes from: it was declared, not read."""

    name: str
    asset_id: str
    symbol: str
    decimals: int
    capacity: Amount
    leaving: Amount
    delay_s: int
    source: str


@dataclass(frozen=True, slots=True)
class ExitsDocument(Document):
    """What `analyzer risk exits` says."""

    KIND: ClassVar[str] = "risk_exits"

    run: DecisionRun
    pools: tuple[ExitEntry, ...]
    stakes: tuple[StakeEntry, ...]
    backstops: tuple[BackstopEntry, ...]
    sentences: tuple[str, ...]
    assumes: tuple[str, ...]
