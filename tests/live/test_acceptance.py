"""The acceptance seeds: the same proofs as for the plain seed, on other chains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aave_past import check_liquidations
from live_scan import Tally, scan_all_blocks

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = [pytest.mark.chain, pytest.mark.acceptance]


def say(capsys: pytest.CaptureFixture[str], name: str, tally: Tally) -> None:
    """Prints what was compared, past pytest's capture."""
    with capsys.disabled():
        print(
            f"\n{name}: {tally.checks} checks of {tally.accounts} account states at 5 blocks,"
            f" {len(tally.faults)} faults, {tally.silent_changes} silent changes,"
            f" verdicts {dict(tally.verdicts)}"
        )


def test_every_field_equals_the_contracts_view_on_this_seed_too(
    acceptance_devnet: DevnetInfo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = scan_all_blocks(acceptance_devnet, tmp_path)
    say(capsys, f"perp-v2 seed {acceptance_devnet.seed}", tally)
    assert tally.faults == []
    assert tally.accounts >= 5 * 300
    assert tally.checks > 35_000


def test_aave_equals_its_contracts_and_its_liquidations_on_this_seed_too(
    aave_acceptance_devnet: DevnetInfo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    info = aave_acceptance_devnet
    tally = scan_all_blocks(info, tmp_path)
    found = check_liquidations(info, tmp_path)
    say(capsys, f"aave-v3 seed {info.seed}", tally)
    assert (tally.faults, found.faults) == ([], [])
    assert tally.accounts >= 5 * 200
    assert tally.checks > 5 * 200 * 8
    assert found.executed > 0
