"""The fold on a local chain with the real contracts: equal to storage at every pinned block."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_scan import LABELS, scan_live

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain

KINDS = {
    "growth outside a tick",
    "funding snapshot",
    "market funding growth",
    "open notional",
    "open orders",
    "order",
    "order funding snapshot",
    "owed realized PnL",
    "pool price",
    "registered markets",
    "settlement balance",
    "taker size",
    "token balance",
}
PREFIX = "fold against storage: "


def test_logs_rebuild_storage_to_the_last_bit_at_five_blocks(
    perp_devnet: DevnetInfo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compared, silent = 0, 0
    for label in LABELS:
        outcome = scan_live(perp_devnet, tmp_path, perp_devnet.blocks[label], verify="none")
        (result,) = outcome.results
        rows = {t.name: t for t in result.details.totals if t.name.startswith(PREFIX)}
        assert {name.removeprefix(PREFIX) for name in rows} == KINDS
        assert [row for row in rows.values() if row.holds is not True] == []
        assert [row for row in result.details.totals if row.holds is not True] == []
        code = {row.is_feed: set() for row in result.details.implementations}
        for row in result.details.implementations:
            code[row.is_feed].add(row.status)
        # Feeds carry their own addresses in their code: nobody's hash is that of another.
        assert code == {False: {"known"}, True: {"unknown"}}
        assert result.unproven_code == []
        assert {p.status for p in result.details.prices} <= {"fresh", "fixed", "stale"}
        compared += sum(row.rebuilt or 0 for row in rows.values())
        silent += len(result.details.silent_changes)
    with capsys.disabled():
        print(
            f"\nperp-v2 seed {perp_devnet.seed}: {compared} numbers rebuilt from logs compared"
            f" with storage at 5 blocks, 0 mismatches, {silent} silent changes recognised"
        )
    assert compared > 15_000
