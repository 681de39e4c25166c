"""What a stress moves: spot and volatility by risk factor, and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
VOLATILITY = ":vol"
"""Suffix of the factor that multiplies a market's volatilities (`ETH:vol`)."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Multipliers by factor, 1.0 = as it is. Shape of each array: [scenario].

    spot: prices; forwards and perps keep their difference to spot. volatility: of every strike
    alike. elapsed_s: seconds that pass: options come nearer to expiry, nothing else moves.
    """

    scenarios: int
    spot: Mapping[str, Floats] = field(default_factory=dict)
    volatility: Mapping[str, Floats] = field(default_factory=dict)
    elapsed_s: Floats | None = None

    def spot_of(self, factor: str) -> Floats:
        """The multiplier of a factor's price, 1.0 where the stress does not name it."""
        return self.spot.get(factor, np.ones(self.scenarios))

    def volatility_of(self, factor: str) -> Floats:
        """The multiplier of a factor's volatility, 1.0 where the stress does not name it."""
        return self.volatility.get(factor, np.ones(self.scenarios))

    def seconds_left(self, seconds: int) -> Floats:
        """Seconds to an expiry after the time that passes, at least 0."""
        passed = np.zeros(self.scenarios) if self.elapsed_s is None else self.elapsed_s
        left: Floats = np.maximum(0.0, seconds - passed)
        return left


def moves_of(factors: Sequence[str], shocks: Floats) -> Moves:
    """The moves of a matrix [factor, scenario]: `ETH` is a price, `ETH:vol` its volatility.

    Raises: ValueError when rows and factors do not match.
    """
    if shocks.ndim != 2 or shocks.shape[0] != len(factors):
        raise ValueError(
            f"shocks have shape {shocks.shape}, expected [factor, scenario] with"
            f" {len(factors)} rows"
        )
    rows = {name: np.asarray(shocks[i], dtype=np.float64) for i, name in enumerate(factors)}
    return Moves(
        scenarios=shocks.shape[1],
        spot={name: row for name, row in rows.items() if not name.endswith(VOLATILITY)},
        volatility={
            name.removesuffix(VOLATILITY): row
            for name, row in rows.items()
            if name.endswith(VOLATILITY)
        },
    )
