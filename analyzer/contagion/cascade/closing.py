"""One round's closures: who is visited, what is executed, and who got and gave what.

transfers     account <-> liquidator, fund, treasury, suppliers     value at protocol prices
sold          liquidator -> market                                  at the average of the curve
bad debt      account -> the layers of the waterfall, in order
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace

from analyzer.contagion.cascade.result import Closed
from analyzer.contagion.cascade.venue import LIQUIDATOR, Venue
from analyzer.contagion.cascade.waterfall import charge
from analyzer.contagion.trace import Channel, Edge, account_node
from analyzer.contagion.trace.edges import fund_node, unsettled_node
from analyzer.model.closure import Executed, Transfer
from analyzer.model.integers import ceil_div
from analyzer.model.rows import BackstopKind, BackstopRow

CLOSED_AT_ONCE = "winners closed in the same round"
"""Who stands for accounts whose profit is cut in the very round in which they are closed: what
they lost by it is no reason for their own failure."""
INSURANCE_FUND = "insurance_fund"
"""The role of a fund; where it has an account of its own in the book, that is measured."""
MARKET = "market"
ROUNDING = "rounding"
"""The role that a plug may name what its contract's roundings add or take by."""
ROUNDING_PER_TRANSFER_E18 = 10**13
"""What one transfer may differ from the account's measured change: a few units of tokens with six
decimals and of base currencies with eight, at 18 decimals."""
ROUNDING_UNITS = 2
"""How many of the smallest units of each traded token a closure may round by on top: one of a
token with eight decimals and a price of 30,000 is worth more than the above."""


@dataclass(slots=True)
class Closing:
    """What the closures of one round add up to, by party; 18 decimals.

    to_accounts_e18, to_funds_e18: transfers to accounts less transfers from them (funds: accounts
    that are backstops). to_absorbers_e18, to_liquidators_e18, to_market_e18: the same for roles.
    charged: node of an absorber -> bad debt. socialised: (venue, asset or None) -> (node -> part
    that holders of claims bear). winners: (number, account) -> edges into a winner.
    """

    round: int
    closed: list[Closed] = field(default_factory=list)
    flows: list[tuple[str, str, int]] = field(default_factory=list)
    """(node, factor that moves, net sale of it at the block's prices), trade by trade."""
    edges: list[Edge] = field(default_factory=list)
    charged: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    charged_venues: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    short: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    socialised: dict[tuple[int, str | None], dict[str, int]] = field(default_factory=dict)
    winners: dict[tuple[int, str], list[Edge]] = field(default_factory=dict)
    left_to_winners: dict[int, list[tuple[str, str | None, int]]] = field(default_factory=dict)
    """number of the venue -> (node, asset, part) of deficits that its policy takes from profits."""
    behind: dict[int, list[BackstopRow]] = field(default_factory=dict)
    """number of the venue -> its layers behind winners, less what the round charged them with."""
    to_accounts_e18: int = 0
    to_funds_e18: int = 0
    to_absorbers_e18: int = 0
    to_liquidators_e18: int = 0
    to_market_e18: int = 0
    to_rounding_e18: int = 0
    trade_e18: int = 0
    """What liquidators gained by trading: proceeds less what the protocol valued it at."""
    flow_e18: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """factor -> net sales that the market took, at the block's prices."""
    closed_value_e18: int = 0
    transfers: int = 0
    units_e18: int = 0
    """Value of the smallest unit of each token that each closure traded, added up."""

    @property
    def allowed_rounding_e18(self) -> int:
        """How far measured changes may lie from the transfers."""
        per_transfer = ROUNDING_PER_TRANSFER_E18 * (self.transfers + len(self.closed))
        return per_transfer + ROUNDING_UNITS * self.units_e18

    def charge_behind_winners(
        self, number: int, name: str, node: str, asset: str | None, amount: int
    ) -> None:
        """A deficit that winners did not have: to the layers behind them, or nobody's."""
        for row, part in charge(self.behind.get(number, []), amount, asset):
            absorber = unsettled_node(name) if row is None else fund_node(name, row.name)
            self.edges.append(Edge(self.round, node, Channel.DEFICIT, "", absorber, part))
            self.charged[absorber] += part
            if row is None:
                continue
            rows = self.behind[number]
            rows[rows.index(row)] = _reduced(row, part)
            self.share_loss(number, row, absorber, part)

    def share_loss(self, number: int, row: BackstopRow, absorber: str, part: int) -> None:
        """Notes a part that all who have a claim of a kind bear."""
        if row.kind in (BackstopKind.SOCIALISED, BackstopKind.LP):
            shares = self.socialised.setdefault((number, row.asset_id), {})
            shares[absorber] = shares.get(absorber, 0) + part

    def settle_winners(self, venues: Sequence[Venue], failed: Container[str]) -> None:
        """Once it is known who was closed in the round: who bears the cuts of profits."""
        for (number, account), edges in list(self.winners.items()):
            name = venues[number].name
            node = account_node(name, account)
            if node in failed:
                node = fund_node(name, CLOSED_AT_ONCE)
                for edge in edges:
                    self.edges.append(replace(edge, to_node=node))
                del self.winners[number, account]
            self.charged[node] += sum(edge.amount_e18 for edge in edges)


