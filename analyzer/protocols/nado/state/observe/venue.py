"""What holds for the venue as a whole: lists, insurance, spreads, times, the queue."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.abi.keccak import checksum
from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable, needed
from analyzer.protocols.nado.account_ids import account_id
from analyzer.protocols.nado.deployments import ABI_FOLDER, KIND
from analyzer.protocols.nado.state import slots

_ENGINES = ("SpotEngine", "PerpEngine")
"""In the order of the contracts' own types, 0 and 1."""
_U64 = 64
_U64_MASK = 2**_U64 - 1
_ADDRESS_MASK = 2**160 - 1
MOST = 10_000_000
"""Longer lists of accounts, and tables of products, are no Nado's: the contract is another one."""


@dataclass(slots=True)
class Venue:
    """Words that everything rests on. queue: (first, end) of the entries that wait. liquidator:
    address of ClearinghouseLiq. engines: as the Clearinghouse names them."""

    spot_ids: list[int]
    perp_ids: list[int]
    account_ids: list[str]
    listed: int
    pools: tuple[str, ...]
    spreads: tuple[tuple[int, int], ...]
    insurance: int
    last_fees: int
    spot_time: int
    perp_time: int
    submissions: int
    queue: tuple[int, int]
    liquidator: str
    engines: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The first batch."""

    listed: Ticket
    pools: Ticket
    lengths: tuple[Ticket, ...]
    engines: tuple[Ticket, ...]
    words: dict[str, Ticket]


def read_venue(deployment: Deployment) -> Reading[Venue]:
    """Two batches: the single words, then the lists whose lengths they are.

    Raises: UnreadError, InputError when one of them cannot be had.
    """
    contracts = deployment.contracts
    batch = Batch(ABI_FOLDER)
    asked = _ask(batch, deployment)
    replies = yield from batch.read()

    def word(ticket: Ticket, role: str) -> int:
        return needed(replies.word(ticket), contracts[role], KIND)

    lengths = [_length(word(t, e), e) for t, e in zip(asked.lengths, _ENGINES, strict=True)]
    count = _length(word(asked.listed, "Endpoint"), "Endpoint")
    pool_count = _length(word(asked.pools, "Endpoint"), "Endpoint")
    numbers = {
        name: word(ticket, "Endpoint" if name in ("times", "submissions", "queue") else _CLEARING)
        for name, ticket in asked.words.items()
    }
    lists = yield from _read_lists(deployment, lengths, count, pool_count)
    insurance, last_fees = slots.halves(numbers["insurance"])
    perp_time, spot_time = slots.halves(numbers["times"])
    return Venue(
        spot_ids=lists.products[0],
        perp_ids=lists.products[1],
        account_ids=lists.accounts,
        listed=count,
        pools=lists.pools,
        spreads=slots.spreads(numbers["spreads"]),
        insurance=insurance,
        last_fees=last_fees,
        spot_time=spot_time,
        perp_time=perp_time,
        submissions=numbers["submissions"] & _U64_MASK,
        queue=_queue(numbers["queue"]),
        liquidator=_address(numbers["liquidator"]),
        engines=(_engine(replies, asked.engines[0]), _engine(replies, asked.engines[1])),
    )


_CLEARING = "Clearinghouse"


def _ask(batch: Batch, deployment: Deployment) -> _Asked:
    """The single words."""
    contracts = deployment.contracts
    clearing, endpoint = contracts[_CLEARING], contracts["Endpoint"]
    words = {
        "insurance": (clearing, slots.CLEARING_INSURANCE),
        "spreads": (clearing, slots.CLEARING_SPREADS),
        "liquidator": (clearing, slots.CLEARING_LIQUIDATOR),
        "times": (endpoint, slots.ENDPOINT_TIMES),
        "submissions": (endpoint, slots.ENDPOINT_SUBMISSIONS),
        "queue": (endpoint, slots.ENDPOINT_QUEUE),
    }
    return _Asked(
        listed=batch.slot(endpoint, slots.ENDPOINT_ACCOUNT_COUNT, "Endpoint accounts", "count"),
        pools=batch.slot(endpoint, slots.ENDPOINT_POOLS, "Endpoint NLP pools", "count"),
        lengths=tuple(
            batch.slot(contracts[engine], slots.PRODUCT_IDS, f"{engine} products", "count")
            for engine in _ENGINES
        ),
        engines=tuple(
            batch.slot(
                clearing,
                slots.of(slots.CLEARING_ENGINES, number),
                "Clearinghouse engine",
                str(number),
                True,
            )
            for number in range(len(_ENGINES))
        ),
        words={name: batch.slot(at, slot, f"venue {name}") for name, (at, slot) in words.items()},
    )


@dataclass(frozen=True, slots=True)
class _Lists:
    """What the second batch gave."""

    products: tuple[list[int], ...]
    accounts: list[str]
    pools: tuple[str, ...]


def _read_lists(
    deployment: Deployment, lengths: list[int], count: int, pool_count: int
) -> Reading[_Lists]:
    """Products, accounts and pools. Raises: UnreadError, InputError."""
    endpoint = deployment.contracts["Endpoint"]
    batch = Batch(ABI_FOLDER)
    products = [
        [
            batch.slot(deployment.contracts[e], slots.array(slots.PRODUCT_IDS) + n, f"{e} products")
            for n in range(-(-length // slots.WORD_IDS))
        ]
        for e, length in zip(_ENGINES, lengths, strict=True)
    ]
    accounts = [
        batch.slot(
            endpoint, slots.of(slots.ENDPOINT_ACCOUNTS, number), "Endpoint accounts", str(number)
        )
        for number in range(1, count + 1)
    ]
    pools = [
        batch.slot(
            endpoint,
            slots.array(slots.ENDPOINT_POOLS) + slots.POOL_WORDS * number + 1,
            "Endpoint NLP pools",
            str(number),
        )
        for number in range(pool_count)
    ]
    replies = yield from batch.read()

    def words(tickets: list[Ticket]) -> list[int]:
        return [needed(replies.word(ticket), endpoint, KIND) for ticket in tickets]

    return _Lists(
        products=tuple(
            slots.ids(words(tickets), length)
            for tickets, length in zip(products, lengths, strict=True)
        ),
        accounts=[account_id(word) for word in words(accounts)],
        pools=tuple(account_id(word) for word in words(pools)),
    )


def _length(word: int, role: str) -> int:
    """The length of a list. Raises: InputError for one that no Nado has."""
    wrong = Unreadable(f"a list of the {role}", f"has {word} entries", True)
    return word if word <= MOST else needed(wrong, role, KIND)


def _queue(word: int) -> tuple[int, int]:
    """(first, end) of the entries that wait: timeout, count and progress share a word."""
    count, done = word >> _U64 & _U64_MASK, word >> 2 * _U64 & _U64_MASK
    return done, count


def _address(word: int) -> str:
    """The address in a word."""
    return checksum((word & _ADDRESS_MASK).to_bytes(20, "big"))


def _engine(replies: Replies, ticket: Ticket) -> str | None:
    """The engine that the Clearinghouse names; None when not read."""
    word = replies.word(ticket)
    return None if isinstance(word, Unreadable) else _address(word)
