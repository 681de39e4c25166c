"""What the shipped recording proves: all of its block `stressed`, and nothing of another block."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.chain.replay import Replay
from analyzer.findings.summary import worst_accounts
from analyzer.model.certificate import Proofs
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.runs.scanning.proving import LOGS, STATE, ProveOptions
from analyzer.runs.scanning.scan import ScanOptions, scan
from analyzer.solvency.result import ScanResult

WORST = 10


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols as they are installed, in the place of the room's made-up one."""


def proved(db: Path, block: str, *asked: str) -> list[tuple[ScanResult, Proofs]]:
    """The scans of the shipped recording at a block, with what was proved."""
    outcome = scan(
        ScanOptions(
            db=db, recording=demo_folder() / RECORDING, block=block, verify="none",
            prove=ProveOptions(asked=asked), fail_on="never",
        ),
        lambda *_: None,
    )  # fmt: skip
    found = []
    for result in outcome.results:
        assert result.proofs is not None
        found.append((result, result.proofs))
    return found


def test_of_its_stressed_block_all_is_proved_the_ten_worst_accounts_too(tmp_path: Path) -> None:
    scans = proved(tmp_path / "s.duckdb", "stressed", LOGS, STATE)
    assert [result.deployment.protocol for result, _ in scans] == ["aave-v3", "perp-v2"]
    for result, proofs in scans:
        said = proofs.certificate
        assert not said.missing
        assert not said.contradictions
        assert said.logs is not None
        assert said.logs.proved_logs == said.logs.logs > 4_000
        assert said.logs.empty_by_bloom + said.logs.empty_by_receipts == said.logs.empty_blocks
        assert said.state is not None
        assert said.state.proved == said.state.wanted > 1_000
        worst = {row.margin.account_id for row in worst_accounts(result, WORST)}
        assert len(worst) == WORST
        assert worst <= {word.account_id for word in proofs.words}


def test_of_another_block_no_state_is_provable_and_it_says_so(tmp_path: Path) -> None:
    for _, proofs in proved(tmp_path / "c.duckdb", "calm", STATE):
        assert "not provable from this recording" in " ".join(proofs.certificate.missing)
        assert proofs.words == ()


def test_the_recording_stays_small_enough_to_ship() -> None:
    assert (demo_folder() / RECORDING).stat().st_size < 5_000_000
    replay = Replay(demo_folder() / RECORDING)
    [stressed] = [n for n, label, _ in replay.pins() if label == "stressed"]
    assert replay.blocks_with_receipts()[-1] <= stressed
    replay.close()