class Register:
    """Books executed closures of one venue into a round's `Closing`."""

    def __init__(
        self,
        number: int,
        venue: Venue,
        rows: Iterable[BackstopRow],
        accounts: frozenset[str],
    ) -> None:
        self.number = number
        self.venue = venue
        self.accounts = accounts
        self._by_policy = venue.adl_rule is not None
        # How much winners have is known when the round is over: the policy is asked for all.
        self.rows = [
            replace(row, capacity_e18=None)
            if self._by_policy and row.kind is BackstopKind.ADL
            else row
            for row in rows
        ]
        self._socialised = frozenset(
            row.asset_id for row in self.rows if row.kind is BackstopKind.SOCIALISED
        )
        self._prices = venue.simulation.prices_e18()
        self._used: dict[int, int] = defaultdict(int)

    def book(self, closing: Closing, account_id: str, executed: Executed) -> None:
        """One closure: its transfers, its sales, and the bad debt that it handed on."""
        node = account_node(self.venue.name, account_id)
        closing.closed.append(Closed(self.venue.name, account_id, executed))
        closing.closed_value_e18 += executed.closure.value_e18
        for asset in executed.sold:
            unit = 10 ** self.venue.decimals[asset]
            closing.units_e18 += ceil_div(self._prices.get(asset, 0), unit)
        for transfer in executed.closure.transfers:
            closing.transfers += 1
            self._move(closing, transfer.from_party, -transfer.amount_e18)
            self._move(closing, transfer.to_party, transfer.amount_e18)
            if transfer.bad_debt:
                self._bad_debt(closing, node, transfer)

    def _move(self, closing: Closing, party: str, amount: int) -> None:
        """One side of a transfer."""
        if party in self.venue.funds or (party == INSURANCE_FUND and self.venue.funds):
            closing.to_funds_e18 += amount
        elif party in self.accounts:
            closing.to_accounts_e18 += amount
        elif party == LIQUIDATOR:
            closing.to_liquidators_e18 += amount
        elif party == MARKET:
            closing.to_market_e18 += amount
        elif party == ROUNDING:
            closing.to_rounding_e18 += amount
        else:
            closing.to_absorbers_e18 += amount

    def _bad_debt(self, closing: Closing, node: str, transfer: Transfer) -> None:
        """A loss that the account hands on: to the layers, to a winner whose profit is cut, or to
        an account with its share of what all who hold an asset bear."""
        closing.charged_venues[self.venue.name] += transfer.amount_e18
        closing.short[node] += transfer.amount_e18
        payer = transfer.from_party
        if payer in self.accounts and payer not in self.venue.funds:
            winner = account_node(self.venue.name, payer)
            shared = transfer.asset_id is not None and transfer.asset_id in self._socialised
            channel = Channel.HAIRCUT if shared else Channel.ADL
            edge = Edge(closing.round, node, channel, "", winner, transfer.amount_e18)
            closing.winners.setdefault((self.number, payer), []).append(edge)
            return
        for row, part in charge(self._left(), transfer.amount_e18, transfer.asset_id):
            name = self.venue.name
            if row is not None and row.kind is BackstopKind.ADL and self._by_policy:
                # The policy needs the whole round's deficit: see `deleverage`.
                owed = (node, transfer.asset_id, part)
                closing.left_to_winners.setdefault(self.number, []).append(owed)
                self._used[row.order] += part
                closing.behind[self.number] = [r for r in self._left() if r.order > row.order]
                continue
            absorber = unsettled_node(name) if row is None else fund_node(name, row.name)
            closing.edges.append(Edge(closing.round, node, Channel.DEFICIT, "", absorber, part))
            closing.charged[absorber] += part
            if row is None:
                continue
            self._used[row.order] += part
            closing.share_loss(self.number, row, absorber, part)

    def _left(self) -> list[BackstopRow]:
        """The layers, less what this round has charged them with."""
        return [
            row
            if row.capacity_e18 is None or not self._used[row.order]
            else _reduced(row, self._used[row.order])
            for row in self.rows
        ]


def _reduced(row: BackstopRow, used: int) -> BackstopRow:
    """A layer with less capacity."""
    left = None if row.capacity_e18 is None else row.capacity_e18 - used
    return replace(row, capacity_e18=left)
