"""Funding: which side pays, how fast, and both indexes at the block.

Source: gmx-synthetics `MarketUtils.sol` (getNextFundingAmountPerSize,
getNextFundingFactorPerSecond, getFundingAmountPerSizeDelta, getFundingAmount).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.model.integers import ceil_div, mul_div, mul_div_up, trunc_div
from analyzer.protocols.gmx_v2.fixed_point import (
    PER_SIZE,
    apply_exponent,
    apply_factor,
    bound_magnitude,
    to_factor,
)
from analyzer.protocols.gmx_v2.settings import SAVED_FUNDING
from analyzer.protocols.gmx_v2.value.market_prices import high
from analyzer.protocols.gmx_v2.value.pool import Pool


@dataclass(frozen=True, slots=True)
class Rate:
    """Funding per second, 1e30: what is applied, who pays it, and what is saved for later."""

    per_second: int
    longs_pay: bool
    saved: int


@dataclass(frozen=True, slots=True)
class Funding:
    """What funding has changed since it was last written: amounts per size, by (is the side long,
    is the token the long one)."""

    rate: Rate
    fee: dict[tuple[bool, bool], int] = field(default_factory=dict)
    claimable: dict[tuple[bool, bool], int] = field(default_factory=dict)


def next_funding(pool: Pool) -> Funding:
    """Funding of a market from its last accrual to the block. Nothing where one side is empty:
    nobody would be paid. Raises: UnreadableNumberError."""
    interest = {is_long: pool.open_interest(is_long) for is_long in (True, False)}
    if 0 in interest.values():
        return Funding(Rate(0, False, 0))
    updated = pool.ledger.funding_updated_at
    since = pool.state.block_time - updated if updated else 0
    rate = next_rate(pool, since)
    payers, receivers = rate.longs_pay, not rate.longs_pay
    paid = apply_factor(interest[payers], since * rate.per_second) // pool.divisor
    fee, claimable = {}, {}
    for by_long_token in (True, False):
        theirs = pool.open_interest_by(payers, by_long_token)
        usd = mul_div(paid, theirs, interest[payers])
        price = high(pool.prices.of_side(by_long_token))
        fee[payers, by_long_token] = _per_size_up(usd, theirs, price)
        claimable[receivers, by_long_token] = _per_size(usd, interest[receivers], price)
    return Funding(rate, fee, claimable)


def next_rate(pool: Pool, since: int) -> Rate:
    """The rate `since` seconds after the last accrual. Raises: UnreadableNumberError."""
    longs, shorts = pool.balance_interest(True), pool.balance_interest(False)
    increase = pool.setting("FUNDING_INCREASE_FACTOR_PER_SECOND")
    difference = abs(longs - shorts)
    if difference == 0 and increase == 0:
        return Rate(0, True, 0)
    scaled = apply_exponent(difference, pool.setting("FUNDING_EXPONENT_FACTOR"))
    skew = to_factor(scaled, longs + shorts)
    most = pool.setting("MAX_FUNDING_FACTOR_PER_SECOND")
    if increase == 0:
        fixed = apply_factor(skew, pool.setting("FUNDING_FACTOR"))
        return Rate(min(fixed, most), longs > shorts, 0)
    saved = bound_magnitude(_adapted(pool, since, skew, longs, shorts), 0, most)
    applied = bound_magnitude(saved, pool.setting("MIN_FUNDING_FACTOR_PER_SECOND"), most)
    return Rate(abs(applied), applied > 0, saved)


def _adapted(pool: Pool, since: int, skew: int, longs: int, shorts: int) -> int:
    """The saved rate after `since` seconds of the skew, before its bounds; above 0 longs pay."""
    saved = pool.setting(SAVED_FUNDING)
    same = (saved > 0 and longs > shorts) or (saved < 0 and shorts > longs)
    if not same or skew > pool.setting("THRESHOLD_FOR_STABLE_FUNDING"):
        step = apply_factor(skew, pool.setting("FUNDING_INCREASE_FACTOR_PER_SECOND")) * since
        return saved - step if longs < shorts else saved + step
    if skew < pool.setting("THRESHOLD_FOR_DECREASE_FUNDING") and saved:
        step = pool.setting("FUNDING_DECREASE_FACTOR_PER_SECOND") * since
        sign = trunc_div(saved, abs(saved))
        return sign if abs(saved) <= step else sign * (abs(saved) - step)
    return saved


def _per_size_up(usd: int, interest: int, price: int) -> int:
    """An amount of a token per size that pays `usd`, both divisions rounded up."""
    if usd == 0 or interest == 0:
        return 0
    return ceil_div(mul_div_up(usd, PER_SIZE, interest), price)


def _per_size(usd: int, interest: int, price: int) -> int:
    """An amount of a token per size that is paid of `usd`, both divisions rounded down."""
    if usd == 0 or interest == 0:
        return 0
    return mul_div(usd, PER_SIZE, interest) // price


def fee_amount(size: int, latest: int, entry: int) -> int:
    """What a position of `size` USD pays between two indexes, raw collateral, rounded up."""
    return ceil_div(size * (latest - entry), PER_SIZE)


def claimable_amount(size: int, latest: int, entry: int) -> int:
    """What a position of `size` USD is paid between two indexes, raw, rounded down."""
    return size * (latest - entry) // PER_SIZE
