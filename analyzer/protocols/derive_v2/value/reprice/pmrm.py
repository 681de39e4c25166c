"""PMRM_2's scenario margin as arrays: every stress scenario shocked again by every scenario of
the manager. Whole units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.protocols.derive_v2.records.options import OptionId
from analyzer.protocols.derive_v2.records.parameters import (
    LibParams,
    PortfolioManager,
    Scenario,
    VolShock,
)
from analyzer.protocols.derive_v2.value import feeds
from analyzer.protocols.derive_v2.value.black76 import SECONDS_PER_YEAR
from analyzer.protocols.derive_v2.value.pmrm import THIRTY_DAYS
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
from analyzer.protocols.derive_v2.value.reprice.srm import Sums
from analyzer.protocols.kit.unreadable import Unreadable

NONE, UP, DOWN = int(VolShock.NONE), int(VolShock.UP), int(VolShock.DOWN)
LINEAR, ABS = int(VolShock.LINEAR), int(VolShock.ABS)
FIRST = 3
"""Columns before the scenarios': now, basis up, basis down."""
AT_ONCE = 64
"""Stress scenarios assessed in one block of arrays: what is in work stays in the cache."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """The ways an expiry is priced: now, basis up, basis down, then every scenario."""

    spot: Floats
    vol: Floats
    damping: Floats
    skewed: Floats


@dataclass(slots=True)
class _Parts:
    """One manager's accounts under some stress scenarios: pnl is [stress, account, scenario of the
    manager], the rest [stress, account]."""

    pnl: Floats
    basis: Floats
    mtm: Floats
    mm_contingency: Floats
    im_contingency: Floats


@dataclass(frozen=True, slots=True)
class _Expiry:
    """One expiry's options of this manager, with everything that no stress scenario changes."""

    expiry: int
    rows: Ints
    balance: Floats
    strike: Floats
    call: npt.NDArray[np.bool_]
    vol: Floats
    fixed: float
    variable: Floats
    rate: float
    confidence: float
    naked: Floats
    contracts: Floats


def columns_of(params: LibParams, scenarios: list[Scenario]) -> _Columns:
    """The columns of a manager; a skew is priced at the spot of the block."""
    skewed = np.array([s.vol_shock in (VolShock.LINEAR, VolShock.ABS) for s in scenarios])
    spot = np.array([s.spot_shock / E18 for s in scenarios])
    basis = [1.0, params.basis.spot_up / E18, params.basis.spot_down / E18]
    return _Columns(
        spot=np.concatenate([basis, np.where(skewed, 1.0, spot)]),
        vol=np.concatenate([np.zeros(FIRST), [int(s.vol_shock) for s in scenarios]]),
        damping=np.array([s.dampening / E18 for s in scenarios]),
        skewed=skewed,
    )


