"""Margin under many price vectors at once, float64: for stress, never for a verdict.

Market by market, all its positions and all scenarios in arrays. Everything of the liquidation test
moves with prices: collateral, profits and the cap that the pool sets them, impact, and funding that
is written in tokens. The position fee and what has accrued since then are of USD; borrowing accrues
until the block at each scenario's own rate, as a liquidation would write it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from analyzer.model.book import Book
from analyzer.protocols.base import Repriced
from analyzer.protocols.gmx_v2.fixed_point import ONE
from analyzer.protocols.gmx_v2.records import Position
from analyzer.protocols.gmx_v2.settings import FOR_TRADERS
from analyzer.protocols.gmx_v2.value.pool import Pool
from analyzer.protocols.gmx_v2.value.position import PositionNumbers
from analyzer.protocols.gmx_v2.value.prices import Pair
from analyzer.protocols.gmx_v2.value.reprice_impact import close_impacts
from analyzer.protocols.gmx_v2.value.reprice_rates import accrued
from analyzer.protocols.gmx_v2.value.value import GmxValued
from analyzer.protocols.kit.unreadable import Unreadable, attempt

Floats = npt.NDArray[np.float64]
_USD = 1e30


@dataclass(frozen=True, slots=True)
class Moves:
    """What the scenarios multiply each asset's price by: asset id -> [scenario]."""

    by_asset: dict[str, Floats]
    scenarios: int

    def of(self, asset: str) -> Floats:
        """The multipliers of an asset; 1 where nothing moves it."""
        found = self.by_asset.get(asset)
        return np.ones(self.scenarios) if found is None else found


@dataclass(frozen=True, slots=True)
class _Rows:
    """The known positions of one market. Shapes: [position], whole USD or raw tokens."""

    numbers: list[int]
    keys: list[str]
    is_long: npt.NDArray[np.bool_]
    size: Floats
    tokens: Floats
    collateral: Floats
    funding: Floats
    pending: Floats
    fixed_costs: Floats
    floor: Floats
    user_floor: Floats
    tokens_of: list[str]


def reprice(valued: GmxValued, factors: Sequence[str], shocks: npt.NDArray[np.float64]) -> Repriced:
    """Margin with each factor's price multiplied; whole USD, [position, scenario], NaN for unknown
    positions, and where a setting that other prices need was not read. Shape of shocks: [factor,
    scenario]. Raises: ValueError when they do not match."""
    moves = _moves(valued.book, factors, shocks)
    shape = (len(valued.book), moves.scenarios)
    out = Repriced(*(np.full(shape, np.nan) for _ in range(4)))
    by_market: dict[str, list[tuple[int, str]]] = {}
    for number, key in enumerate(valued.book.account_ids):
        by_market.setdefault(valued.state.positions[key].market, []).append((number, key))
    for market, held in by_market.items():
        pool = attempt(lambda market=market: valued.valuation.pool(market))  # type: ignore[misc]
        if isinstance(pool, Unreadable):
            continue
        rows = _rows(valued, pool, held)
        if rows.numbers:
            # What was not read may be needed only where prices move: then nothing is written.
            attempt(partial(_write, out, valued, pool, rows, moves))
    return out


def _moves(book: Book, factors: Sequence[str], shocks: Floats) -> Moves:
    """Multipliers by asset."""
    if shocks.ndim != 2 or shocks.shape[0] != len(factors):
        raise ValueError(f"{len(factors)} factors, shocks of shape {shocks.shape}")
    rows = {factor: shocks[at] for at, factor in enumerate(factors)}
    moved = {a.asset_id: rows[a.factor] for a in book.assets if a.factor in rows}
    return Moves(moved, shocks.shape[1])


def _rows(valued: GmxValued, pool: Pool, held: Sequence[tuple[int, str]]) -> _Rows:
    """Positions of one market with what their numbers are made of; unknown ones left out."""
    found = [
        (number, valued.state.positions[key], numbers)
        for number, key in held
        if isinstance(numbers := valued.valuation.numbers(key), PositionNumbers)
    ]

    def column(values: Sequence[float]) -> Floats:
        return np.array(values, dtype=np.float64)

    return _Rows(
        [number for number, _, _ in found],
        [position.key for _, position, _ in found],
        np.array([position.is_long for _, position, _ in found], dtype=np.bool_),
        column([position.size_in_usd / _USD for _, position, _ in found]),
        column([float(position.size_in_tokens) for _, position, _ in found]),
        column([float(position.collateral_amount) for _, position, _ in found]),
        column([float(numbers.stored.funding) for _, _, numbers in found]),
        column([float(position.pending_impact_amount) for _, position, _ in found]),
        column([_written_usd(pool, position, numbers) for _, position, numbers in found]),
        column([numbers.keeper.min_for_leverage / _USD for _, _, numbers in found]),
        column([numbers.user.min_for_leverage / _USD for _, _, numbers in found]),
        [position.collateral_token for _, position, _ in found],
    )


