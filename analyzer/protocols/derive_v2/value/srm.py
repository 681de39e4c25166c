"""StandardManager: margin by rule, exact, as a pure function of one market's holdings.

    margin = cash + sum over markets (perps + options + base - depeg + unsettled perp cash)

Long options lend no margin; the options of an expiry need the smaller of their isolated margins'
sum and their largest loss at expiry. Confidence and depeg surcharges are of initial margin only.
Source: v2-core `StandardManager.sol`, `SRMPortfolioViewer.sol`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.model.integers import WAD
from analyzer.protocols.derive_v2.fixed_point import div, mul
from analyzer.protocols.derive_v2.records.parameters import (
    OptionMarginParams,
    OracleContingency,
    SrmMarket,
)


@dataclass(frozen=True, slots=True)
class OptionHolding:
    """One option balance (signed). unit_price: undiscounted Black-76 at the block."""

    strike: int
    is_call: bool
    balance: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class ExpiryHolding:
    """The options of one expiry. confidence: the least of forward and volatility."""

    expiry: int
    forward: int
    confidence: int
    options: tuple[OptionHolding, ...]


@dataclass(frozen=True, slots=True)
class PerpHolding:
    """One perp balance (signed contracts). unsettled: PnL and funding not yet in cash."""

    position: int
    price: int
    confidence: int
    unsettled: int


@dataclass(frozen=True, slots=True)
class MarketHolding:
    """What an account holds in one market, with that market's prices. base: contracts, >= 0."""

    params: SrmMarket
    spot: int
    spot_confidence: int
    perp: PerpHolding | None
    expiries: tuple[ExpiryHolding, ...]
    base: int


@dataclass(frozen=True, slots=True)
class MarketMargin:
    """One market's part: margin with every surcharge, mark to market, and how the margin is
    made up (they add up to `margin`)."""

    margin: int
    mark_to_market: int
    perp: int
    options: int
    base: int
    depeg: int
    unsettled: int


def depeg_multiplier(stable: int, threshold: int, factor: int) -> int:
    """The surcharge per unit of notional when the stable coin is below `threshold`."""
    return mul(threshold - stable, factor) if stable < threshold else 0


def market_margin(
    holding: MarketHolding, *, initial: bool, depeg: int, stable: int
) -> MarketMargin:
    """Margin and mark to market of one market, 18 decimals, every product truncated.

    depeg: the multiplier (0 for maintenance). stable: price of the stable coin, read only when
    there is a base balance; base margin is not divided by it, base mark to market is.
    """
    perp = _perp_margin(holding, initial)
    options, option_value = _options_margin(holding, initial)
    base, base_value = _base_margin(holding, initial, stable)
    surcharge = -mul(mul(_depeg_position(holding), depeg), holding.spot) if depeg else 0
    unsettled = holding.perp.unsettled if holding.perp else 0
    return MarketMargin(
        margin=surcharge + perp + options + base + unsettled,
        mark_to_market=option_value + unsettled + base_value,
        perp=perp,
        options=options,
        base=base,
        depeg=surcharge,
        unsettled=unsettled,
    )


def _depeg_position(holding: MarketHolding) -> int:
    """Perp contracts and short option contracts: what the depeg surcharge counts (not base)."""
    perp = abs(holding.perp.position) if holding.perp else 0
    return perp + sum(_short_contracts(expiry) for expiry in holding.expiries)


def _short_contracts(expiry: ExpiryHolding) -> int:
    return -sum(option.balance for option in expiry.options if option.balance < 0)


def _contingency(contingency: OracleContingency, threshold: int, confidence: int, spot: int) -> int:
    """The surcharge per contract (or, with spot 1, per unit of notional) for low confidence."""
    if threshold == 0 or confidence >= threshold:
        return 0
    return mul(mul(WAD - confidence, contingency.factor), spot)


def _perp_margin(holding: MarketHolding, initial: bool) -> int:
    """The perp's requirement, at most 0."""
    perp = holding.perp
    if perp is None:
        return 0
    params = holding.params
    size = abs(perp.position)
    margin = -mul(mul(size, perp.price), params.perp_im if initial else params.perp_mm)
    if initial:
        charge = _contingency(
            params.contingency,
            params.contingency.perp_threshold,
            min(perp.confidence, holding.spot_confidence),
            holding.spot,
        )
        margin -= mul(charge, size)
    return margin


