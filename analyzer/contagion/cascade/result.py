"""What a cascade leaves behind: rounds, failures, who paid, and the edges between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from analyzer.contagion.trace import Edge
from analyzer.model.closure import Executed
from analyzer.protocols.simulation import AdlRule, Winner


class Party(StrEnum):
    """Whose money a row of a round's ledger is."""

    ACCOUNTS = "accounts"
    ABSORBERS = "absorbers"
    LIQUIDATORS = "liquidators"
    MARKET = "market"
    """Whoever stands on the other side of a price move and buys what is sold."""
    ROUNDING = "rounding"
    """What the contracts' own roundings make of closures: measured, not assumed."""


@dataclass(frozen=True, slots=True)
class Closed:
    """One closure of a round: which venue, and what was executed."""

    venue: str
    account_id: str
    executed: Executed


@dataclass(frozen=True, slots=True)
class ProfitCut:
    """What a venue's policy took from winners for the deficit of one round; 18 decimals. winners:
    as they stood before; paid_e18: by winner. What they did not have is the budget less its sum."""

    venue: str
    round: int
    rule: AdlRule
    budget_e18: int
    winners: tuple[Winner, ...]
    paid_e18: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """One round: who was closed at which prices, what that sold, and where prices went.

    number 0 is the scenario's first shock, before anybody is closed; a later step of the scenario
    has a number of its own. sold_e18: factor -> net forced sales at the block's prices, in
    dollars. price_before, price_after: factor -> price as a share of the block's. ledger: party ->
    change of what it has, in 18 decimals; the parts add up to 0. bad_debt_e18: losses handed to
    absorbers in it. allowed_rounding_e18: how large the row `rounding` may be.
    """

    number: int
    step: int
    closed: tuple[Closed, ...]
    sold_e18: Mapping[str, int]
    price_before: Mapping[str, Fraction]
    price_after: Mapping[str, Fraction]
    ledger: Mapping[Party, int]
    bad_debt_e18: int
    allowed_rounding_e18: int

    @property
    def closes(self) -> bool:
        """Whether the ledger adds up to 0, its rounding within what is allowed."""
        return (
            sum(self.ledger.values()) == 0
            and abs(self.ledger[Party.ROUNDING]) <= self.allowed_rounding_e18
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """An account that was closed, or whose equity ended below zero.

    round: of its first closure; None for one that could not be closed. before_e18: equity at the
    block; loss_e18: what it lost until its first closure (or until the end), and the hole that it
    had at the block: equal to the sum of the edges into it. deficit_e18: what others bear of it,
    charged or not. closed_e18: factor -> value that was closed, at the protocol's prices.
    """

    venue: str
    account_id: str
    owner: str
    round: int | None
    before_e18: int
    loss_e18: int
    deficit_e18: int
    closed_e18: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """One venue at one moment, its accounts that are no backstops.

    below_initial: below their initial margin, or in breach; None where the protocol does not say.
    equity_e18: of those that are known, at the protocol's prices. bad_debt_e18: -sum of min(equity,
    0) of them; bad_debt_market_e18: the same at the market's prices, which differ where an oracle
    stands still; owners_short_e18: owner -> their part of the latter.
    """

    accounts: int
    unknown: int
    below_initial: int | None
    breaching: int
    insolvent: int
    equity_e18: int
    bad_debt_e18: int
    bad_debt_market_e18: int
    owners_short_e18: Mapping[str, int]


IMPLAUSIBLE_MOVE = Fraction(1, 2)
"""A price that forced trades alone move by more than this share of its shocked price, up or down,
is none that a market would show: the run is implausible."""


@dataclass(frozen=True, slots=True)
class PairUsed:
    """A pair that forced trades went through. moves: its thin side; against: the other one.
    depth_usd: net sales that take the price of the thin side down by ten percent, as the scenario
    has it; None where none do. kind, source: of its curve. sold_e18, bought_e18: of the thin side,
    at the block's prices. ratio: what the net of them made of the price. lost: the share of it that
    a sale of the net loses on average, or that a purchase costs more."""

    moves: str
    against: str
    depth_usd: float | None
    kind: str
    source: str
    sold_e18: int
    bought_e18: int
    ratio: float
    lost: float


@dataclass(slots=True)
class Work:
    """Seconds of processor time that a cascade took: visits_s for visits that closed something,
    vain_s for those that did not, choosing_s for finding out whom to visit; visits: accounts that
    were closed, round by round."""

    visits_s: float = 0.0
    vain_s: float = 0.0
    choosing_s: float = 0.0
    rounds: int = 0
    visits: int = 0

    def spent(self, seconds: float, *, in_vain: bool) -> None:
        """Adds a visit."""
        if in_vain:
            self.vain_s += seconds
        else:
            self.visits_s += seconds

    @property
    def one_by_one_s(self) -> float:
        """About what it takes when every visit that closes something is a round: those visits, and
        before each of them what a round needs for choosing, and half of its visits in vain."""
        before = (self.choosing_s + self.vain_s / 2) / max(self.rounds, 1)
        return self.visits_s + before * self.visits


@dataclass(frozen=True, slots=True)
class CascadeResult:
    """A scenario's cascade over some venues.

    before, shocked, after: venue -> tally at the block, at the prices of the last step before
    anybody reacts to any, in the end.
    failures, absorbed: by node (see `edges`). bad_debt_e18: venue -> charged to absorbers in all;
    what is left uncharged is in `after`. quiet: False when the rounds ran out before nothing more
    happened. withdrawn_e18: venue -> collateral taken out before the shock. sales: node of a move
    of price or of a receipt token -> (who made it -> value, negative for a purchase, 18 decimals).
    borne_e18: (venue, asset or None) -> losses that all holders of claims on it bear together.
    pairs: every pair that was traded in. left_e18: factor -> what no market bore, above zero of
    sales and below of purchases; exhausted: those factors.
    forced: factor -> how far forced trades alone took its own price at most, as a multiple of what
    it was without them. unprofitable: venue -> accounts that breach in the end, and whose closure
    pays nobody. cuts: what policies took from
    winners, round by round. work: how long it took here, which is no part of what came out.
    """

    scenario: str
    order: str
    before: Mapping[str, Tally]
    shocked: Mapping[str, Tally]
    after: Mapping[str, Tally]
    rounds: tuple[Round, ...]
    failures: Mapping[str, Failure]
    absorbed: Mapping[str, int]
    edges: tuple[Edge, ...]
    bad_debt_e18: Mapping[str, int]
    shock: Mapping[str, Fraction]
    unmapped: tuple[str, ...]
    pairs: tuple[PairUsed, ...]
    quiet: bool
    withdrawn_e18: Mapping[str, int] = field(default_factory=dict)
    sales: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    exhausted: tuple[str, ...] = ()
    left_e18: Mapping[str, int] = field(default_factory=dict)
    forced: Mapping[str, Fraction] = field(default_factory=dict)
    unprofitable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    borne_e18: Mapping[tuple[str, str | None], int] = field(default_factory=dict)
    cuts: tuple[ProfitCut, ...] = ()
    work: Work = field(default_factory=Work, compare=False)

    @property
    def implausible(self) -> tuple[str, ...]:
        """Factors whose price forced trades alone move further than `IMPLAUSIBLE_MOVE`."""
        far = (f for f, ratio in self.forced.items() if abs(ratio - 1) > IMPLAUSIBLE_MOVE)
        return tuple(sorted(far))

    @property
    def total_bad_debt_e18(self) -> int:
        """Bad debt of all venues: charged to absorbers, and left on accounts in the end. Each
        account's hole is counted once."""
        return total_bad_debt_e18(self.bad_debt_e18, self.after)

    @property
    def total_bad_debt_market_e18(self) -> int:
        """The same, what is left on accounts taken at the market's prices: they are not the
        protocol's where an oracle stands still."""
        return total_bad_debt_e18(self.bad_debt_e18, self.after, market=True)

    @property
    def closed_accounts(self) -> int:
        """Accounts that were closed."""
        return sum(1 for failure in self.failures.values() if failure.round is not None)

    def amplification(self, factor: str) -> Fraction | None:
        """How much further a factor fell than the scenario pushed it: final drop over shock's
        drop; None when the scenario does not move it."""
        pushed = self.shock.get(factor, Fraction(1)) - 1
        if not pushed or not self.rounds:
            return None
        return (self.rounds[-1].price_after.get(factor, Fraction(1)) - 1) / pushed


def total_bad_debt_e18(
    charged_e18: Mapping[str, int], after: Mapping[str, Tally], *, market: bool = False
) -> int:
    """Bad debt of all venues: what absorbers were charged with, and what is left on accounts in the
    end. market: that at the market's prices, not at the protocols'."""
    left = (t.bad_debt_market_e18 if market else t.bad_debt_e18 for t in after.values())
    return sum(charged_e18.values()) + sum(left)
