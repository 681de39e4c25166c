"""PMRM_2: portfolio margin by scenarios, exact, as a pure function of one arranged portfolio.

    margin = trunc(min(basis, every scenario's PnL) * factor)
             - MM contingency - (initial: IM contingency) + mark to market + cash

A scenario's PnL of one expiry is its shocked value, statically discounted, less its value now.
What depends on the market alone (one unit of one strike under every scenario) is computed once
by a `ScenarioPricer` and shared by every portfolio.
Source: v2-core `PMRMLib_2.sol`, `PMRM_2.sol`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.model.integers import WAD, trunc_div
from analyzer.protocols.derive_v2.fixed_point import div, exp, ln, mul, power, sqrt
from analyzer.protocols.derive_v2.records.parameters import (
    LibParams,
    Scenario,
    SkewParams,
    VolShock,
)
from analyzer.protocols.derive_v2.value.black76 import SECONDS_PER_YEAR, annualise, prices
from analyzer.protocols.derive_v2.value.portfolio import (
    ExpiryHolding,
    ExpiryTerms,
    OptionHolding,
    Portfolio,
    naked_shorts,
)
from analyzer.protocols.kit.unreadable import UnreadableNumberError, reverts

THIRTY_DAYS = 30 * 24 * 3_600
SKEWS = (VolShock.LINEAR, VolShock.ABS)


@dataclass(frozen=True, slots=True)
class MarginResult:
    """margin and mark to market (cash included), and the scenario that decided: its number, or
    the number of scenarios when it was the basis contingency."""

    margin: int
    mark_to_market: int
    worst_scenario: int


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything that the manager computes of a portfolio, scenario by scenario.

    total_mtm: without cash. scenario_pnl: in the order of the manager's scenarios, differences to
    the value now. expiry_mtm: value now, by expiry. mm_contingency is part of initial margin too.
    """

    cash: int
    stable: int
    total_mtm: int
    collateral_value: int
    expiry_mtm: tuple[int, ...]
    basis_contingency: int
    mm_contingency: int
    im_contingency: int
    scenario_pnl: tuple[int, ...]
    params: LibParams

    def margin(self, *, initial: bool, scenarios: Sequence[int] | None = None) -> MarginResult:
        """The margin under all scenarios, or under the given ones alone (an auction asks for
        one). The basis contingency always stands as the alternative; ties keep the earlier.

        Raises: UnreadableNumberError PMRML2_InvalidGetMarginState without a scenario, Panic for an
        unknown one.
        """
        chosen = range(len(self.scenario_pnl)) if scenarios is None else scenarios
        if not chosen:
            raise UnreadableNumberError(reverts("PMRM_2 scenarios", "PMRML2_InvalidGetMarginState"))
        worst, least = len(chosen), self.basis_contingency
        for position, number in enumerate(chosen):
            if number >= len(self.scenario_pnl):
                raise UnreadableNumberError(reverts(f"PMRM_2 scenario {number}", "Panic(0x32)"))
            if self.scenario_pnl[number] < least:
                worst, least = position, self.scenario_pnl[number]
        loss = mul(least, self._factor(initial))
        if initial:
            loss -= self.im_contingency
        loss -= self.mm_contingency
        value = self.total_mtm + self.cash
        return MarginResult(loss + value, value, worst)

    def _factor(self, initial: bool) -> int:
        """Margin factor; the initial one grows with the loss of the stable coin's peg."""
        if not initial:
            return self.params.margin.mm_factor
        other = self.params.other
        factor = self.params.margin.im_factor
        if self.stable < other.peg_loss_threshold:
            factor += mul(other.peg_loss_threshold - self.stable, other.peg_loss_factor)
        return factor


@dataclass(frozen=True, slots=True)
class _Column:
    """One way of pricing an expiry: by a spot shock and a volatility shock."""

    spot_shock: int
    vol_shock: VolShock


@dataclass(frozen=True, slots=True)
class _ExpiryMarket:
    """What one expiry's terms give before any option is priced."""

    discount: int
    forwards: tuple[int, ...]
    vol_up: int
    vol_down: int
    discount_long: int
    discount_short: int
    basis_factor: int
    skew: dict[VolShock, tuple[int, int]]
    """Cap and k* of each skew direction."""


