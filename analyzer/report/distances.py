"""How far accounts are from liquidation, the wall of forced sales, and reverse stress: for people
and as JSON. Figures are float64, in US dollars and in moves of the market along one ray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.contagion.reverse import PlausibleShock, RayShock
from analyzer.report.page import Block, Grid, Line

Document = dict[str, Any]

WITHIN = (0.05, 0.1, 0.2, 0.3)
"""Falls of the market up to which the page says how much is forced to sell."""

NEAREST = 10
"""How many accounts are named as the nearest to liquidation; the table has all of them."""


@dataclass(frozen=True, slots=True)
class Distance:
    """One account that is not liquidatable yet: move (-0.1 = after a fall of 10 %)."""

    deployment: str
    account_id: str
    move: float


@dataclass(frozen=True, slots=True)
class WallLine:
    """What is forced to sell of a factor. within: by the falls of `WITHIN`, USD at the block's
    prices; total: on the whole ray."""

    deployment: str
    factor: str
    within: tuple[float, ...]
    total: float


@dataclass(frozen=True, slots=True)
class DistanceReport:
    """What is said of distances. already, never, unknown: how many accounts. not_on_ray:
    deployment -> why it has no distances."""

    ray: str
    nearest: tuple[Distance, ...]
    already: int
    never: int
    unknown: int
    walls: tuple[WallLine, ...]
    not_on_ray: Mapping[str, str]


def distance_document(found: DistanceReport) -> Document:
    """The distances and walls as JSON has them."""
    return {
        "ray": found.ray,
        "already": found.already,
        "never": found.never,
        "unknown": found.unknown,
        "not_on_ray": dict(found.not_on_ray),
        "nearest": [
            {"deployment": d.deployment, "account_id": d.account_id, "move": d.move}
            for d in found.nearest
        ],
        "wall": [
            {
                "deployment": line.deployment,
                "factor": line.factor,
                "within_usd": {f"{x:g}": v for x, v in zip(WITHIN, line.within, strict=True)},
                "total_usd": line.total,
            }
            for line in found.walls
        ],
    }


def ray_shock_document(shock: RayShock) -> Document:
    """One answer of reverse stress along a ray; move null = no shock on the ray does it."""
    return {
        "ray": shock.ray.label,
        "move": shock.x,
        "bad_debt_usd": shock.bad_debt,
        "accounts": shock.accounts,
        "tried": shock.tried,
        "note": shock.note,
    }


def plausible_document(shock: PlausibleShock | None) -> Document | None:
    """One most plausible shock; null = none reaches the target."""
    if shock is None:
        return None
    return {
        "returns": dict(zip(shock.factors, shock.returns.tolist(), strict=True)),
        "sigmas": dict(zip(shock.factors, shock.sigmas.tolist(), strict=True)),
        "distance": shock.distance,
        "lower_bound": shock.lower_bound,
        "proven": shock.proven,
        "bad_debt_usd": shock.bad_debt,
        "accounts": shock.accounts,
        # On a ray that never gets there the distance is infinite, which JSON does not have.
        "rays": {k: None if v == float("inf") else v for k, v in shock.rays.items()},
        "left_out_accounts": shock.left_out,
    }


def distance_blocks(found: Mapping[str, Any]) -> list[Block]:
    """The nearest accounts and the wall, for people."""
    blocks: list[Block] = [
        Line("", f"{name} has no distances: {why}", "doubt")
        for name, why in found["not_on_ray"].items()
    ]
    rows = tuple((d["deployment"], d["account_id"], f"{d['move']:+.2%}") for d in found["nearest"])
    note = (
        f"{found['already']:,} accounts are liquidatable already, {found['never']:,} never on this "
        f"ray (stables and depegs stay), {found['unknown']:,} unknown."
    )
    title = "Nearest to liquidation if all prices fall alike"
    columns = ("deployment", "account", "at")
    blocks.append(Grid(title, columns, rows, frozenset({"at"}), note, frozenset(columns[:2])))
    return [*blocks, *_wall(found["wall"])]


def reverse_blocks(found: Mapping[str, Any] | None) -> list[Block]:
    """The answers of reverse stress, for people."""
    if found is None:
        return []
    target = f"{found['target_usd']:,.0f}"
    blocks: list[Block] = []
    for name, shock in found["static"].items():
        text = f"{name}, before anybody reacts: {_move(shock)}"
        blocks.append(Line("Reverse", f"bad debt of {target} takes, in {text}"))
    text = f"after the cascade, all together: {_move(found['cascade'])}; {found['cascade']['note']}"
    blocks.append(Line("", text))
    for name, shock in found["plausible"].items():
        blocks.append(Line("Plausible", f"{name}: {_plausible(shock)}"))
    if found["left_out"]:
        text = f"no returns of {', '.join(found['left_out'])}: their prices stay in this"
        blocks.append(Line("", text, "doubt"))
    if found["note"]:
        blocks.append(Line("", found["note"], "doubt"))
    return blocks


def _move(shock: Mapping[str, Any]) -> str:
    """The shock that does it, or that none does."""
    if shock["move"] is None:
        return f"no fall is enough (at most {shock['bad_debt_usd']:,.0f})"
    if shock["move"] == 0:
        return f"no fall at all ({shock['bad_debt_usd']:,.0f} already)"
    return f"a fall of all prices by {-shock['move']:.2%} ({shock['bad_debt_usd']:,.0f})"


def _plausible(shock: Mapping[str, Any] | None) -> str:
    """A most plausible shock in one line."""
    if shock is None:
        return "no shock of the factors with returns reaches it"
    largest = sorted(shock["returns"].items(), key=lambda item: (-abs(item[1]), item[0]))[:5]
    moves = ", ".join(f"{factor} {move:+.1%}" for factor, move in largest if move)
    sure = "nothing nearer does it" if shock["proven"] else "the nearest that was found"
    return f"{moves}: {shock['distance']:.2f} standard deviations of a day away, {sure}"


def _wall(lines: Sequence[Mapping[str, Any]]) -> list[Block]:
    """The liquidation wall as a table."""
    if not lines:
        return [Line("Wall", "nothing is forced to sell on this ray", "good")]
    columns = ("deployment", "factor", *(f"-{x:.0%}" for x in WITHIN), "in all")
    rows = tuple(
        (
            line["deployment"],
            line["factor"],
            *(f"{value:,.0f}" for value in line["within_usd"].values()),
            f"{line['total_usd']:,.0f}",
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
