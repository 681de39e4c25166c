"""Shocks in words."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.scenario import Step, parse_percent, parse_shock
from analyzer.contagion.scenario.sentences import signed_percent
from analyzer.model.errors import InputError


def test_a_command_line_makes_a_scenario_of_one_step() -> None:
    found = parse_shock("ETH=-30%, BTC = -20.5% ,JELLY=x4.5,@alt=+1%,*=-10%")
    assert found.steps == (
        Step(
            {
                "ETH": Fraction(7, 10),
                "BTC": Fraction(795, 1000),
                "JELLY": Fraction(9, 2),
                "@alt": Fraction(101, 100),
                "*": Fraction(9, 10),
            }
        ),
    )
    assert found.title == "ETH -30 %, BTC -20.5 %, JELLY +350 %, @alt +1 %, * -10 %"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("ETH", "a shock is FACTOR=MOVE, like ETH=-30%, not 'ETH'"),
        ("=-30%", "a shock is FACTOR=MOVE"),
        ("", "a shock is FACTOR=MOVE"),
        ("ETH=-30%,", "a shock is FACTOR=MOVE, like ETH=-30%, not ''"),
        ("ETH=-30", "the shock of ETH has to be a move like -30% or a multiple like x0.7, not"),
        ("ETH=0.7", "the shock of ETH has to be a move like -30%"),
        ("ETH=-30 percent", "the shock of ETH has to be a move"),
        ("ETH=-100%", "the shock of ETH: -100% leaves no price"),
        ("ETH=-130%", "the shock of ETH: -130% leaves no price"),
        ("ETH=-٣%", "the shock of ETH has to be a move like -30%"),
        ("ETH=x0", "the shock of ETH: x0 leaves no price"),
        ("ETH=-1%,ETH=-2%", "the shock names ETH twice"),
        ("@alts=-1%", "the shock names @alts, which is no class (known: @alt, @major"),
    ],
)
def test_a_shock_that_is_none_is_told_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(InputError) as error:
        parse_shock(text)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


@given(st.decimals(-99, 1000, places=4, allow_nan=False))
def test_percent_is_read_and_written_without_a_rounding(percent: object) -> None:
    value = parse_percent(f"{percent}%", what="it")
    assert value == 1 + Fraction(str(percent)) / 100
    assert parse_percent(signed_percent(value), what="it") == value
