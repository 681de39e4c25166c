"""Who passed how much of a loss to whom, by which channel, in which round: the cascade's edges.

    shock, past           -> account              exogenous, past
    account closed in r   -> move:ETH@r           price      what its closing moved
    move:ETH@r            -> account              price      what that cost one that still held
    account closed in r   -> fund, unsettled, ... deficit    what it lacks
    fund                  -> receipt:v/token@r    haircut    the loss that its holders bear
    receipt:v/token@r     -> account              receipt
    offset                -> account              offset     a move in its favour, or a residue

Edges go forward in time. What an account passes on in round r has come to it in rounds **before**
r (it is closed at the prices of the round before); what any other node passes on in round r came
to it in r itself (or before, where nothing did). For every failed account the amounts of its
incoming edges sum to its loss, exactly.

Sellers and holders meet in a node of the price move (and of the repriced receipt token), so that n
sellers and m holders make n + m edges instead of n x m. Paths shown to people look through them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """How a loss gets from one node to the next."""

    EXOGENOUS = "exogenous"
    """The shock itself."""
    PAST = "past"
    """What was wrong before the shock."""
    PRICE = "price"
    """A closing moved an asset's price."""
    RECEIPT = "receipt"
    """A loss lowered what a receipt or LP token is worth."""
    DEFICIT = "deficit"
    """What a closed account lacks, taken over by a fund or whoever is next."""
    HAIRCUT = "haircut"
    """A loss shared among all who have a claim."""
    ADL = "adl"
    """A winner's profit, cut by auto-deleveraging."""
    CLAIM = "claim"
    """A protocol that does not pay another in full."""
    OFFSET = "offset"
    """No part of any path: a move in the victim's favour (negative), or a residue of either sign
    that nobody caused."""


class NodeKind(StrEnum):
    """What a node is: the text before its colon, or the whole node."""

    SHOCK = "shock"
    PAST = "past"
    OFFSET = "offset"
    ACCOUNT = "account"
    """`account:<venue>/<account id>`"""
    MOVE = "move"
    """`move:<factor>@<round>`: the move of a price in a round."""
    RECEIPT = "receipt"
    """`receipt:<venue>/<token>@<round>`: the repricing of a token in a round."""
    FUND = "fund"
    """`fund:<venue>/<layer name>`: a layer of the loss waterfall."""
    UNSETTLED = "unsettled"
    """`unsettled:<venue>`: negative equity that nobody has been charged with."""
    VENUE = "venue"
    """`venue:<name>`: a protocol, as one that has claims."""
    OTHERS = "others"
    """`others:<who>`: many small accounts together."""


SHOCK = NodeKind.SHOCK.value
"""Where every exogenous edge comes from."""

PAST = NodeKind.PAST.value
"""Where the losses come from that were there before the shock."""

OFFSET = NodeKind.OFFSET.value
"""Where gains and residues come from, and so every negative edge."""

ORIGINS = (SHOCK, PAST, OFFSET)
"""Nodes that nothing goes into."""

_CHANNEL_OF_ORIGIN = {
    NodeKind.SHOCK: Channel.EXOGENOUS,
    NodeKind.PAST: Channel.PAST,
    NodeKind.OFFSET: Channel.OFFSET,
}

CLOSED_FIRST = frozenset({NodeKind.ACCOUNT, NodeKind.OTHERS})
"""Kinds that pass on in a round only what came to them in rounds before; the rest do so at once."""

LOOKED_THROUGH = frozenset({NodeKind.MOVE, NodeKind.RECEIPT})
"""Kinds that only join who caused something with who bore it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One transmission of a loss. amount_e18: 18 decimals of the common unit of account (USD).

    round: 0 for the shock (a later one for a shock of a later step), else the closing round that
    caused it. channel: one of `Channel`. asset: the factor or asset that carried it, "" for none.
    amount_e18 is negative on channel `offset` only.
    """

    round: int
    from_node: str
    channel: str
    asset: str
    to_node: str
    amount_e18: int


def account_node(venue: str, account_id: str) -> str:
    """`account:<venue>/<account id>`. Raises: ValueError for an empty part or a venue with `/`."""
    return _of_venue(NodeKind.ACCOUNT, venue, account_id)


def fund_node(venue: str, layer: str) -> str:
    """`fund:<venue>/<layer name>`. Raises: ValueError for an empty part or a venue with `/`."""
    return _of_venue(NodeKind.FUND, venue, layer)


def move_node(factor: str, round_: int) -> str:
    """`move:<factor>@<round>`. Raises: ValueError for an empty factor or a negative round."""
    return _at_round(f"{NodeKind.MOVE}:{factor}" if factor else "", round_)


def receipt_node(venue: str, token: str, round_: int) -> str:
    """`receipt:<venue>/<token>@<round>`. Raises: ValueError as `account_node` and `move_node`."""
    return _at_round(_of_venue(NodeKind.RECEIPT, venue, token), round_)


def venue_node(venue: str) -> str:
    """`venue:<name>`. Raises: ValueError for an empty name."""
    return _named(NodeKind.VENUE, venue)


def unsettled_node(venue: str) -> str:
    """`unsettled:<venue>`. Raises: ValueError for an empty name."""
    return _named(NodeKind.UNSETTLED, venue)


