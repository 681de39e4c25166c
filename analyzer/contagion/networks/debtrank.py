"""DebtRank: how the distress of some nodes wears down the capital of those who lent to them.

    linear      h(0) = shock        h(t+1) = h(t) + W (min(h(t), 1) - min(h(t-1), 1)),  h(-1) = 0
    threshold   the same, with 1 where h >= 1 and 0 elsewhere in the place of min(h, 1)

    W[i, j] = exposures[i, j] / capital[i]: i holds a claim on j, and j's distress is i's loss

`h` is relative loss of capital: 1 is all of it. What a node passes on is capped at 1 (it cannot
lose more than the claim on it), its own `h` is not.

What holds, and is tested: `stress` never falls below the shock and is monotone in the shock and in
the exposures; the linear stress is at least the threshold one; nothing happens without a shock.

What does **not** hold: `additional_stress` is not monotone in the shock (a larger shock leaves
less to lose: vector R5 between 23 % and 25 %). It is an index of distress, **not** money lost:
it passes on losses of nodes that still pay in full, so it does not order cases as clearing does.

Source: Battiston et al. 2012; Bardoscia et al. 2015 (linear); Furfine 2003 (threshold: only who
has lost all of its capital passes anything on, and then all of it); reference cases R4-a and R5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from analyzer.contagion.linear.arrays import Floats, claims, number, positive, vector

Method = Literal["linear", "threshold"]

MOST_ITERATIONS = 1_000_000
"""Where a propagation that is passed on almost undiminished, and so hardly settles, is given up."""


@dataclass(frozen=True, slots=True)
class DebtRank:
    """Distress after propagation. Losses in the unit of `capital`; stress of the system 0 to 1."""

    stress: Floats
    """[node]: lost share of its capital, not capped: 1.5 is a hole of half its capital."""
    original_stress: float
    """Weighted mean of min(shock, 1)."""
    additional_stress: float
    """Weighted mean of min(stress, 1), less `original_stress`: what the network added."""
    original_losses: float
    """sum of capital * shock."""
    additional_losses: float
    """sum of capital * (stress - shock), not capped."""
    additional_defaults: int
    """Nodes at or above 1 that the shock alone had left below."""
    iterations: int
    """Steps made; the last is the one that changed (nearly) nothing."""


def debtrank(
    exposures: ArrayLike,
    capital: ArrayLike,
    shock: ArrayLike,
    weights: ArrayLike,
    method: Method = "linear",
    stop_norm: float | None = None,
) -> DebtRank:
    """Propagates `shock` through `exposures` until nothing moves any more.

    Shape: exposures [node, node] (`exposures[i, j]` is the claim of i on j: i loses when j is
    distressed), the others [node]. `capital` in the unit of the exposures and above zero; `shock`
    is a share of capital, not negative; `weights` (importance, for instance total assets) are
    normalised to sum 1.

    `stop_norm` ends it as soon as the Euclidean norm of the change of `stress` in one step is
    below it; None goes on until no change is left in float64 (what a node would pass on included).

    Raises: ValueError for wrong shapes, negative or non-finite entries, capital or the sum of the
    weights at zero, an unknown method, a stop_norm that is not positive; ArithmeticError when it
    has not settled after 1,000,000 steps (give a stop_norm).

    Source: vectors R4-a and R5.
    """
    owed = claims("exposures", exposures)
    nodes = owed.shape[0]
    buffer = positive("capital", vector("capital", capital, length=nodes))
    start = vector("shock", shock, length=nodes)
    importance = vector("weights", weights, length=nodes)
    if importance.sum() <= 0:
        raise ValueError("weights must have a sum above zero")
    if method not in get_args(Method):
        raise ValueError(f"method must be one of {', '.join(get_args(Method))}, not {method!r}")
    if stop_norm is not None and number("stop_norm", stop_norm) == 0:
        raise ValueError("stop_norm must be above zero; None runs until nothing changes")

    stress, iterations = _propagate(owed / buffer[:, None], start, method, stop_norm)
    share = importance / importance.sum()
    original = float(share @ np.minimum(start, 1.0))
    return DebtRank(
        stress=stress,
        original_stress=original,
        additional_stress=float(share @ np.minimum(stress, 1.0)) - original,
        original_losses=float(buffer @ start),
        additional_losses=float(buffer @ (stress - start)),
        additional_defaults=int(np.count_nonzero((stress >= 1.0) & (start < 1.0))),
        iterations=iterations,
    )


def _propagate(
    weight: Floats, shock: Floats, method: Method, stop_norm: float | None
) -> tuple[Floats, int]:
    """The stress of every node in the end, and the steps made."""
    stress, sent = shock, np.zeros_like(shock)
    for iteration in range(1, MOST_ITERATIONS + 1):
        sends = np.minimum(stress, 1.0) if method == "linear" else (stress >= 1.0).astype(float)
        change = weight @ (sends - sent)
        moved = stress + change
        settled = (
            np.array_equal(moved, stress)
            if stop_norm is None
            else bool(np.linalg.norm(change) < stop_norm)
        )
        stress, sent = moved, sends
        if settled:
            return stress, iteration
    raise ArithmeticError(
        f"the stress still changes after {MOST_ITERATIONS} steps: give a stop_norm"
    )