def _written_usd(pool: Pool, position: Position, numbers: PositionNumbers) -> float:
    """Borrowing by the index as written, and the funding since then: both are of USD."""
    since = numbers.pending.funding - numbers.stored.funding
    index = pool.ledger.side(position.is_long).cumulative_borrowing
    owed = position.size_in_usd * (index - position.borrowing_factor) / ONE
    return (owed + since * numbers.collateral_price) / _USD


def _write(out: Repriced, valued: GmxValued, pool: Pool, rows: _Rows, moves: Moves) -> None:
    """Fills in the positions of one market."""
    low, high = _bounds(pool.prices.index, moves.of(pool.ledger.market_token))
    price = np.stack([valued.prices.pairs[t][0] / _USD * moves.of(t) for t in rows.tokens_of])
    value = rows.tokens[:, None] * np.where(rows.is_long[:, None], low, high)
    profit = np.where(rows.is_long[:, None], value - rows.size[:, None], rows.size[:, None] - value)
    scale = np.stack([_cap(valued, pool, side, low, high, moves) for side in (False, True)])
    profit = np.where(profit > 0, profit * scale[rows.is_long.astype(np.int64)], profit)
    sides = [
        accrued(pool, side, (low, high), _low_of(valued, pool.ledger.token(side), moves))
        for side in (False, True)
    ]
    borrowed = rows.size[:, None] * np.stack(sides)[rows.is_long.astype(np.int64)]
    equity = (rows.collateral - rows.funding)[:, None] * price + profit
    equity -= rows.fixed_costs[:, None] + borrowed
    pending = rows.pending[:, None] * np.where(rows.pending[:, None] > 0, low, high)
    impact, fee = close_impacts(pool, rows.is_long, rows.size, rows.tokens, (low + high) / 2)
    impact = np.minimum(impact + pending, 0)
    most = pool.setting("MAX_POSITION_IMPACT_FACTOR_FOR_LIQUIDATIONS") / ONE
    impact = np.maximum(impact, -(rows.size * most)[:, None])
    discount = np.array([_discount(valued, key) for key in rows.keys])
    costs = rows.size[:, None] * fee * (1 - discount)[:, None]
    least = np.full(len(rows.keys), _least(valued, rows.keys[0]))
    at = rows.numbers
    out.equity[at] = equity
    out.margin_equity[at] = equity + impact - costs
    out.maintenance[at] = np.maximum(least, rows.floor)[:, None]
    out.initial[at] = np.maximum(least, rows.user_floor)[:, None]


def _bounds(pair: Pair, multiplier: Floats) -> tuple[Floats, Floats]:
    """Both bounds in whole USD for the smallest unit, [scenario]."""
    return pair[0] / _USD * multiplier, pair[1] / _USD * multiplier


def _low_of(valued: GmxValued, token: str, moves: Moves) -> Floats:
    """The lower bound of a token in whole USD for the smallest unit, [scenario]."""
    return valued.prices.pairs[token][0] / _USD * moves.of(token)


def _cap(
    valued: GmxValued, pool: Pool, is_long: bool, low: Floats, high: Floats, moves: Moves
) -> Floats:
    """By what a side's profits are scaled down because the pool pays no more, [scenario]."""
    interest, tokens = pool.open_interest(is_long) / _USD, float(pool.in_tokens(is_long))
    pnl = tokens * high - interest if is_long else interest - tokens * low
    token = pool.ledger.token(is_long)
    held = pool.pool_amount(is_long) * _low_of(valued, token, moves)
    most = held * (pool.setting(FOR_TRADERS, is_long) / ONE)
    capped = (pnl > most) & (most > 0)
    return np.where(capped, most / np.where(capped, pnl, 1.0), 1.0)


def _numbers(valued: GmxValued, key: str) -> PositionNumbers:
    """The numbers of a position that is known. Raises: TypeError for another."""
    found = valued.valuation.numbers(key)
    if isinstance(found, Unreadable):
        raise TypeError(f"position {key} is unknown")
    return found


def _discount(valued: GmxValued, key: str) -> float:
    """The part of the position fee that a trader does not pay."""
    fee = _numbers(valued, key).fee
    return max(fee.pro_factor, fee.referral.discount_factor) / ONE


def _least(valued: GmxValued, key: str) -> float:
    """MIN_COLLATERAL_USD, whole USD."""
    return _numbers(valued, key).keeper.min_usd / _USD