def others_node(who: str) -> str:
    """`others:<who>`. Raises: ValueError for an empty text."""
    return _named(NodeKind.OTHERS, who)


def kind_of(node: str) -> NodeKind:
    """The kind of a node. Raises: ValueError for text that is no node."""
    head, colon, rest = node.partition(":")
    try:
        kind = NodeKind(head)
    except ValueError as error:
        raise ValueError(f"{node!r} is no node: it begins with none of its kinds") from error
    if (kind in _CHANNEL_OF_ORIGIN) == bool(colon) or (colon and not rest):
        raise ValueError(f"{node!r} is no node of kind {kind}")
    _split(node, kind, rest)
    return kind


def parts_of(node: str) -> tuple[str, ...]:
    """What a node names: (venue, account id), (factor, round), (venue, token, round), (venue,
    layer), (venue,), (who,), or nothing for an origin. Raises: ValueError for text that is none."""
    return _split(node, kind_of(node), node.partition(":")[2])


def offset_edge(round_: int, asset: str, to_node: str, gain_e18: int) -> Edge:
    """A gain of `to_node` (>= 0) as the negative edge that it is. Raises: ValueError for < 0."""
    if gain_e18 < 0:
        raise ValueError(f"a gain is not negative: {gain_e18}")
    return Edge(round_, OFFSET, Channel.OFFSET, asset, to_node, -gain_e18)


def check_edges(edges: Iterable[Edge], closed: Mapping[str, int] | None = None) -> None:
    """That every edge is one that the module describes.

    closed: account node -> the round in which it was first closed. With it, no account passes
    anything on before it was closed, and nothing counts into the loss of one after that.

    Raises: ValueError that names the first edge that is wrong, and why.
    """
    kinds: dict[str, NodeKind] = {}
    channels = {channel.value for channel in Channel}
    right = set[tuple[str, NodeKind, NodeKind]]()
    for edge in edges:
        for node in (edge.from_node, edge.to_node):
            if node not in kinds:
                kinds[node] = kind_of(node)
        seen = edge.channel, kinds[edge.from_node], kinds[edge.to_node]
        # All but round and amount of an edge is the same for many.
        plain = edge.round >= 0 and edge.amount_e18 >= 0 and seen in right
        wrong = None if plain else _wrong(edge, seen[1], seen[2], channels)
        if wrong is None:
            right.add(seen)
        if wrong is None and closed is not None:
            wrong = _untimely(edge, kinds, closed)
        if wrong is not None:
            raise ValueError(f"{wrong}: {edge}")


def _wrong(edge: Edge, source: NodeKind, target: NodeKind, channels: set[str]) -> str | None:
    """What is wrong with an edge by itself."""
    if edge.round < 0:
        return "a round is not negative"
    if edge.channel not in channels:
        return "no such channel"
    if target in _CHANNEL_OF_ORIGIN:
        return "nothing goes into an origin"
    for origin, channel in _CHANNEL_OF_ORIGIN.items():
        if (edge.channel == channel) != (source is origin):
            return f"the channel {channel}, and no other, comes from {origin}"
    if edge.amount_e18 < 0 and edge.channel != Channel.OFFSET:
        return "only an offset is negative"
    return None


def _untimely(edge: Edge, kinds: Mapping[str, NodeKind], closed: Mapping[str, int]) -> str | None:
    """Whether an edge leaves an account before its closing or enters one after it."""
    source, target = edge.from_node, edge.to_node
    if kinds[source] is NodeKind.ACCOUNT and edge.round < closed.get(source, edge.round + 1):
        return "passed on before its account was closed"
    if kinds[target] is NodeKind.ACCOUNT and edge.round >= closed.get(target, edge.round + 1):
        return "counted after its account was closed"
    return None


def _split(node: str, kind: NodeKind, rest: str) -> tuple[str, ...]:
    """The parts of a node's text after the colon."""
    parts: tuple[str, ...] = ()
    if kind in (NodeKind.MOVE, NodeKind.RECEIPT):
        rest, _, last = rest.rpartition("@")
        if not last.isdecimal():
            raise ValueError(f"{node!r} is no node of kind {kind}: it ends with no round")
        parts = (last,)
    if kind in (NodeKind.ACCOUNT, NodeKind.FUND, NodeKind.RECEIPT):
        venue, _, name = rest.partition("/")
        parts = (venue, name, *parts)
    elif kind not in _CHANNEL_OF_ORIGIN:
        parts = (rest, *parts)
    if not all(parts):
        raise ValueError(f"{node!r} is no node of kind {kind}: a part of it is empty")
    return parts


def _of_venue(kind: NodeKind, venue: str, name: str) -> str:
    """A node of a venue."""
    if not venue or not name or "/" in venue:
        raise ValueError(f"no node of kind {kind} from {venue!r} and {name!r}")
    return f"{kind}:{venue}/{name}"


def _named(kind: NodeKind, name: str) -> str:
    """A node that is a kind and a name."""
    if not name:
        raise ValueError(f"a node of kind {kind} needs a name")
    return f"{kind}:{name}"


def _at_round(node: str, round_: int) -> str:
    """A node of one round."""
    if not node or round_ < 0:
        raise ValueError(f"no node of a round from {node!r} and {round_}")
    return f"{node}@{round_}"
