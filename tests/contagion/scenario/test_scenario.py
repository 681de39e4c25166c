"""What a scenario does to a factor: the rules in their order, by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.scenario import (
    LEAST_BETA_MULTIPLIER,
    MarginSpiral,
    Reach,
    Scenario,
    Step,
    is_stale,
    multiplier,
    parse_shock,
    ray,
    reach,
    unmapped,
)
from analyzer.market.classes import ALTS, MAJORS, STABLES, asset_class, base_of

HALF, TENTH = Fraction(1, 2), Fraction(1, 10)


def scenario(*steps: Step, **more: object) -> Scenario:
    return Scenario("s", "a scenario", "a test", steps, **more)  # type: ignore[arg-type]


def test_a_factor_that_is_named_has_its_shock_before_every_other_rule() -> None:
    step = Step({"LINK": TENTH, "@alt": HALF, "*": Fraction(9, 10), "ETH": HALF})
    given_ = scenario(step, market_factor="ETH", betas={"LINK": Fraction(2), "UNI": Fraction(3, 2)})
    first = given_.steps[0]
    assert reach(given_, first, "LINK") == Reach(TENTH, "shock")
    assert reach(given_, first, "UNI") == Reach(Fraction(1, 4), "beta")
    assert reach(given_, first, "AAVE") == Reach(HALF, "class")
    assert reach(given_, first, "BTC") == Reach(Fraction(9, 10), "all")
    assert reach(given_, first, "never heard of") == Reach(Fraction(9, 10), "all")
    assert reach(given_, first, "USDC") == Reach(Fraction(1), "none")


def test_the_beta_of_a_class_is_the_last_resort() -> None:
    given_ = scenario(
        Step({"ETH": HALF}), market_factor="ETH", betas={"@alt": Fraction(4, 5), "BTC": HALF}
    )
    assert reach(given_, given_.steps[0], "LINK") == Reach(Fraction(3, 5), "class-beta")
    assert reach(given_, given_.steps[0], "BTC") == Reach(Fraction(3, 4), "beta")
    assert reach(given_, given_.steps[0], "wat") == Reach(Fraction(1), "none")


def test_a_beta_needs_a_shock_of_the_market() -> None:
    given_ = scenario(Step({"BTC": HALF}), market_factor="ETH", betas={"LINK": Fraction(1)})
    assert multiplier(given_, given_.steps[0], "LINK") == 1
    assert unmapped(given_, ["LINK", "BTC"]) == ["LINK"]


def test_a_beta_alone_takes_no_price_to_zero() -> None:
    given_ = scenario(Step({"ETH": TENTH}), market_factor="ETH", betas={"LINK": Fraction(2)})
    assert multiplier(given_, given_.steps[0], "LINK") == LEAST_BETA_MULTIPLIER


def test_a_staking_token_falls_with_what_it_is_quoted_in_and_with_its_own_depeg() -> None:
    given_ = parse_shock("ETH=-30%,stETH/ETH=-5%")
    step = given_.steps[0]
    assert reach(given_, step, "stETH/ETH") == Reach(
        Fraction(7, 10) * Fraction(19, 20), "shock", "shock"
    )
    assert reach(given_, step, "rETH/ETH") == Reach(Fraction(7, 10), "none", "shock")
    assert reach(given_, step, "LBTC/BTC") == Reach(Fraction(1), "none", "none")
    assert unmapped(given_, ["stETH/ETH", "rETH/ETH", "LBTC/BTC", "USDC"]) == ["LBTC/BTC", "USDC"]


def test_the_star_moves_neither_a_stable_nor_a_depeg() -> None:
    given_ = parse_shock("*=-10%")
    assert [multiplier(given_, given_.steps[0], f) for f in ("USDC", "stETH/ETH", "wat")] == [
        1,
        Fraction(9, 10),
        Fraction(9, 10),
    ]
    assert multiplier(given_, given_.steps[0], "ETH:vol") == 1
    by_class = parse_shock("@volatility=x2,BTC:vol=x3")
    assert [multiplier(by_class, by_class.steps[0], f) for f in ("ETH:vol", "BTC:vol")] == [2, 3]
    by_class = parse_shock("@ratio=-10%,@stable=-1%")
    step = by_class.steps[0]
    assert multiplier(by_class, step, "USDC") == Fraction(99, 100)
    assert multiplier(by_class, step, "stETH/ETH") == Fraction(9, 10)


def test_a_later_step_keeps_what_an_earlier_one_named() -> None:
    given_ = scenario(
        Step({"ETH": HALF, "BTC": TENTH}, {"0xaa": 5}, Fraction(0), 3), Step({"ETH": TENTH})
    )
    assert given_.steps[1] == Step({"ETH": TENTH, "BTC": TENTH}, {"0xaa": 5}, None, None)
    assert given_.steps[0].liquidator_capacity == 0
    assert unmapped(scenario(Step({}), Step({"ETH": HALF})), ["ETH"]) == []


@pytest.mark.parametrize("wrong", [Fraction(0), Fraction(-1)])
def test_a_price_of_zero_is_no_scenario(wrong: Fraction) -> None:
    with pytest.raises(ValueError, match="ETH would be worth"):
        scenario(Step({"ETH": wrong}))
    with pytest.raises(ValueError, match="0xaa would be worth 0"):
        scenario(Step({}, {"0xaa": 0}))


def test_a_scenario_without_a_step_is_none() -> None:
    with pytest.raises(ValueError, match="has no step"):
        scenario()


def test_a_stale_price_is_stale_for_what_is_quoted_in_it_too() -> None:
    given_ = scenario(Step({}), stale=frozenset({"ETH"}))
    assert [is_stale(given_, f) for f in ("ETH", "stETH/ETH", "BTC")] == [True, True, False]
    assert is_stale(scenario(Step({}), stale=frozenset({"*"})), "BTC")


def test_a_uniform_ray_moves_everything_but_stables_alike() -> None:
    given_ = ray(Fraction(7, 10))
    step = given_.steps[0]
    assert [multiplier(given_, step, f) for f in ("ETH", "wat", "stETH/ETH", "USDC")] == [
        Fraction(7, 10)
    ] * 3 + [1]
    assert given_.name == "uniform ray -30 %"


def test_a_beta_ray_moves_everything_by_its_beta() -> None:
    given_ = ray(Fraction(4, 5), market_factor="ETH", betas={"BTC": HALF, "@alt": Fraction(3, 2)})
    step = given_.steps[0]
    assert [multiplier(given_, step, f) for f in ("ETH", "BTC", "LINK", "wat")] == [
        Fraction(4, 5),
        Fraction(9, 10),
        Fraction(7, 10),
        1,
    ]
    with pytest.raises(ValueError, match="needs the factor that they are betas to"):
        ray(HALF, betas={"BTC": HALF})


moves = st.fractions(Fraction(1, 100), Fraction(5), max_denominator=1000)
factors = st.sampled_from(["ETH", "BTC", "LINK", "USDC", "stETH/ETH", "wat", "a/b/ETH"])


@given(a=moves, b=moves, factor=factors, beta=st.fractions(0, 3, max_denominator=100))
def test_along_a_ray_no_price_moves_against_the_market(
    a: Fraction, b: Fraction, factor: str, beta: Fraction
) -> None:
    low, high = min(a, b), max(a, b)
    for make in (
        ray,
        lambda m: ray(m, market_factor="ETH", betas={"BTC": beta, "@alt": beta}),
    ):
        under, over = make(low), make(high)
        first, second = (multiplier(s, s.steps[0], factor) for s in (under, over))
        assert 0 < first <= second


@given(shock=moves, factor=factors)
def test_no_shock_leaves_every_price_as_it_is(shock: Fraction, factor: str) -> None:
    none = ray(Fraction(1), market_factor="ETH", betas={"LINK": shock})
    assert multiplier(none, none.steps[0], factor) == 1


def test_volatility_follows_the_weights_of_riskmetrics() -> None:
    spiral = MarginSpiral(daily_volatility=Fraction(3, 100), round_days=Fraction(1, 4))
    # 0.94 of the old variance and 0.06 of a return of 10 % in a quarter of a day
    after = spiral.next_volatility(0.03, -0.1)
    assert after == pytest.approx(math.sqrt(0.000846 + 0.0024), rel=1e-14)
    assert float(spiral.factor(after)) == pytest.approx(after / 0.03)


def test_requirements_neither_fall_nor_pass_the_cap() -> None:
    spiral = MarginSpiral(shock=Fraction(2), cap=Fraction(3))
    assert spiral.factor(0.001) == 1
    assert float(spiral.factor(0.04)) == pytest.approx(2)
    assert spiral.factor(10.0) == 3


def test_every_known_factor_has_one_class() -> None:
    assert not MAJORS & ALTS
    assert not MAJORS & STABLES
    assert not ALTS & STABLES
    classes = {
        "ETH": "major",
        "LINK": "alt",
        "USDC": "stable",
        "stETH/ETH": "ratio",
        "ETH:vol": "volatility",
        "stETH/ETH:vol": "volatility",
        "wat": "unlisted",
        "/": "unlisted",
        "a/": "unlisted",
    }
    assert {factor: asset_class(factor) for factor in classes} == classes
    assert (base_of("stETH/ETH"), base_of("ETH"), base_of("/ETH")) == ("ETH", None, None)
