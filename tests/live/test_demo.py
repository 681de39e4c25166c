"""The recording that ships is of this very chain: live, the same scenario gives its numbers."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from live_scan import scan_live

from analyzer.devnet.history import HISTORY_DAYS
from analyzer.devnet.up import start
from analyzer.runs.demo import EXPECTED, all_numbers, demo_folder, differences

pytestmark = [pytest.mark.chain, pytest.mark.acceptance]

PROTOCOLS = ("perp-v2", "aave-v3")
ACCOUNTS, SEED = 220, 7
"""What the shipped recording was made of: `analyzer devnet record --protocol perp-v2,aave-v3
--accounts 220 --seed 7`."""


def test_the_same_scenario_live_gives_the_numbers_of_the_demo(tmp_path: Path) -> None:
    expected = orjson.loads((demo_folder() / EXPECTED).read_bytes())
    with start(PROTOCOLS, accounts=ACCOUNTS, seed=SEED, history_days=HISTORY_DAYS) as info:
        block = info.blocks[expected["block"]]
        results = scan_live(info, tmp_path, block, verify="all").results
    assert len(results) == len(PROTOCOLS)
    assert differences(all_numbers(results), expected["deployments"]) == []
