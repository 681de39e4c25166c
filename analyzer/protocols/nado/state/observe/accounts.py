"""Every account's balances: the bitmaps say of which products it has any, and those are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.account_ids import NOBODY, SYSTEM, Kind, account_id, key, kind_of
from analyzer.protocols.nado.deployments import ABI_FOLDER
from analyzer.protocols.nado.records import Account, PerpBalance
from analyzer.protocols.nado.state import slots
from analyzer.protocols.nado.state.observe.venue import Venue

_SPOT, _PERP = "SpotEngine", "PerpEngine"


@dataclass(slots=True)
class ReadAccounts:
    """Accounts as storage has them, the protocol's own first. problems: account -> the first word
    of it that was not read, and then its balances are none."""

    accounts: dict[str, Account] = field(default_factory=dict)
    problems: dict[str, Unreadable] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Maps:
    """One account's bitmaps of either engine, and its parent's word."""

    spot: Sequence[Ticket]
    perp: Sequence[Ticket]
    parent: Ticket | None


def read_accounts(deployment: Deployment, venue: Venue) -> Reading[ReadAccounts]:
    """Two batches: bitmaps and parents, then the balances that the bitmaps name."""
    names = list(dict.fromkeys([*SYSTEM, *venue.account_ids]))
    batch = Batch(ABI_FOLDER)
    asked = {name: _ask_maps(batch, deployment, venue, name) for name in names}
    replies = yield from batch.read()
    out = ReadAccounts()
    second = Batch(ABI_FOLDER)
    balances: dict[tuple[str, str, int], Sequence[Ticket]] = {}
    for name, maps in asked.items():
        out.accounts[name] = Account(name)
        held = _held(replies, maps)
        if isinstance(held, Unreadable):
            out.problems[name] = held
            continue
        spots, perps, parent = held
        out.accounts[name].parent = parent
        for product in spots:
            balances[name, _SPOT, product] = _ask_spot(second, deployment, name, product)
        for product in perps:
            balances[name, _PERP, product] = _ask_perp(second, deployment, name, product)
    answers = yield from second.read()
    for (name, engine, product), tickets in balances.items():
        _keep(out, answers, name, engine, product, tickets)
    return out


def _ask_maps(batch: Batch, deployment: Deployment, venue: Venue, name: str) -> _Maps:
    """The bitmaps of one account, as many words as there are products, and its parent."""
    parent = None
    if kind_of(name) is Kind.ISOLATED:
        slot = slots.of(slots.EXCHANGE_PARENTS, key(name))
        exchange = deployment.contracts["OffchainExchange"]
        parent = batch.slot(exchange, slot, "OffchainExchange parent", name)

    def words(engine: str, products: Sequence[int]) -> list[Ticket]:
        last = max(products, default=0) // slots.WORD_BITS
        return [
            batch.slot(
                deployment.contracts[engine],
                slots.of(slots.BITMAPS, key(name), number),
                f"{engine} bitmap",
                name,
            )
            for number in range(last + 1)
        ]

    return _Maps(words(_SPOT, venue.spot_ids), words(_PERP, venue.perp_ids), parent)


def _held(replies: Replies, maps: _Maps) -> tuple[list[int], list[int], str | None] | Unreadable:
    """(spot products, perp products, parent) of an account, or what was not read."""
    found: list[list[int]] = []
    for tickets in (maps.spot, maps.perp):
        products: list[int] = []
        for number, ticket in enumerate(tickets):
            word = replies.word(ticket)
            if isinstance(word, Unreadable):
                return word
            products += slots.bits(word, number * slots.WORD_BITS)
        found.append(products)
    parent: str | None = None
    if maps.parent is not None:
        word = replies.word(maps.parent)
        if isinstance(word, Unreadable):
            return word
        parent = None if account_id(word) == NOBODY else account_id(word)
    return found[0], found[1], parent


def _ask_spot(batch: Batch, deployment: Deployment, name: str, product: int) -> list[Ticket]:
    """A normalised spot balance."""
    slot = slots.of(slots.SPOT_BALANCES, product, key(name))
    engine = deployment.contracts[_SPOT]
    return [batch.slot(engine, slot, "SpotEngine balance", f"{name} {product}")]


def _ask_perp(batch: Batch, deployment: Deployment, name: str, product: int) -> list[Ticket]:
    """A perp balance: size and quote, then the funding that it was settled at."""
    slot = slots.of(slots.PERP_BALANCES, product, key(name))
    engine, about = deployment.contracts[_PERP], f"{name} {product}"
    return [batch.slot(engine, slot + n, "PerpEngine balance", about) for n in range(2)]


def _keep(
    out: ReadAccounts,
    replies: Replies,
    name: str,
    engine: str,
    product: int,
    tickets: Sequence[Ticket],
) -> None:
    """One balance into its account, or why it is not known."""
    words: list[int] = []
    for ticket in tickets:
        word = replies.word(ticket)
        if isinstance(word, Unreadable):
            out.problems.setdefault(name, word)
            return
        words.append(word)
    account = out.accounts[name]
    if engine == _SPOT:
        account.spot[product] = slots.halves(words[0])[0]
        return
    amount, v_quote = slots.halves(words[0])
    account.perps[product] = PerpBalance(amount, v_quote, slots.halves(words[1])[0])
