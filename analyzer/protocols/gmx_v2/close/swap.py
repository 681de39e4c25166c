"""Profit in one token of a market changed into the other, as liquidations and deleveraging ask.

Source: gmx-synthetics `SwapUtils.sol` (_swap), `SwapPricingUtils.sol`, `MarketUtils.sol`
(applySwapImpactWithCap), `DecreasePositionSwapUtils.sol` (swapProfitToCollateralToken).
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.integers import ceil_div
from analyzer.protocols.gmx_v2.fixed_point import apply_factor
from analyzer.protocols.gmx_v2.value.impact import Curve, Impact, impact_of
from analyzer.protocols.gmx_v2.value.market_prices import high, low
from analyzer.protocols.gmx_v2.value.pool import Pool
from analyzer.protocols.gmx_v2.value.prices import middle
from analyzer.protocols.kit.unreadable import Unreadable, attempt, known


@dataclass(frozen=True, slots=True)
class Swap:
    """A swap within one market, raw: what comes out, what the pool and the swap impact pool get
    (by token), and what the protocol gets of the token that went in."""

    out: int
    pool: dict[str, int]
    impact_pool: dict[str, int]
    for_receiver: int


def swap_profit(pool: Pool, by_long_token: bool, amount: int) -> Swap | None:
    """The swap of `amount` of the long (else the short) token into the other one; None where the
    contract would leave the profit as it is: the pool has too little, or a setting was not read."""
    found = attempt(lambda: _swap(pool, by_long_token, amount))
    return None if isinstance(found, Unreadable) else found


def _swap(pool: Pool, by_long_token: bool, amount: int) -> Swap | None:
    """The swap. Raises: UnreadableNumberError."""
    ledger, prices = pool.ledger, pool.prices
    token, other = ledger.token(by_long_token), ledger.token(not by_long_token)
    given, taken = prices.of_side(by_long_token), prices.of_side(not by_long_token)
    impact = _impact(pool, by_long_token, amount)
    fee = apply_factor(amount, pool.setting("SWAP_FEE_FACTOR", impact.improved))
    for_receiver = apply_factor(fee, known(pool.state.settings["SWAP_FEE_RECEIVER_FACTOR"]))
    counted, bonus = amount - fee, 0
    moved: dict[str, int] = {}
    if impact.usd > 0:
        bonus = min(impact.usd // high(taken), ledger.swap_impact_pool.get(other, 0))
        moved[other] = -bonus
    elif impact.usd < 0:
        cost = ceil_div(-impact.usd, low(given))
        if cost > counted:
            return None
        counted -= cost
        moved[token] = cost
    out = counted * low(given) // high(taken)
    if out > pool.pool_amount(not by_long_token):
        return None
    change = {token: counted + fee - for_receiver, other: -out}
    return Swap(out + bonus, change, moved, for_receiver)


def _impact(pool: Pool, by_long_token: bool, amount: int) -> Impact:
    """The impact of putting `amount` of one token in and taking as much of the other out: by the
    pool's own balance, and where that costs, by the one that markets of the same tokens share, if
    that costs more. The profit has left both before it comes back in."""
    usd = amount * middle(pool.prices.of_side(by_long_token))
    held = pool.pool_amount(by_long_token) - amount, pool.pool_amount(not by_long_token)
    own = _balance(pool, by_long_token, held, usd)
    market_id = known(pool.market.virtual_market_id)
    if own.usd >= 0 or market_id is None:
        return own
    shared = pool.state.virtual_swaps.get(market_id, {})
    names = ("long", "short") if by_long_token else ("short", "long")
    amounts = shared.get(names[0], 0) - amount, shared.get(names[1], 0)
    if amounts[1] * middle(pool.prices.of_side(not by_long_token)) < usd:
        return own
    other = _balance(pool, by_long_token, amounts, usd)
    return other if other.usd < own.usd else own


def _balance(pool: Pool, by_long_token: bool, amounts: tuple[int, int], usd: int) -> Impact:
    """The impact on the balance of two amounts (of what goes in, of what comes out)."""
    sides = (
        amounts[0] * middle(pool.prices.of_side(by_long_token)),
        amounts[1] * middle(pool.prices.of_side(not by_long_token)),
    )
    return impact_of(sides, (sides[0] + usd, sides[1] - usd), _curves(pool))


def _curves(pool: Pool) -> tuple[Curve, Curve]:
    """(positive, negative) of swaps: one exponent, and no gain above the cost."""
    factors = [pool.setting("SWAP_IMPACT_FACTOR", sign) for sign in (True, False)]
    exponent = pool.setting("SWAP_IMPACT_EXPONENT_FACTOR")
    return Curve(min(factors), exponent), Curve(factors[1], exponent)
