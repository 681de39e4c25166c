"""The StandardManager's margin as arrays: [account, scenario], whole units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.protocols.derive_v2.records.options import OptionId
from analyzer.protocols.derive_v2.records.parameters import AssetType, OptionMarginParams, SrmMarket
from analyzer.protocols.derive_v2.value.reprice.inputs import (
    E18,
    EMPTY,
    Floats,
    Held,
    Inputs,
    Ints,
    dense,
)
from analyzer.protocols.derive_v2.value.reprice.pricing import black76
from analyzer.protocols.kit.unreadable import Unreadable, known

Bools = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Sums:
    """Running totals of all accounts: mark to market, maintenance and initial margin."""

    mtm: Floats
    mm: Floats
    im: Floats

    def add(self, accounts: Ints, *, mtm: Floats, mm: Floats, im: Floats) -> None:
        """Adds rows of accounts, each at most once."""
        self.mtm[accounts] += mtm
        self.mm[accounts] += mm
        self.im[accounts] += im


@dataclass(frozen=True, slots=True)
class _Market:
    """One market under the stress. depeg: surcharge per unit of notional [scenario]."""

    params: SrmMarket
    spot: Floats
    confidence: float
    stable: Floats
    depeg: Floats


def add_srm(inputs: Inputs, sums: Sums) -> None:
    """Adds every StandardManager account's markets to `sums` (cash is there already)."""
    manager = inputs.state.srm
    everyone = np.flatnonzero(inputs.manager == manager.address)
    stable = inputs.spot(manager.stable_feed, everyone)
    threshold = inputs.read(lambda: known(manager.depeg_threshold), everyone) / E18
    factor = inputs.read(lambda: known(manager.depeg_factor), everyone) / E18
    depeg = np.maximum(0.0, threshold - stable) * factor
    for asset, (kind, number) in manager.assets.items():
        held = inputs.members(inputs.linear.get(asset, EMPTY), manager.address)
        by_expiry = inputs.options.get(asset, {}) if kind == AssetType.OPTION else {}
        holders = [held, *(h for options in by_expiry.values() for _, h in options)]
        accounts = np.unique(np.concatenate([one.accounts for one in holders]))
        params = manager.markets.get(number)
        if params is None or isinstance(params, Unreadable):
            inputs.unknown[accounts[inputs.manager[accounts] == manager.address]] = True
            continue
        mine = accounts[inputs.manager[accounts] == manager.address]
        if not len(mine):
            continue
        market = _Market(
            params,
            inputs.spot(params.spot_feed, mine),
            inputs.confidence(params.spot_feed),
            stable,
            depeg,
        )
        if kind == AssetType.PERPETUAL:
            _add_perp(inputs, sums, market, asset, held)
        elif kind == AssetType.BASE:
            _add_base(sums, market, held)
        else:
            for expiry, options in by_expiry.items():
                _add_expiry(inputs, sums, market, expiry, options)


def _surcharge(market: _Market, threshold: int, confidence: float) -> Floats:
    """Initial margin per contract for low confidence."""
    if threshold == 0 or confidence >= threshold / E18:
        return np.zeros_like(market.spot)
    return (1.0 - confidence) * market.params.contingency.factor / E18 * market.spot


def _add_perp(inputs: Inputs, sums: Sums, market: _Market, perp: str, held: Held) -> None:
    """Perp requirement and unsettled cash."""
    price, confidence = inputs.perp_price(perp, held.accounts)
    unsettled = inputs.unsettled(perp, held, price)
    size = np.abs(held.amounts)[:, None]
    params = market.params
    charge = _surcharge(
        market, params.contingency.perp_threshold, min(confidence, market.confidence)
    )
    sums.add(
        held.accounts,
        mtm=unsettled,
        mm=unsettled - size * price * (params.perp_mm / E18),
        im=unsettled
        - size * (price * (params.perp_im / E18) + charge + market.depeg * market.spot),
    )


def _add_base(sums: Sums, market: _Market, held: Held) -> None:
    """Base assets: margin at spot, mark to market in stable coin."""
    params = market.params
    notional = held.amounts[:, None] * market.spot
    mm = notional * (params.base_margin_factor / E18)
    im = mm * (params.base_im_scale / E18)
    if params.base_margin_factor and params.base_im_scale:
        spotless = _surcharge(market, params.contingency.base_threshold, market.confidence)
        im = im - held.amounts[:, None] * spotless
    # Where the stable coin is worth nothing there is no value in it: unknown, not infinite.
    value = np.full_like(notional, np.nan)
    np.divide(notional, market.stable, out=value, where=market.stable != 0.0)
    sums.add(held.accounts, mtm=value, mm=mm, im=im)


