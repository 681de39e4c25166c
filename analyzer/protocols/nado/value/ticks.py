"""What a tick does: interest on every spot product, funding on every perp.

Nothing accrues between ticks, in no view and in no health: a tick is a request of the sequencer
that names a time. What the next one would take is shown beside an account, and is in none of its
numbers.
Source: `SpotEngineState._updateState`, `PerpEngineState.updateStates`; spec section 6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from analyzer.model.integers import WAD, clamp
from analyzer.protocols.kit.unreadable import UnreadableNumberError, reverts
from analyzer.protocols.nado.arithmetic import div, mul, power
from analyzer.protocols.nado.records import InterestConfig, PerpProduct, SpotProduct
from analyzer.protocols.nado.state.balances import total_borrows, total_deposits
from analyzer.protocols.nado.state.state import NLP

YEAR_S, DAY_S = 31_536_000, 86_400
LONGEST_S = 7 * DAY_S
"""A tick this long after the last one, or later, is refused."""
_DEPOSITORS_SHARE = 8 * WAD // 10
"""Of the interest; the rest is the protocol's."""
_FUNDING_CAP = 2 * WAD // 100
"""The largest difference that a tick counts, as a share of the price."""


@dataclass(frozen=True, slots=True)
class Interest:
    """One product's tick. deposit_factor, borrow_factor: what its log says, with the yield that
    nobody pays. fee: what the protocol gets, at the new multipliers. after: the product with its
    new multipliers, the fee not yet added."""

    deposit_factor: int
    borrow_factor: int
    fee: int
    after: SpotProduct


def borrow_rate(config: InterestConfig, utilisation: int) -> int:
    """The yearly rate at that utilisation, 18 decimals: two straight lines, and 0 without debt."""
    if utilisation == 0:
        return 0
    if utilisation < config.inflection:
        return config.floor + div(mul(config.small_cap, utilisation), config.inflection)
    above = div(utilisation - config.inflection, WAD - config.inflection)
    return config.floor + config.small_cap + mul(config.large_cap, above)


def spot_tick(product: SpotProduct, seconds: int) -> Interest | None:
    """The interest of so many seconds; None for the NLP token and for a product without deposits.

    Raises: UnreadableNumberError with `ITI` for a tick that comes too late.
    """
    if seconds >= LONGEST_S:
        raise UnreadableNumberError(reverts("tick", "ITI"))
    if product.product_id == NLP or product.deposits == 0:
        return None
    deposits = total_deposits(product)
    utilisation = div(total_borrows(product), deposits)
    rate = borrow_rate(product.config, utilisation)
    borrow_factor = power(WAD + div(rate, YEAR_S * WAD), seconds)
    paid = mul(utilisation, borrow_factor - WAD)
    received = mul(paid, _DEPOSITORS_SHARE)
    fee = mul(deposits, paid - received)
    deposit_factor = WAD + received
    after = replace(
        product,
        borrow_multiplier=mul(product.borrow_multiplier, borrow_factor),
        deposit_multiplier=mul(product.deposit_multiplier, deposit_factor),
    )
    if product.config.min_deposit_rate:
        yielded = power(WAD + div(product.config.min_deposit_rate, YEAR_S * WAD), seconds)
        after.borrow_multiplier = mul(after.borrow_multiplier, yielded)
        after.deposit_multiplier = mul(after.deposit_multiplier, yielded)
        borrow_factor, deposit_factor = mul(borrow_factor, yielded), mul(deposit_factor, yielded)
    return Interest(deposit_factor, borrow_factor, fee, after)


def funding_payment(price: int, difference: int, seconds: int) -> int:
    """What a contract pays for so many seconds in which its market was `difference` above the
    index: longs pay where it is above 0, and never more than 2 % of the price a day."""
    cap = mul(_FUNDING_CAP, price)
    return div(mul(clamp(difference, -cap, cap), seconds * WAD), DAY_S * WAD)


def perp_tick(product: PerpProduct, difference: int, seconds: int) -> PerpProduct:
    """The product after a tick; itself where nobody holds it. Raises: UnreadableNumberError with
    `ITI` for a tick that comes too late."""
    if product.open_interest == 0:
        return product
    if seconds >= LONGEST_S:
        raise UnreadableNumberError(reverts("tick", "ITI"))
    paid = funding_payment(product.risk.price, difference, seconds)
    return replace(
        product,
        funding_long=product.funding_long + paid,
        funding_short=product.funding_short + paid,
    )
