"""Why each failed account failed: its loss, move by move, as edges that add up exactly.

    loss of j  =  sum over moves before its first closure of (equity before - equity after)
    one move   =  shock(ETH) + shock(BTC) ...      factor by factor, in order, each valued by the
                                                   protocol itself: the parts telescope exactly

What a move of ETH in round r took from j goes to the node of that move, and from there to whoever
sold ETH in r, by their share of the sales on the dominant side (a net sale is blamed on sellers, a
net purchase on buyers). Amounts are integers; shares are rounded so that they sum exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.trace import Channel, Edge, NodeKind, account_node, kind_of
from analyzer.contagion.trace.apportion import apportion
from analyzer.contagion.trace.edges import OFFSET, PAST, SHOCK, move_node, offset_edge, receipt_node

Equities = list[Mapping[str, int | None]]
"""Number of the venue -> account id -> equity; None where it is unknown."""
Changes = list[dict[str, int]]
"""Number of the venue -> asset id -> price."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One part of a move: the new prices of the assets that moved for one reason.

    channel, asset: of the edges. prices: number of the venue -> asset id -> new price. issuer: of
    a receipt token: the venue that it is a claim on.
    """

    channel: Channel
    asset: str
    prices: Changes
    issuer: str = ""

    def node(self, round_: int) -> str:
        """Where the edges of this cause come from."""
        if self.channel is Channel.EXOGENOUS:
            return SHOCK
        if self.channel is Channel.RECEIPT:
            return receipt_node(self.issuer, self.asset, round_)
        return move_node(self.asset, round_)


@dataclass(frozen=True, slots=True)
class Move:
    """One change of prices: round 0 is the first shock. start: every price before it. before,
    after: what it did to equities."""

    round: int
    start: Changes
    causes: tuple[Cause, ...]
    before: Equities
    after: Equities
    direct: Mapping[tuple[int, str], Sequence[Edge]] = field(default_factory=dict)
    """(number of the venue, account) -> edges into it that are known as such: cut profits."""


Parts = list[tuple[Cause, int]]
"""What each cause of a move took from an account (negative: gave), one after the other."""


class Transmission:
    """Collects moves and sales while a cascade runs, and makes edges of them."""

    def __init__(self, venues: Sequence[Venue]) -> None:
        self.venues = venues
        self.moves: list[Move] = []
        self.edges: list[Edge] = []
        self.made_by: dict[str, dict[str, int]] = defaultdict(dict)
        self._taken: dict[str, tuple[int, str, int]] = {}
        self._foreseen: dict[tuple[int, str], Sequence[Parts]] = {}
        self._nodes: dict[tuple[int, int], str] = {}
        """(Round, the cause: one of a move's, which stay) -> its node."""

    def record_sale(self, round_: int, factor: str, node: str, value_e18: int) -> None:
        """Somebody's forced sale of a factor in a round (negative = purchase)."""
        makers = self.made_by[move_node(factor, round_)]
        makers[node] = makers.get(node, 0) + value_e18

    def record_haircut(
        self, round_: int, issuer: str, token: str, shares: Mapping[str, int]
    ) -> None:
        """Losses that absorbers (node -> amount) handed to the holders of a receipt token."""
        makers = self.made_by[receipt_node(issuer, token, round_)]
        for node, amount in shares.items():
            makers[node] = makers.get(node, 0) + amount

    def blame(self, number: int, account_id: str) -> int:
        """Makes the edges into an account that fails now; its loss, which they sum to.

        To be called before the account itself is changed by its first closure.
        """
        node = account_node(self.venues[number].name, account_id)
        loss = 0
        first = self.moves[0].before[number].get(account_id) if self.moves else None
        if first is not None and first < 0:
            self.edges.append(Edge(0, PAST, Channel.PAST, "", node, -first))
            loss -= first
        foreseen = self._foreseen.pop((number, account_id), None)
        for place, move in enumerate(self.moves):
            parts = None if foreseen is None else foreseen[place]
            loss += self._blame_move(move, number, account_id, node, parts)
        return loss

    def foresee(self, number: int, account_ids: Sequence[str]) -> None:
        """What each move took from these accounts, of whom nothing changes until they are blamed,
        where the venue works that out for all of them together."""
        self._foreseen.clear()
        steps = [(move, cause) for move in self.moves for cause in move.causes]
        steps = [(move, cause) for move, cause in steps if cause.prices[number]]
        if not account_ids or not steps:
            return
        wanted, before = list[Mapping[str, int]](), None
        for move, cause in steps:
            if move is not before:
                prices, before = dict(move.start[number]), move
                wanted.append(dict(prices))
            prices |= cause.prices[number]
            wanted.append(dict(prices))
        equities = self.venues[number].equities_at(account_ids, wanted)
        if equities is None:
            return
        causes = [[c for c in move.causes if c.prices[number]] for move in self.moves]
        for account, own in zip(account_ids, zip(*equities, strict=True), strict=True):
            # What is not known at some prices is asked account by account.
            known = [equity for equity in own if equity is not None]
            if len(known) == len(own):
                self._foreseen[number, account] = _along(causes, known)

    def _blame_move(
        self, move: Move, number: int, account_id: str, node: str, parts: Parts | None = None
    ) -> int:
        """The edges of one move; what the account lost in it. parts: where they are known."""
        before, after = move.before[number].get(account_id), move.after[number].get(account_id)
        if before is None or after is None or before == after:
            return 0
        left = before - after
        for edge in move.direct.get((number, account_id), ()):
            left -= edge.amount_e18
        if parts is None:
            parts = self._parts(move, number, account_id)
        for cause, lost in parts:
            if lost > 0:
                self._add(move.round, cause, node, lost)
            elif lost < 0:
                self.edges.append(offset_edge(move.round, cause.asset, node, -lost))
            left -= lost
        if left:
            self.edges.append(Edge(move.round, OFFSET, Channel.OFFSET, "", node, left))
        return before - after

    def _parts(self, move: Move, number: int, account_id: str) -> Parts:
        """What each cause of a move took (negative: gave), one after the other."""
        simulation, prices = self.venues[number].simulation, dict(move.start[number])
        equity = simulation.equity_at(account_id, prices)
        out = []
        for cause in move.causes:
            moved = cause.prices[number]
            if not moved:
                continue
            prices |= moved
            then = simulation.equity_at(account_id, prices)
            if equity is None or then is None:
                return []
            out.append((cause, equity - then))
            equity = then
        return out

    def _add(self, round_: int, cause: Cause, node: str, lost: int) -> None:
        """One positive part: from the shock, or from the node of the move."""
        key = round_, id(cause)
        source = self._nodes.get(key) or self._nodes.setdefault(key, cause.node(round_))
        self.edges.append(Edge(round_, source, cause.channel, cause.asset, node, lost))
        if source != SHOCK:
            _, _, taken = self._taken.get(source, (round_, cause.asset, 0))
            self._taken[source] = (round_, cause.asset, taken + lost)

    def record_winners(
        self,
        round_: int,
        winners: Mapping[tuple[int, str], Sequence[Edge]],
        before: Equities,
        after: Equities,
    ) -> None:
        """Others' closures changed these accounts: cut profits are part of their own losses."""
        if winners:
            empty: Changes = [{} for _ in self.venues]
            self.moves.append(Move(round_, empty, (), before, after, winners))
            self.edges.extend(edge for edges in winners.values() for edge in edges)

    def finish(self) -> list[Edge]:
        """All edges, those into the nodes of moves included."""
        into = []
        for target, (round_, asset, taken) in sorted(self._taken.items()):
            receipt = kind_of(target) is NodeKind.RECEIPT
            channel = Channel.HAIRCUT if receipt else Channel.PRICE
            for node, part in _blamed(self.made_by[target], taken):
                into.append(Edge(round_, node, channel, asset, target, part))
        return [*self.edges, *into]


def _along(causes: Sequence[Sequence[Cause]], equities: Sequence[int]) -> list[Parts]:
    """An account's parts, move by move, of its equities at each move's start and after each of its
    causes."""
    out, at = list[Parts](), 0
    for own in causes:
        parts = []
        for cause in own:
            parts.append((cause, equities[at] - equities[at + 1]))
            at += 1
        out.append(parts)
        at += bool(own)
    return out


def _blamed(flows: Mapping[str, int], taken: int) -> list[tuple[str, int]]:
    """Who moved a price and took `taken` in all: those on the dominant side, by size."""
    net = sum(flows.values())
    sides = {node: flow if net >= 0 else -flow for node, flow in sorted(flows.items())}
    dominant = {node: flow for node, flow in sides.items() if flow > 0}
    parts = apportion(taken, list(dominant.values()))
    return [(node, part) for node, part in zip(dominant, parts, strict=True) if part]