def _add_expiry(
    inputs: Inputs,
    sums: Sums,
    market: _Market,
    expiry: int,
    options: list[tuple[OptionId, Held]],
) -> None:
    """One expiry of one market: the better of isolated margin and largest loss."""
    manager = inputs.state.srm.address
    mine = [(option, inputs.members(held, manager)) for option, held in options]
    mine = [(option, held) for option, held in mine if len(held.accounts)]
    if not mine:
        return
    params = market.params
    accounts, balance = dense([held for _, held in mine])
    forward = inputs.forward(params.forward_feed, expiry, accounts)
    price = forward.fixed + forward.variable
    unit, sureness = _units(inputs, market, mine, price)
    short = np.minimum(balance, 0.0)
    strike = np.array([option.strike / E18 for option, _ in mine])
    call = np.array([option.is_call for option, _ in mine])
    mm_each, im_each = _isolated(params.option, unit, market.spot, strike, call)
    loss = _max_loss(balance, strike, call)[:, None]
    net_calls = np.minimum(0.0, balance[:, call].sum(axis=1))[:, None] * price
    contracts = -short.sum(axis=1)[:, None]
    charge = _surcharge(
        market,
        params.contingency.option_threshold,
        min(market.confidence, forward.confidence, sureness),
    )
    charge = charge + market.depeg * market.spot
    mm_scale, im_scale = params.option.unpaired_mm_scale, params.option.unpaired_im_scale
    sums.add(
        accounts,
        mtm=balance @ unit,
        mm=np.maximum(short @ mm_each, loss + net_calls * (mm_scale / E18)),
        im=np.maximum(short @ im_each, loss + net_calls * (im_scale / E18)) - contracts * charge,
    )


def _units(
    inputs: Inputs, market: _Market, mine: list[tuple[OptionId, Held]], forward: Floats
) -> tuple[Floats, float]:
    """(undiscounted price of one unit [option, scenario], least volatility confidence)."""
    feed = market.params.vol_feed
    found = [inputs.volatility(feed, option, held.accounts) for option, held in mine]
    vol = np.array([one for one, _ in found])
    moved = inputs.moves.volatility_of(inputs.factor(market.params.spot_feed))
    seconds = inputs.moves.seconds_left(mine[0][0].expiry - inputs.state.block_time)
    units = black76(
        seconds=seconds[None, :],
        volatility=vol[:, None] * moved[None, :],
        forward=forward[None, :],
        strike=np.array([option.strike / E18 for option, _ in mine])[:, None],
        is_call=np.array([option.is_call for option, _ in mine])[:, None],
        discount=np.ones((1, 1)),
    )
    return units, min(confidence for _, confidence in found)


def _isolated(
    params: OptionMarginParams, unit: Floats, spot: Floats, strike: Floats, call: Bools
) -> tuple[Floats, Floats]:
    """(maintenance, initial) requirement per short contract [option, scenario], positive."""
    is_call = call[:, None]
    distance = np.where(is_call, strike[:, None] - spot, spot - strike[:, None])
    out = np.maximum(0.0, distance) / np.maximum(spot, 1.0 / E18)
    floor, ceiling = params.min_spot_req / E18, params.max_spot_req / E18
    by_spot = np.maximum(floor, ceiling - out) * spot + unit
    call_mm = params.mm_call_spot_req / E18 * spot + unit
    put_mm = unit + np.maximum(
        params.mm_put_spot_req / E18 * spot, params.mm_put_mtm_req / E18 * unit
    )
    put_im = np.maximum(by_spot, put_mm * (params.mm_offset_scale / E18))
    return np.where(is_call, call_mm, put_mm), np.where(is_call, by_spot, put_im)


def _max_loss(balance: Floats, strike: Floats, call: Bools) -> Floats:
    """Worst payoff over price 0 and the strikes that the account itself holds, at most 0."""
    points = np.concatenate([[0.0], np.unique(strike)])
    inside = np.where(
        call[:, None], points[None, :] - strike[:, None], strike[:, None] - points[None, :]
    )
    payoff = balance @ np.maximum(0.0, inside)
    holds = (balance != 0).astype(np.float64) @ (strike[:, None] == points[None, :])
    holds[:, 0] = 1.0
    worst: Floats = np.minimum(0.0, np.where(holds > 0, payoff, 0.0).min(axis=1))
    return worst
