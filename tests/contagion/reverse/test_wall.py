from __future__ import annotations

import numpy as np
import pytest
from fire_sale_books import book_of

from analyzer.contagion.reverse.rays import ray, uniform_ray
from analyzer.contagion.reverse.wall import liquidation_wall

ONE = ("0",)


def steps(levels: list[float], sizes: list[float]) -> object:
    """Longs that fall at exactly these returns (no maintenance requirement)."""
    held = np.array(sizes)[:, None]
    cash = -held[:, 0] * 100 * (1 - np.array(levels))
    return book_of(held, cash, [100], [0.0])


def test_the_wall_is_every_account_at_its_level_in_order() -> None:
    book = steps([0.30, 0.105, 0.10], [1, 2, 3])
    (wall,) = liquidation_wall(book, uniform_ray(ONE)).walls  # type: ignore[arg-type]
    np.testing.assert_allclose(wall.levels, [0.10, 0.105, 0.30], rtol=1e-12)
    assert wall.cumulative.tolist() == [300, 500, 600]
    assert wall.net.tolist() == [300, 500, 600]
    assert [wall.within(x) for x in (0.05, 0.1001, -0.2, 1.0)] == [0, 300, 500, 600]


def test_concentration_is_measured_over_bins_of_a_percent() -> None:
    book = steps([0.005, 0.015, 0.018, 0.045], [1, 1, 1, 3])
    (wall,) = liquidation_wall(book, uniform_ray(ONE)).walls  # type: ignore[arg-type]
    assert wall.bins().tolist() == [100, 200, 0, 0, 300]
    assert wall.largest_bin_share == pytest.approx(0.5)
    assert wall.hhi == pytest.approx((1 + 4 + 9) / 36)
    # Sorted 0 0 1 2 3: sum of (2 i - n - 1) x_i / (n sum x) = (2 * 2 + 4 * 3) / 30.
    assert wall.gini == pytest.approx(16 / 30)


def test_a_wall_of_one_level_is_as_concentrated_as_can_be() -> None:
    (wall,) = liquidation_wall(steps([0.095], [2]), uniform_ray(ONE)).walls  # type: ignore[arg-type]
    assert (wall.largest_bin_share, wall.hhi) == (1, 1)
    assert wall.gini == pytest.approx(0.9)


def test_what_lies_on_an_edge_is_in_the_bin_that_ends_there() -> None:
    (wall,) = liquidation_wall(steps([0.02], [1]), uniform_ray(ONE)).walls  # type: ignore[arg-type]
    assert wall.bins().tolist() == [0, 100]


def test_shorts_are_walls_on_the_way_up_and_buy() -> None:
    book = book_of([[-1, 0], [0, 1]], [120, 0], [100, 100], [0, 0])
    up = liquidation_wall(book, ray(book.factors, {"0": 1.0}), direction="up")
    (wall,) = up.walls
    assert (wall.factor, wall.levels.tolist(), wall.net.tolist()) == ("0", [0.2], [-100])
    assert wall.cumulative.tolist() == [100]
    assert (up.never, up.unknown) == (1, 0)


def test_an_account_sells_all_its_assets_at_its_one_level_heaviest_wall_first() -> None:
    book = book_of([[1, 3]], [-360], [100, 100], [0, 0])
    walls = liquidation_wall(book, uniform_ray(book.factors)).walls
    assert [(w.factor, w.total) for w in walls] == [("1", 300), ("0", 100)]
    for wall in walls:
        np.testing.assert_allclose(wall.levels, [0.1], rtol=1e-12)


def test_nobody_to_be_closed_is_no_wall() -> None:
    found = liquidation_wall(book_of([[1]], [0], [100], [0.05]), uniform_ray(ONE))
    assert found.walls == ()
    assert found.never == 1
