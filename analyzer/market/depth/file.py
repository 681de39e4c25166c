"""The depth file (`--depth FILE`): TOML, one table a factor, amounts in USD.

    [ETH]
    kind = "constant-product"        # depth_usd
    depth_usd = 250_000_000
    source = "my desk, 2025-10-01"   # optional, shown with the result

    ["stETH/ETH"]
    kind = "exponential"             # depth_usd
    depth_usd = 60e6

    [BTC]
    kind = "square-root"             # daily_volume_usd, daily_volatility; coefficient = 1
    daily_volume_usd = 1.7e9
    daily_volatility = 0.024

    [SOL]
    kind = "cont-schaanning"         # daily_volume_usd, daily_volatility, coefficient;
    daily_volume_usd = 5e8           # floor = 0, horizon_days = 1
    daily_volatility = 0.044
    coefficient = 0.3

    [LINK]
    kind = "order-book"              # [ratio of the price, USD] from the best on
    bids = [[0.999, 200e3], [0.99, 900e3]]
    asks = [[1.001, 200e3], [1.01, 900e3]]

    [UNI]
    kind = "linear"                  # usd_per_unit_ratio
    usd_per_unit_ratio = 20e6

    [CRV]
    kind = "uniswap-v3"              # read at the block: pool, asset (the token sold);
    pool = "0x..."                   # quote_usd = USD price of the other token, 1 if left out
    asset = "0x..."

    [SNX]
    kind = "uniswap-v2"              # likewise
    pool = "0x..."
    asset = "0x..."

    [USDT]
    kind = "stableswap"              # Curve: amplification (its A()), fee = 0, balances in USD at
    amplification = 2000             # par: of the asset, of what it is sold for, of the rest
    balances = [150e6, 180e6, 170e6]

    ["rETH/ETH"]
    kind = "stableswap-pool"         # read at the block: pool, asset, other (the coin that it is
    pool = "0x..."                   # sold for; the first other one if left out), quote_usd
    asset = "0x..."

    [FRAX]
    kind = "cliff"                   # one_percent_usd, holds_usd; exponent = 0.65, steepness = 8,
    one_percent_usd = 2e6            # minted = false: as the defaults are made
    holds_usd = 30e6

    ["TUSD->USDC"]                   # sales of one for the other: moves TUSD; without it TUSD's
    kind = "exponential"             # own curve and USDC's, each against the unit of account
    depth_usd = 5e6

    [DAI]
    kind = "default"                 # the stated default; with any curve: a peg band
    peg_within = 0.001               # minted and redeemed within 0.1 %,
    peg_capacity_usd_per_day = 400e6 # that much of each; one day's is what a cascade has

    [USDC]
    kind = "none"                    # takes everything at one price

A factor that the file does not name has the stated default. An error is one line and names the key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from analyzer.abi.keccak import checksum
from analyzer.market.depth.cliff import Cliff
from analyzer.market.depth.default import default_curve
from analyzer.market.depth.impact import (
    ConstantProduct,
    Exponential,
    ImpactCurve,
    Linear,
    NoImpact,
)
from analyzer.market.depth.peg import PegBand
from analyzer.market.depth.stable_pool import StablePool
from analyzer.market.depth.steps import OrderBook, Step
from analyzer.market.depth.volume import ContSchaanning, SquareRoot
from analyzer.model.errors import InputError
from analyzer.model.toml_file import is_line, read_toml, shown
from analyzer.model.visible import visible

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
UNISWAP_V2, UNISWAP_V3, STABLESWAP_POOL = "uniswap-v2", "uniswap-v3", "stableswap-pool"
_TITLES = {
    UNISWAP_V2: "Uniswap V2 pool",
    UNISWAP_V3: "Uniswap V3 pool",
    STABLESWAP_POOL: "StableSwap pool",
}
DEFAULT = "default"
ARROW = "->"
"""Between the two sides of a pair: what is sold, and for what."""
LARGEST_NUMBER = 10**60
"""No number of a depth file is larger: no market is, and a float squared still holds it."""


@dataclass(frozen=True, slots=True)
class PoolEntry:
    """A pool that is to be read. asset: address of the token that is sold; quote_usd: USD price
    of the other one; kind: `uniswap-v3`, `uniswap-v2` or `stableswap-pool`; other: of a StableSwap
    pool, the address of the token that it is sold for (None: the first other one)."""

    pool: str
    asset: str
    quote_usd: float
    kind: str = UNISWAP_V3
    other: str | None = None

    @property
    def title(self) -> str:
        """What it is called: `Uniswap V3 pool 0x..`."""
        return f"{_TITLES[self.kind]} {self.pool}"


@dataclass(frozen=True, slots=True)
class DepthFile:
    """What a depth file says: curves, and pools that only a read at the block makes curves of; by
    factor, or by pair (`TUSD->USDC`)."""

    curves: Mapping[str, ImpactCurve]
    pools: Mapping[str, PoolEntry]


NO_DEPTH = DepthFile({}, {})
"""No file at all."""


def load_depth(path: Path) -> DepthFile:
    """Reads a depth file. Raises: InputError naming file, factor and key."""
    values = read_toml(path, "depth file")
    curves: dict[str, ImpactCurve] = {}
    pools: dict[str, PoolEntry] = {}
    for factor, table in values.items():
        if not isinstance(table, dict):
            raise InputError(
                f"{path}: {factor} has to be a table like [{factor}], it is {shown(table)}"
            )
        sides = factor.split(ARROW)
        if not all(sides) or len(sides) > 2 or len(set(sides)) < len(sides):
            raise InputError(f"{path}: {factor} is no factor and no pair like ETH{ARROW}USDC")
        entry = _Entry(f"{path}: {factor}", table)
        kind = entry.text("kind")
        if kind in _TITLES:
            pools[factor] = _pool(entry, kind)
        elif kind in _KINDS or kind == DEFAULT:
            curve = _default(factor) if kind == DEFAULT else None
            curve = curve or _curve(entry, kind, visible(f"{path.name}: {factor}"))
            curves[factor] = _banded(entry, curve)
        else:
            known = ", ".join(sorted([*_KINDS, *_TITLES, DEFAULT]))
            raise InputError(f"{path}: {factor}.kind is no curve: {shown(kind)} (known: {known})")
        entry.check_all_used()
    return DepthFile(curves, pools)


class _Entry:
    """One table, and which of its keys were asked for."""

    def __init__(self, where: str, table: Mapping[str, object]) -> None:
        self._where, self._table = where, table
        self._used: set[str] = set()

    def __contains__(self, key: str) -> bool:
        """Whether the table has the key."""
        return key in self._table

    def text(self, key: str, default: str | None = None) -> str:
        """A text."""
        value = self._get(key, default)
        if not isinstance(value, str) or not is_line(value):
            raise InputError(f"{self._where}.{key} has to be a text, it is {shown(value)}")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A number; whether it makes sense is for the curve."""
        value = self._get(key, default)
        if not _is_number(value) or value != value:
            raise InputError(f"{self._where}.{key} has to be a number, it is {shown(value)}")
        return self._bounded(key, value)

    def positive(self, key: str, default: float | None = None) -> float:
        """A number above zero."""
        value = self._get(key, default)
        if not _is_number(value):
            raise InputError(f"{self._where}.{key} has to be a number, it is {shown(value)}")
        bounded = self._bounded(key, value)
        if not bounded > 0:
            raise InputError(f"{self._where}.{key} has to be above zero, it is {bounded:g}")
        return bounded

    def _bounded(self, key: str, value: object) -> float:
        """A number as a float, not larger than any market."""
        assert isinstance(value, int | float)
        if abs(value) > LARGEST_NUMBER:
            raise InputError(f"{self._where}.{key} has to be below 1e60, it is {shown(value)}")
        return float(value)

    def steps(self, key: str) -> tuple[Step, ...]:
        """The orders of one side; none when the key is missing."""
        value = self._get(key, [])
        wrong = f"{self._where}.{key} has to be a list of [ratio, USD]"
        if not isinstance(value, list):
            raise InputError(f"{wrong}, it is {shown(value)}")
        for item in value:
            if not isinstance(item, list) or len(item) != 2 or not all(map(_is_number, item)):
                raise InputError(f"{wrong}, not {shown(item)}")
        return tuple((self._bounded(key, ratio), self._bounded(key, usd)) for ratio, usd in value)

    def amounts(self, key: str) -> tuple[float, ...]:
        """A list of numbers."""
        value = self._get(key, None)
        if not isinstance(value, list) or not all(map(_is_number, value)):
            raise InputError(
                f"{self._where}.{key} has to be a list of numbers, it is {shown(value)}"
            )
        return tuple(self._bounded(key, number) for number in value)

    def flag(self, key: str) -> bool:
        """True or false; false when it is missing."""
        value = self._get(key, False)
        if not isinstance(value, bool):
            raise InputError(f"{self._where}.{key} has to be true or false, it is {shown(value)}")
        return value

    def address(self, key: str) -> str:
        """A contract's address, checksummed."""
        value = self.text(key)
        if not _ADDRESS.fullmatch(value):
            raise InputError(f"{self._where}.{key} has to be an address, it is {shown(value)}")
        return checksum(value)

    def check_all_used(self) -> None:
        """Raises: InputError for a key that this kind of curve does not have."""
        for key in self._table:
            if key not in self._used:
                known = ", ".join(sorted(self._used))
                raise InputError(f"{self._where}.{key} is no key of this kind (known: {known})")

    def made(self, make: Callable[[], ImpactCurve]) -> ImpactCurve:
        """The curve, its own complaint turned into a line that names the table."""
        try:
            return make()
        except ValueError as error:
            raise InputError(f"{self._where}: {error}") from error

    def _get(self, key: str, default: object) -> object:
        """A value; its key counts as known."""
        self._used.add(key)
        if key not in self._table and default is None:
            raise InputError(f"{self._where} needs the key {key}")
        return self._table.get(key, default)


