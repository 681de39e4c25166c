"""Reads a StableSwap pool at the block: coins, balances, A, fee and rates.

    coins(0), coins(1), ... to the last that answers (eight at most), A_precise or A, fee,
    stored_rates, base_pool, underlying_coins
      -> balances and decimals of every coin

A pool over another pool's token, and one of lent coins, values its balances by reads of its own:
such a pool is unknown, as is one of which any balance was not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.market.depth.stable_swap import FEE_UNIT, StableState, get_d
from analyzer.model.errors import UnreadError
from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import (
    Unreadable,
    UnreadableNumberError,
    known,
    reverts,
)

ABIS = "stableswap"
MOST_COINS = 8
MOST_DECIMALS = 36
"""Of a coin: what its balances are brought to is 10**36 less its own."""
MOST_A = 10**6
"""What Curve's contracts let `A` be at most."""
MOST_AT_PAR = 10**60
"""A balance at par with 18 decimals: no market is larger."""
PRECISION = 100
"""What `A_precise` is multiplied with."""
NATIVE = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
"""What such pools call the chain's own coin, which has 18 decimals and no contract."""


@dataclass(frozen=True, slots=True)
class _Head:
    """What the first batch tells. amplification: A times precision; rates: None where the pool
    has none of its own."""

    coins: tuple[str, ...]
    amplification: int
    precision: int
    fee: int
    rates: tuple[int, ...] | None


def read_stable_pool(address: str, *, source: str = "") -> Reading[StableState | Unreadable]:
    """The pool at `address`, or why it is not known. source: as of its curve."""
    try:
        head = yield from _read_head(address)
        batch = Batch(ABIS)
        balances = [batch.call("Pool", address, "balances", i) for i in range(len(head.coins))]
        own = [coin for coin in head.coins if coin.lower() != NATIVE]
        places = {coin: batch.call("ERC20", coin, "decimals", about=coin) for coin in own}
        replies = yield from batch.read()
        amounts = tuple(known(replies.number(ticket)) for ticket in balances)
        count = {coin: known(replies.number(ticket)) for coin, ticket in places.items()}
        decimals = tuple(count.get(coin, 18) for coin in head.coins)
        if max(decimals) > MOST_DECIMALS:
            raise UnreadableNumberError(reverts(address, "a coin has more decimals than it can"))
        rates = head.rates or tuple(10 ** (MOST_DECIMALS - places) for places in decimals)
    except UnreadableNumberError as error:
        return error.unreadable
    state = StableState(
        address=address,
        coins=head.coins,
        balances=amounts,
        rates=rates,
        decimals=decimals,
        amplification=head.amplification,
        precision=head.precision,
        fee=head.fee,
        source=source or f"StableSwap pool {address}",
    )
    fault = _fault(state)
    return state if fault is None else reverts(f"StableSwap pool {address}", fault)


def _fault(state: StableState) -> str | None:
    """Why no pool can be what a contract says that it is; None for one that can."""
    at_par = state.at_par()
    if not (all(at_par) and state.amplification):
        return "the pool holds nothing"
    if len({coin.lower() for coin in state.coins}) < len(state.coins):
        return "a coin is in it twice"
    if state.fee >= FEE_UNIT:
        return "its fee is all that it pays"
    if state.amplification > MOST_A * state.precision or max(at_par) > MOST_AT_PAR:
        return "its numbers are beyond those of any pool"
    try:
        get_d(at_par, state.amplification, state.precision)
    except UnreadError:
        return "its invariant does not settle"
    return None


def _read_head(address: str) -> Reading[_Head]:
    """The first batch. Raises: UnreadableNumberError for what is missing, and for a pool of
    another kind."""
    batch = Batch(ABIS)
    coins = [batch.call("Pool", address, "coins", place) for place in range(MOST_COINS)]
    names = ("A", "A_precise", "fee", "stored_rates", "base_pool")
    asked = {name: batch.call("Pool", address, name, about=address) for name in names}
    asked["underlying_coins"] = batch.call("Pool", address, "underlying_coins", 0)
    replies = yield from batch.read()
    held = _coins(replies, coins)
    for name in ("base_pool", "underlying_coins"):
        found = replies.text(asked[name])
        if not isinstance(found, Unreadable):
            raise UnreadableNumberError(
                reverts(asked[name].what, "the pool holds tokens of another pool")
            )
        if not found.reverted:
            raise UnreadableNumberError(found)
    precise = replies.number(asked["A_precise"])
    plain = isinstance(precise, Unreadable) and precise.reverted
    return _Head(
        coins=held,
        amplification=known(replies.number(asked["A"]) if plain else precise),
        precision=1 if plain else PRECISION,
        fee=known(replies.number(asked["fee"])),
        rates=_rates(replies, asked["stored_rates"], len(held)),
    )


def _coins(replies: Replies, tickets: Sequence[Ticket]) -> tuple[str, ...]:
    """The coins up to the first place that the contract refuses."""
    out: list[str] = []
    for ticket in tickets:
        coin = replies.text(ticket)
        if isinstance(coin, Unreadable) and coin.reverted and len(out) > 1:
            break
        out.append(known(coin))
    return tuple(out)


def _rates(replies: Replies, ticket: Ticket, count: int) -> tuple[int, ...] | None:
    """The pool's own rates, None where it has none: every coin is at par."""
    values = replies.values(ticket)
    if isinstance(values, Unreadable):
        if not values.reverted:
            raise UnreadableNumberError(values)
        return None
    given = values[0]
    if not isinstance(given, tuple | list) or len(given) < count:
        raise UnreadableNumberError(reverts(ticket.what, "has no rate of every coin"))
    return tuple(int(str(rate)) for rate in given[:count])
