"""Distances, walls and reverse stress on the demo's snapshot."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.contagion.cascade.order import CascadeOptions
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.linear import joined_book, linear_book
from analyzer.contagion.reverse.grid import GRID, grid
from analyzer.contagion.reverse.smallest import (
    distances,
    headroom_exactly,
    smallest_static,
    static_equity,
)
from analyzer.contagion.scenario import parse_shock
from analyzer.documents.encode import to_json
from analyzer.model.errors import InputError
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.snapshot.venues import venue_of
from analyzer.runs.stress.cascades import assess, curves_for
from analyzer.runs.stress.ceilings import all_factors, ceilings, penalties
from analyzer.runs.stress.plausible import MovedWithBases
from analyzer.runs.stress.reverse import (
    Standings,
    cascade_run,
    on_ray,
    parse_target,
    report,
    reverse,
    stand,
)
from analyzer.runs.stress.rows import distance_rows, wall_rows
from analyzer.runs.stress.stress import StressOptions, stress
from analyzer.runs.stress.twins import uniform_ray
from analyzer.store.snapshot import open_snapshot
from analyzer.store.tables.distances import TABLE


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols that are installed: none is the bank of the tests around."""


def silent(what: str, done: int, total: int) -> None:
    """No progress."""


@pytest.fixture(scope="module")
def found(demo_snapshot: Path) -> list[Standings]:
    standings, without = stand(read_books(demo_snapshot))
    assert without == {}
    return standings


def test_the_uniform_ray_moves_everything_but_stables_and_a_ratio_with_its_base() -> None:
    ray = uniform_ray(["ETH", "USDC", "stETH/ETH", "USDC/USDT", "LINK"])
    assert ray.beta.tolist() == [1.0, 0.0, 1.0, 0.0, 1.0]
    with pytest.raises(InputError, match="no ray moves anything here"):
        uniform_ray(["USDC", "DAI"])


def test_an_account_is_below_maintenance_just_beyond_its_distance_and_not_just_before_it(
    found: list[Standings],
) -> None:
    checked = 0
    for one in found:
        curved = set(one.nonlinear.accounts.tolist())
        x = distances(one.linear, one.ray, one.nonlinear).liquidation_down
        for number in np.flatnonzero(np.isfinite(x) & (x < 0))[:40].tolist():
            if number in curved:
                continue
            at = float(x[number])
            plug, book = one.scan.plug, one.scan.book
            before = headroom_exactly(plug, book, number, one.ray, at * (1 - 1e-6))
            beyond = headroom_exactly(plug, book, number, one.ray, at * (1 + 1e-6))
            assert before is not None
            assert beyond is not None
            assert before > 0 > beyond
            checked += 1
    assert checked > 30


def test_every_account_has_a_row_and_the_walls_levels_are_where_positions_are_closed(
    found: list[Standings],
) -> None:
    rows = distance_rows(found)
    assert len(rows) == sum(len(one.scan.book) for one in found)
    maintenance = [distances(one.linear, one.ray, one.nonlinear).liquidation_down for one in found]
    multiples = {1 + x for levels in maintenance for x in levels.tolist()}
    walls = wall_rows(found)
    assert {level for _, _, _, level, *_ in walls} <= multiples
    for one in found:
        for wall in one.walls.walls:
            own = [r for r in walls if r[0] == one.scan.scan_id and r[2] == wall.factor]
            assert own[-1][6] == pytest.approx(wall.total)
            assert math.fsum(r[5] for r in own) == pytest.approx(wall.total)  # type: ignore[misc]
            assert sum(r[4] for r in own) == len(wall.levels)  # type: ignore[misc]


