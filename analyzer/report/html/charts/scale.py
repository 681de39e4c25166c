"""From numbers to places in a picture. Floats: pictures only, never money."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_UNITS = ("", "k", "M", "B", "T")


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps `low..high` to `start..stop` (pixels), through `bend`; ticks: values to label."""

    low: float
    high: float
    start: float
    stop: float
    ticks: tuple[float, ...]
    bend: Callable[[float], float] = float

    def at(self, value: float) -> float:
        """The place of `value`, kept inside the picture."""
        low, high = self.bend(self.low), self.bend(self.high)
        share = (self.bend(value) - low) / (high - low)
        return self.start + min(max(share, 0.0), 1.0) * (self.stop - self.start)


def symlog(value: float) -> float:
    """A logarithm that goes through zero: sign(x) · log10(1 + |x|)."""
    return math.copysign(math.log10(1.0 + abs(value)), value)


def linear(values: Iterable[float], start: float, stop: float) -> Scale:
    """A scale from 0 (or below) to a round number above the largest value."""
    low, high = _bounds(values)
    step = _round_step(high - low)
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = tuple(step * n for n in range(first, last + 1))
    return Scale(step * first, step * last, start, stop, ticks)


def bent(values: Iterable[float], start: float, stop: float, *, most: int = 9) -> Scale:
    """A `symlog` scale whose ends are powers of ten, with at most about `most` ticks."""
    low, high = _bounds(values)
    down, up = _power(low), _power(high)
    powers = [*range(down, 0), 0, *range(1, up + 1)]
    stride = max(1, math.ceil(len(powers) / most))
    ticks = tuple(_signed_power(p) for p in powers if p % stride == 0)
    return Scale(_signed_power(down), _signed_power(up), start, stop, ticks, symlog)


def brief(value: float) -> str:
    """A tick's label: `-10k`, `0`, `2.5M`, `1e18`."""
    if value == 0:
        return "0"
    size, unit = abs(value), 0
    if size >= 1e15:
        return f"{value:.0e}".replace("e+", "e")
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{'-' if value < 0 else ''}{size:.3g}{_UNITS[unit]}"


def whole_units(value_e18: int) -> float:
    """An amount of 18 decimals as a float of whole units; beyond a float's range, its end."""
    try:
        return value_e18 / 10**18
    except OverflowError:
        return math.copysign(1e300, value_e18)


def _bounds(values: Iterable[float]) -> tuple[float, float]:
    """The smallest and largest value, with zero between them and some distance."""
    known = [0.0, *values]
    low, high = min(known), max(known)
    return (low, high) if low < high else (0.0, 1.0)


def _round_step(extent: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides `extent` into four to eight."""
    power = 10.0 ** math.floor(math.log10(extent / 4))
    return next(power * m for m in (1, 2, 5, 10) if extent / (power * m) <= 8)


def _power(value: float) -> int:
    """The power of ten that bounds `value`, with its sign: 1,234 -> 4; -5 -> -1; 0 -> 0."""
    if value == 0:
        return 0
    power = max(1, math.ceil(math.log10(abs(value)) - 1e-12))
    return power if value > 0 else -power


def _signed_power(power: int) -> float:
    """10**|power| with its sign; 0 -> 0."""
    return 0.0 if power == 0 else math.copysign(10.0 ** abs(power), power)
