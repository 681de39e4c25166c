"""Several positions sized together: a convex programme, and the protocol's integers at its answer.

The programme needs initial margin as a formula. It is read off the protocol itself: with free
collateral F after a trade of x dollars,

    F(x) = F(0) - c (|v + x| - |v|) - d x        far to both sides: slopes c + d and c - d

so that four probes give c, d and the present value v of the position. Where a protocol's margin
is not of that form (scenarios), the answer is scaled down until its own integers pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from analyzer.documents.decisions import JointEntry, JointSizes
from analyzer.market.history import Floats
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.protocols.decisions import Resize
from analyzer.risk.sizing import joint, largest
from analyzer.runs.risk.decisions.inputs import Decided, decisions_of

STEPS = 1 << 20
"""Parts of one by which the programme's answer is scaled down."""
FAR = 4.0
"""Multiple of free collateral and positions at which the slopes are read."""


class Profits(Protocol):
    """What is asked of days here."""

    @property
    def profits(self) -> Floats:
        """What the account earned on each day."""
        ...

    def of(self, factor: str) -> Floats | None:
        """The returns of a factor."""
        ...


def wanted(texts: Sequence[str], resizes: Sequence[Resize]) -> list[tuple[Resize, float]]:
    """`SYMBOL=WEIGHT` -> (trade, weight), every other trade with weight 0. Raises: InputError."""
    trades = {r.symbol.lower(): r for r in resizes if r.kind == "trade" and len(r.sides) > 1}
    weights = dict.fromkeys(trades, 0.0)
    if not trades:
        raise InputError("--want sizes positions together, and this account may trade in no market")
    for text in texts:
        symbol, _, weight = text.partition("=")
        try:
            value = float(weight)
        except ValueError:
            value = float("nan")
        if symbol.strip().lower() not in trades or not np.isfinite(value):
            known = ", ".join(resize.symbol for resize in trades.values())
            raise InputError(f"--want is SYMBOL=WEIGHT with a symbol of {known}, not '{text}'")
        weights[symbol.strip().lower()] = value
    return [(trades[symbol], weight) for symbol, weight in weights.items()]


def joint_sizes(
    decided: Decided,
    wants: Sequence[tuple[Resize, float]],
    es_usd: float | None,
    level: float,
    days: Profits | None,
) -> JointSizes:
    """The positions of the programme, as much of them as the protocol lets pass.

    Raises: InputError where the account is below its initial margin, a factor has no days although
    losses are bounded, or no positions fulfil all of it.
    """
    free = _free(decided, [])
    if free < 0:
        raise InputError(f"{decided.account} is below its initial margin: nothing may grow")
    used = [(r, w) for r, w in wants if decided.price_e18(r.asset_id)]
    forms = [_form(decided, resize, free / WAD) for resize, _ in used]
    profits, moves = _days(decided, used, days if es_usd is not None else None)
    try:
        found = joint(
            [weight for _, weight in used],
            free / WAD,
            [value for value, _, _ in forms],
            [rate for _, rate, _ in forms],
            [cost for _, _, cost in forms],
            profits=profits,
            returns=moves,
            budget=es_usd,
            level=level,
        )
    except ValueError as error:
        raise InputError(f"--want: {error}") from error
    raw = [_raw(decided, r, x) for (r, _), x in zip(used, found.amounts.tolist(), strict=True)]

    def scaled(share: int) -> list[tuple[Resize, int]]:
        return [(r, amount * share // STEPS) for (r, _), amount in zip(used, raw, strict=True)]

    share = largest(lambda part: _free(decided, scaled(part)) >= 0, STEPS // 2, STEPS) or 0
    made = scaled(share)
    return JointSizes(
        entries=tuple(
            JointEntry(r.symbol, w, amount * share / STEPS, whole)
            for (r, w), amount, (_, whole) in zip(used, found.amounts.tolist(), made, strict=True)
        ),
        scaled=share / STEPS,
        free_after_e18=_free(decided, made),
        es_usd=None if np.isnan(found.es) else found.es,
    )


def _raw(decided: Decided, resize: Resize, usd: float) -> int:
    """An amount in the asset's own decimals, toward zero."""
    price = decided.price_e18(resize.asset_id) or 1
    return int(usd / (price / WAD) * 10**resize.decimals)


def _free(decided: Decided, trades: Sequence[tuple[Resize, int]]) -> int:
    """Free collateral after all of these trades; below 0 where it is not known."""
    decisions, book = decided.decisions, None
    for resize, amount in trades:
        book = decisions.resized(decided.account, resize, amount)
        plug = decided.scan.plug
        decisions = decisions_of(plug, plug.value(book, decided.scan.prices))
    row = decided.now() if book is None else decided.margin(book)
    return -1 if row.free_collateral_e18 is None else row.free_collateral_e18


def _form(decided: Decided, resize: Resize, free: float) -> tuple[float, float, float]:
    """(present value, rate, cost) of one position."""
    far = FAR * (abs(free) + 1_000.0)
    probes = {}
    for times in (-2, -1, 1, 2):
        amount = _raw(decided, resize, times * far)
        probes[times] = _free(decided, [(resize, amount)]) / WAD
    up, down = (probes[1] - probes[2]) / far, (probes[-1] - probes[-2]) / far
    rate, cost = max((up + down) / 2, 0.0), (up - down) / 2
    if rate == 0:
        return 0.0, 0.0, cost
    kept_up = free - (rate + cost) * far - probes[1]
    kept_down = free - (rate - cost) * far - probes[-1]
    # A position that is turned round gives its own requirement back once.
    return (kept_up - kept_down) / (2 * rate), rate, cost


def _days(
    decided: Decided, used: Sequence[tuple[Resize, float]], days: Profits | None
) -> tuple[Floats | None, Floats | None]:
    """(profits, returns [day, position]); None where losses are not bounded."""
    if days is None:
        return None, None
    columns = []
    for resize, _ in used:
        returns = days.of(decided.factor(resize.asset_id))
        if returns is None:
            raise InputError(f"--want: there are no prices of {decided.factor(resize.asset_id)}")
        columns.append(returns)
    return days.profits, np.column_stack(columns)