def _is_number(value: object) -> bool:
    """Whether a TOML value is a number (a boolean is none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _pool(entry: _Entry, kind: str) -> PoolEntry:
    """A pool to be read."""
    quote_usd = entry.positive("quote_usd", 1.0)
    other = None
    if kind == STABLESWAP_POOL and "other" in entry:
        other = entry.address("other")
    return PoolEntry(entry.address("pool"), entry.address("asset"), quote_usd, kind, other)


def _curve(entry: _Entry, kind: str, origin: str) -> ImpactCurve:
    """The curve of a table. origin: its source where the file names none."""
    source = entry.text("source", origin)
    return entry.made(lambda: _KINDS[kind](entry, source))


def _default(factor: str) -> ImpactCurve:
    """The stated default of a factor, or of a pair."""
    thin, _, thick = factor.partition(ARROW)
    return default_curve(thin, thick or None)


def _banded(entry: _Entry, curve: ImpactCurve) -> ImpactCurve:
    """The curve with the band that the table gives it, if any."""
    if "peg_within" not in entry and "peg_capacity_usd_per_day" not in entry:
        return curve
    within, capacity = entry.positive("peg_within"), entry.positive("peg_capacity_usd_per_day")
    return entry.made(lambda: PegBand(curve, within, capacity))


def _volume(entry: _Entry) -> tuple[float, float]:
    """(daily volume, daily volatility)."""
    return entry.positive("daily_volume_usd"), entry.positive("daily_volatility")


def _cont_schaanning(entry: _Entry, source: str) -> ImpactCurve:
    """A Cont-Schaanning curve."""
    return ContSchaanning(
        *_volume(entry),
        entry.positive("coefficient"),
        floor=entry.number("floor", 0.0),
        horizon_days=entry.positive("horizon_days", 1.0),
        source=source,
    )


_KINDS: Mapping[str, Callable[[_Entry, str], ImpactCurve]] = {
    NoImpact.name: lambda entry, source: NoImpact(source),
    ConstantProduct.name: lambda e, source: ConstantProduct(e.positive("depth_usd"), source),
    Linear.name: lambda e, source: Linear(e.positive("usd_per_unit_ratio"), source),
    Exponential.name: lambda e, source: Exponential(e.positive("depth_usd"), source),
    SquareRoot.name: lambda e, source: SquareRoot(
        *_volume(e), e.positive("coefficient", 1.0), source
    ),
    ContSchaanning.name: _cont_schaanning,
    Cliff.name: lambda e, source: Cliff(
        e.positive("one_percent_usd"),
        e.positive("holds_usd"),
        exponent=e.positive("exponent", 0.65),
        steepness=e.positive("steepness", 8.0),
        minted=e.flag("minted"),
        source=source,
    ),
    StablePool.name: lambda e, source: StablePool(
        e.positive("amplification"), e.amounts("balances"), e.number("fee", 0.0), source
    ),
    OrderBook.name: lambda e, source: OrderBook(e.steps("bids"), e.steps("asks"), source),
}
"""Kind of curve -> how its table is read."""
