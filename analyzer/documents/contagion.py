"""What `contagion` says: one scenario's cascade, round by round, and the ways that losses took.

Amounts are exact integers with 18 decimals; prices are shares of the block's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.encode import Amount
from analyzer.documents.envelope import Document
from analyzer.documents.findings import FindingEntry
from analyzer.documents.scenario import OrderOutcome, ScenarioEntry, StressRun


@dataclass(frozen=True, slots=True)
class ContagionRun(StressRun):
    """A run of `contagion`. paths: how many were looked for. what_if: for how many accounts the
    cascade was run again without their failure."""

    paths: int
    what_if: int


@dataclass(frozen=True, slots=True)
class RoundEntry:
    """One round; 0 is the shock. ledger_e18: party -> what it gained; the parties add up to 0 where
    the ledger closes."""

    round: int
    step: int
    closed_accounts: int
    closures: int
    closed_value_e18: Amount
    bad_debt_e18: Amount
    sold_e18: Mapping[str, Amount]
    price_before: Mapping[str, float]
    price_after: Mapping[str, float]
    ledger_e18: Mapping[str, Amount]
    ledger_closes: bool


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What one layer bears. deployment: null where it is of none. in_the_end: of what nobody has
    been charged with, in words, who will bear it; empty elsewhere."""

    absorber: str
    deployment: str | None
    amount_e18: Amount
    in_the_end: str


@dataclass(frozen=True, slots=True)
class ChannelLoss:
    """What failed accounts lost through one channel."""

    channel: str
    asset: str
    amount_e18: Amount


@dataclass(frozen=True, slots=True)
class Amplification:
    """How much the cascade adds to the shock. losses: of failed accounts, over what came straight
    from the shock; prices: factor -> how many times as far it moved."""

    losses: float | None
    prices: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PathEntry:
    """One way that a loss took to its victim. share_of_loss: of what the victim lost before
    its gains, null = nothing. spreads: whether one failure led to another on it."""

    rank: int
    path_id: str
    amount_e18: Amount
    share_of_loss: float | None
    victim: str
    spreads: bool
    words: str


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """Paths of one kind together."""

    words: str
    amount_e18: Amount
    paths: int
    spreads: bool


@dataclass(frozen=True, slots=True)
class CutEdge:
    """One transmission that the firewall stops."""

    round: int
    from_: str
    channel: str
    asset: str
    to: str
    amount_e18: Amount


@dataclass(frozen=True, slots=True)
class FirewallEntry:
    """The cheapest cut between the shock and those who bear losses without having failed."""

    words: str
    amount_e18: Amount
    protected_e18: Amount
    cut: tuple[CutEdge, ...]


@dataclass(frozen=True, slots=True)
class Rescue:
    """What bad debt would have been without one account's failure."""

    account: str
    words: str
    bad_debt_e18: Amount
    saved_e18: Amount


@dataclass(frozen=True, slots=True)
class TokenClaim:
    """A deployment that holds another's token, and what part of it is left after the losses."""

    debtor: str
    creditor: str
    token: str
    amount_e18: Amount
    recovery: float


@dataclass(frozen=True, slots=True)
class AccountClaim:
    """A contract of one deployment that is an account of another. equity_e18: null = unknown."""

    debtor: str
    creditor: str
    role: str
    account_id: str
    equity_e18: Amount | None


@dataclass(frozen=True, slots=True)
class Claims:
    """What the deployments are owed by each other. unknown: deployment -> accounts whose part
    could not be read. problem: why the recovery could not be worked out, null = it could."""

    tokens: tuple[TokenClaim, ...]
    accounts: tuple[AccountClaim, ...]
    unknown: Mapping[str, int]
    problem: str | None


@dataclass(frozen=True, slots=True)
class MarketEntry:
    """One market of forced trades. factor: the side that moves; against: the other one, or a class
    of them. depth_usd: net sales that take the price down by ten percent, null = none do or it is
    unknown. sold_e18, bought_e18: of the factor in this market; unsold_e18, unbought_e18: of the
    factor, what no market bore (in its first entry only); at the block's prices. Prices: before,
    at the last shock, and in the end."""

    factor: str
    against: str
    depth_usd: float | None
    curve: str
    source: str
    sold_e18: Amount
    bought_e18: Amount
    unsold_e18: Amount
    unbought_e18: Amount
    price_before: float
    price_shocked: float
    price_after: float


