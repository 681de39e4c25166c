"""What `analyzer risk` says: the profile of an account, an owner or a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from analyzer.documents.encode import Amount
from analyzer.documents.envelope import Document, Run
from analyzer.documents.findings import FindingEntry
from analyzer.documents.scenario import DepthEntry


@dataclass(frozen=True, slots=True)
class RiskRun(Run):
    """A run of `analyzer risk`. subject: `account`, `owner` or `protocol`; id: as it was found.
    market: the factor that betas are to. seed: of every simulation here."""

    snapshot: str
    out: str | None
    subject: str
    id: str
    deployments: tuple[str, ...]
    market: str
    seed: int


@dataclass(frozen=True, slots=True)
class RiskBlock:
    """The block that the positions of one deployment are of. time: its own stamp."""

    deployment: str
    number: int
    time: datetime
    scan_id: str


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A factor's prices in the logs of an index. rounds: how many, between `first` and `last`;
    longest_silence_s: the longest stretch without one; lag_s: how long before its moment of the
    grid a price was told, on average: factors of different lags correlate too little."""

    factor: str
    rounds: int
    first: datetime
    last: datetime
    longest_silence_s: int
    lag_s: float


@dataclass(frozen=True, slots=True)
class RiskData:
    """The prices behind it. feeds: of prices from an index, empty for a file. rows: steps of
    `step_s` seconds that all factors have, between `first` and `last`; skipped: those left out for
    a gap. missing: factors held without a price history, whose holders have no figure; still: those
    that were said to stand still; with_base: ratios that move with what they are quoted in."""

    source: str
    first: datetime
    last: datetime
    rows: int
    step_s: int
    skipped: int
    missing: tuple[str, ...]
    still: tuple[str, ...]
    with_base: Mapping[str, str]
    feeds: tuple[FeedEntry, ...]


@dataclass(frozen=True, slots=True)
class ExposureEntry:
    """One risk factor: what moves with it (USD, net, negative = short), its share of all without
    sign, its beta to the market factor with its standard error, and its volatility of a day (EWMA);
    null without a history."""

    factor: str
    value_usd: float
    share: float
    beta: float | None
    beta_error: float | None
    daily_volatility: float | None


@dataclass(frozen=True, slots=True)
class MixEntry:
    """What is pledged: `value_usd`, its shares by kind, HHI over factors, the largest. wrong_way:
    2 w_c' S w_p a day, USD squared: above 0 = it falls when positions and debts lose."""

    value_usd: float
    stable: float
    staking: float
    volatile: float
    hhi: float
    largest: str
    largest_share: float
    beta: float | None
    wrong_way: float | None


@dataclass(frozen=True, slots=True)
class TailEntry:
    """VaR and ES of equity over one step, losses positive, USD. method: `historical`, or `filtered`
    (by GARCH of each factor, jointly by date). first, last: of the dates it is made of. errors:
    standard errors of the sample's tail alone. failed: whether the method's back-test rejects it
    for these positions, null = not tested."""

    method: str
    level: float
    var_usd: float
    var_error_usd: float
    es_usd: float
    es_error_usd: float
    observations: int
    beyond: int
    horizon_s: int
    first: datetime
    last: datetime
    failed: bool | None


@dataclass(frozen=True, slots=True)
class BacktestEntry:
    """The method against what came, with today's positions. kupiec_p: of the number of exceptions;
    independence_p: of their coming one by one; conditional_p: of both."""

    method: str
    level: float
    first: datetime
    last: datetime
    steps: int
    exceptions: int
    expected: float
    kupiec_p: float
    independence_p: float
    conditional_p: float
    failed: bool


@dataclass(frozen=True, slots=True)
class TouchEntry:
    """How likely the account is liquidatable at some moment within a horizon, by simulation with
    its standard error, on so many paths; the same with all volatilities a tenth higher, and with a
    quarter of its volatile collateral in stables (null where it is not linear)."""

    horizon_days: float
    probability: float
    error: float
    paths: int
    volatility_up: float
    swapped: float | None


