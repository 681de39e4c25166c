"""Health as the Clearinghouse computes it: spot, perps, and the credit of spreads.

    health = sum of amount x weight x price over spots
           + sum of size x weight x price + quote over perps
           + sum of matched size x (spot price + perp price) x gain of weight over pairs

The order of the operations is the contract's, because each truncates. A balance whose weight is 2
may not be borrowed: it counts as -INF, an addend like any other.
Source: `Clearinghouse.getHealth`, `BaseEngine.getHealthContribution`, `RiskHelper.sol`; spec
section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from analyzer.model.integers import WAD
from analyzer.protocols.nado.arithmetic import INF, fits, mul, part
from analyzer.protocols.nado.records import PerpProduct, Risk, SpotProduct

NOT_BORROWABLE = 2 * WAD
"""The weight that says so."""
_SPREAD_SHARE = 5
"""A spread keeps a fifth of the haircut of one leg."""
_HALF = 2


class HealthType(IntEnum):
    """Which weights count, with the contract's own numbers."""

    INITIAL = 0
    MAINTENANCE = 1
    PNL = 2
    """No weights: everything at its price."""


_SPREAD_CAPS = {
    HealthType.INITIAL: 99 * WAD // 100,
    HealthType.MAINTENANCE: 994 * WAD // 1000,
}
"""What a spread's weight is at most."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What an account holds now. spots: product -> amount; perps: product -> (size, quote with
    funding settled)."""

    spots: Mapping[int, int]
    perps: Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Market:
    """What holdings are counted with. prices: product -> 18 decimals."""

    spots: Mapping[int, SpotProduct]
    perps: Mapping[int, PerpProduct]
    spreads: tuple[tuple[int, int], ...]
    prices: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Health:
    """A health in its parts. total: what `getHealth` says; not_borrowable: whether a balance that
    may not be borrowed is in it."""

    spot: int
    perp: int
    spread: int
    total: int
    not_borrowable: bool


def long_weight(risk: Risk, kind: HealthType) -> int:
    """The weight of a positive amount."""
    if kind is HealthType.PNL:
        return WAD
    return risk.long_initial if kind is HealthType.INITIAL else risk.long_maintenance


def weight(risk: Risk, amount: int, kind: HealthType) -> int:
    """The weight of an amount by its side."""
    if kind is HealthType.PNL:
        return WAD
    if amount >= 0:
        return long_weight(risk, kind)
    return risk.short_initial if kind is HealthType.INITIAL else risk.short_maintenance


def health(market: Market, held: Holdings, kind: HealthType) -> Health:
    """The health of these holdings. Raises: UnreadableNumberError with `OF`."""
    spot, spot_marked = _spots(market, held, kind)
    perp, perp_marked = _perps(market, held, kind)
    spread = sum(spread_term(market, held, pair, kind) for pair in market.spreads)
    # The contract returns at once where spots come to -INF exactly, and looks at nothing else.
    total = spot if spot == -INF else fits(spot + perp + spread)
    return Health(spot, perp, spread, total, spot_marked or (perp_marked and spot != -INF))


def _spots(market: Market, held: Holdings, kind: HealthType) -> tuple[int, bool]:
    """The part of the spots, and whether one of them may not be borrowed."""
    total, marked = 0, False
    for product, amount in held.spots.items():
        if not amount:
            continue
        share = weight(market.spots[product].risk, amount, kind)
        if share == NOT_BORROWABLE:
            total, marked = total - INF, True
        else:
            total += mul(mul(amount, share), market.prices[product])
    return fits(total), marked


def _perps(market: Market, held: Holdings, kind: HealthType) -> tuple[int, bool]:
    """The part of the perps, and whether one of them may not be held."""
    total, marked = 0, False
    for product, (amount, v_quote) in held.perps.items():
        share = weight(market.perps[product].risk, amount, kind)
        if amount and share == NOT_BORROWABLE:
            total, marked = total - INF, True
        else:
            total += mul(mul(amount, share), market.prices[product]) + v_quote
    return fits(total), marked


def matched(spot: int, perp: int) -> int:
    """The size that a pair of opposite amounts has in common, above 0; 0 where they are not."""
    if not spot or not perp or (spot > 0) == (perp > 0):
        return 0
    return min(abs(spot), abs(perp))


def spread_term(market: Market, held: Holdings, pair: tuple[int, int], kind: HealthType) -> int:
    """The credit of one pair: most of its haircuts is given back."""
    spot, perp = pair
    amount = held.spots.get(spot, 0)
    size = matched(amount, held.perps.get(perp, (0, 0))[0])
    if not size or kind is HealthType.PNL:
        return 0
    notional = mul(size, market.prices[spot] + market.prices[perp])
    return mul(notional, spread_gain(market, pair, amount, kind))


def spread_gain(market: Market, pair: tuple[int, int], amount: int, kind: HealthType) -> int:
    """What of a matched pair's notional is credited. The mean is of the long weights, also for the
    short leg; the weight is made of the perp's where the spot is long, else of the spot's."""
    spot, perp = pair
    spot_share = long_weight(market.spots[spot].risk, kind)
    perp_share = long_weight(market.perps[perp].risk, kind)
    existing = part(spot_share + perp_share, _HALF)
    leg = perp_share if amount > 0 else spot_share
    wanted = WAD - part(WAD - leg, _SPREAD_SHARE)
    return min(wanted, _SPREAD_CAPS[kind]) - existing
