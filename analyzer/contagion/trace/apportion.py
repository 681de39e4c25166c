"""An amount split in proportion, to the last unit: largest remainders."""

from __future__ import annotations

from collections.abc import Sequence


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """`total` split over `weights` in proportion, as integers that sum to `total` exactly.

    Each part is the exact share rounded down; the units that are left go one each to the largest
    remainders, equal ones in input order. No part is further than one unit from its exact share,
    and when `total` is the sum of the weights the parts are the weights.

    Raises: ValueError for a negative total or weight, or when there is something to split and
    nothing to split it over.
    """
    if total < 0 or min(weights, default=0) < 0:
        raise ValueError("only amounts that are not negative are split, over such weights")
    whole = sum(weights)
    if total == whole:
        return list(weights)
    if whole == 0:
        if total:
            raise ValueError(f"{total} cannot be split over weights that are all zero")
        return [0] * len(weights)
    parts: list[int] = []
    remainders: list[int] = []
    for weight in weights:
        part, remainder = divmod(total * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    left = total - sum(parts)
    if left:
        for place in sorted(range(len(parts)), key=lambda i: -remainders[i])[:left]:
            parts[place] += 1
    return parts
