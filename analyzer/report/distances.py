"""How far accounts are from liquidation, the wall of forced sales, and reverse stress: for
people. Figures are float64, in US dollars and in moves of the market along one ray."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.documents.stress import (
    CliffEntry,
    Distances,
    PlausibleEntry,
    RayShockEntry,
    ReverseEntry,
    WallLine,
)
from analyzer.report.page import Block, Grid, Line


def distance_blocks(found: Distances) -> list[Block]:
    """The nearest accounts and the wall, for people."""
    blocks: list[Block] = [
        Line("", f"{name} has no distances: {why}", "doubt")
        for name, why in found.not_on_ray.items()
    ]
    rows = tuple(
        (d.deployment, d.account_id, f"{d.move:+.2%}", *map(_far, (d.insolvent, d.up)))
        for d in found.nearest
    )
    note = (
        f"{found.already:,} accounts are liquidatable already, {found.never:,} never on this "
        f"ray (stables and depegs stay), {found.unknown:,} unknown."
    )
    title = "Nearest to liquidation if all prices fall alike"
    columns = ("deployment", "account", "at", "insolvent at", "rising, at")
    right, whole = frozenset(columns[2:]), frozenset(columns[:2])
    blocks.append(Grid(title, columns, rows, right, note, whole))
    return [*blocks, *_wall(found.wall), *(Line("Cliff", _cliff(one)) for one in found.cliffs)]


def _far(move: float | None) -> str:
    """A distance for people; a dash is never."""
    return "-" if move is None else f"{move:+.2%}"


def _cliff(found: CliffEntry) -> str:
    """A cliff in one sentence."""
    who = ", ".join(f"{one.account_id} ({one.rise_usd:,.0f})" for one in found.accounts)
    return (
        f"{found.deployment}: a fall of {-found.move + 0.01:.0%} instead of {-found.move:.0%} takes"
        f" bad debt from {found.before_usd:,.0f} to {found.after_usd:,.0f}, before anybody reacts;"
        f" {found.fell:,} accounts fall below zero, most of it: {who}"
    )


def reverse_blocks(found: ReverseEntry | None) -> list[Block]:
    """The answers of reverse stress, for people."""
    if found is None:
        return []
    target = f"{found.target_usd:,.0f}"
    blocks: list[Block] = []
    for name, shock in found.static.items():
        text = f"{name}, before anybody reacts: {_move(shock)}"
        blocks.append(Line("Reverse", f"bad debt of {target} takes, in {text}"))
    if len(found.static) > 1:
        text = f"before anybody reacts, all together: {_move(found.static_together)}"
        blocks.append(Line("", text))
    text = f"after the cascade, all together: {_move(found.cascade)}; {found.cascade.note}"
    blocks.append(Line("", text))
    for name, nearest in found.plausible.items():
        blocks.append(Line("Plausible", f"{name}: {_plausible(nearest)}"))
    if len(found.plausible) > 1:
        blocks.append(Line("", f"all together: {_plausible(found.plausible_together)}"))
    if found.left_out:
        text = f"no returns of {', '.join(found.left_out)}: their prices stay in this"
        blocks.append(Line("", text, "doubt"))
    if found.note:
        blocks.append(Line("", found.note, "doubt"))
    return blocks


def _move(shock: RayShockEntry) -> str:
    """The shock that does it, or that none does."""
    if shock.move is None:
        return f"no fall is enough (at most {shock.bad_debt_usd:,.0f})"
    if shock.move == 0:
        return f"no fall at all ({shock.bad_debt_usd:,.0f} already)"
    return f"a fall of all prices by {-shock.move:.2%} ({shock.bad_debt_usd:,.0f})"


def _plausible(shock: PlausibleEntry | None) -> str:
    """A most plausible shock in one line."""
    if shock is None:
        return "no shock of the factors with returns reaches it"
    largest = sorted(shock.returns.items(), key=lambda item: (-abs(item[1]), item[0]))[:5]
    moves = ", ".join(f"{factor} {move:+.1%}" for factor, move in largest if move)
    sure = "nothing nearer does it" if shock.proven else "the nearest that was found"
    return f"{moves}: {shock.distance:.2f} standard deviations of a day away, {sure}"


def _wall(lines: Sequence[WallLine]) -> list[Block]:
    """The liquidation wall as a table."""
    if not lines:
        return [Line("Wall", "nothing is forced to sell on this ray", "good")]
    columns = ("deployment", "factor", *(f"-{float(x):.0%}" for x in lines[0].within_usd), "in all")
    rows = tuple(
        (
            line.deployment,
            line.factor,
            *(f"{value:,.0f}" for value in line.within_usd.values()),
            f"{line.total_usd:,.0f}",
        )
        for line in lines
    )
    return [
        Grid(
            "Liquidation wall: forced sales up to a fall of all prices",
            columns,
            rows,
            frozenset(columns[2:]),
            "USD at the block's prices, without sign: a closed short buys.",
            frozenset(columns[:2]),
        )
    ]
