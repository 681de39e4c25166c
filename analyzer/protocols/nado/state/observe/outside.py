"""Evidence from beyond the engines: what tokens say, deposits that wait, what builders may claim.

None of it goes into a margin but the tokens' names; all are the other side of control totals.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.abi.codec import decode_values
from analyzer.abi.errors import DecodeError
from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.deployments import ABI_FOLDER
from analyzer.protocols.nado.logs.ledger import NadoLedger
from analyzer.protocols.nado.state import slots
from analyzer.protocols.nado.state.observe.products import ReadProducts
from analyzer.protocols.nado.state.observe.venue import Venue

_DEPOSIT = 1
"""The request type of a deposit, the first byte of an entry."""
_DEPOSIT_TYPES = ("bytes32", "uint32", "uint128")
MOST_WAITING = 10_000
"""Entries of the queue that are read at most; of a longer one the deposits are not known."""


@dataclass(slots=True)
class Outside:
    """By product: symbol, decimals, held (of the Clearinghouse, in the token's own units). pending:
    product -> raw amounts of deposits that wait, None where an entry was not read. builder_fees:
    quote product -> what builders may claim. None = not read."""

    symbols: dict[int, str | None] = field(default_factory=dict)
    decimals: dict[int, int | None] = field(default_factory=dict)
    held: dict[int, int | None] = field(default_factory=dict)
    pending: dict[int, int] | None = field(default_factory=dict)
    builder_fees: dict[int, int | None] = field(default_factory=dict)


def read_outside(
    deployment: Deployment, venue: Venue, products: ReadProducts, ledger: NadoLedger
) -> Reading[Outside]:
    """Everything in one batch."""
    batch, clearing = Batch(ABI_FOLDER), deployment.contracts["Clearinghouse"]
    tokens = {
        p: [
            batch.call("ERC20", spot.token, "symbol", about=f"product {p}", evidence=True),
            batch.call("ERC20", spot.token, "decimals", about=f"product {p}", evidence=True),
            batch.call("ERC20", spot.token, "balanceOf", clearing, about=f"{p}", evidence=True),
        ]
        for p, spot in products.spots.items()
        if p not in products.problems
    }
    first, end = venue.queue
    queue = [
        batch.call("Endpoint", deployment.contracts["Endpoint"], "getSlowModeTx", n, evidence=True)
        for n in range(first, min(end, first + MOST_WAITING))
    ]
    exchange = deployment.contracts["OffchainExchange"]
    quotes = sorted({s.quote_id for s in products.spots.values() if s.quote_id is not None} | {0})
    fees = {
        quote: [
            batch.slot(
                exchange,
                slots.of(slots.EXCHANGE_BUILDER_FEES, quote, builder),
                "OffchainExchange builder fees",
                f"{builder} {quote}",
                True,
            )
            for builder in ledger.builders
        ]
        for quote in quotes
    }
    replies = yield from batch.read()
    return Outside(
        symbols={p: replies.optional_text(tickets[0]) for p, tickets in tokens.items()},
        decimals={p: replies.optional(tickets[1]) for p, tickets in tokens.items()},
        held={p: replies.optional(tickets[2]) for p, tickets in tokens.items()},
        pending=_pending(replies, queue) if end - first <= MOST_WAITING else None,
        builder_fees={quote: _sum(replies, tickets) for quote, tickets in fees.items()},
    )


def _sum(replies: Replies, tickets: list[Ticket]) -> int | None:
    """The sum of words' low halves; None when one was not read."""
    words = [replies.word(ticket) for ticket in tickets]
    numbers = [slots.halves(word)[0] for word in words if not isinstance(word, Unreadable)]
    return sum(numbers) if len(numbers) == len(words) else None


def _pending(replies: Replies, queue: list[Ticket]) -> dict[int, int] | None:
    """Product -> raw amounts of the deposits in the queue."""
    out: dict[int, int] = {}
    for ticket in queue:
        values = replies.values(ticket)
        if isinstance(values, Unreadable) or not isinstance(values[0], tuple):
            return None
        request = values[0][2]
        if not isinstance(request, bytes) or request[:1] != bytes([_DEPOSIT]):
            continue
        try:
            _, product, amount = decode_values(_DEPOSIT_TYPES, request[1:])
        except DecodeError:
            return None
        if isinstance(product, int) and isinstance(amount, int):
            out[product] = out.get(product, 0) + amount
    return out
