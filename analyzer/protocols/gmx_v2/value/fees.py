"""What closing a position costs: its fee less discounts, borrowing and funding.

Source: gmx-synthetics `PositionPricingUtils.sol` (getPositionFees, getPositionFeesAfterReferral,
getBorrowingFees, getFundingFees, getLiquidationFees), `ReferralUtils.sol`.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.integers import ceil_div
from analyzer.protocols.gmx_v2.fixed_point import ONE, apply_factor
from analyzer.protocols.gmx_v2.records import Trader
from analyzer.protocols.gmx_v2.state.traders import NO_CODE
from analyzer.protocols.gmx_v2.value.pool import Pool
from analyzer.protocols.kit.unreadable import known

_BASIS_POINTS = 10_000
NO_AFFILIATE = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class Referral:
    """What a trader's code gives: factors of the position fee, 1e30. code: 0x, 32 bytes."""

    code: str = NO_CODE
    affiliate: str = NO_AFFILIATE
    reward_factor: int = 0
    discount_factor: int = 0
    least_reward_factor: int = 0


@dataclass(frozen=True, slots=True)
class PositionFee:
    """The fee of a change of size, raw collateral. factor: 1e30. for_receiver: of what is left to
    the protocol; for_pool: the rest of it."""

    factor: int
    amount: int
    referral: Referral
    adjusted_reward_factor: int
    reward: int
    referral_discount: int
    pro_tier: int
    pro_factor: int
    pro_discount: int
    discount: int
    protocol: int
    receiver_factor: int
    for_receiver: int
    for_pool: int

    @property
    def net(self) -> int:
        """What the trader pays."""
        return self.amount - self.discount


def referral_of(trader: Trader) -> Referral:
    """What a trader's code gives now: one that nobody owns gives what the tier of the address 0
    does. Raises: UnreadableNumberError."""
    code = known(trader.code)
    affiliate = known(trader.affiliate) or NO_AFFILIATE
    if code in ("", NO_CODE):
        return Referral()
    share = known(trader.own_discount_share) or known(trader.discount_share)
    rebate = known(trader.total_rebate) * ONE // _BASIS_POINTS
    discount = apply_factor(rebate, share * ONE // _BASIS_POINTS)
    return Referral(
        code, affiliate, rebate - discount, discount, known(trader.min_affiliate_reward)
    )


def position_fee(pool: Pool, trader: Trader, size: int, improved: bool, price: int) -> PositionFee:
    """The fee of changing `size` USD. price: the collateral's lower bound.

    Raises: UnreadableNumberError.
    """
    factor = pool.setting("POSITION_FEE_FACTOR", improved)
    amount = apply_factor(size, factor) // price
    referral, tier = referral_of(trader), known(trader.pro_tier)
    pro_factor = known(trader.pro_discount) if tier else 0
    pro_discount = apply_factor(amount, pro_factor)
    reward_factor = _reward_factor(referral, pro_factor)
    reward = apply_factor(amount, reward_factor)
    referral_discount = apply_factor(amount, referral.discount_factor)
    discount = max(pro_discount, referral_discount)
    protocol = amount - reward - discount
    receiver_factor = known(pool.state.settings["POSITION_FEE_RECEIVER_FACTOR"])
    for_receiver = apply_factor(protocol, receiver_factor)
    return PositionFee(
        factor,
        amount,
        referral,
        reward_factor,
        reward,
        referral_discount,
        tier,
        pro_factor,
        pro_discount,
        discount,
        protocol,
        receiver_factor,
        for_receiver,
        protocol - for_receiver,
    )


def _reward_factor(referral: Referral, pro_factor: int) -> int:
    """What the affiliate gets: less where the trader's own tier gives more than the code."""
    if referral.code == NO_CODE or pro_factor <= referral.discount_factor:
        return referral.reward_factor
    rebate = referral.reward_factor + referral.discount_factor
    return max(referral.least_reward_factor, rebate - pro_factor)


@dataclass(frozen=True, slots=True)
class LiquidationFee:
    """What a liquidation costs on top, raw collateral."""

    usd: int = 0
    amount: int = 0
    for_receiver: int = 0


def liquidation_fee(pool: Pool, size: int, price: int) -> LiquidationFee:
    """The fee of liquidating `size` USD. price: the collateral's lower bound. Raises:
    UnreadableNumberError."""
    factor = pool.setting("LIQUIDATION_FEE_FACTOR")
    if factor == 0:
        return LiquidationFee()
    usd = apply_factor(size, factor)
    amount = ceil_div(usd, price)
    share = known(pool.state.settings["LIQUIDATION_FEE_RECEIVER_FACTOR"])
    return LiquidationFee(usd, amount, apply_factor(amount, share))
