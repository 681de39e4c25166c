"""What the rounds of a cascade hand on: markets, accounts, and the ledger of what happened.

State    venues, prices, equities       as they are now; every step of a round changes some of it
Ledger   rounds, failures, bad debt     what has happened; only ever added to
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from analyzer.contagion.cascade.measure import measure
from analyzer.contagion.cascade.prices import MarketPrices
from analyzer.contagion.cascade.result import Failure, ProfitCut, Round, Work
from analyzer.contagion.cascade.spiral import Spiral
from analyzer.contagion.cascade.transmission import Changes, Equities, Transmission
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.trace import Channel, Edge, account_node
from analyzer.contagion.trace.edges import unsettled_node
from analyzer.model.rows import BackstopRow

AT_ONCE = 8192
"""Accounts whose losses are worked out together: more would only take more memory."""


@dataclass(slots=True)
class OpenFailure:
    """A failure in the making; the fields are those of `Failure`."""

    venue: Venue
    account_id: str
    round: int | None
    before_e18: int
    loss_e18: int
    deficit_e18: int = 0
    closed_e18: dict[str, int] = field(default_factory=dict)

    def finished(self) -> Failure:
        """As the result has it."""
        return Failure(
            venue=self.venue.name,
            account_id=self.account_id,
            owner=self.venue.owner(self.account_id),
            round=self.round,
            before_e18=self.before_e18,
            loss_e18=self.loss_e18,
            deficit_e18=self.deficit_e18,
            closed_e18=self.closed_e18,
        )


@dataclass(slots=True)
class Ledger:
    """What has happened so far; 18 decimals.

    start: equities after withdrawals, before the shock. transmission: why each account lost what it
    lost. failures, absorbed_e18: by node. charged_e18: venue -> bad debt handed to absorbers.
    borne_e18: as in `CascadeResult`. issuers: receipt token -> the venue that it is a claim on.
    traced: whether anybody asks why: where not, no round, loss or edge is written down. played: how
    many rounds there were, shocks among them. cuts: what policies took from winners.
    """

    start: Equities
    transmission: Transmission
    charged_e18: dict[str, int]
    rounds: list[Round] = field(default_factory=list)
    failures: dict[str, OpenFailure] = field(default_factory=dict)
    absorbed_e18: dict[str, int] = field(default_factory=dict)
    borne_e18: dict[tuple[str, str | None], int] = field(default_factory=dict)
    issuers: dict[str, str] = field(default_factory=dict)
    traced: bool = True
    played: int = 0
    cuts: list[ProfitCut] = field(default_factory=list)

    def fail(self, number: int, account_id: str, round_: int | None) -> OpenFailure:
        """Notes an account's first closure (round None: none, but a hole in the end), and why it
        came to it; later closures find the same failure. To be called before the account changes.
        """
        venue = self.transmission.venues[number]
        node = account_node(venue.name, account_id)
        if node not in self.failures:
            before = self.start[number].get(account_id) or 0
            loss = self.transmission.blame(number, account_id) if self.traced else 0
            self.failures[node] = OpenFailure(venue, account_id, round_, before, loss)
        return self.failures[node]


@dataclass(frozen=True, slots=True)
class Vain:
    """Why nothing of an account paid, so that nobody asks again while it is the same. version: of
    the account; factors: what would have been traded; stamp: of the market."""

    version: object
    factors: frozenset[str]
    stamp: tuple[int, ...]


@dataclass(slots=True)
class State:
    """A cascade between two steps.

    prices: what everything costs in the market. protocol_e18: what each protocol says it costs.
    equities: as last measured. backstops: number of the venue -> its waterfall now. impact,
    recovery: the parts of the market's prices that the protocols have been handed already.
    members: number of the venue -> its accounts. vain: (number of the venue, account) of those whom
    nobody gained by closing. floors: number of the venue -> how large closures have to be.
    number: of the round. work: how long all that took so far.
    """

    venues: Sequence[Venue]
    prices: MarketPrices
    protocol_e18: Changes
    equities: Equities
    backstops: list[Sequence[BackstopRow]]
    ledger: Ledger
    spiral: Spiral
    members: Sequence[frozenset[str]] = ()
    impact: Mapping[str, Fraction] = field(default_factory=dict)
    recovery: Mapping[str, Fraction] = field(default_factory=dict)
    vain: dict[tuple[int, str], Vain] = field(default_factory=dict)
    floors: dict[int, object] = field(default_factory=dict)
    number: int = 0
    work: Work = field(default_factory=Work)

    def market(self) -> dict[str, Fraction]:
        """factor -> its price in the market as a share of the block's."""
        return {factor: self.prices.share(factor) for factor in self.prices.factors()}

    def measure(self) -> None:
        """Takes everybody's equity anew, where losses are traced."""
        if self.ledger.traced:
            self.equities = measure(self.venues, self.equities)

    def take_backstops(self) -> None:
        """Looks at every waterfall anew; where losses are not traced, only if somebody holds what
        a waterfall's losses make cheaper, or winners pay by a policy."""
        by_policy = any(venue.adl_rule is not None for venue in self.venues)
        if self.ledger.traced or self.prices.with_claims or by_policy:
            self.backstops = [venue.simulation.backstops() for venue in self.venues]

    def register_holes(self) -> None:
        """The end: negative equity is a hole that nobody has been charged with."""
        for number, venue in enumerate(self.venues):
            holes = [
                (account, equity)
                for account, equity in self.equities[number].items()
                if equity is not None and equity < 0 and account not in venue.funds
            ]
            for start in range(0, len(holes), AT_ONCE):
                self._register(number, venue, holes[start : start + AT_ONCE])

    def _register(self, number: int, venue: Venue, holes: Sequence[tuple[str, int]]) -> None:
        """Some of a venue's accounts with negative equity: nothing changes any of them now, so that
        what became of them at all earlier prices is worked out for all of them together."""
        ledger, absorber = self.ledger, unsettled_node(venue.name)
        ledger.transmission.foresee(
            number, [a for a, _ in holes if account_node(venue.name, a) not in ledger.failures]
        )
        for account, equity in holes:
            ledger.fail(number, account, None).deficit_e18 -= equity
            absorbed = ledger.absorbed_e18
            absorbed[absorber] = absorbed.get(absorber, 0) - equity
            node = account_node(venue.name, account)
            ledger.transmission.edges.append(
                Edge(self.number + 1, node, Channel.DEFICIT, "", absorber, -equity)
            )
