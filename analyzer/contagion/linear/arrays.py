"""The arrays that enter the network models: float64, of the right shape, finite, not negative.

A NaN or a negative debt would run through every formula here and come out as a plausible number,
so nothing is clipped and nothing is guessed: what is not meant is a ValueError that names it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def vector(
    name: str, values: ArrayLike, *, length: int | None = None, signed: bool = False
) -> Floats:
    """`values` as a float64 vector of its own (the caller's array is never changed).

    Shape: [length], any length when None. `signed` allows negative entries.

    Raises: ValueError naming `name` when it is not one-dimensional, of another length, holds NaN
    or infinity, or a negative entry that is not allowed.
    """
    array = np.array(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, not shape {array.shape}")
    if length is not None and array.shape[0] != length:
        raise ValueError(f"{name} must have {length} entries, not {array.shape[0]}")
    _check_entries(name, array, signed=signed)
    return array


def matrix(
    name: str,
    values: ArrayLike,
    *,
    rows: int | None = None,
    columns: int | None = None,
    signed: bool = False,
) -> Floats:
    """`values` as a float64 matrix of its own.

    Shape: [rows, columns], any number where None. `signed` allows negative entries.

    Raises: ValueError naming `name` when it is not two-dimensional, of another shape, holds NaN or
    infinity, or a negative entry that is not allowed.
    """
    array = np.array(values, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"{name} must have two dimensions, not shape {array.shape}")
    if rows is not None and array.shape[0] != rows:
        raise ValueError(f"{name} must have {rows} rows, not {array.shape[0]}")
    if columns is not None and array.shape[1] != columns:
        raise ValueError(f"{name} must have {columns} columns, not {array.shape[1]}")
    _check_entries(name, array, signed=signed)
    return array


def claims(name: str, values: ArrayLike) -> Floats:
    """A square matrix of claims between nodes: not negative, and nobody has one on itself.

    Raises: ValueError as `matrix` does, and for a matrix that is not square or has a diagonal.
    """
    array = matrix(name, values)
    if array.shape[0] != array.shape[1]:
        raise ValueError(f"{name} must be square, not of shape {array.shape}")
    own = np.flatnonzero(np.diagonal(array))
    if own.size:
        raise ValueError(f"{name}[{own[0]}, {own[0]}] must be 0: a claim on itself is none")
    return array


def number(name: str, value: float, *, most: float | None = None) -> float:
    """`value` as a finite float that is not negative, and not above `most` where that is given.

    Raises: ValueError naming `name`.
    """
    result = float(value)
    if not np.isfinite(result) or result < 0:
        raise ValueError(f"{name} must be a number that is not negative, not {value!r}")
    if most is not None and result > most:
        raise ValueError(f"{name} must not be above {most}, not {value!r}")
    return result


def positive(name: str, array: Floats) -> Floats:
    """`array` itself, when every entry is above zero.

    Raises: ValueError naming `name` and the first entry that is not.
    """
    wrong = np.flatnonzero(array <= 0)
    if wrong.size:
        raise ValueError(f"{name}[{wrong[0]}] must be above zero, not {array[wrong[0]]}")
    return array


def _check_entries(name: str, array: Floats, *, signed: bool) -> None:
    """Finite everywhere, and not negative unless `signed`."""
    wrong = ~np.isfinite(array)
    if not signed:
        wrong |= array < 0
    if wrong.any():
        place = tuple(int(axis[0]) for axis in np.nonzero(wrong))
        wanted = "finite" if signed else "finite and not negative"
        raise ValueError(f"{name}{list(place)} must be {wanted}, not {array[place]}")