class ScenarioPricer:
    """One unit of every strike under every scenario of one manager, computed once.

    Columns: now, basis up, basis down, then the distinct (spot shock, volatility shock) pairs of
    the scenarios; a skew scenario ignores its spot shock.
    """

    def __init__(self, params: LibParams, scenarios: Sequence[Scenario]) -> None:
        self.params = params
        self.scenarios = tuple(scenarios)
        self.columns = [
            _Column(WAD, VolShock.NONE),
            _Column(params.basis.spot_up, VolShock.NONE),
            _Column(params.basis.spot_down, VolShock.NONE),
        ]
        self.column_of = [self._column(scenario) for scenario in self.scenarios]
        self._markets: dict[ExpiryTerms, _ExpiryMarket] = {}
        self._units: dict[tuple[ExpiryTerms, int, bool, int], tuple[int, ...]] = {}

    def _column(self, scenario: Scenario) -> int:
        """The column of a scenario, made when it is the first of its kind."""
        skewed = scenario.vol_shock in SKEWS
        column = _Column(WAD if skewed else scenario.spot_shock, VolShock(scenario.vol_shock))
        if column not in self.columns:
            self.columns.append(column)
        return self.columns.index(column)

    def assess(self, portfolio: Portfolio) -> Assessment:
        """Every number of one portfolio, 18 decimals, rounded as the contract rounds.

        Raises: UnreadableNumberError with the library's error name where the contract refuses.
        """
        params = self.params
        perp_notional = mul(abs(portfolio.perp_position), portfolio.spot)
        mm_contingency = mul(perp_notional, params.other.mm_perp)
        im_contingency = mul(perp_notional, params.other.im_perp)
        im_contingency += self._confidence_charge(portfolio.confidence, perp_notional)

        pnl = self._perp_pnl(portfolio)
        basis, expiry_mtm = 0, []
        for holding in portfolio.expiries:
            values = self._values(holding)
            expiry_mtm.append(values[0])
            basis += self._basis(holding.terms, values)
            self._add_expiry_pnl(pnl, holding.terms, values)
            shorts = mul(naked_shorts(holding.options), portfolio.spot)
            mm_contingency += mul(shorts, params.other.mm_option)
            im_contingency += mul(shorts, params.other.im_option)
            contracts = sum(abs(option.amount) for option in holding.options)
            im_contingency += self._confidence_charge(
                min(portfolio.confidence, holding.confidence), mul(contracts, portfolio.spot)
            )
        for held in portfolio.collaterals:
            mm_contingency += mul(held.value, held.mm_haircut)
            im_contingency += mul(held.value, held.im_haircut)
            im_contingency += self._confidence_charge(held.confidence, held.value)
            if held.risk_cancelling:
                self._add_collateral_pnl(pnl, held.value)
        collateral = sum(held.value for held in portfolio.collaterals)
        return Assessment(
            cash=portfolio.cash,
            stable=portfolio.stable,
            total_mtm=portfolio.perp_value + sum(expiry_mtm) + collateral,
            collateral_value=collateral,
            expiry_mtm=tuple(expiry_mtm),
            basis_contingency=basis,
            mm_contingency=mm_contingency,
            im_contingency=im_contingency,
            scenario_pnl=tuple(pnl),
            params=params,
        )

    def _confidence_charge(self, confidence: int, notional: int) -> int:
        """The surcharge of initial margin for a feed that is unsure."""
        other = self.params.other
        if confidence >= other.conf_threshold:
            return 0
        return mul(mul(WAD - confidence, other.conf_margin), notional)

    def _perp_pnl(self, portfolio: Portfolio) -> list[int]:
        """The perp's part of every scenario's PnL."""
        position, price = portfolio.perp_position, portfolio.perp_price
        if position == 0:
            return [0] * len(self.scenarios)
        return [
            mul(mul(position, mul(s.spot_shock - WAD, price)), s.dampening) for s in self.scenarios
        ]

    def _add_collateral_pnl(self, pnl: list[int], value: int) -> None:
        """Adds the moves of a collateral that counts against the rest."""
        for number, scenario in enumerate(self.scenarios):
            pnl[number] += mul(mul(value, scenario.spot_shock - WAD), scenario.dampening)

    def _add_expiry_pnl(self, pnl: list[int], terms: ExpiryTerms, values: list[int]) -> None:
        """Adds one expiry's part of every scenario's PnL: a skew counts as its worse sign."""
        market = self.market(terms)
        now = values[0]
        discounted = [
            mul(value, market.discount_long if value >= 0 else market.discount_short) - now
            for value in values
        ]
        for number, scenario in enumerate(self.scenarios):
            change = mul(discounted[self.column_of[number]], scenario.dampening)
            pnl[number] += -abs(change) if scenario.vol_shock in SKEWS else change

    def _basis(self, terms: ExpiryTerms, values: list[int]) -> int:
        """The basis contingency of one expiry (at most 0): no static discount."""
        loss = min(values[1] - values[0], values[2] - values[0], 0)
        return mul(loss, self.market(terms).basis_factor)

    def _values(self, holding: ExpiryHolding) -> list[int]:
        """Value of one expiry's options in every column; each balance truncates alone."""
        totals = [0] * len(self.columns)
        for option in holding.options:
            units = self.units(holding.terms, option)
            amount = option.amount
            if amount >= 0:
                totals = [t + unit * amount // WAD for t, unit in zip(totals, units, strict=True)]
            else:
                totals = [t - unit * -amount // WAD for t, unit in zip(totals, units, strict=True)]
        return totals

    def units(self, terms: ExpiryTerms, option: OptionHolding) -> tuple[int, ...]:
        """The price of one unit of an option in every column."""
        key = (terms, option.strike, option.is_call, option.volatility)
        found = self._units.get(key)
        if found is None:
            found = tuple(self._unit(terms, option, number) for number in range(len(self.columns)))
            self._units[key] = found
        return found

    def _unit(self, terms: ExpiryTerms, option: OptionHolding, number: int) -> int:
        """One unit of an option in one column."""
        market = self.market(terms)
        forward = market.forwards[number]
        call, put = prices(
            seconds=terms.seconds,
            volatility=self._volatility(market, option, self.columns[number], forward),
            forward=forward,
            strike=option.strike,
            discount=market.discount,
        )
        return call if option.is_call else put

    def _volatility(
        self, market: _ExpiryMarket, option: OptionHolding, column: _Column, forward: int
    ) -> int:
        """The option's volatility as the column shocks it."""
        if column.vol_shock == VolShock.UP:
            return max(self.params.vol.min_vol_up, mul(option.volatility, market.vol_up))
        if column.vol_shock == VolShock.DOWN:
            return mul(option.volatility, market.vol_down)
        if column.vol_shock in SKEWS:
            cap, k_star = market.skew[column.vol_shock]
            k = ln(div(option.strike, forward))
            if column.vol_shock == VolShock.ABS:
                k = abs(k)
            tilt = trunc_div(k * cap, k_star)
            tilt = min(cap, tilt) if k >= 0 else max(-cap, tilt)
            return mul(option.volatility, max(0, WAD + tilt))
        return option.volatility

    def market(self, terms: ExpiryTerms) -> _ExpiryMarket:
        """Discounts, shocks and forwards of one expiry."""
        found = self._markets.get(terms)
        if found is None:
            found = self._markets[terms] = self._expiry_market(terms)
        return found

    def _expiry_market(self, terms: ExpiryTerms) -> _ExpiryMarket:
        tau = annualise(terms.seconds)
        margin, basis = self.params.margin, self.params.basis
        discount = exp(trunc_div(-terms.rate * terms.seconds, SECONDS_PER_YEAR))
        long_rate = mul(terms.rate, margin.long_rate_mult) + margin.long_rate_add
        short_rate = mul(terms.rate, margin.short_rate_mult) + margin.short_rate_add
        short = div(margin.short_base_discount, exp(-mul(tau, short_rate)))
        up, down = self._vol_shocks(terms.seconds)
        return _ExpiryMarket(
            discount=discount,
            forwards=tuple(
                mul(terms.variable, column.spot_shock) + terms.fixed for column in self.columns
            ),
            vol_up=up,
            vol_down=down,
            discount_long=mul(margin.long_base_discount, exp(-mul(tau, long_rate))),
            discount_short=min(div(WAD, discount), short),
            basis_factor=basis.add_factor + mul(basis.mult_factor, tau),
            skew=skew_shape(self.params.skew, sqrt(tau)),
        )

    def _vol_shocks(self, seconds: int) -> tuple[int, int]:
        """Multipliers of volatility, up and down, by the time to expiry."""
        vol = self.params.vol
        ratio = THIRTY_DAYS * WAD // max(seconds, vol.dte_floor)
        exponent = vol.short_term_power if seconds <= THIRTY_DAYS else vol.long_term_power
        scale = power(ratio, exponent)
        return WAD + mul(vol.range_up, scale), max(0, WAD - mul(vol.range_down, scale))


def skew_shape(skew: SkewParams, root_tau: int) -> dict[VolShock, tuple[int, int]]:
    """(cap, k*) of the two skew shocks at sqrt(tau): beyond k* the surface is flat."""
    param = skew.vol_param_static + mul(root_tau, skew.vol_param_scale)
    k_star = max(skew.min_k_star, mul(mul(root_tau, skew.width_scale), param))
    return {
        VolShock.LINEAR: (mul(skew.linear_c_base, root_tau) + skew.linear_base_cap, k_star),
        VolShock.ABS: (mul(skew.abs_c_base, root_tau) + skew.abs_base_cap, k_star),
    }
