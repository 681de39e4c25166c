"""A StableSwap pool as it stands at one block, and a swap in it, in the contract's own integers.

Balances in raw units. rates: what makes of a raw balance one at par with 18 decimals, times 10**18
(10**30 for a coin of six decimals), as `stored_rates()` has them. Every division floors, in the
contract's order.

Source: the template of Curve's pools (`get_D`, `get_y`, `get_dy`). The oldest pools round the fee
after the rate instead of before, so they may pay one raw unit less; a fee that rises off the peg
(`offpeg_fee_multiplier`) is not in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.abi.keccak import checksum
from analyzer.market.depth.stable_pool import StablePool
from analyzer.model.errors import InputError, UnreadError

FEE_UNIT = 10**10
RATE_UNIT = 10**18
_STEPS = 255


@dataclass(frozen=True, slots=True)
class StableState:
    """A pool. amplification: `A` times `precision`. fee: of FEE_UNIT. source: which pool at which
    block, for people."""

    address: str
    coins: tuple[str, ...]
    balances: tuple[int, ...]
    rates: tuple[int, ...]
    decimals: tuple[int, ...]
    amplification: int
    precision: int
    fee: int
    source: str = ""

    def index(self, coin: str) -> int:
        """The place of a coin. Raises: InputError when the pool does not trade it."""
        for place, known in enumerate(self.coins):
            if known.lower() == coin.lower():
                return place
        raise InputError(f"pool {self.address} does not trade {checksum(coin)}")

    def at_par(self) -> list[int]:
        """Balances at par, 18 decimals."""
        return [b * r // RATE_UNIT for b, r in zip(self.balances, self.rates, strict=True)]


def get_dy(state: StableState, sold: int, bought: int, amount: int) -> int:
    """What `amount` of coin `sold` fetches of coin `bought`, raw units, after the fee.

    Raises: UnreadError when the contract's iteration does not end (it reverts).
    """
    at_par = state.at_par()
    x = at_par[sold] + amount * state.rates[sold] // RATE_UNIT
    d = get_d(at_par, state.amplification, state.precision)
    others = [x if i == sold else b for i, b in enumerate(at_par) if i != bought]
    dy = at_par[bought] - get_y(others, d, state.amplification, state.precision) - 1
    return (dy - dy * state.fee // FEE_UNIT) * RATE_UNIT // state.rates[bought]


def get_d(at_par: Sequence[int], amplification: int, precision: int) -> int:
    """The invariant. Raises: UnreadError when the iteration does not end, or begins with a number
    below zero (the contract reverts)."""
    n, total = len(at_par), sum(at_par)
    ann, d = amplification * n, total
    for _ in range(_STEPS if ann >= precision else 0):
        p = d
        for balance in at_par:
            p = p * d // (balance * n)
        before = d
        d = (ann * total // precision + p * n) * d
        d //= (ann - precision) * before // precision + (n + 1) * p
        if abs(d - before) <= 1:
            return d
    raise UnreadError("the invariant of a StableSwap pool does not settle: its contract reverts")


def get_y(others: Sequence[int], d: int, amplification: int, precision: int) -> int:
    """The balance beside `others` at the invariant. Raises: UnreadError likewise."""
    n = len(others) + 1
    ann, c = amplification * n, d
    for balance in others:
        c = c * d // (balance * n)
    c = c * d * precision // (ann * n)
    b, y = sum(others) + d * precision // ann, d
    for _ in range(_STEPS):
        before = y
        y = (y * y + c) // (2 * y + b - d)
        if abs(y - before) <= 1:
            return y
    raise UnreadError("a balance of a StableSwap pool does not settle: its contract reverts")


def stable_curve(
    state: StableState, asset: str, other: str | None, *, quote_usd: float
) -> StablePool:
    """The impact curve of `asset` (a coin's address) against `other` (None: the pool's first coin
    that is not the asset), in floats. quote_usd: USD price of the other coin.

    Raises: InputError when the pool does not trade one of both.
    """
    sold = state.index(asset)
    bought = state.index(other) if other else int(sold == 0)
    if sold == bought:
        raise InputError(f"pool {state.address}: {checksum(asset)} is not sold for itself")
    rest = [i for i in range(len(state.coins)) if i not in (sold, bought)]
    par_per_coin = state.rates[bought] * 10 ** state.decimals[bought] / RATE_UNIT**2
    usd = quote_usd / par_per_coin
    at_par = state.at_par()
    return StablePool(
        amplification=state.amplification / state.precision,
        balances_usd=tuple(at_par[i] / RATE_UNIT * usd for i in (sold, bought, *rest)),
        fee=state.fee / FEE_UNIT,
        source=state.source,
    )