@dataclass(frozen=True, slots=True)
class SensitivityEntry:
    """Bad debt of all deployments at the market's prices, with half of every depth, as given, and
    with double.
    default_depth: how far the stated defaults were off where they could be compared."""

    bad_debt_half_depth_e18: Amount
    bad_debt_e18: Amount
    bad_debt_double_depth_e18: Amount
    default_depth: str


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """What one policy of auto-deleveraging makes of a deficit. cap: share of a profit that is taken
    at most. payers: winners who pay. uncovered_e18: what it leaves. largest: who pays most, null =
    nobody. moved_e18: what other winners pay than pro rata."""

    policy: str
    cap: float
    payers: int
    paid_e18: Amount
    uncovered_e18: Amount
    largest: str | None
    largest_e18: Amount
    moved_e18: Amount


@dataclass(frozen=True, slots=True)
class ProfitCutEntry:
    """What winners of a deployment paid for the deficit of a round. policy: the deployment's own;
    winners: who had a profit. policies: what each would make of it, pro rata first."""

    deployment: str
    round: int
    policy: str
    budget_e18: Amount
    paid_e18: Amount
    winners: int
    policies: tuple[PolicyEntry, ...]


@dataclass(frozen=True, slots=True)
class ImpairmentPart:
    """What one bears of a token's lost backing. bears: `holders` of the token, a `backstop`, or
    `lenders` (whoever is owed a reserve). name: the reserve or the backstop. amounts_e18:
    allocation -> part."""

    bears: str
    name: str
    deployment: str
    chain_id: int
    amounts_e18: Mapping[str, Amount]


@dataclass(frozen=True, slots=True)
class ImpairmentChain:
    """What is borne on one chain. chain_id: 0 = no chain. amounts_e18: allocation -> sum."""

    chain_id: int
    amounts_e18: Mapping[str, Amount]


@dataclass(frozen=True, slots=True)
class ImpairmentEntry:
    """A token's lost backing under several allocations, at the block's prices and before anybody
    reacts; parts, and chains, of each allocation sum to total_e18. where: `all`, a deployment or a
    chain. oracle: `stands` or `follows`. gained_e18: by those who owe more of it than they have.
    unknown: accounts with the token whose equity is not known."""

    asset: str
    share: float
    where: str
    oracle: str
    total_e18: Amount
    gained_e18: Amount
    unknown: int
    parts: tuple[ImpairmentPart, ...]
    chains: tuple[ImpairmentChain, ...]


@dataclass(frozen=True, slots=True)
class ContagionDocument(Document):
    """What `analyzer contagion` says. failed: how many accounts. routes_rest_e18: what is on no
    route. what_if: empty = it was not asked. orders: those of the scenario's order_range. claims:
    null = not looked at. sensitivity: null = not worked out. impairment: null = the scenario has
    none."""

    KIND: ClassVar[str] = "contagion"

    run: ContagionRun
    scenario: ScenarioEntry
    rounds: tuple[RoundEntry, ...]
    absorbed: tuple[Absorbed, ...]
    failed: int
    losses_by_channel: tuple[ChannelLoss, ...]
    amplification: Amplification
    paths: tuple[PathEntry, ...]
    routes: tuple[RouteEntry, ...]
    routes_rest_e18: Amount
    firewall: FirewallEntry
    what_if: tuple[Rescue, ...]
    orders: tuple[OrderOutcome, ...]
    claims: Claims | None
    exhausted: tuple[str, ...]
    markets: tuple[MarketEntry, ...]
    sensitivity: SensitivityEntry | None
    withdrawn_e18: Mapping[str, Amount]
    findings: tuple[FindingEntry, ...]
    profit_cuts: tuple[ProfitCutEntry, ...]
    impairment: ImpairmentEntry | None
