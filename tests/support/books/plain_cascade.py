"""The cascade as one writes it with scipy: the whole book as CSR times dense blocks of scenarios.

The rival of the kernel, tuned: 64 scenarios a block, matrices made once and of one type, blocks
that have come to their end left out. It computes who is closed, what is sold and where prices
go; no notional, no bad debt, no owners, which the kernel does beside.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from analyzer.contagion.batch.tiles import WORD
from analyzer.contagion.linear.book import LinearBook

Floats = NDArray[np.float64]


def plain_cascade(
    book: LinearBook, shocks: Floats, depth: Floats, *, dtype: Any, rounds: int | None = None
) -> tuple[NDArray[np.bool_], Floats, int]:
    """(closed [account, scenario], final prices [factor, scenario], rounds in which a block was
    computed, over all blocks). Exponential impact; depth [factor]."""
    shape = (len(book), len(book.factors))
    margin = csr_matrix((book.headroom.astype(dtype), book.column, book.indptr), shape=shape)
    selling = csr_matrix((book.sold.astype(dtype), book.column, book.indptr), shape=shape)
    selling = selling.T.tocsr()
    cash = book.headroom_cash.astype(dtype)[:, None]
    everyone = np.zeros((len(book), shocks.shape[1]), dtype=np.bool_)
    final, computed = shocks.copy(), 0
    for start in range(0, shocks.shape[1], WORD):
        columns = slice(start, min(start + WORD, shocks.shape[1]))
        shocked, closed = shocks[:, columns], everyone[:, columns]
        prices, volume, done = shocked, np.zeros_like(shocked), 0
        while rounds is None or done < rounds:
            headroom = margin @ prices.astype(dtype)
            headroom += cash
            fresh = (headroom < 0) & ~closed
            computed, done = computed + 1, done + 1
            if not fresh.any():
                break
            closed |= fresh
            volume = volume + (selling @ fresh.astype(dtype)).astype(np.float64)
            prices = shocked * np.exp(-volume / depth[:, None])
        final[:, columns] = prices
    return everyone, final, computed
