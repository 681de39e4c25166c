"""What must exist: lists, counts and sums as the DataStore has them.

None of it goes into a margin. Each is the other side of a control total, so that logs which a node
left out are noticed also where no view is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from analyzer.model.reads import Reading
from analyzer.protocols.gmx_v2.deployments import ABI_FOLDER
from analyzer.protocols.gmx_v2.keys import key, name_hash
from analyzer.protocols.gmx_v2.logs.fold.ledger import GmxLedger
from analyzer.protocols.gmx_v2.records import MarketLedger
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable

MARKETS, POSITIONS = "MARKET_LIST", "POSITION_LIST"
_MARKETS_A_PAGE = 100
_POSITIONS_A_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Stored:
    """A number that logs give and the DataStore stores: which, where, and by which getter. market,
    token, is_long: what it is a number of; empty and None where it is of all."""

    name: str
    key: bytes
    rebuilt: int
    getter: str = "getUint"
    market: str = ""
    token: str = ""
    is_long: bool | None = None


@dataclass(frozen=True, slots=True)
class MustExist:
    """Numbers as the DataStore has them; None where not read.

    market_count, position_count: of the two lists. markets, positions: the lists themselves.
    stored: by the key of `Stored`, in hex.
    """

    market_count: int | None = None
    position_count: int | None = None
    markets: tuple[str, ...] | None = None
    positions: tuple[str, ...] | None = None
    stored: Mapping[str, int | None] = field(default_factory=dict)


def stored_numbers(ledger: GmxLedger) -> Iterator[Stored]:
    """Every number of the ledger that the DataStore stores too, but for those of positions."""
    for address, market in ledger.markets.items():
        yield from _of_market(address, market)
        for is_long in (True, False):
            yield from _of_side(address, market, is_long)
    name = "VIRTUAL_INVENTORY_FOR_SWAPS"
    for market_id, both in ledger.virtual_swaps.items():
        for side, amount in both.items():
            yield Stored(name, key(name, bytes.fromhex(market_id[2:]), side == "long"), amount)


def _of_market(address: str, market: MarketLedger) -> Iterator[Stored]:
    """Pools and impact of one market."""

    def one(name: str, rebuilt: int, *args: str, getter: str = "getUint") -> Stored:
        return Stored(name, key(name, address, *args), rebuilt, getter, address)

    for token in market.collateral_tokens:
        yield one("POOL_AMOUNT", market.pool.get(token, 0), token)
        yield one("SWAP_IMPACT_POOL_AMOUNT", market.swap_impact_pool.get(token, 0), token)
    yield one("POSITION_IMPACT_POOL_AMOUNT", market.impact_pool)
    yield one("LENT_POSITION_IMPACT_POOL_AMOUNT", market.lent_impact_pool)
    yield one("TOTAL_PENDING_IMPACT_AMOUNT", market.total_pending_impact, getter="getInt")
    yield one("FUNDING_UPDATED_AT", market.funding_updated_at)


def _of_side(address: str, market: MarketLedger, is_long: bool) -> Iterator[Stored]:
    """Open interest and indexes of one side."""
    side = market.side(is_long)
    for name, rebuilt in (
        ("CUMULATIVE_BORROWING_FACTOR", side.cumulative_borrowing),
        ("CUMULATIVE_BORROWING_FACTOR_UPDATED_AT", side.borrowing_updated_at),
    ):
        yield Stored(name, key(name, address, is_long), rebuilt)
    adl, looked = "IS_ADL_ENABLED", "LATEST_ADL_AT"
    yield Stored(adl, key(adl, address, is_long), int(side.adl_enabled), "getBool")
    yield Stored(looked, key(looked, address, is_long), side.adl_at)
    for token in market.collateral_tokens:
        for name, amounts in (
            ("OPEN_INTEREST", side.open_interest),
            ("OPEN_INTEREST_IN_TOKENS", side.in_tokens),
            ("COLLATERAL_SUM", side.collateral_sum),
            ("FUNDING_FEE_AMOUNT_PER_SIZE", side.fee_per_size),
            ("CLAIMABLE_FUNDING_AMOUNT_PER_SIZE", side.claimable_per_size),
        ):
            at, amount = key(name, address, token, is_long), amounts.get(token, 0)
            yield Stored(name, at, amount, "getUint", address, token, is_long)


def virtual_key(virtual_id: str, *, in_tokens: bool) -> bytes:
    """The key of the inventory for positions that markets of one index share."""
    name = "VIRTUAL_INVENTORY_FOR_POSITIONS"
    return key(f"{name}_IN_TOKENS" if in_tokens else name, bytes.fromhex(virtual_id[2:]))


def total_borrowing_key(market: str, is_long: bool) -> bytes:
    """The key of what all open positions of a side owed by index when last touched."""
    return key("TOTAL_BORROWING", market, is_long)


def read_whole(store: str, ledger: GmxLedger) -> Reading[MustExist]:
    """Counts and sums in one batch, then the two lists, page by page."""
    batch = Batch(ABI_FOLDER)
    counts = {
        name: batch.call("DataStore", store, getter, name_hash(name), about=name, evidence=True)
        for name, getter in ((MARKETS, "getAddressCount"), (POSITIONS, "getBytes32Count"))
    }
    asked = {
        one.key: batch.call("DataStore", store, one.getter, one.key, about=one.name, evidence=True)
        for one in stored_numbers(ledger)
    }
    for market in ledger.markets:
        for is_long in (True, False):
            at = total_borrowing_key(market, is_long)
            asked[at] = batch.call(
                "DataStore", store, "getUint", at, about="TOTAL_BORROWING", evidence=True
            )
    for virtual_id in ledger.virtual:
        for in_tokens in (True, False):
            at = virtual_key(virtual_id, in_tokens=in_tokens)
            asked[at] = batch.call(
                "DataStore", store, "getInt", at, about="virtual inventory", evidence=True
            )
    replies = yield from batch.read()
    markets, positions = (replies.optional(ticket) for ticket in counts.values())
    lists = yield from _read_lists(store, markets, positions)
    return MustExist(
        market_count=markets,
        position_count=positions,
        markets=lists[0],
        positions=lists[1],
        stored={at.hex(): _number(replies, ticket) for at, ticket in asked.items()},
    )


def _number(replies: Replies, ticket: Ticket) -> int | None:
    """The number, a flag as 0 or 1; None when not read."""
    value = replies.optional(ticket)
    return None if value is None else int(value)


def _read_lists(
    store: str, markets: int | None, positions: int | None
) -> Reading[tuple[tuple[str, ...] | None, tuple[str, ...] | None]]:
    """Both lists; None where a page, or how many there are, was not read."""
    batch = Batch(ABI_FOLDER)
    pages = [
        _pages(batch, store, MARKETS, "getAddressValuesAt", markets, _MARKETS_A_PAGE),
        _pages(batch, store, POSITIONS, "getBytes32ValuesAt", positions, _POSITIONS_A_PAGE),
    ]
    replies = yield from batch.read()
    return (
        None if markets is None else _listed(replies, pages[0]),
        None if positions is None else _listed(replies, pages[1]),
    )


def _pages(
    batch: Batch, store: str, name: str, getter: str, count: int | None, size: int
) -> list[Ticket]:
    """Questions for a list, `size` entries each; the last page may end beyond the list."""
    return [
        batch.call(
            "DataStore",
            store,
            getter,
            name_hash(name),
            start,
            start + size,
            about=f"{name} {start}",
            evidence=True,
        )
        for start in range(0, count or 0, size)
    ]


def _listed(replies: Replies, pages: list[Ticket]) -> tuple[str, ...] | None:
    """The entries of all pages as text."""
    out: list[str] = []
    for page in pages:
        values = replies.value(page)
        if isinstance(values, Unreadable) or not isinstance(values, tuple | list):
            return None
        out += ["0x" + one.hex() if isinstance(one, bytes) else str(one) for one in values]
    return tuple(out)
