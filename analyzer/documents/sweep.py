"""What `stress --batch` says: many scenarios through the linear twin, the worst of them exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.encode import Amount
from analyzer.documents.envelope import Document, Run
from analyzer.documents.scenario import DepthEntry
from analyzer.documents.stress import StressDocument


@dataclass(frozen=True, slots=True)
class SweepRun(Run):
    """A run of `stress --batch`. source: where the scenarios are from; seed: of the draws, null for
    a table. scenarios: rows; distinct: of them, scenarios that differ. engine: which one ran them,
    `tiles` or `fused`. exact: how many of the worst were asked for exactly."""

    snapshot: str
    out: str | None
    deployments: tuple[str, ...]
    source: str
    seed: int | None
    scenarios: int
    distinct: int
    engine: str
    exact: int
    order: str
    fail_on: str


@dataclass(frozen=True, slots=True)
class SweptBook:
    """What went through: accounts of all deployments but those of funds. nonlinear: asked of their
    protocol, scenario by scenario and round by round. unknown: nothing is known of them."""

    accounts: int
    nonlinear: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Quantile:
    """Bad debt (USD) that a share of all scenarios does not exceed: one that a scenario has."""

    share: float
    bad_debt_usd: float


@dataclass(frozen=True, slots=True)
class SweptScenario:
    """One row of the sweep, by the linear twin. name: of the row; scenario: what was run for it,
    a date where it was drawn. shocks, prices: multiples of the block's prices after the shock and
    at the end, by factor. bad_debt_usd: before any waterfall, null = unknown. undecided: accounts
    of which nothing is known in it. exact: whether it is among those run exactly."""

    name: str
    scenario: str
    closed_accounts: int
    notional_usd: float | None
    bad_debt_usd: float | None
    rounds: int
    undecided: int
    shocks: Mapping[str, float]
    prices: Mapping[str, float]
    exact: bool


@dataclass(frozen=True, slots=True)
class ExactBesideBatch:
    """One scenario by both. rows: how many of the sweep have it (0 = the block's own prices).
    difference_usd: batch less exact."""

    scenario: str
    cascade_id: str
    rows: int
    batch_bad_debt_usd: float | None
    exact_bad_debt_e18: Amount
    difference_usd: float | None


@dataclass(frozen=True, slots=True)
class SweepDocument(Document):
    """What `analyzer stress --batch` says. leaves_out: what the batch does not know. not_moved:
    factors that no scenario moves; not_held: those of the price history that no book holds.
    unknown_bad_debt: rows in no quantile. exact: the block's own prices first, then the worst.
    stress: what `analyzer stress` says of the same scenarios."""

    KIND: ClassVar[str] = "sweep"

    run: SweepRun
    leaves_out: tuple[str, ...]
    book: SweptBook
    depth: tuple[DepthEntry, ...]
    not_moved: tuple[str, ...]
    not_held: tuple[str, ...]
    quantiles: tuple[Quantile, ...]
    unknown_bad_debt: int
    exact: tuple[ExactBesideBatch, ...]
    scenarios: tuple[SweptScenario, ...]
    stress: StressDocument
