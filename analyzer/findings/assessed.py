"""A scenario's cascade over some scans, with all that reports and detectors need of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from analyzer.contagion.scenario import Scenario, multiplier
from analyzer.contagion.trace import NodeKind, TopPaths, kind_of, parts_of
from analyzer.contagion.trace.edges import fund_node

if TYPE_CHECKING:
    # A scan has detectors and runs no cascade: the machinery is not loaded for its types.
    from analyzer.contagion.cascade import CascadeOptions, CascadeResult
    from analyzer.market.depth import ImpactCurve
    from analyzer.market.depth.choose import DepthUsed

_OF_A_VENUE = frozenset(
    {
        NodeKind.ACCOUNT,
        NodeKind.RECEIPT,
        NodeKind.FUND,
        NodeKind.UNSETTLED,
        NodeKind.VENUE,
    }
)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Bad debt of all deployments with half and with double every depth, at the market's prices;
    18 decimals."""

    half_depth_e18: int
    double_depth_e18: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """What one order of liquidation leaves: bad debt of all deployments at the market's prices (18
    decimals), and how many accounts were closed."""

    order: str
    bad_debt_e18: int
    closed_accounts: int


@dataclass(frozen=True, slots=True)
class OrderRange:
    """Bad debt by order of liquidation. ran: none where it would take too long, about needs_s
    seconds, and nobody asked for it all the same."""

    ran: tuple[Ordered, ...]
    needs_s: float = 0.0

    @property
    def least(self) -> Ordered | None:
        """The first order with the least bad debt."""
        return min(self.ran, key=lambda order: order.bad_debt_e18, default=None)

    @property
    def most(self) -> Ordered | None:
        """The first order with the most bad debt."""
        return max(self.ran, key=lambda order: order.bad_debt_e18, default=None)


@dataclass(frozen=True, slots=True)
class AssessedVenue:
    """One deployment of a cascade. Amounts in 18 decimals of its settlement currency.

    block: number and hash as text. fund_before_e18, fund_left_e18: the bounded layers that must
    pay, at the block and in the end; None = one of them could not be read. bounded: their names.
    bearers: who bears in the end what nobody has been charged with; empty = its rules name nobody.
    """

    scan_id: str
    deployment: str
    chain_id: int
    block: str
    fund_before_e18: int | None
    fund_left_e18: int | None
    bounded: frozenset[str]
    bearers: str = ""


@dataclass(frozen=True, slots=True)
class Assessed:
    """A scenario's cascade. venues: by deployment. depth: which curve each factor had, and why.
    curves: as they were used, the scenario's depth multiplier not yet applied."""

    cascade_id: str
    scenario: Scenario
    options: CascadeOptions
    venues: Mapping[str, AssessedVenue]
    depth: tuple[DepthUsed, ...]
    curves: Mapping[str, ImpactCurve]
    result: CascadeResult
    paths: TopPaths
    sentences: tuple[str, ...]
    """Each of `paths.paths` in one sentence."""
    sensitivity: Sensitivity | None = None
    """None = it was not worked out."""
    order_range: OrderRange | None = None
    """None = it was not asked for."""
    not_held: tuple[str, ...] = ()
    """What the scenario names and no book holds."""
    not_applicable: str = ""
    """Why the scenario is not about these books; empty when it is. What the cascade shows is then
    what liquidators would find at the block, and no finding is made of it."""

    def bad_debt_e18(self, venue: str) -> int:
        """A venue's bad debt in the end: charged to absorbers, and left on accounts."""
        return self.result.bad_debt_e18[venue] + self.result.after[venue].bad_debt_e18

    def bad_debt_market_e18(self, venue: str) -> int:
        """The same, what is left on accounts taken at the market's prices: they are not the
        protocol's where an oracle stands still."""
        return self.result.bad_debt_e18[venue] + self.result.after[venue].bad_debt_market_e18

    def static_bad_debt_e18(self, venue: str) -> int:
        """A venue's bad debt at the prices of the last step, before anybody reacts."""
        return self.result.shocked[venue].bad_debt_e18

    def uncovered_e18(self, venue: str) -> int | None:
        """Of a venue's bad debt at the market's prices, what others than its bounded layers bore in
        the cascade, and what is left on accounts beyond what these layers still hold; None when
        their capacity is unknown and there is bad debt."""
        found = self.venues[venue]
        charged, left = self.result.bad_debt_e18[venue], self.result.after[venue]
        if found.fund_before_e18 is None or found.fund_left_e18 is None:
            return None if self.bad_debt_market_e18(venue) else 0
        absorbed = self.result.absorbed
        paid = sum(absorbed.get(fund_node(venue, layer), 0) for layer in found.bounded)
        return charged - paid + max(left.bad_debt_market_e18 - max(found.fund_left_e18, 0), 0)

    def venue_of_node(self, node: str) -> str | None:
        """The deployment that a node belongs to; None for shocks and price moves."""
        return parts_of(node)[0] if kind_of(node) in _OF_A_VENUE else None

    def touched(self) -> bool:
        """Whether the scenario does anything to these deployments at all: a price that some
        account holds moves, backing is gone, an owner defaults, collateral leaves or requirements
        rise. If not, what the cascade shows is what liquidators would find at the block."""
        if self.not_applicable:
            return False
        scenario = self.scenario
        moved = any(value != 1 for value in self.result.shock.values())
        other = scenario.withdraw or scenario.default_owners or scenario.margin_spiral is not None
        exact = any(step.prices_e18 for step in scenario.steps)
        return bool(moved or other or exact or scenario.impairment is not None)

    def shock(self) -> Fraction | None:
        """The multiple of the price of the market factor, or of every factor that moves in the
        last step; None when several move differently."""
        step = self.scenario.steps[-1]
        if self.scenario.market_factor is not None:
            return multiplier(self.scenario, step, self.scenario.market_factor)
        values = set(step.shocks.values())
        return values.pop() if len(values) == 1 and not step.prices_e18 else None