def test_a_ratio_without_a_history_moves_with_what_it_is_quoted_in(
    found: list[Standings],
) -> None:
    (one,) = [s for s in found if s.scan.deployment.protocol == "aave-v3"]
    plain, plug = one.linear, one.scan.plug
    kept = [factor for factor in plain.factors if factor != "stETH/ETH"]
    moved = linear_book(MovedWithBases(plug, {"stETH/ETH": "ETH"}), one.scan.book, factors=kept)
    falls = {"ETH": 0.7, "stETH/ETH": 0.7}
    expected = plain.equity_at([[falls.get(factor, 1.0)] for factor in plain.factors])
    assert moved.equity_at([[falls.get(factor, 1.0)] for factor in kept]) == pytest.approx(
        expected, rel=1e-9, abs=1e-6, nan_ok=True
    )
    still = linear_book(plug, one.scan.book, factors=kept)
    alone = still.equity_at([[falls.get(factor, 1.0)] for factor in kept])
    assert np.nanmax(np.abs(alone - expected)) > 1.0


def test_rows_tell_insolvency_and_rises_too(found: list[Standings]) -> None:
    names = [column.name for column in TABLE.columns]
    rows: list[dict[str, Any]] = [
        dict(zip(names, row, strict=True)) for row in distance_rows(found)
    ]
    told: Counter[str] = Counter(
        name
        for row in rows
        for name in ("multiple", "up_multiple", "insolvent_multiple", "insolvent_up_multiple")
        if row[name] is not None
    )
    assert min(told.values()) > 20
    for row in rows:
        assert row["up_multiple"] is None or row["up_multiple"] >= 1
        if row["insolvent_multiple"] is not None:
            assert row["insolvent_multiple"] <= 1
    (one,) = [s for s in found if s.scan.deployment.protocol == "aave-v3"]
    equity = dict(zip(one.scan.book.account_ids, one.distances.insolvency_down, strict=True))
    for row in rows:
        if row["scan_id"] == one.scan.scan_id and math.isfinite(equity[row["account_id"]]):
            assert row["insolvent_multiple"] == 1 + equity[row["account_id"]]


def test_those_below_already_are_those_who_may_be_liquidated_in_any_way(
    found: list[Standings], demo_snapshot: Path
) -> None:
    with open_snapshot(demo_snapshot) as snapshot:
        _, stored = snapshot.query(
            "SELECT account_id FROM margin WHERE headroom_e18 < 0 OR collateral_liquidatable"
        )
    already = {row[2] for row in distance_rows(found) if row[4] == "already"}
    assert already == {account for (account,) in stored}
    assert report(found, {}).already == len(stored)


