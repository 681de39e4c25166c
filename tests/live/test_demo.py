"""The shipped recording is of this very chain: live, the same scenario gives its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from live_scan import scan_live

from analyzer.runs.demo import EXPECTED, demo_folder, numbers

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain


def test_the_same_scenario_live_gives_the_numbers_of_the_demo(
    perp_devnet: DevnetInfo, tmp_path: Path
) -> None:
    expected = orjson.loads((demo_folder() / EXPECTED).read_bytes())
    label = expected.pop("block")
    (result,) = scan_live(perp_devnet, tmp_path, perp_devnet.blocks[label], verify="all").results
    found = numbers(result, label)
    del found["block"]
    assert found == expected
