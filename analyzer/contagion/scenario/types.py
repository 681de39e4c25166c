"""A scenario, and what it does to the price of a factor.

A step names factors and the multiple of **the block's price** that they have from then on; a
factor that a later step does not name keeps what the earlier one gave it (`Step.shocks` is filled
up when the scenario is made, so that one step is enough to read). Several names may fit a factor;
the first of these counts:

    1  the factor itself                           ETH
    2  its beta to the market factor, if that is shocked:  1 + beta (multiplier of market - 1)
    3  its class                                   @major @alt @stable @volatility @unlisted
    4  everything else that is a price             *       (never a stable, never a depeg)
    5  the beta of its class                       betas of @alt ...

A ratio factor (`stETH/ETH`) has the multiplier of its own part, by rule 1, 2, 3 or 5, times the
whole multiplier of what it is quoted in. `ETH:vol` is no price but the volatility of ETH's options,
which protocols with options revalue. All numbers are exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from analyzer.contagion.scenario.impairment import Impairment
from analyzer.contagion.scenario.liquidators import Liquidators
from analyzer.market.classes import ASSET_CLASSES, asset_class, base_of
from analyzer.market.depth.classes import DEPTH_CLASSES, depth_class

ALL = "*"
"""Everything that no other name reaches."""

CLASS_KEYS = frozenset(f"@{name}" for name in ASSET_CLASSES)

DEPTH_KEYS = frozenset(f"@{name}" for name in DEPTH_CLASSES)

LEAST_BETA_MULTIPLIER = Fraction(1, 100)
"""A beta alone takes no price below one percent: 1 + beta (m - 1) would reach zero."""

Rule = Literal["shock", "beta", "class", "all", "class-beta", "none"]

_NO_FACTORS: Mapping[str, Fraction] = {}
_NO_PRICES: Mapping[str, int] = {}
_DEFAULT_LIQUIDATORS = Liquidators()


@dataclass(frozen=True, slots=True)
class MarginSpiral:
    """Requirements that rise with volatility, round by round.

        sigma' = sqrt(decay sigma**2 + (1 - decay) r**2 / round_days)
        factor = clip(shock * sigma' / daily_volatility, 1, cap)

    daily_volatility: sigma before the scenario. shock: by how much volatility is multiplied at
    once (2 = twice). round_days: the time that one round's return r stands for. cap: no
    requirement is multiplied by more. fixed_thresholds: whether those rise too that depend on no
    volatility, which is what most venues have.

    Source: shared risk notes, section 1.6; EWMA weights as in RiskMetrics.
    """

    daily_volatility: Fraction = Fraction(4, 100)
    shock: Fraction = Fraction(1)
    decay: Fraction = Fraction(94, 100)
    round_days: Fraction = Fraction(1)
    cap: Fraction = Fraction(5)
    fixed_thresholds: bool = False

    def next_volatility(self, sigma: float, log_return: float) -> float:
        """Daily volatility after a round in which prices moved by `log_return`."""
        decay = float(self.decay)
        return math.sqrt(decay * sigma**2 + (1 - decay) * log_return**2 / float(self.round_days))

    def factor(self, sigma: float) -> Fraction:
        """By how much maintenance requirements are multiplied at daily volatility `sigma`; from
        1 to the cap, exactly the float's own value."""
        return min(max(self.shock * Fraction(sigma) / self.daily_volatility, Fraction(1)), self.cap)


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of a scenario; the cascade runs to its end in each before the next begins.

    shocks: multiples of the block's price, by factor, class (`@alt`) or `*`. prices_e18: prices
    of the protocol by asset id, which win over every shock. liquidator_capacity: share of the
    breaching accounts that liquidators get to in a round (None = all of them, 0 = nobody works).
    rounds_limit: rounds that the step lasts (None = to the end); then the next step begins.
    """

    shocks: Mapping[str, Fraction] = field(default_factory=dict)
    prices_e18: Mapping[str, int] = field(default_factory=dict)
    liquidator_capacity: Fraction | None = None
    rounds_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens, to what, and where it is from.

    name: the one it is asked for by. title: one line for people. source: in words. venue: where
    the prices were seen, for lows differ from venue to venue. verified: whether every number was
    checked; unverified says what was not. notes: what a reader should know.

    depth_multiplier: every curve's depth times this (0.02 = two percent); depth_multipliers: factor
    or class of depth (`@large-other`) -> what its own is multiplied with instead. betas: factor or
    class -> beta to market_factor. stale: factors (or `*`) whose price the protocol does not learn.
    withdraw: every owner first takes out all free collateral. default_owners: how many of the
    owners who lack most at the shocked prices default, or which owners. margin_spiral: requirements
    rise with volatility. liquidators: what pays for them. impairment: a token whose backing is gone
    in part, on top of every shock and every given price.
    """

    name: str
    title: str
    source: str
    steps: tuple[Step, ...]
    venue: str = ""
    verified: bool = False
    unverified: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    depth_multiplier: Fraction = Fraction(1)
    depth_multipliers: Mapping[str, Fraction] = field(default_factory=dict)
    betas: Mapping[str, Fraction] = field(default_factory=dict)
    market_factor: str | None = None
    stale: frozenset[str] = frozenset()
    withdraw: bool = False
    default_owners: int | tuple[str, ...] = 0
    margin_spiral: MarginSpiral | None = None
    liquidators: Liquidators = _DEFAULT_LIQUIDATORS
    impairment: Impairment | None = None

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError(f"scenario {self.name} has no step")
        shocks, prices, filled = _NO_FACTORS, _NO_PRICES, []
        for step in self.steps:
            shocks, prices = {**shocks, **step.shocks}, {**prices, **step.prices_e18}
            _check(self.name, shocks, prices)
            filled.append(
                Step(shocks, prices, step.liquidator_capacity, step.rounds_limit),
            )
        object.__setattr__(self, "steps", tuple(filled))


@dataclass(frozen=True, slots=True)
class Reach:
    """What a step does to a factor, and by which rule it got there.

    multiplier: of the block's price, for a ratio factor that of the whole token. rule: of the
    factor's own part; base: of what a ratio is quoted in, else None.
    """

    multiplier: Fraction
    rule: Rule
    base: Rule | None = None

    @property
    def mapped(self) -> bool:
        """Whether any rule named the factor or what it is quoted in."""
        return self.rule != "none" or self.base not in (None, "none")


def multiplier(scenario: Scenario, step: Step, factor: str) -> Fraction:
    """By how much the block's price of an asset of this factor is multiplied; 1 when no rule
    names it (see `unmapped`)."""
    return reach(scenario, step, factor).multiplier


def reach(scenario: Scenario, step: Step, factor: str) -> Reach:
    """The multiplier and the rule that gave it, as in the module."""
    base = base_of(factor)
    own, rule = _own_part(scenario, step, factor)
    if base is None:
        return Reach(own, rule)
    quoted = reach(scenario, step, base)
    return Reach(own * quoted.multiplier, rule, quoted.rule)


def unmapped(scenario: Scenario, factors: Iterable[str]) -> list[str]:
    """The factors, sorted, whose price no step moves because no rule names them.

    Stables are among them: that they stand still is an assumption too, which a scenario ends by
    naming them (`USDC=x1`).
    """
    return sorted(
        factor
        for factor in set(factors)
        if not any(reach(scenario, step, factor).mapped for step in scenario.steps)
    )


def depth_multiplier(scenario: Scenario, factor: str) -> Fraction:
    """By how much the depth of the pairs in which this factor moves is multiplied: what is given
    for it, else for its class of depth, else for all."""
    given = scenario.depth_multipliers
    for key in (factor, f"@{depth_class(factor)}"):
        if key in given:
            return given[key]
    return scenario.depth_multiplier


def with_depth_times(scenario: Scenario, times: Fraction) -> Scenario:
    """The scenario with every depth multiplied once more."""
    return replace(
        scenario,
        depth_multiplier=scenario.depth_multiplier * times,
        depth_multipliers={key: m * times for key, m in scenario.depth_multipliers.items()},
    )


def is_stale(scenario: Scenario, factor: str) -> bool:
    """Whether the protocol goes on with the block's price of this factor (the market does not).

    A ratio factor is also stale with what it is quoted in.
    """
    if ALL in scenario.stale or factor in scenario.stale:
        return True
    base = base_of(factor)
    return base is not None and is_stale(scenario, base)


def _own_part(scenario: Scenario, step: Step, factor: str) -> tuple[Fraction, Rule]:
    """Multiplier and rule of a factor, without what a ratio is quoted in."""
    kind = asset_class(factor)
    if factor in step.shocks:
        return step.shocks[factor], "shock"
    by_beta = _by_beta(scenario, step, factor)
    if by_beta is not None:
        return by_beta, "beta"
    if f"@{kind}" in step.shocks:
        return step.shocks[f"@{kind}"], "class"
    if ALL in step.shocks and kind not in ("stable", "ratio", "volatility"):
        return step.shocks[ALL], "all"
    by_beta = _by_beta(scenario, step, f"@{kind}")
    return (Fraction(1), "none") if by_beta is None else (by_beta, "class-beta")


def _by_beta(scenario: Scenario, step: Step, key: str) -> Fraction | None:
    """1 + beta (market - 1), not below LEAST_BETA_MULTIPLIER; None without a beta for `key` or
    a shock of the market factor."""
    market = scenario.market_factor
    if key not in scenario.betas or market is None or market not in step.shocks:
        return None
    moved = 1 + scenario.betas[key] * (step.shocks[market] - 1)
    return max(moved, LEAST_BETA_MULTIPLIER)


def _check(name: str, shocks: Mapping[str, Fraction], prices: Mapping[str, int]) -> None:
    """Raises: ValueError for a multiplier or a price that is not above zero."""
    values: dict[str, Fraction | int] = {**shocks, **prices}
    for key, value in values.items():
        if value <= 0:
            raise ValueError(f"scenario {name}: {key} would be worth {value}: not above zero")
