"""The batch cascade account by account, for a compiler: the same flags as `tiles`, no dense matrix.

One block of 64 scenarios (the bits of a word, the lanes of the inner loops) over all accounts:

    find      box -> float32 -> float64, as in `tiles`; adds what the closed pairs sell
    settle    equity, notional and the largest shortfalls of the closed pairs at executed prices

Plain functions over arrays. numba compiles them where it is installed (the extra `fast`); a block
is one task of a thread, for blocks share nothing but what they only read. Without numba nobody
calls them on a large book: they are Python loops, and a test runs them as such.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.linear.arrays import Floats

Array = NDArray[Any]

LANES = 64
"""Scenarios of a block; lanes that do not move, or do not exist, are computed and masked."""


Functions = tuple[Callable[..., None], Callable[..., None]]
"""`find` and `settle`, compiled or as they are."""


def installed() -> bool:
    """Whether there is a compiler for these functions."""
    return find_spec("numba") is not None


@cache
def compiled() -> Functions:
    """(find, settle), compiled. Raises: ImportError without numba."""
    njit = import_module("numba").njit
    # No fast mathematics: the order of sums is part of the result. No cache: it would be written
    # beside the sources, which an installation may not allow.
    return njit(nogil=True)(find), njit(nogil=True)(settle)


def find(
    indptr: Array,
    column: Array,
    headroom32: Array,
    cash32: Array,
    near: Array,
    counts: Array,
    headroom: Floats,
    cash: Floats,
    sold: Floats,
    prices32: Array,
    prices: Floats,
    middle: Array,
    radius: Array,
    highest: Array,
    bits: np.uint64,
    tolerance: float,
    closed: Array,
    fresh: Array,
    flow: Floats,
    failed: Array,
) -> None:
    """The pairs of one block that fall below maintenance now.

    Shape: indptr, column, coefficients and cash as in `Tiles` and its book; prices [factor, lane];
    middle, radius, highest [factor] of the lanes in `bits`; closed and fresh [account], words;
    flow [factor, lane] and failed [lane], added to. `closed` gets the fresh pairs too.
    """
    one, zero = np.uint64(1), np.uint64(0)
    lanes = np.empty(LANES, dtype=np.float32)
    everywhere = np.zeros(flow.shape[0])
    whole = 0
    for account in range(len(cash)):
        fresh[account] = zero
        if not counts[account] or (closed[account] & bits) == bits:
            continue
        first, last = indptr[account], indptr[account + 1]
        centre, reach, gross = cash32[account], np.float32(0.0), abs(cash32[account])
        for entry in range(first, last):
            factor, slope = column[entry], headroom32[entry]
            centre += slope * middle[factor]
            reach += abs(slope) * radius[factor]
            gross += abs(slope) * highest[factor]
        slack = gross * near[account]
        if centre - reach >= slack:
            continue
        word = bits
        if centre + reach >= -slack:
            for lane in range(LANES):
                lanes[lane] = cash32[account]
            for entry in range(first, last):
                factor, slope = column[entry], headroom32[entry]
                for lane in range(LANES):
                    lanes[lane] += slope * prices32[factor, lane]
            close = 0
            for lane in range(LANES):
                close += abs(lanes[lane]) < slack
            word = zero
            for lane in range(LANES):
                word |= np.uint64(lanes[lane] < 0) << np.uint64(lane)
            if close:
                for lane in range(LANES):
                    if abs(lanes[lane]) < slack:
                        total, size = 0.0, 0.0
                        for entry in range(first, last):
                            value = headroom[entry] * prices[column[entry], lane]
                            total += value
                            size += abs(value)
                        below = cash[account] + total < -tolerance * (abs(cash[account]) + size)
                        word &= ~(one << np.uint64(lane))
                        word |= np.uint64(below) << np.uint64(lane)
        word &= bits & ~closed[account]
        if word == zero:
            continue
        fresh[account] = word
        closed[account] |= word
        if word == bits:
            whole += 1
            for entry in range(first, last):
                everywhere[column[entry]] += sold[entry]
            continue
        for lane in range(LANES):
            lanes[lane] = np.float32((word >> np.uint64(lane)) & one)
            failed[lane] += np.int64((word >> np.uint64(lane)) & one)
        for entry in range(first, last):
            factor, amount = column[entry], sold[entry]
            for lane in range(LANES):
                flow[factor, lane] += amount * lanes[lane]
    for lane in range(LANES):
        if (bits >> np.uint64(lane)) & one:
            failed[lane] += whole
            for factor in range(flow.shape[0]):
                flow[factor, lane] += everywhere[factor]


def settle(
    indptr: Array,
    column: Array,
    equity: Floats,
    cash: Floats,
    sold: Floats,
    prices: Floats,
    fresh: Array,
    owner: Array,
    several: Array,
    notional: Floats,
    debt: Floats,
    amount: Floats,
    who: Array,
    shared: Array,
) -> None:
    """What the fresh pairs of one block traded and what they lack.

    equity [entry]: coefficients less the penalty. prices [factor, lane]: executed. notional and
    debt [lane] are added to; amount and who [rank, lane] hold the largest shortfalls of owners
    with one account. shared [account]: set where an owner with several lacks something.
    """
    one = np.uint64(1)
    value, traded = np.empty(LANES), np.empty(LANES)
    ranks = amount.shape[0]
    for account in range(len(cash)):
        word = fresh[account]
        if word == 0:
            continue
        for lane in range(LANES):
            value[lane] = 0.0
            traded[lane] = 0.0
        for entry in range(indptr[account], indptr[account + 1]):
            factor, slope, size = column[entry], equity[entry], abs(sold[entry])
            for lane in range(LANES):
                value[lane] += slope * prices[factor, lane]
                traded[lane] += size * prices[factor, lane]
        for lane in range(LANES):
            if not (word >> np.uint64(lane)) & one:
                continue
            notional[lane] += traded[lane]
            short = -(cash[account] + value[lane])
            if short <= 0.0:
                continue
            debt[lane] += short
            if several[account]:
                shared[account] = True
                continue
            rank = ranks
            while rank > 0 and amount[rank - 1, lane] < short:
                rank -= 1
            if rank < ranks:
                for below in range(ranks - 1, rank, -1):
                    amount[below, lane] = amount[below - 1, lane]
                    who[below, lane] = who[below - 1, lane]
                amount[rank, lane] = short
                who[rank, lane] = owner[account]
