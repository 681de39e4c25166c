"""A linear book cut into tiles of accounts: which of them fall below maintenance in which scenario.

A tile is a dense float32 matrix [account, factor] that fits the cache, so that one matrix product
gives X of thousands of accounts in 64 scenarios; nothing of the size accounts x scenarios is ever
a number: what is kept is one bit each, 64 scenarios a word.

Three answers, cheapest first:

    box      the lowest and highest price of each factor over a block of 64 scenarios bound X of an
             account over all of them: safe in all, or below in all, without looking at any
    float32  X = cash + A P decides where |X| is above its own error bound
    float64  the few pairs in between, term by term in the order of the book

Error bound of the float32 sum of n terms: (n + 8) 2^-24 of the gross value, and never taken
smaller than `NEAR`; so float32 and the box never decide what float64 would decide otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear import LinearBook
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.networks.firesale import BREACH_TOLERANCE

Floats32 = NDArray[np.float32]
Words = NDArray[np.uint64]
Bools = NDArray[np.bool_]

WORD = 64
"""Scenarios in a block: the bits of a word, and 64 float32 prices a factor fit the first cache."""

NEAR = 1e-5
"""Share of gross value below which |X| in float32 is decided again in float64."""

_UNIT = 2.0**-24
"""Relative rounding of float32."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """A book laid out for dense tiles of `size` accounts."""

    book: LinearBook
    size: int
    place: NDArray[np.int32]
    """[entry]: its place in its tile's dense matrix."""
    headroom: Floats32
    """[entry]: coefficients of X."""
    cash: Floats32
    """[account]: the part of X that no price moves; 0 where `counts` is false."""
    near: Floats32
    """[account]: share of gross value below which float32 does not decide."""
    counts: Bools
    """[account]: known and linear; the others are not decided here."""

    def spans(self) -> Iterator[tuple[int, int]]:
        """(first, last + 1) account of every tile."""
        for start in range(0, len(self.book), self.size):
            yield start, min(start + self.size, len(self.book))

    def dense(self, start: int, stop: int, out: Floats32) -> Floats32:
        """The coefficients of X [account, factor] of one tile, in `out`."""
        tile = out[: stop - start]
        tile[:] = 0.0
        first, last = self.book.indptr[start], self.book.indptr[stop]
        tile.reshape(-1)[self.place[first:last]] = self.headroom[first:last]
        return tile


def make_tiles(book: LinearBook, size: int) -> Tiles:
    """The compute copy of `book`. Memory: 8 bytes an entry and 9 an account beside the book."""
    factors, row = len(book.factors), book.row
    terms = np.diff(book.indptr)
    counts = book.linear
    return Tiles(
        book=book,
        size=size,
        place=((row % size) * factors + book.column).astype(np.int32),
        headroom=book.headroom.astype(np.float32),
        cash=np.where(counts, book.headroom_cash, 0.0).astype(np.float32),
        near=np.maximum(NEAR, (terms + 8) * _UNIT).astype(np.float32),
        counts=counts,
    )


@dataclass(frozen=True, slots=True)
class Prices:
    """Multipliers of one round, and their boxes, for the blocks that are still moving.

    blocks: numbers of the blocks; columns[b]: the scenarios of block b that are looked at, as
    columns of `exact`; bits[b]: the same as a word. low and high [factor, block]: the box.
    """

    exact: Floats
    rounded: Floats32
    blocks: NDArray[np.int64]
    columns: tuple[NDArray[np.int64], ...]
    bits: Words
    middle: Floats32
    radius: Floats32
    highest: Floats32


