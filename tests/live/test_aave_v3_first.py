"""Aave V3 3.0.0 on a local chain with the real contracts, whose number its successors share.

Its code is told apart by the hash of the addresses provider, which is npm's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aave_past import check_liquidations
from live_scan import scan_all_blocks

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain
ACCOUNTS = 100


@pytest.fixture(scope="module")
def first_devnet(seed: int) -> Iterator[DevnetInfo]:
    """The local chain with 3.0.0."""
    from analyzer.devnet.up import start

    with start(("aave-v3@3.0.0",), accounts=ACCOUNTS, seed=seed) as info:
        yield info


def test_every_field_and_every_liquidation_is_as_the_contracts_say(
    first_devnet: DevnetInfo, tmp_path: Path
) -> None:
    tally = scan_all_blocks(first_devnet, tmp_path / "scans")
    assert tally.faults == []
    assert tally.checks > 5 * ACCOUNTS * 8
    assert set(tally.verdicts) >= {"insolvent", "liquidatable", "below_initial", "healthy"}
    found = check_liquidations(first_devnet, tmp_path)
    assert found.faults == []
    assert found.executed > 0
    assert found.refused > 0
