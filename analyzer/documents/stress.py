"""What `stress` says: scenarios, distances to liquidation, the wall, and reverse stress.

Distances and reverse stress are float64, in US dollars and in moves of the market along one ray.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.encode import Amount
from analyzer.documents.envelope import Document
from analyzer.documents.findings import FindingEntry
from analyzer.documents.scenario import ScenarioEntry, StressRun


@dataclass(frozen=True, slots=True)
class Distance:
    """One account that is not liquidatable yet: move (-0.1 = after a fall of 10 %). insolvent: the
    fall after which its equity is below zero; up, insolvent_up: the rises (0.1 = of 10 %) that do
    the same; null = none on the ray does."""

    deployment: str
    account_id: str
    move: float
    insolvent: float | None
    up: float | None
    insolvent_up: float | None


@dataclass(frozen=True, slots=True)
class CliffAccount:
    """An account on a cliff: by how much its shortfall grows there, USD."""

    account_id: str
    rise_usd: float


@dataclass(frozen=True, slots=True)
class CliffEntry:
    """A fall from `move` (-0.3 = 30 %) by one percent more that changes a deployment's bad debt by
    a quarter or more, before anybody reacts. fell: accounts whose equity passes zero in it;
    accounts: those whose shortfall grows most."""

    deployment: str
    move: float
    before_usd: float
    after_usd: float
    fell: int
    accounts: tuple[CliffAccount, ...]


@dataclass(frozen=True, slots=True)
class WallLine:
    """What is forced to sell of a factor. within_usd: by falls of the market (`0.05` = of 5 %), USD
    at the block's prices; total_usd: on the whole ray."""

    deployment: str
    factor: str
    within_usd: Mapping[str, float]
    total_usd: float


@dataclass(frozen=True, slots=True)
class Distances:
    """How far accounts are from liquidation along the ray, and the wall of forced sales. already,
    never, unknown: how many accounts. not_on_ray: deployment -> why it has no distances. cliffs:
    the nearest of each deployment."""

    ray: str
    already: int
    never: int
    unknown: int
    not_on_ray: Mapping[str, str]
    nearest: tuple[Distance, ...]
    wall: tuple[WallLine, ...]
    cliffs: tuple[CliffEntry, ...]


@dataclass(frozen=True, slots=True)
class RayShockEntry:
    """One answer of reverse stress along a ray; move: null = no shock on the ray does it. bounded,
    skipped: of a search on a grid, the smaller levels that a ceiling rules out, and those that
    nothing does."""

    ray: str
    move: float | None
    bad_debt_usd: float
    accounts: int
    tried: int
    note: str
    bounded: int
    skipped: int


@dataclass(frozen=True, slots=True)
class PlausibleEntry:
    """One most plausible shock. distance: in standard deviations of a day. proven: nothing nearer
    does it. rays: by ray, null = it never gets there."""

    returns: Mapping[str, float]
    sigmas: Mapping[str, float]
    distance: float
    lower_bound: float
    proven: bool
    bad_debt_usd: float
    accounts: int
    rays: Mapping[str, float | None]
    left_out_accounts: int


@dataclass(frozen=True, slots=True)
class ReverseEntry:
    """The smallest shocks that make bad debt of the target. static: deployment -> before anybody
    reacts; static_together: all deployments together. cascade: likewise, when the cascade has come
    to rest. plausible: deployment -> null = none reaches it; plausible_together: likewise, of all
    deployments. left_out: factors without returns."""

    target_usd: float
    static: Mapping[str, RayShockEntry]
    static_together: RayShockEntry
    cascade: RayShockEntry
    plausible: Mapping[str, PlausibleEntry | None]
    plausible_together: PlausibleEntry | None
    left_out: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class CoverEntry:
    """Cover-n of one deployment over all scenarios that were run: the largest sum of the n largest
    shortfalls by owner, the scenario that makes it (shock: where it is one number), and these
    owners, largest first. An owner's shortfall: the sum of max(-equity, 0) over its accounts,
    which do not net, at the market's prices before anybody reacts. fund_e18: the bounded layers
    that must pay, at the block; outlasts: whether they hold that much; null = unknown."""

    deployment: str
    n: int
    shortfall_e18: Amount
    scenario: str
    shock: float | None
    owners: tuple[str, ...]
    fund_e18: Amount | None
    outlasts: bool | None


@dataclass(frozen=True, slots=True)
class StressDocument(Document):
    """What `analyzer stress` says. baseline: the same without any shock, null = it was not run.
    cover: Cover-1 and Cover-2 of every deployment. reverse: null = it was not asked."""

    KIND: ClassVar[str] = "stress"

    run: StressRun
    baseline: ScenarioEntry | None
    scenarios: tuple[ScenarioEntry, ...]
    cover: tuple[CoverEntry, ...]
    distances: Distances
    reverse: ReverseEntry | None
    findings: tuple[FindingEntry, ...]