@dataclass(frozen=True, slots=True)
class RiskAccount:
    """One account (USD). gross: what it holds and owes that prices move, without sign, held and
    owed of one factor counted by the difference; leverage: gross over equity, null where equity
    is not above zero. distance: market return at which it is first liquidatable when every
    factor moves by its beta, 0 = now, null = at none; distance_sigmas: in daily volatilities of
    the market factor. headroom_sigmas: headroom over the deviation of its change in a day.
    coverage_alone, coverage_together: what it gets for all that it holds over what it owes,
    selling alone, and when all repay at once, what it holds and owes of one asset counted by
    the difference; null = it owes nothing then. at_some_prices: whether any prices make it
    liquidatable. largest_leverage: at which it is touched within seven days with one percent,
    equity and mix as they are; null where it is not linear or has none."""

    account_id: str
    deployment: str
    owner: str
    equity_usd: float | None
    headroom_usd: float | None
    gross_usd: float
    leverage: float | None
    distance: float | None
    distance_sigmas: float | None
    headroom_sigmas: float | None
    coverage_alone: float | None
    coverage_together: float | None
    largest_leverage: float | None
    linear: bool
    at_some_prices: bool
    why_no_number: str
    touch: tuple[TouchEntry, ...]


@dataclass(frozen=True, slots=True)
class SaleEntry:
    """What all accounts of all deployments sell of a factor when all repay at once, each of
    everything that it holds alike. threshold: the share at which it counts against liquidation
    (median), jump: ES of its day at 0.99; room: the largest bonus that is left after the jump and
    the slippage, negative = short before it. null = not known."""

    factor: str
    value_usd: float
    received_usd: float
    unsold_usd: float
    slippage: float
    threshold: float | None
    jump: float | None
    room: float | None


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """A bad day of one class, through the batch cascade of all deployments: the 95th percentile of
    bad debt (`insolvency`) and of what is closed (`liquidations`), with standard errors and means,
    USD. days: dates it is drawn from. unknown: draws without a figure."""

    name: str
    insolvency_usd: float
    insolvency_error_usd: float
    insolvency_mean_usd: float
    liquidations_usd: float
    liquidations_error_usd: float
    liquidations_mean_usd: float
    draws: int
    days: int
    unknown: int


@dataclass(frozen=True, slots=True)
class CorrelationChange:
    """Two held factors whose correlation changed at `at`; p_value: of equal correlations, corrected
    for what was tried."""

    first: str
    second: str
    at: datetime
    before: float
    after: float
    steps_before: int
    steps_after: int
    p_value: float


@dataclass(frozen=True, slots=True)
class SpiralPoint:
    """The loss spiral after a fall of this size (0.1 = by a tenth): kappa, how much further the
    price falls for each bit that it falls; sold_usd: what is sold by force until then, net."""

    fall: float
    kappa: float
    sold_usd: float


@dataclass(frozen=True, slots=True)
class SpiralEntry:
    """A factor that falls alone, all deployments selling into one depth. largest: the largest kappa
    and the first fall at which it is; reaches_one: the first fall from which it runs by itself,
    null = none up to the last point. points: one a percent."""

    factor: str
    largest: float
    largest_at: float
    reaches_one: float | None
    points: tuple[SpiralPoint, ...]


@dataclass(frozen=True, slots=True)
class ClusteringEntry:
    """Indexed liquidations of a deployment as a Hawkes process. liquidations: events; moments:
    blocks that hold any, which is what is fitted. branching: how many further ones each brings,
    with its standard error; base_per_day: those that come by themselves; half_life_days: of what
    each brings; gain: log likelihood above that of even times. null where too few are indexed."""

    deployment: str
    liquidations: int
    moments: int
    first: datetime
    last: datetime
    branching: float | None
    branching_error: float | None
    base_per_day: float | None
    half_life_days: float | None
    gain: float | None


@dataclass(frozen=True, slots=True)
class RiskDocument(Document):
    """What `analyzer risk` says. sentences: the profile in plain words. assumes: what every number
    rests on. blocks: what the subject's positions are of. no_number: what could not be said, and
    why. accounts: those of the subject; of a protocol the thirty with the largest gross value.
    equity_e18: of the subject's known accounts at the block's prices, by the protocols' own
    integers. spirals, clustering, findings: of a protocol alone."""

    KIND: ClassVar[str] = "risk"

    run: RiskRun
    blocks: tuple[RiskBlock, ...]
    data: RiskData
    sentences: tuple[str, ...]
    assumes: tuple[str, ...]
    no_number: tuple[str, ...]
    accounts_total: int
    accounts_unknown: int
    equity_e18: Amount
    gross_usd: float
    leverage: float | None
    exposures: tuple[ExposureEntry, ...]
    mix: MixEntry
    tails: tuple[TailEntry, ...]
    backtests: tuple[BacktestEntry, ...]
    accounts: tuple[RiskAccount, ...]
    sales: tuple[SaleEntry, ...]
    classes: tuple[ClassEntry, ...]
    correlation_changes: tuple[CorrelationChange, ...]
    spirals: tuple[SpiralEntry, ...]
    clustering: tuple[ClusteringEntry, ...]
    findings: tuple[FindingEntry, ...]
    depth: tuple[DepthEntry, ...]