def _base_margin(holding: MarketHolding, initial: bool, stable: int) -> tuple[int, int]:
    """(margin lent by the base asset, its mark to market)."""
    if holding.base == 0:
        return 0, 0
    params = holding.params
    notional = mul(holding.base, holding.spot)
    value = div(notional, stable)
    margin = mul(notional, params.base_margin_factor)
    if not initial:
        return margin, value
    margin = mul(margin, params.base_im_scale)
    contingency = params.contingency
    threshold = contingency.base_threshold
    if margin and threshold and holding.spot_confidence < threshold:
        rate = mul(WAD - holding.spot_confidence, contingency.factor)
        margin -= mul(rate, notional)
    return margin, value


def _options_margin(holding: MarketHolding, initial: bool) -> tuple[int, int]:
    """(margin, mark to market) of every expiry of the market."""
    margin, value = 0, 0
    for expiry in holding.expiries:
        needed, worth = expiry_margin(
            expiry, holding.params.option, spot=holding.spot, initial=initial
        )
        margin += needed
        value += worth
        if initial:
            charge = _contingency(
                holding.params.contingency,
                holding.params.contingency.option_threshold,
                min(holding.spot_confidence, expiry.confidence),
                holding.spot,
            )
            margin -= mul(charge, _short_contracts(expiry))
    return margin, value


def expiry_margin(
    expiry: ExpiryHolding, params: OptionMarginParams, *, spot: int, initial: bool
) -> tuple[int, int]:
    """(margin before confidence, mark to market) of one expiry: the better of the isolated sum
    and the largest loss, which a net short call position makes unbounded and so scaled."""
    isolated, value = 0, 0
    for option in expiry.options:
        worth = mul(option.unit_price, option.balance)
        value += worth
        isolated += isolated_margin(option, worth, params, spot=spot, initial=initial)
    loss = max_loss(expiry.options)
    net_calls = sum(option.balance for option in expiry.options if option.is_call)
    if net_calls < 0:
        scale = params.unpaired_im_scale if initial else params.unpaired_mm_scale
        loss += mul(mul(scale, expiry.forward), net_calls)
    return max(isolated, loss), value


def isolated_margin(
    option: OptionHolding, worth: int, params: OptionMarginParams, *, spot: int, initial: bool
) -> int:
    """One option's own requirement (at most 0); a long one needs and lends nothing."""
    balance = option.balance
    if balance > 0:
        return 0
    if option.is_call:
        if not initial:
            return worth + mul(mul(params.mm_call_spot_req, spot), balance)
        out = div(option.strike - spot, spot) if option.strike > spot else 0
        return mul(_spot_requirement(params, out, spot), balance) + worth
    maintenance = worth + min(
        mul(mul(params.mm_put_spot_req, spot), balance), mul(params.mm_put_mtm_req, worth)
    )
    if not initial:
        return maintenance
    out = div(spot - option.strike, spot) if spot > option.strike else 0
    return min(
        mul(_spot_requirement(params, out, spot), balance) + worth,
        mul(maintenance, params.mm_offset_scale),
    )


def _spot_requirement(params: OptionMarginParams, out_of_the_money: int, spot: int) -> int:
    """Initial requirement per contract: less the further out of the money, down to a floor."""
    return mul(max(params.min_spot_req, params.max_spot_req - out_of_the_money), spot)


def max_loss(options: Sequence[OptionHolding]) -> int:
    """The worst payoff at expiry over price 0 and every strike, at most 0."""
    prices = {0}.union(option.strike for option in options)
    return min(0, *(_payoff(options, price) for price in prices))


def _payoff(options: Sequence[OptionHolding], price: int) -> int:
    """What the options pay at `price`; each truncates alone."""
    total = 0
    for option in options:
        inside = price - option.strike if option.is_call else option.strike - price
        if inside > 0:
            total += mul(inside, option.balance)
    return total
