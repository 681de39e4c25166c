"""Reads a Uniswap V3 pool at the block: price, liquidity, and every initialised tick around it.

    slot0, liquidity, fee, tickSpacing, token0, token1
      -> decimals of both tokens, the words of tickBitmap that cover the band
      -> ticks of every bit that is set

A word or a tick that was not read would look like a pool without liquidity there, so one of them
makes the whole depth unknown: the reading returns the reason and no curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.market.depth.pool_state import PoolState, Token
from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.ticks import MAX_TICK, MIN_TICK
from analyzer.protocols.kit.unreadable import Unreadable

ABIS = "uniswap_v3"

BAND_TICKS = 48_000
"""How far to both sides of the price ticks are read: a factor of 1.0001**48000, about 121."""

WORD_BITS = 256


@dataclass(frozen=True, slots=True)
class _Head:
    """What the first batch tells."""

    sqrt_price_x96: int
    tick: int
    liquidity: int
    fee_pips: int
    spacing: int
    token0: str
    token1: str

    def words(self, band: int) -> range:
        """The words of the bitmap that cover `band` ticks to both sides."""
        low = max(self.tick - band, MIN_TICK) // self.spacing >> 8
        high = min(self.tick + band, MAX_TICK) // self.spacing >> 8
        return range(low, high + 1)


def read_pool(
    address: str, *, band_ticks: int = BAND_TICKS, source: str = ""
) -> Reading[PoolState | Unreadable]:
    """The pool at `address`, or why it is not known.

    Three batches of reads. band_ticks: how far to read; the words at both ends are read whole.
    source: what the curve will say that it is from (`Uniswap V3 pool 0x.. at block 7`).
    """
    first = Batch(ABIS)
    names = ("slot0", "liquidity", "fee", "tickSpacing", "token0", "token1")
    asked = {name: first.call("Pool", address, name, about=address) for name in names}
    head = _head((yield from first.read()), asked)
    if isinstance(head, Unreadable):
        return head
    words = head.words(band_ticks)
    second = Batch(ABIS)
    decimals = [
        second.call("ERC20", token, "decimals", about=token) for token in (head.token0, head.token1)
    ]
    bitmap = [second.call("Pool", address, "tickBitmap", word, about=str(word)) for word in words]
    replies = yield from second.read()
    counts, bits = _numbers(replies, decimals), _numbers(replies, bitmap)
    if isinstance(counts, Unreadable):
        return counts
    if isinstance(bits, Unreadable):
        return bits
    ticks = yield from _read_ticks(address, _set_ticks(words, bits, head.spacing))
    if isinstance(ticks, Unreadable):
        return ticks
    return PoolState(
        address=address,
        token0=Token(head.token0, counts[0]),
        token1=Token(head.token1, counts[1]),
        fee_pips=head.fee_pips,
        tick_spacing=head.spacing,
        sqrt_price_x96=head.sqrt_price_x96,
        tick=head.tick,
        liquidity=head.liquidity,
        ticks=ticks,
        low_tick=max(words.start * WORD_BITS * head.spacing, MIN_TICK),
        high_tick=min((words.stop * WORD_BITS - 1) * head.spacing, MAX_TICK),
        source=source or f"Uniswap V3 pool {address}",
    )


def _read_ticks(
    address: str, numbers: Sequence[int]
) -> Reading[tuple[tuple[int, int], ...] | Unreadable]:
    """(tick, liquidityNet) of the initialised ticks; the first that could not be read instead."""
    if not numbers:
        return ()
    batch = Batch(ABIS)
    tickets = [batch.call("Pool", address, "ticks", tick, about=str(tick)) for tick in numbers]
    nets = _nets((yield from batch.read()), tickets)
    if isinstance(nets, Unreadable):
        return nets
    return tuple(zip(numbers, nets, strict=True))


def _head(replies: Replies, asked: dict[str, Ticket]) -> _Head | Unreadable:
    """The first batch as numbers; the first thing missing instead."""
    slot0 = replies.values(asked["slot0"])
    if isinstance(slot0, Unreadable):
        return slot0
    numbers = _numbers(replies, [asked[name] for name in ("liquidity", "fee", "tickSpacing")])
    if isinstance(numbers, Unreadable):
        return numbers
    token0, token1 = replies.text(asked["token0"]), replies.text(asked["token1"])
    if isinstance(token0, Unreadable):
        return token0
    if isinstance(token1, Unreadable):
        return token1
    price, tick = slot0[0], slot0[1]
    if not isinstance(price, int) or not isinstance(tick, int):
        raise TypeError(f"{asked['slot0'].what} does not begin with two integers")
    liquidity, fee, spacing = numbers
    if price == 0 or spacing <= 0:
        return Unreadable(asked["slot0"].what, "the pool has no price yet", True)
    return _Head(price, tick, liquidity, fee, spacing, token0, token1)


def _numbers(replies: Replies, tickets: Sequence[Ticket]) -> list[int] | Unreadable:
    """The integers behind the tickets; the first that could not be read instead."""
    out: list[int] = []
    for ticket in tickets:
        number = replies.number(ticket)
        if isinstance(number, Unreadable):
            return number
        out.append(number)
    return out


def _set_ticks(words: range, bits: Sequence[int], spacing: int) -> list[int]:
    """The initialised ticks, lowest first."""
    return [
        ((word << 8) + bit) * spacing
        for word, held in zip(words, bits, strict=True)
        for bit in range(WORD_BITS)
        if held >> bit & 1
    ]


def _nets(replies: Replies, tickets: Sequence[Ticket]) -> list[int] | Unreadable:
    """liquidityNet of every tick; the first that could not be read instead."""
    out: list[int] = []
    for ticket in tickets:
        values = replies.values(ticket)
        if isinstance(values, Unreadable):
            return values
        net = values[1]
        if not isinstance(net, int):
            raise TypeError(f"{ticket.what} does not give liquidityNet second")
        out.append(net)
    return out