def add_pmrm(inputs: Inputs, sums: Sums, manager: PortfolioManager) -> None:
    """Adds every account of one PMRM_2 to `sums` (cash is there already)."""
    rows = np.flatnonzero(inputs.manager == manager.address)
    if not len(rows):
        return
    if isinstance(manager.lib, Unreadable) or isinstance(manager.scenarios, Unreadable):
        inputs.unknown[rows] = True
        return
    spot = inputs.spot(manager.spot_feed, rows)
    stable = inputs.spot(manager.stable_feed, rows)
    place = np.full(inputs.size, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    work = _Manager(inputs, manager, manager.lib, manager.scenarios, rows, place)
    has_price = ~np.isnan(spot) & (stable != 0.0)
    priced = np.flatnonzero(has_price)
    # Unknown in these scenarios; the others keep their numbers.
    without = np.ix_(rows, np.flatnonzero(~has_price))
    for total in (sums.mtm, sums.mm, sums.im):
        total[without] = np.nan
    for start in range(0, len(priced), AT_ONCE):
        at = priced[start : start + AT_ONCE]
        parts = work.parts(at, spot[at], stable[at])
        mm, im = work.margins(parts, stable[at])
        here = np.ix_(rows, at)
        sums.mtm[here] += parts.mtm.T
        sums.mm[here] += mm.T
        sums.im[here] += im.T


class _Manager:
    """One manager's book, read once, assessed under blocks of stress scenarios."""

    def __init__(
        self,
        inputs: Inputs,
        manager: PortfolioManager,
        params: LibParams,
        scenarios: list[Scenario],
        rows: Ints,
        place: Ints,
    ) -> None:
        self.inputs, self.manager, self.params = inputs, manager, params
        self.columns = columns_of(params, scenarios)
        self.scenario_spot = np.array([s.spot_shock / E18 for s in scenarios])
        self.rows, self.place = rows, place
        self.spot_confidence = inputs.confidence(manager.spot_feed)
        self.perp = inputs.members(inputs.linear.get(manager.perp, EMPTY), manager.address)
        self.perp_price, sure = (
            inputs.perp_price(manager.perp, self.perp.accounts)
            if len(self.perp.accounts)
            else (np.zeros(inputs.moves.scenarios), 1.0)
        )
        self.unsettled = inputs.unsettled(manager.perp, self.perp, self.perp_price)
        self.confidence = np.full(len(rows), self.spot_confidence)
        self.confidence[place[self.perp.accounts]] = min(self.spot_confidence, sure)
        self.expiries = [
            found
            for expiry, options in inputs.options.get(manager.option, {}).items()
            if (found := self._expiry(expiry, options)) is not None
        ]

    def _expiry(self, expiry: int, options: list[tuple[OptionId, Held]]) -> _Expiry | None:
        """One expiry's holdings of this manager's accounts; None without any."""
        inputs, manager = self.inputs, self.manager
        mine = [(option, inputs.members(held, manager.address)) for option, held in options]
        mine = [(option, held) for option, held in mine if len(held.accounts)]
        if not mine:
            return None
        accounts, balance = dense([held for _, held in mine])
        forward = inputs.forward(manager.forward_feed, expiry, accounts)
        rate = inputs.read(
            lambda: feeds.interest_rate(inputs.state, manager.rate_feed, expiry)[0], accounts
        )
        sure = inputs.read(
            lambda: feeds.interest_rate(inputs.state, manager.rate_feed, expiry)[1], accounts
        )
        vols = [inputs.volatility(manager.vol_feed, option, held.accounts) for option, held in mine]
        strike = np.array([option.strike / E18 for option, _ in mine])
        return _Expiry(
            expiry=expiry,
            rows=self.place[accounts],
            balance=balance,
            strike=strike,
            call=np.array([option.is_call for option, _ in mine]),
            vol=np.array([vol for vol, _ in vols]),
            fixed=forward.fixed,
            variable=forward.variable,
            rate=max(0.0, rate / E18),
            confidence=min(forward.confidence, sure / E18, *(c for _, c in vols)),
            naked=_naked(balance, strike),
            contracts=np.abs(balance).sum(axis=1),
        )

    def parts(self, at: Ints, spot: Floats, stable: Floats) -> _Parts:
        """Everything of these stress scenarios. Shape: at, spot, stable [stress]."""
        count, other = len(self.rows), self.params.other
        held = self.place[self.perp.accounts]
        size = np.zeros(count)
        size[held] = self.perp.amounts
        mtm = np.zeros((len(at), count))
        mtm[:, held] = self.unsettled[:, at].T
        notional = np.abs(size) * spot[:, None]
        moves = (self.scenario_spot - 1.0) * self.columns.damping
        parts = _Parts(
            pnl=size[:, None] * self.perp_price[at, None, None] * moves,
            basis=np.zeros((len(at), count)),
            mtm=mtm,
            mm_contingency=notional * (other.mm_perp / E18),
            im_contingency=notional * (other.im_perp / E18)
            + self._unsure(self.confidence, notional),
        )
        for expiry in self.expiries:
            self._add_expiry(parts, expiry, at, spot)
        for asset in self.manager.collateral:
            self._add_collateral(parts, asset, at, stable)
        return parts

    def _unsure(self, confidence: Floats, notional: Floats) -> Floats:
        """Initial margin for low confidence."""
        other = self.params.other
        charge = (1.0 - confidence) * (other.conf_margin / E18) * notional
        out: Floats = np.where(confidence < other.conf_threshold / E18, charge, 0.0)
        return out

    def _add_collateral(self, parts: _Parts, asset: str, at: Ints, stable: Floats) -> None:
        """One base asset's value, haircuts and moves."""
        held = self.inputs.members(self.inputs.linear.get(asset, EMPTY), self.manager.address)
        params = self.manager.collateral[asset]
        if not len(held.accounts):
            return
        if isinstance(params, Unreadable) or not params.enabled:
            self.inputs.unknown[held.accounts] = True
            return
        price = self.inputs.spot(params.feed, held.accounts)[at]
        rows, value = self.place[held.accounts], held.amounts * price[:, None] / stable[:, None]
        sure = min(self.inputs.confidence(params.feed), self.spot_confidence)
        parts.mtm[:, rows] += value
        parts.mm_contingency[:, rows] += value * (params.mm_haircut / E18)
        parts.im_contingency[:, rows] += value * (params.im_haircut / E18) + self._unsure(
            np.full(len(rows), sure), value
        )
        if params.risk_cancelling:
            moves = (self.scenario_spot - 1.0) * self.columns.damping
            parts.pnl[:, rows] += value[:, :, None] * moves

    def _add_expiry(self, parts: _Parts, expiry: _Expiry, at: Ints, spot: Floats) -> None:
        """One expiry's values in every column, its basis contingency and its contingencies."""
        left = expiry.expiry - self.inputs.state.block_time
        seconds = self.inputs.moves.seconds_left(left)[at]
        values = expiry.balance @ self._units(expiry, at, seconds)
        now, rows, tau = values[:, :, 0], expiry.rows, seconds / SECONDS_PER_YEAR
        basis, margin, other = self.params.basis, self.params.margin, self.params.other
        loss = np.minimum(0.0, np.minimum(values[:, :, 1], values[:, :, 2]) - now)
        share = (basis.add_factor + basis.mult_factor * tau) / E18
        parts.basis[:, rows] += loss * share[:, None]
        long_rate = expiry.rate * margin.long_rate_mult / E18 + margin.long_rate_add / E18
        short_rate = expiry.rate * margin.short_rate_mult / E18 + margin.short_rate_add / E18
        long = margin.long_base_discount / E18 * np.exp(-tau * long_rate)
        short = np.minimum(
            np.exp(expiry.rate * tau), margin.short_base_discount / E18 * np.exp(tau * short_rate)
        )
        shocked = values[:, :, FIRST:]
        factor = np.where(shocked >= 0, long[:, None, None], short[:, None, None])
        change = shocked * factor - now[:, :, None]
        change = change * self.columns.damping
        parts.pnl[:, rows] += np.where(self.columns.skewed, -np.abs(change), change)
        parts.mtm[:, rows] += now
        naked = expiry.naked * spot[:, None]
        parts.mm_contingency[:, rows] += naked * (other.mm_option / E18)
        sure = np.minimum(self.confidence[rows], expiry.confidence)
        parts.im_contingency[:, rows] += naked * (other.im_option / E18) + self._unsure(
            sure, expiry.contracts * spot[:, None]
        )

    def _units(self, expiry: _Expiry, at: Ints, seconds: Floats) -> Floats:
        """One unit of every option in every column: [stress, option, column]."""
        moved = self.inputs.moves.volatility_of(self.inputs.factor(self.manager.spot_feed))
        vol = (expiry.vol * moved[at, None])[:, :, None]
        forward = expiry.variable[at, None] * self.columns.spot + expiry.fixed
        discount = np.exp(-expiry.rate * seconds / SECONDS_PER_YEAR)
        return black76(
            seconds=seconds[:, None, None],
            volatility=self._shocked(vol, expiry, forward, seconds),
            forward=forward[:, None, :],
            strike=expiry.strike[:, None],
            is_call=expiry.call[:, None],
            discount=discount[:, None, None],
        )

    def _shocked(self, vol: Floats, expiry: _Expiry, forward: Floats, seconds: Floats) -> Floats:
        """Volatilities in every column: [stress, option, column]."""
        shock, params = self.columns.vol, self.params.vol
        short = seconds <= THIRTY_DAYS
        power = np.where(short, params.short_term_power / E18, params.long_term_power / E18)
        scale = ((THIRTY_DAYS / np.maximum(seconds, params.dte_floor)) ** power)[:, None, None]
        up = np.maximum(params.min_vol_up / E18, vol * (1.0 + params.range_up / E18 * scale))
        down = vol * np.maximum(0.0, 1.0 - params.range_down / E18 * scale)
        ahead = np.maximum(forward, 1 / E18)[:, None, :]
        k = np.log(np.maximum(expiry.strike[:, None] / ahead, 1 / E18))
        out = np.where(shock == UP, up, vol)
        out = np.where(shock == DOWN, down, out)
        out = np.where(shock == LINEAR, vol * self._tilt(k, LINEAR, seconds), out)
        shocked: Floats = np.where(shock == ABS, vol * self._tilt(np.abs(k), ABS, seconds), out)
        return shocked

    def _tilt(self, k: Floats, kind: int, seconds: Floats) -> Floats:
        """Multiplier of volatility by moneyness for one skew direction."""
        skew = self.params.skew
        root = np.sqrt(seconds / SECONDS_PER_YEAR)[:, None, None]
        slope, base = (
            (skew.linear_c_base, skew.linear_base_cap)
            if kind == LINEAR
            else (skew.abs_c_base, skew.abs_base_cap)
        )
        cap = slope / E18 * root + base / E18
        param = skew.vol_param_static / E18 + root * skew.vol_param_scale / E18
        least = max(skew.min_k_star / E18, 1 / E18)
        star = np.maximum(least, root * skew.width_scale / E18 * param)
        tilt = np.where(k >= 0, np.minimum(cap, k * cap / star), np.maximum(-cap, k * cap / star))
        out: Floats = np.maximum(0.0, 1.0 + tilt)
        return out

    def margins(self, parts: _Parts, stable: Floats) -> tuple[Floats, Floats]:
        """(maintenance, initial margin) without cash, [stress, account]."""
        margin, other = self.params.margin, self.params.other
        least = np.minimum(parts.basis, parts.pnl.min(axis=2))
        gap = np.maximum(0.0, other.peg_loss_threshold / E18 - stable)
        factor = (margin.im_factor / E18 + gap * other.peg_loss_factor / E18)[:, None]
        mm = least * (margin.mm_factor / E18) - parts.mm_contingency + parts.mtm
        im = least * factor - parts.im_contingency - parts.mm_contingency + parts.mtm
        return mm, im


def _naked(balance: Floats, strike: Floats) -> Floats:
    """Short contracts of each account that the other kind of the same strike does not offset."""
    total = np.zeros(len(balance))
    for price in np.unique(strike):
        total += np.maximum(0.0, -balance[:, strike == price].sum(axis=1))
    return total
