"""What float64 may leave out: accounts that are far from every threshold.

    suspect  <=>  value - limit <= slack      slack = least + NEAR x size

A filter only leaves out; whoever it lets through is decided in integers. So the slack has to be
more than all that float64 and the contract's roundings can be off together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

NEAR = 1e-9
"""Part of what an account holds within which float64 does not decide: the error of sums of up to
some thousand float64 products is below 1e-12."""


def slack(size: Floats, least: Floats | float) -> Floats:
    """How near a threshold float64 does not decide. size: the sum of all that an account holds,
    without sign; least: what the contract's own roundings can be off. Shape: of `size`."""
    return least + NEAR * size


def suspects(value: Floats, limit: Floats, near: Floats) -> npt.NDArray[np.bool_]:
    """Whether `value` may be at or below `limit`: not further above it than `near`. Of NaN nothing
    is said: an unknown account is no suspect. Shape: of the three, broadcast."""
    found: npt.NDArray[np.bool_] = value - limit <= near
    return found


def sums(account: npt.NDArray[np.int64], amount: Floats, accounts: int) -> Floats:
    """The sum of `amount`[holding] by account. account: of each holding; accounts: how many there
    are. Shape: [account]."""
    return np.asarray(np.bincount(account, amount, minlength=accounts), dtype=np.float64)
