"""Who bears a loss: the layers of a protocol's waterfall, charged in order.

    layer n bears what reaches into the capacity of the first n layers and not of the n - 1 before

A layer that is in debt itself (a fund below zero) takes its part out of the next ones first.
Source: the protocol's own `backstops`; risk-models 1.5.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.rows import BackstopKind, BackstopRow


def bearing(rows: Sequence[BackstopRow], asset_id: str | None) -> list[BackstopRow]:
    """The layers that have to pay for a loss in `asset_id` (None: in the unit of account), first
    layer first. Debtors' own assets are in their equity; who need not pay is no layer."""
    return [
        row
        for row in sorted(rows, key=lambda row: row.order)
        if row.kind is not BackstopKind.OWN_COLLATERAL
        and not row.voluntary
        and row.asset_id in (None, asset_id)
    ]


def charge(
    rows: Sequence[BackstopRow], loss_e18: int, asset_id: str | None = None
) -> list[tuple[BackstopRow | None, int]]:
    """(layer, what it bears) of a loss (>= 0), parts of 0 left out; they sum to the loss exactly.

    The layer None stands for what no layer bears. A layer whose capacity could not be read takes
    all that is left: it is named, and nothing is said of those behind it.
    Raises: ValueError for a negative loss.
    """
    if loss_e18 < 0:
        raise ValueError(f"a loss is not negative: {loss_e18}")
    out: list[tuple[BackstopRow | None, int]] = []
    reach = charged = 0
    for row in bearing(rows, asset_id):
        if row.capacity_e18 is None:
            out.append((row, loss_e18 - charged))
            charged = loss_e18
            break
        reach += row.capacity_e18
        part = min(loss_e18, max(reach, 0)) - charged
        if part > 0:
            out.append((row, part))
            charged += part
    out.append((None, loss_e18 - charged))
    return [(row, part) for row, part in out if part]
