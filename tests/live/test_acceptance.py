"""The acceptance seeds: the same proofs as for the plain seed, on other chains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_scan import scan_all_blocks

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = [pytest.mark.chain, pytest.mark.acceptance]


def test_every_field_equals_the_contracts_view_on_this_seed_too(
    acceptance_devnet: DevnetInfo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = scan_all_blocks(acceptance_devnet, tmp_path)
    with capsys.disabled():
        print(
            f"\nperp-v2 seed {acceptance_devnet.seed}: {tally.checks} checks of {tally.accounts}"
            f" account states at 5 blocks, {len(tally.faults)} faults,"
            f" {tally.silent_changes} silent changes, verdicts {dict(tally.verdicts)}"
        )
    assert tally.faults == []
    assert tally.accounts >= 5 * 300
    assert tally.checks > 35_000
