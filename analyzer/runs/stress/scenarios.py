"""Which scenarios a command runs: named ones, files, shocks in words; and what of them is held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from analyzer.contagion.scenario import (
    ALL,
    CLASS_KEYS,
    Scenario,
    Step,
    load_scenario,
    parse_shock,
    reach,
    shipped_scenarios,
    shock_title,
)
from analyzer.market.classes import VOLATILITY, base_of
from analyzer.model.errors import InputError
from analyzer.protocols.kit.factors import default_factor
from analyzer.runs.snapshot.books import ScanBook


def named_scenarios(names: Sequence[str], shocks: Sequence[str]) -> list[Scenario]:
    """The scenarios with these names (or in these files), then the shocks in words; all that ship
    when neither is given.

    Raises: InputError for an unknown name, a wrong file or shock, and for two of one name.
    """
    found = [load_scenario(name) for name in names]
    # Its words are its name: findings under another shock are other findings.
    found += [replace(scenario, name=scenario.title) for scenario in map(parse_shock, shocks)]
    if not names and not shocks:
        found = list(shipped_scenarios())
    return _distinct(found)


@dataclass(frozen=True, slots=True)
class Held:
    """What the books of some scans hold, by the names that a scenario may use.

    factors: of their assets and prices, and what a ratio is quoted in. symbols: symbol in small
    letters -> the factors of the assets that have it. assets: their ids. owners: of accounts.
    """

    factors: frozenset[str]
    symbols: Mapping[str, frozenset[str]]
    assets: frozenset[str]
    owners: frozenset[str]

    def factor(self, name: str) -> str | None:
        """The held factor that a name stands for: itself, itself in other letters (`eth`), or that
        of the asset of that symbol (`WETH`), whose volatility is `WETH:vol`. None when there is
        none, or when several are meant."""
        if name in self.factors:
            return name
        if name.lower().endswith(VOLATILITY):
            own = self.factor(name[: -len(VOLATILITY)])
            name = f"{own}{VOLATILITY}"
            return name if name in self.factors else None
        small = name.lower()
        alike = {factor for factor in self.factors if factor.lower() == small}
        found = alike or self.symbols.get(small) or {default_factor(name)} & self.factors
        return next(iter(found)) if len(found) == 1 else None


def held_in(scans: Sequence[ScanBook]) -> Held:
    """What the books of these scans hold."""
    factors: set[str] = set()
    symbols: dict[str, set[str]] = {}
    assets: set[str] = set()
    for scan in scans:
        assets.update(scan.prices.by_asset)
        factors.update(price.factor for price in scan.prices.by_asset.values())
        for asset in scan.book.assets:
            assets.add(asset.asset_id)
            factors.add(asset.factor)
            symbols.setdefault(asset.symbol.lower(), set()).add(asset.factor)
    for factor in list(factors):
        base = base_of(factor)
        while base is not None:
            factors.add(base)
            base = base_of(base)
    return Held(
        frozenset(factors),
        {symbol: frozenset(found) for symbol, found in symbols.items()},
        frozenset(assets),
        frozenset(owner for scan in scans for owner in scan.book.owners),
    )


def with_held_factors(
    scenarios: Sequence[Scenario], held: Held, *, in_words: int
) -> list[Scenario]:
    """The scenarios, the last `in_words` of which are shocks in words: these with the held factor
    in place of every name that stands for one (`WETH=-30%` is `ETH=-30%`).

    Raises: InputError for a shock in words of a factor that no book holds, with those that are,
    and for two names of one factor. A scenario of a file may name what is not held: `not_held`.
    """
    named = len(scenarios) - in_words
    return _distinct([*scenarios[:named], *(_in_words(one, held) for one in scenarios[named:])])


def not_held(scenario: Scenario, held: Held) -> list[str]:
    """What a scenario names by itself and no book holds, sorted: factors, prices of assets, owners.
    It does nothing to these books. What another name would stand for is said with it."""
    factors = {name for step in scenario.steps for name in step.shocks} | scenario.stale
    missing = {name for name in factors if name not in held.factors | CLASS_KEYS | {ALL}}
    owners = scenario.default_owners if isinstance(scenario.default_owners, tuple) else ()
    small = {owner.lower() for owner in held.owners}
    assets = {asset for step in scenario.steps for asset in step.prices_e18}
    return sorted(
        [
            *(with_hint(name, held) for name in missing),
            *(f"price of {asset}" for asset in assets - held.assets),
            *(f"owner {owner}" for owner in owners if owner.lower() not in small),
        ]
    )


def why_not_applicable(scenario: Scenario, held: Held) -> str:
    """Why a scenario is not about these books: every price that it names is of something that no
    book holds. Empty when it is about them, or names no single asset."""
    shocked = {name for step in scenario.steps for name in step.shocks}
    assets = {asset for step in scenario.steps for asset in step.prices_e18}
    more = scenario.withdraw or scenario.default_owners or scenario.margin_spiral is not None
    more = more or scenario.impairment is not None
    if more or not (shocked or assets) or shocked & {ALL, *CLASS_KEYS} or assets & held.assets:
        return ""
    reached = (reach(scenario, step, f).mapped for step in scenario.steps for f in held.factors)
    return "" if any(reached) else f"no book holds {', '.join(sorted(shocked | assets))}"


def with_hint(name: str, held: Held) -> str:
    """A name that no book holds, with the held factor that may be meant: `WETH (here ETH)`."""
    meant = held.factor(name)
    return name if meant is None else f"{name} (here {meant})"


def _in_words(scenario: Scenario, held: Held) -> Scenario:
    """A shock in words, in held factors."""
    (step,) = scenario.steps
    shocks = dict(_held_shocks(step, held))
    if len(shocks) < len(step.shocks):
        listed = ", ".join(step.shocks)
        raise InputError(f"the shock names one factor twice: {listed} are {', '.join(shocks)}")
    title = shock_title(shocks)
    return replace(scenario, name=title, title=title, steps=(Step(shocks),))


def _held_shocks(step: Step, held: Held) -> Iterator[tuple[str, Fraction]]:
    """(held factor, multiple) of a step's shocks. Raises: InputError for what is not held."""
    for name, multiple in step.shocks.items():
        factor = name if name in CLASS_KEYS or name == ALL else held.factor(name)
        if factor is None:
            listed = ", ".join(sorted(held.factors)) or "none"
            raise InputError(f"no book holds {name}, which the shock names (held: {listed})")
        yield factor, multiple


def _distinct(scenarios: list[Scenario]) -> list[Scenario]:
    """The scenarios. Raises: InputError for two of one name."""
    seen: set[str] = set()
    for scenario in scenarios:
        if scenario.name in seen:
            raise InputError(f"two scenarios are named '{scenario.name}': rename one of them")
        seen.add(scenario.name)
    return scenarios
