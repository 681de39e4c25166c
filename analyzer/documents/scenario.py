"""A scenario and what it does to each deployment, as `stress` and `contagion` state it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.documents.encode import Amount
from analyzer.documents.envelope import Run

BASELINE = "no shock"
"""The name of the row that every scenario is to be compared with: the block's own prices."""

RAY = "uniform ray"
"""The scenario name of every point of the grid that stress runs: `shock` tells them apart."""


@dataclass(frozen=True, slots=True)
class DepthEntry:
    """Which curve a factor's sales met. origin: `file`, `pool`, `default` or `unknown`. kind: of
    the curve, empty when unknown. source: where it is from; for an unknown depth, why."""

    factor: str
    origin: str
    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class ImpactEntry:
    """A market through which price impact reached accounts that failed. factor: the side that
    moves; against: the other one, or a class of them. loss_e18: what they lost by it; share: of all
    that they lost by price impact. traded_e18: net sale of the factor in the market (below zero:
    purchase), at the block's prices; lost: the share of it that was lost on average. quote: what
    quotes of such trades said, or the source of the curve. major: ETH, BTC, or a staking token of
    theirs."""

    factor: str
    against: str
    loss_e18: Amount
    share: float
    traded_e18: Amount
    lost: float
    quote: str
    major: bool


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """What a scenario does to one deployment (18 decimals, null = unknown).

    shock: where the price that moves most stands, as a share of the block's. below_initial (or in
    breach), liquidatable, insolvent, unknown, bad_debt_static_e18: at the prices of the scenario's
    last step, before anybody reacts. bad_debt_after_e18: when the cascade has come to rest;
    amplification: the one over the other. bad_debt_static_market_e18, bad_debt_after_market_e18:
    the same at the market's prices, which are not the protocol's where an oracle stands still.
    uncovered_e18: of the latter, what others than bounded backstops bore, or will have to.
    cover1_e18, cover2_e18: what the one or two owners who lack most lack, at the market's prices.
    unprofitable: accounts that breach in the end and that nobody closes, because it pays nobody.
    quiet: nothing more happened at the end. ledger_closes: money is conserved in every round.
    """

    scan_id: str
    scenario: str
    deployment: str
    shock: float | None
    accounts: int
    unknown: int
    below_initial: int | None
    liquidatable: int
    insolvent: int
    bad_debt_before_e18: Amount
    bad_debt_static_e18: Amount
    bad_debt_after_e18: Amount
    bad_debt_static_market_e18: Amount
    bad_debt_after_market_e18: Amount
    amplification: float | None
    closed_accounts: int
    closed_value_e18: Amount
    fund_before_e18: Amount | None
    fund_left_e18: Amount | None
    uncovered_e18: Amount | None
    cover1_e18: Amount
    cover2_e18: Amount
    unprofitable: int
    rounds: int
    quiet: bool
    ledger_closes: bool


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """What one order of liquidation leaves: bad debt of all deployments at the market's prices, and
    how many accounts were closed."""

    order: str
    bad_debt_e18: Amount
    closed_accounts: int


@dataclass(frozen=True, slots=True)
class OrderRangeEntry:
    """The range of bad debt over orders of liquidation: that of the run and the two one-by-one
    orders that bound it in practice, or all. least, most: with the first order that gave it; null,
    and ran empty = it was not worked out, because it would take about needs_s seconds."""

    least: OrderOutcome | None
    most: OrderOutcome | None
    ran: tuple[OrderOutcome, ...]
    needs_s: int


@dataclass(frozen=True, slots=True)
class ScenarioEntry:
    """One scenario: what it is, on which depth it was run, and what it does to each deployment.
    unverified: numbers that nobody checked at their source. unmapped: factors of which it says
    nothing, and that stay. not_held: factors that it names and no book holds. not_applicable: why
    it is not about these books (its results are then those of no shock), empty = it is. exhausted:
    factors of which more was to be sold or bought than their market bears. implausible: factors
    that forced trades alone move by more than half: no market would show such a run. impact: the
    markets through which price impact reached failed accounts, the largest first. order_range:
    null = it was not asked for."""

    cascade_id: str
    name: str
    title: str
    source: str
    verified: bool
    unverified: tuple[str, ...]
    notes: tuple[str, ...]
    order: str
    depth_multiplier: float
    depth: tuple[DepthEntry, ...]
    unmapped: tuple[str, ...]
    not_held: tuple[str, ...]
    moves_nothing: bool
    not_applicable: str
    exhausted: tuple[str, ...]
    implausible: tuple[str, ...]
    impact: tuple[ImpactEntry, ...]
    order_range: OrderRangeEntry | None
    results: tuple[ScenarioResult, ...]


@dataclass(frozen=True, slots=True)
class StressRun(Run):
    """A run on a snapshot. out: the snapshot that was written, null = none. left_out: deployment ->
    why it is in no cascade. not_proven: deployment -> why its scan proves nothing. depth_not_held:
    factors of the depth file that no book holds. order: of liquidation."""

    snapshot: str
    out: str | None
    deployments: tuple[str, ...]
    left_out: Mapping[str, str]
    not_proven: Mapping[str, tuple[str, ...]]
    depth_not_held: tuple[str, ...]
    order: str
    fail_on: str
