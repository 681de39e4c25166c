"""Many cascades at once: one book, one scenario a column, each to its own end.

    round:  X = cash + A P          pairs (account, scenario) with X < 0 are closed, for good
            V += sum of what they sell, by asset     (signed: a closed short buys)
            P' = shocked price x ratio(V)            executed at the mean along the curve
            equity at the executed prices, less the penalty; below 0 = bad debt
            again where a price has changed

It is `firesale.threshold` for 1,000 scenarios and a million accounts: batch order, full close-out
(or a fraction, see `partial`), no waterfall. What holds and what does not is said there, and
tested here again: **with shorts a larger shock may close fewer, and bad debt depends on the order
even long-only**. Prices are multipliers of the block's; amounts are whole units of account.

How it runs: one bit a pair, tiles of accounts as matrix products (`tiles`), or account by account
where numba is installed and the book is large (`fused`): the same pairs, sums in another order.
Flows and money are float64; which pair is closed is what float64 says. From the second round on,
a scenario whose prices stand still is not looked at, and the box of a block's prices leaves only
the accounts near the boundary.

Equity of an account at its close-out: all that it holds at the executed prices, also what a
close-out leaves it (`LinearBook.sold` differs from `.equity`). Asked accounts sell the
position that they hold at the block.

Source: Cifuentes, Ferrucci and Shin 2005; Cont and Schaanning 2017; vectors R15 and R16.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analyzer.contagion.batch import fused
from analyzer.contagion.batch.impacts import Impacts
from analyzer.contagion.batch.rounds import Engine, Rules, Run, engine_for
from analyzer.contagion.batch.tiles import WORD, Words, make_tiles
from analyzer.contagion.linear import Asked, LinearBook
from analyzer.contagion.linear.arrays import Floats, matrix, vector

GROUP = 16 * WORD
"""Scenarios that run together: their bits are 128 bytes an account. A multiple of `WORD`, so that
the bits of groups can be put side by side."""


@dataclass(frozen=True, slots=True)
class Cascades:
    """How every scenario ended. Shape [scenario] where nothing else is said."""

    failed: NDArray[np.int64]
    """Accounts closed."""
    notional: Floats
    """What was closed, without sign, at the prices at which it traded."""
    bad_debt: Floats
    """Sum over closed accounts of what they lack, before any waterfall."""
    prices: Floats
    """[factor, scenario]: final multipliers."""
    rounds: NDArray[np.int64]
    """Rounds in which something was closed."""
    undecided: NDArray[np.int64]
    """Accounts of which nothing is known in the scenario: never counted as safe."""
    shortfall: Floats
    """[rank, scenario]: of the owners that lack most; their sum is what a Cover-n fund needs."""
    shortfall_owner: NDArray[np.int64]
    """[rank, scenario]: number of the owner; -1 = nobody."""
    closed: Words
    """[block, account]: one bit a scenario; read it with `closed_in`."""
    bit: NDArray[np.int64]
    """[scenario]: its bit, counted over the blocks."""
    engine: Engine
    """Who did the work, one for all scenarios: `tiles` or `fused`."""

    def closed_in(self, scenario: int) -> NDArray[np.bool_]:
        """[account]: whether it was closed (in part, with a fraction) in this scenario."""
        block, bit = divmod(int(self.bit[scenario]), WORD)
        flags: NDArray[np.bool_] = (self.closed[block] >> np.uint64(bit)) & np.uint64(1) == 1
        return flags


def rules(
    book: LinearBook,
    *,
    penalty: ArrayLike = 0.0,
    fraction: float = 1.0,
    ranks: int = 2,
    boxes: bool = True,
    tile: int = 4096,
    rounds: int | None = None,
    engine: Engine = "auto",
) -> Rules:
    """Rules for `book`. penalty: one share, or one a factor.

    Raises: ValueError for a penalty below 0, a fraction outside (0, 1], a tile or rounds below 1,
    an unknown engine, or `fused` for fractions or without numba.
    """
    share = np.broadcast_to(np.asarray(penalty, dtype=np.float64), (len(book.factors),))
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction must be above 0 and at most 1, not {fraction}")
    for name, value in (("tile", tile), ("rounds", 1 if rounds is None else rounds)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    if engine not in get_args(Engine):
        raise ValueError(f"engine must be one of {', '.join(get_args(Engine))}, not {engine!r}")
    if engine == "fused" and (fraction < 1 or not fused.installed()):
        raise ValueError("the fused engine closes in full and needs numba (the extra `fast`)")
    return Rules(vector("penalty", share), fraction, ranks, boxes, tile, rounds, engine)


def cascades(
    book: LinearBook,
    shocks: ArrayLike,
    impacts: Impacts,
    *,
    by: Rules | None = None,
    nonlinear: Asked | None = None,
) -> Cascades:
    """Runs every scenario to its end.

    Shape: shocks [factor, scenario], multipliers of the block's prices after the shock (0.7 =
    -30 %), not negative; `impacts` for the same scenarios. nonlinear: needed where the book has
    such accounts.

    Memory: 128 bytes an account for each 1,024 scenarios, and the tiles. Ends within one round an
    account (a fraction: within a few). Raises: ValueError for a wrong shape, or nonlinear
    accounts that nobody answers for.
    """
    start = matrix("shocks", shocks, rows=len(book.factors))
    by = rules(book) if by is None else by
    if book.nonlinear.any() and nonlinear is None:
        raise ValueError(f"{int(book.nonlinear.sum())} accounts are nonlinear: give `nonlinear`")
    tiles, width = make_tiles(book, by.tile), start.shape[1]
    by = replace(by, engine=engine_for(by, len(book) * width))
    # Scenarios that fall alike share a block, so that its box of prices is small.
    order = np.argsort(start.mean(axis=0), kind="stable")
    step = GROUP if by.fraction == 1 else WORD
    done = [
        Run(tiles, start, order[at : at + step], impacts, by, nonlinear).to_the_end()
        for at in range(0, width, step)
    ]
    return _in_order(done, order, by.engine)


def _in_order(done: list[Run], order: NDArray[np.int64], engine: Engine) -> Cascades:
    """The groups as one result, in the caller's order of scenarios."""
    back = np.argsort(order, kind="stable")
    found = [run.largest.result() for run in done]

    def joined(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(run, name) for run in done], axis=-1)[..., back]

    return Cascades(
        failed=joined("failed"),
        notional=joined("notional"),
        bad_debt=joined("bad_debt"),
        prices=joined("prices"),
        rounds=joined("rounds"),
        undecided=joined("undecided"),
        shortfall=np.hstack([amount for amount, _ in found])[:, back],
        shortfall_owner=np.hstack([who for _, who in found])[:, back],
        closed=np.vstack([run.closed for run in done]),
        bit=back,
        engine=engine,
    )
