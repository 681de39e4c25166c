"""Scenarios as TOML files: those that ship with the package, and anybody's own.

    title = "ETH falls by half"              # one line
    source = "my own"                        # where the numbers are from, in words
    venue = "Binance"                        # where the prices were seen, if anywhere
    unverified = ["the low of SOL"]          # what was not checked; none = verified
    notes = ["what a reader should know"]
    market_factor = "ETH"                    # what the betas are betas to
    stale = ["*"]                            # factors whose price the protocol does not learn
    withdraw = true                          # owners take out their free collateral first
    default_owners = 2                       # the two who lack most at the shock, or a list
    impairment = {asset = "rsETH", share = 0.185, where = "all", oracle = "stands"}

    [shocks]                                 # a single step: of the block's price
    ETH = "-50%"
    CRV = "x1.136"
    "stETH/ETH" = "-6.5%"
    "ETH:vol" = "x2"                         # the volatility of its options
    "@alt" = "-40%"                          # by class: @major @alt @stable @ratio @volatility
    "*" = "-10%"                             # every other price that is no stable and no depeg

    [betas]
    BTC = 0.5

    [depth]                                  # every depth times this; depth = 0.02 above the first
    "*" = 0.5                                # table is one number for all
    "@large-other" = 0.02                    # @large-stable @eth @btc @staking @small-staking
    LINK = 0.05                              # @large-other @small-stable @small-other @unlisted

    [margin_spiral]                          # all keys optional
    shock = 2                                # volatility times this at once
    daily_volatility = 0.04
    decay = 0.94
    round_days = 1
    cap = 5
    fixed_thresholds = true                  # those rise too that depend on no volatility

    [liquidators]                            # or, for short: liquidators = "at any loss"
    mode = "rational"                        # only what pays; "at any loss": all that they may
    gas_usd = 5                              # of one closure
    required_return = 0.01                   # share of the value that is taken over
    capacity_usd = 50_000_000                # value that is closed in a round, no key = no limit
    auctions = "now"                         # no key = they wait for the first discount that pays

    [[step]]                                 # instead of [shocks]: one after another
    shocks = {ETH = "-30%"}
    prices = {"0x..." = 1234.56}             # exact prices of the protocol, by asset id
    liquidators = 0                          # share of those in breach that are got to in a round
    rounds = 10                              # rounds before the next step begins

An impairment takes `share` off the market price of an asset (id or symbol). `where`: `all`, a
deployment, or a chain's number as text. `oracle`: `stands` (no key; feeds do not hear of it) or
`follows`.

Every number is read exactly, as it is written. An error is one line and names the key.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from analyzer.contagion.scenario.entry import Entry
from analyzer.contagion.scenario.impairment import EVERYWHERE, Impairment, Oracle
from analyzer.contagion.scenario.liquidators import (
    AT_ANY_LOSS,
    Auctions,
    Liquidators,
    Willingness,
)
from analyzer.contagion.scenario.types import ALL, DEPTH_KEYS, MarginSpiral, Scenario, Step
from analyzer.model.errors import InputError
from analyzer.model.toml_file import read_toml
from analyzer.model.visible import visible

SHIPPED = Path(__file__).resolve().parent.parent / "scenarios"
"""The folder of the files that ship: package data."""


def load_scenario(name_or_path: str) -> Scenario:
    """The shipped scenario of that name, or the one in that file.

    Raises: InputError when there is none (with the nearest names), or naming the key that is
    wrong.
    """
    names = shipped_names()
    if name_or_path in names:
        return read_scenario(SHIPPED / f"{name_or_path}.toml")
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        return read_scenario(path)
    near = difflib.get_close_matches(name_or_path, names, n=3, cutoff=0.4) or names
    raise InputError(
        f"there is no scenario '{name_or_path}', nor such a file (shipped: {', '.join(near)})"
    )


def shipped_names() -> list[str]:
    """The names of the scenarios that ship, sorted."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def shipped_scenarios() -> list[Scenario]:
    """Every scenario that ships with the package, by name."""
    return [load_scenario(name) for name in shipped_names()]


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file; its name is the file's, made visible.

    Raises: InputError naming the key.
    """
    values = read_toml(path, "scenario file", parse_float=Decimal)
    entry = Entry(str(path), values)
    unverified = entry.texts("unverified")
    betas = _numbers(entry.table("betas"))
    market_factor = entry.text("market_factor", "") or None
    if betas and market_factor is None:
        raise InputError(f"{path}: betas need the key market_factor: what they are betas to")
    steps = _steps(entry)
    spiral = entry.table("margin_spiral") if "margin_spiral" in values else None
    depth, depths = _depth(entry)
    scenario = Scenario(
        name=visible(path.stem),
        title=entry.text("title"),
        source=entry.text("source"),
        steps=steps,
        venue=entry.text("venue", ""),
        verified=not unverified,
        unverified=unverified,
        notes=entry.texts("notes"),
        depth_multiplier=depth,
        depth_multipliers=depths,
        betas=betas,
        market_factor=market_factor,
        stale=frozenset(entry.texts("stale")),
        withdraw=entry.flag("withdraw"),
        default_owners=_default_owners(entry),
        margin_spiral=None if spiral is None else _spiral(spiral),
        liquidators=_liquidators(entry),
        impairment=_impairment(entry.table("impairment")) if "impairment" in entry else None,
    )
    entry.check_all_used()
    return scenario


def _depth(entry: Entry) -> tuple[Fraction, Mapping[str, Fraction]]:
    """(what every depth is multiplied with, factor or class of depth -> what it is instead)."""
    if not entry.is_table("depth"):
        return entry.positive("depth", Fraction(1)), {}
    table = entry.table("depth")
    found = {key: table.positive(key, Fraction(1)) for key in table.names()}
    for key in found:
        if key.startswith("@") and key not in DEPTH_KEYS:
            known = ", ".join(sorted(DEPTH_KEYS))
            raise InputError(f"{table.where}: {key} is no class of depth (known: {known})")
    return found.pop(ALL, Fraction(1)), found


def _steps(entry: Entry) -> tuple[Step, ...]:
    """`[shocks]` as the only step, or every `[[step]]`; neither is a step without a shock."""
    tables = entry.tables("step")
    if "shocks" in entry and tables:
        raise InputError(f"{entry.where}: either [shocks] or [[step]], not both")
    if not tables:
        return (Step(_shocks(entry.table("shocks"))),)
    return tuple(_step(table) for table in tables)


def _step(entry: Entry) -> Step:
    """One `[[step]]`."""
    step = Step(
        shocks=_shocks(entry.table("shocks")),
        prices_e18=_prices(entry.table("prices")),
        liquidator_capacity=entry.share("liquidators"),
        rounds_limit=entry.count("rounds"),
    )
    entry.check_all_used()
    return step


def _shocks(entry: Entry) -> Mapping[str, Fraction]:
    """Factor or class -> multiple of the price."""
    return {entry.factor(key): entry.multiple(key) for key in entry.names()}


def _numbers(entry: Entry) -> Mapping[str, Fraction]:
    """Factor or class -> beta."""
    return {entry.factor(key): entry.number(key) for key in entry.names()}


def _prices(entry: Entry) -> Mapping[str, int]:
    """Asset id -> price in 18 decimals."""
    return {key: entry.price_e18(key) for key in entry.names()}


def _default_owners(entry: Entry) -> int | tuple[str, ...]:
    """How many, or who."""
    if entry.is_list("default_owners"):
        return entry.texts("default_owners")
    return entry.count("default_owners") or 0


def _liquidators(entry: Entry) -> Liquidators:
    """`[liquidators]`, or the mode alone as a text; what is not named is as in the class."""
    if entry.is_text("liquidators"):
        return _of_mode(entry.choice("liquidators", list(Willingness)))
    table = entry.table("liquidators")
    plain = _of_mode(table.choice("mode", list(Willingness)))
    found = Liquidators(
        mode=plain.mode,
        gas_usd=table.not_negative("gas_usd", plain.gas_usd),
        required_return=table.not_negative("required_return", plain.required_return),
        capacity_usd=table.positive("capacity_usd", None),
        auctions=Auctions(table.choice("auctions", list(Auctions))),
    )
    refused = {"gas_usd", "required_return", "auctions"} & {*table.names()}
    if found.mode is Willingness.AT_ANY_LOSS and refused:
        raise InputError(
            f"{table.where}: who works at any loss asks for neither gas nor return, nor waits"
        )
    table.check_all_used()
    return found


def _of_mode(mode: str) -> Liquidators:
    """The terms of a mode, where nothing else is said."""
    return AT_ANY_LOSS if mode == Willingness.AT_ANY_LOSS else Liquidators()


def _impairment(entry: Entry) -> Impairment:
    """`impairment`; where and oracle are as in the class when they are not said."""
    found = Impairment(
        asset=entry.text("asset"),
        share=entry.number("share"),
        where=entry.text("where", EVERYWHERE),
        oracle=Oracle(entry.choice("oracle", list(Oracle))),
    )
    if not 0 < found.share <= 1:
        raise InputError(f"{entry.where}.share has to be above 0 and at most 1")
    entry.check_all_used()
    return found


def _spiral(entry: Entry) -> MarginSpiral:
    """`[margin_spiral]`; what it does not name is as in the class."""
    plain = MarginSpiral()
    spiral = MarginSpiral(
        daily_volatility=entry.positive("daily_volatility", plain.daily_volatility),
        shock=entry.positive("shock", plain.shock),
        decay=entry.positive("decay", plain.decay),
        round_days=entry.positive("round_days", plain.round_days),
        cap=entry.positive("cap", plain.cap),
        fixed_thresholds=entry.flag("fixed_thresholds"),
    )
    if spiral.cap < 1:
        raise InputError(f"{entry.where}.cap has to be at least 1: requirements do not fall")
    if spiral.decay > 1:
        raise InputError(f"{entry.where}.decay has to be at most 1: it is a weight")
    entry.check_all_used()
    return spiral