def test_stress_keeps_distances_and_walls_and_finds_the_shock_that_does_it(
    demo_snapshot: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.duckdb"
    history = tmp_path / "prices.csv"
    write_history(history)
    options = StressOptions(
        db=demo_snapshot,
        deployments=("aave-v3-devnet-7",),
        shocks=("ETH=-1%",),
        out=out,
        fail_on="never",
        reverse="bad-debt=4e5",
        returns=history,
    )
    document = to_json(stress(options, silent).document)
    answer = document["reverse"]
    static = answer["static"]["aave-v3-devnet-7"]
    assert -1 < static["move"] < 0
    assert static["bad_debt_usd"] == pytest.approx(4e5)
    # The cascade adds to it, so that less of a fall is enough.
    assert static["move"] < answer["cascade"]["move"] < 0
    assert answer["cascade"]["bad_debt_usd"] >= 4e5
    assert answer["static_together"] == static
    assert answer["plausible_together"] == answer["plausible"]["aave-v3-devnet-7"]
    plausible = answer["plausible"]["aave-v3-devnet-7"]
    assert plausible["bad_debt_usd"] == pytest.approx(4e5, rel=1e-6)
    assert plausible["distance"] >= plausible["lower_bound"] > 0
    assert plausible["distance"] <= plausible["rays"]["uniform ray"] * (1 + 1e-9)
    assert set(answer["left_out"]) == {"DAI", "EURC", "LINK", "MKR", "OP", "USDC"}
    assert set(plausible["returns"]) == {"BTC", "ETH"}
    with open_snapshot(out) as snapshot:
        _, ((accounts,),) = snapshot.query("SELECT count(*) FROM distances")
        _, ((levels,),) = snapshot.query("SELECT count(*) FROM liquidation_wall")
    assert accounts == 234
    assert levels > 50


def test_the_shock_of_the_cascade_is_the_cascades_own(demo_snapshot: Path) -> None:
    scans = read_books(demo_snapshot, ["aave-v3-devnet-7"])
    chosen, options = curves_for(scans), CascadeOptions()
    one = assess(scans, parse_shock("*=-20%"), chosen, options)
    again = cascade_run(scans, chosen, options)(-0.2)
    assert again == one.result.total_bad_debt_e18 / 1e18


def test_no_smaller_level_of_the_grid_does_it_and_no_cascade_is_above_its_ceiling(
    demo_snapshot: Path,
) -> None:
    """All deployments together; every level below the answer is run."""
    scans = read_books(demo_snapshot)
    chosen, options, target = curves_for(scans), CascadeOptions(), 3.4e5
    found, _ = stand(scans)
    answer = reverse(found, target, chosen, options).cascade
    assert answer.x is not None
    assert answer.skipped == 0
    run = cascade_run(scans, chosen, options)
    levels = grid()
    first = round(-answer.x * GRID)
    debts = [run(-x) for x in levels[: first + 1]]
    assert max(debts[:first]) < target <= debts[first]
    assert first > 3
    # Deep falls too: makers who are closed, and accounts that owe more than they hold.
    falls = np.array([0.0, 0.1, 0.3, 0.519, 0.525, 0.6, 0.8])
    still = run_cascade([venue_of(scan) for scan in scans], on_ray(0.0), chosen.market, options)
    highest = ceilings(scans, chosen, uniform_ray(all_factors(scans)), falls, penalties(still))
    left = np.array([run(-x) for x in falls])
    assert (left <= highest).all()
    assert (highest[:3] <= 1.3 * left[:3]).all()


def test_static_answers_of_all_together_take_less_of_a_fall_than_of_any_alone(
    found: list[Standings], demo_snapshot: Path
) -> None:
    scans = [one.scan for one in found]
    (together,) = [
        smallest_static(whole, uniform_ray(whole.factors), 5e5, nonlinear=asked)
        for whole, asked in [
            joined_book(
                [one.linear for one in found],
                [one.nonlinear for one in found],
                [scan.deployment.name for scan in scans],
            )
        ]
    ]
    alone = [smallest_static(o.linear, o.ray, 5e5, nonlinear=o.nonlinear).x for o in found]
    assert together.x is not None
    assert all(x is not None and x < together.x for x in alone)
    split = [static_at(one, together.x) for one in found]
    assert sum(split) == pytest.approx(5e5, rel=1e-6)


def static_at(one: Standings, x: float) -> float:
    """Bad debt of a deployment at a market return, before anybody reacts."""
    equity = static_equity(one.linear, one.ray, x)
    asked = one.nonlinear.margin(one.ray.at(x))[1][:, 0]
    return float(np.nansum(np.maximum(-equity, 0)) + np.nansum(np.maximum(-asked, 0)))


def write_history(path: Path) -> None:
    """Two hundred days of ETH and BTC that move together, by a rule."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("time", "factor", "price"))
        for day in range(200):
            market = 0.05 * math.sin(day * 1.7)
            writer.writerow((1_700_000_000 + day * 86_400, "ETH", 2000 * math.exp(market)))
            own = market * 0.8 + 0.01 * math.cos(day * 2.3)
            writer.writerow((1_700_000_000 + day * 86_400, "BTC", 30_000 * math.exp(own)))


@pytest.mark.parametrize("text", ["1e6", "bad-debt", "bad-debt=lots", "bad-debt=-1", "debt=1e6"])
def test_a_target_that_is_none_is_one_line(text: str) -> None:
    with pytest.raises(InputError, match=r"--reverse has to be bad-debt=AMOUNT above 0"):
        parse_target(text)


def test_returns_without_a_target_are_refused(demo_snapshot: Path) -> None:
    with pytest.raises(InputError, match="needs --reverse"):
        stress(StressOptions(db=demo_snapshot, shocks=("ETH=-1%",), returns=Path("p.csv")), silent)
