"""Every product: weights and price, curve of interest, multipliers, funding, its market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.abi.keccak import checksum
from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.deployments import ABI_FOLDER
from analyzer.protocols.nado.records import InterestConfig, PerpProduct, Risk, SpotProduct
from analyzer.protocols.nado.state import slots
from analyzer.protocols.nado.state.observe.venue import Venue

_U64 = 64
_U64_MASK = 2**_U64 - 1
_U32_MASK = 2**32 - 1
_ADDRESS_MASK = 2**160 - 1


@dataclass(slots=True)
class ReadProducts:
    """Products as storage has them; their names and factors come with the book. problems: product
    -> the first word of it that was not read, and then its numbers are none."""

    spots: dict[int, SpotProduct] = field(default_factory=dict)
    perps: dict[int, PerpProduct] = field(default_factory=dict)
    endpoint_prices: dict[int, int | None] = field(default_factory=dict)
    problems: dict[int, Unreadable] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The words of one product. own: of its engine, in order; price: the Endpoint's copy."""

    own: Sequence[Ticket]
    market: Ticket
    quote: Ticket
    price: Ticket
    fees: Ticket | None


def read_products(deployment: Deployment, venue: Venue) -> Reading[ReadProducts]:
    """All words of all products in one batch."""
    batch = Batch(ABI_FOLDER)
    asked = {p: _ask_spot(batch, deployment, p) for p in venue.spot_ids}
    asked |= {p: _ask_perp(batch, deployment, p) for p in venue.perp_ids}
    replies = yield from batch.read()
    out = ReadProducts()
    spots = frozenset(venue.spot_ids)
    for product, tickets in asked.items():
        words = _words(replies, tickets)
        out.endpoint_prices[product] = _low(replies, tickets.price)
        if isinstance(words, Unreadable):
            out.problems[product] = words
            words = [0] * (len(tickets.own) + 2)
        if product in spots:
            out.spots[product] = _spot(product, words, _low(replies, tickets.fees))
        else:
            out.perps[product] = _perp(product, words)
    return out


def _ask_spot(batch: Batch, deployment: Deployment, product: int) -> _Asked:
    """A spot product's words: risk, configuration, state."""
    engine = deployment.contracts["SpotEngine"]
    config = slots.of(slots.SPOT_CONFIG, product)
    state = slots.of(slots.SPOT_STATES, product)
    own = [slots.of(slots.RISK, product), *(config + n for n in range(4)), state, state + 1]
    return _ask(batch, deployment, "SpotEngine", engine, product, own)


def _ask_perp(batch: Batch, deployment: Deployment, product: int) -> _Asked:
    """A perp product's words: risk, state."""
    engine = deployment.contracts["PerpEngine"]
    state = slots.of(slots.PERP_STATES, product)
    own = [slots.of(slots.RISK, product), state, state + 1]
    return _ask(batch, deployment, "PerpEngine", engine, product, own)


def _ask(
    batch: Batch, deployment: Deployment, role: str, engine: str, product: int, own: Sequence[int]
) -> _Asked:
    """Those words, and what exchange and Endpoint have of the product."""
    exchange, endpoint = deployment.contracts["OffchainExchange"], deployment.contracts["Endpoint"]
    about, fees = str(product), None
    if role == "SpotEngine":
        slot = slots.of(slots.ENDPOINT_FEES, product)
        fees = batch.slot(endpoint, slot, "Endpoint sequencer fees", about, True)
    return _Asked(
        own=[batch.slot(engine, slot, f"{role} product", about) for slot in own],
        market=batch.slot(
            exchange, slots.of(slots.EXCHANGE_MARKETS, product), "OffchainExchange market", about
        ),
        quote=batch.slot(
            exchange, slots.of(slots.EXCHANGE_QUOTES, product), "OffchainExchange quote", about
        ),
        price=batch.slot(
            endpoint, slots.of(slots.ENDPOINT_PRICES, product), "Endpoint price", about, True
        ),
        fees=fees,
    )


def _words(replies: Replies, asked: _Asked) -> list[int] | Unreadable:
    """The words in order, or the first that was not read."""
    out = []
    for ticket in (*asked.own, asked.market, asked.quote):
        word = replies.word(ticket)
        if isinstance(word, Unreadable):
            return word
        out.append(word)
    return out


def _low(replies: Replies, ticket: Ticket | None) -> int | None:
    """The low half of a word that no margin needs; None when not read."""
    if ticket is None:
        return None
    word = replies.word(ticket)
    return None if isinstance(word, Unreadable) else slots.halves(word)[0]


def _risk(word: int) -> Risk:
    """Weights and price."""
    return Risk(*slots.weights(word), slots.halves(word)[1])


def _spot(product: int, words: Sequence[int], sequencer_fees: int | None) -> SpotProduct:
    """A spot product of its words."""
    risk, token, curve, caps, fees, multipliers, totals, market, quote = words
    inflection, floor = slots.halves(curve)
    small_cap, large_cap = slots.halves(caps)
    withdraw_fee, min_deposit_rate = slots.halves(fees)
    deposit_multiplier, borrow_multiplier = slots.halves(multipliers)
    deposits, borrows = slots.halves(totals)
    return SpotProduct(
        product_id=product,
        asset_id="",
        token=checksum((token & _ADDRESS_MASK).to_bytes(20, "big")),
        symbol="",
        decimals=18,
        factor="",
        risk=_risk(risk),
        config=InterestConfig(
            inflection, floor, small_cap, large_cap, withdraw_fee, min_deposit_rate
        ),
        deposit_multiplier=deposit_multiplier,
        borrow_multiplier=borrow_multiplier,
        deposits=deposits,
        borrows=borrows,
        quote_id=None if not market else quote & _U32_MASK,
        sequencer_fees=sequencer_fees,
        collected_fees=slots.halves(market)[1],
        size_increment=(market >> _U64 & _U64_MASK) * slots.MARKET_UNIT,
    )


def _perp(product: int, words: Sequence[int]) -> PerpProduct:
    """A perp product of its words."""
    risk, funding, totals, market, _quote = words
    funding_long, funding_short = slots.halves(funding)
    available, open_interest = slots.halves(totals)
    return PerpProduct(
        product_id=product,
        asset_id=str(product),
        symbol="",
        factor="",
        risk=_risk(risk),
        funding_long=funding_long,
        funding_short=funding_short,
        available=available,
        open_interest=open_interest,
        size_increment=(market >> _U64 & _U64_MASK) * slots.MARKET_UNIT,
        collected_fees=slots.halves(market)[1],
    )
