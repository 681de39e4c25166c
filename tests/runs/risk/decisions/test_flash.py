"""`analyzer risk flash` on the demo: minutes that add up, and words that say so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.model.errors import InputError
from analyzer.risk.flash import Terms
from analyzer.runs.risk.decisions.flash import FlashOptions, flash_crash


def test_slow_liquidators_and_a_late_oracle_leave_more_waiting(demo_snapshot: Path) -> None:
    free = FlashOptions(demo_snapshot, "ETH=-30%,BTC=-20%", Terms(minutes=30))
    quick = flash_crash(free)
    slow = flash_crash(replace(free, terms=Terms(minutes=30, capacity=20_000.0, delay=3)))
    assert quick.minutes[-1].waiting == 0
    assert slow.closed < quick.closed
    assert slow.minutes[-1].waiting > 0
    assert slow.lasting_usd > 0
    assert quick.bad_debt_usd == pytest.approx(quick.at_once_usd, rel=1e-6)
    assert sum(one.closed for one in slow.minutes) == slow.closed
    assert "still wait" in slow.sentences[-1]
    assert quick.lowest["ETH"] <= 0.7


@pytest.mark.parametrize("form", ["table", "csv"])
def test_the_command_in_every_form(demo_snapshot: Path, form: str) -> None:
    words = ["risk", "flash", "--db", str(demo_snapshot), "--jump", "ETH=-25%", "--format", form]
    found = CliRunner().invoke(main, [*words, "--minutes", "5"])
    assert found.exit_code == 0, found.output
    assert "ETH" in found.stdout


@pytest.mark.parametrize(
    ("jump", "terms", "words"),
    [
        ("DOGE=-5%", Terms(5), "moves nothing"),
        ("ETH", Terms(5), "ETH"),
        ("ETH=-5%", Terms(0), "minutes have to be from 1"),
        ("ETH=-5%", Terms(5, depth_left=0.0), "depth that is left"),
    ],
)
def test_wrong_input_is_one_line(demo_snapshot: Path, jump: str, terms: Terms, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        flash_crash(FlashOptions(demo_snapshot, jump, terms))
    assert "\n" not in str(caught.value)