def prices_of(exact: Floats, moving: Bools) -> Prices:
    """The scenarios that are `moving`, in blocks. Shape: exact [factor, scenario], moving
    [scenario]."""
    blocks, columns, bits, low, high = [], [], [], [], []
    for block in range(-(-exact.shape[1] // WORD)):
        chosen = block * WORD + np.flatnonzero(moving[block * WORD : (block + 1) * WORD])
        if not len(chosen):
            continue
        blocks.append(block)
        columns.append(chosen)
        bits.append(sum(1 << int(scenario % WORD) for scenario in chosen))
        low.append(exact[:, chosen].min(axis=1))
        high.append(exact[:, chosen].max(axis=1))
    factors = len(exact)
    below, above = np.reshape(low, (-1, factors)).T, np.reshape(high, (-1, factors)).T
    return Prices(
        exact=exact,
        rounded=exact.astype(np.float32),
        blocks=np.array(blocks, dtype=np.int64),
        columns=tuple(columns),
        bits=np.array(bits, dtype=np.uint64),
        middle=((below + above) / 2).astype(np.float32),
        radius=((above - below) / 2).astype(np.float32),
        highest=above.max(axis=1, initial=0.0).astype(np.float32),
    )


def newly_below(
    tiles: Tiles, start: int, tile: Floats32, *, prices: Prices, closed: Words, boxes: bool
) -> Words:
    """Words [account, block] of the tile: which pairs are below maintenance and were not closed.

    tile: the dense coefficients of the accounts from `start`; closed [account, block]: the pairs
    that are out already. Without `boxes` every pair is computed: the same result, slower.
    """
    stop = start + len(tile)
    absolute = np.abs(tile)
    cash, counts = tiles.cash[start:stop], tiles.counts[start:stop]
    slack = (np.abs(cash) + absolute @ prices.highest) * tiles.near[start:stop]
    fresh = np.zeros((len(tile), len(prices.blocks)), dtype=np.uint64)
    todo = counts[:, None] & ((closed & prices.bits) != prices.bits)
    if boxes:
        middle = cash[:, None] + tile @ prices.middle
        reach = absolute @ prices.radius + slack[:, None]
        below = todo & (middle + reach < 0)
        fresh[below] = np.broadcast_to(prices.bits, fresh.shape)[below]
        todo &= ~below & (middle - reach < 0)
    for place, columns in enumerate(prices.columns):
        rows = np.flatnonzero(todo[:, place])
        if len(rows):
            headroom = tile[rows] @ prices.rounded[:, columns]
            headroom += cash[rows, None]
            flags = headroom < 0
            close = np.abs(headroom) < slack[rows, None]
            if close.any():
                near, column = np.nonzero(close)
                flags[close] = below_exactly(
                    tiles.book, start + rows[near], prices.exact, columns[column]
                )
            fresh[rows, place] = packed(flags, columns)
    return fresh & ~closed


def below_exactly(
    book: LinearBook,
    accounts: NDArray[np.int64],
    prices: Floats,
    scenarios: NDArray[np.int64],
) -> Bools:
    """[pair]: whether X < 0 by more than rounding, in float64, term by term."""
    pair, entry = book.entries(accounts)
    value = book.headroom[entry] * prices[book.column[entry], scenarios[pair]]
    cash = book.headroom_cash[accounts]
    headroom = cash + np.bincount(pair, value, minlength=len(accounts))
    gross = np.abs(cash) + np.bincount(pair, np.abs(value), minlength=len(accounts))
    below: Bools = headroom < -BREACH_TOLERANCE * gross
    return below


def packed(flags: Bools, columns: NDArray[np.int64]) -> Words:
    """[row]: one word of flags [row, column], each at the bit of its scenario."""
    full = np.zeros((len(flags), WORD), dtype=np.bool_)
    full[:, columns % WORD] = flags
    return np.packbits(full, axis=1, bitorder="little").view(np.uint64)[:, 0]


def unpacked(words: Words, columns: NDArray[np.int64]) -> Bools:
    """Flags [row, column] of words [row]: the inverse of `packed`."""
    octets = np.ascontiguousarray(words)[:, None].view(np.uint8)
    full = np.unpackbits(octets, axis=1, bitorder="little")
    flags: Bools = (full if len(columns) == WORD else full[:, columns % WORD]).view(np.bool_)
    return flags


def dense_rows(book: LinearBook, values: Floats, rows: NDArray[np.int64]) -> Floats:
    """Coefficients `values` [entry] of some accounts as a dense float64 [row, factor]."""
    place, entry = book.entries(rows)
    out = np.zeros((len(rows), len(book.factors)))
    out[place, book.column[entry]] = values[entry]
    return out
