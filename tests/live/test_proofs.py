"""Proofs on a local chain with the real contracts, and the lies that they catch.

One small chain with both protocols serves all tests. The lies are told by a node process between it
and us; nothing of ours is edited.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_scan import deployment_files

from analyzer.devnet.up import silent, start
from analyzer.model.certificate import Certificate
from analyzer.model.errors import ExitCode
from analyzer.model.verdict import Verdict
from analyzer.runs.scanning.proving import ProveOptions
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain
ACCOUNTS = 60


@pytest.fixture(scope="module")
def chain(seed: int) -> Iterator[DevnetInfo]:
    """A small local chain with both protocols."""
    with start(("perp-v2,aave-v3@10",), accounts=ACCOUNTS, seed=seed) as info:
        yield info


def prove(
    info: DevnetInfo, folder: Path, options: ProveOptions, *, rpc: tuple[str, ...] = (),
    recording: Path | None = None, record: Path | None = None, only: str = "",
) -> ScanOutcome:  # fmt: skip
    """A scan at the stressed block that proves; of one protocol where `only` names it."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [f for f in deployment_files(info, folder) if only in f]
    return scan(
        ScanOptions(
            db=folder / "scan.duckdb",
            rpc=() if recording else rpc or (info.rpc,),
            recording=recording,
            record=record,
            deployments=() if recording else tuple(files),
            block=str(info.blocks["stressed"]),
            verify="none",
            fail_on="never",
            prove=options,
        ),
        silent,
    )


def certificates(outcome: ScanOutcome) -> list[Certificate]:
    """The certificates of all scans."""
    return [result.proofs.certificate for result in outcome.results if result.proofs is not None]


def test_all_logs_of_both_protocols_are_proved_under_a_trusted_hash(
    chain: DevnetInfo, tmp_path: Path
) -> None:
    block = chain.blocks["stressed"]
    found = prove(chain, tmp_path / "first", ProveOptions(("logs",)))
    (top,) = {result.block.hash for result in found.results}
    record = tmp_path / "evidence.zip"
    options = ProveOptions(("logs",), trusted={block: top})
    proved = prove(chain, tmp_path / "live", options, record=record)
    again = prove(chain, tmp_path / "again", options, recording=record)
    assert len(certificates(proved)) == 2
    assert certificates(proved) == certificates(again)
    for certificate in certificates(proved):
        assert certificate.holds
        logs, headers = certificate.logs, certificate.headers
        assert logs is not None
        assert logs.proved_logs == logs.logs > 500
        assert logs.proved_blocks == logs.blocks_with_logs
        assert logs.empty_by_bloom + logs.empty_by_receipts == logs.empty_blocks > 0
        assert (headers.trusted, headers.links) == ({block: top}, block - logs.first_block)
        assert headers.anchored == headers.recomputed == block - logs.first_block + 1
    assert proved.exit_code == again.exit_code == ExitCode.CLEAN


def test_every_number_that_storage_holds_is_proved_to_be_the_rebuilds(
    chain: DevnetInfo, tmp_path: Path
) -> None:
    record = tmp_path / "evidence.zip"
    proved = prove(chain, tmp_path / "live", ProveOptions(("state",)), record=record)
    again = prove(chain, tmp_path / "again", ProveOptions(("state",)), recording=record)
    assert [result.proofs for result in proved.results] == [r.proofs for r in again.results]
    for result in proved.results:
        assert result.proofs is not None
        certificate, words = result.proofs.certificate, result.proofs.words
        assert certificate.holds, certificate
        state = certificate.state
        assert state is not None
        assert state.proved == state.wanted == len(words) > 500
        assert state.codes == state.wanted_codes == len(result.proofs.codes) > 10
        flagged = {r.margin.account_id for r in result.margin if r.verdict is not Verdict.HEALTHY}
        assert flagged
        assert flagged <= {word.account_id for word in words}
        assert all(word.fits for word in words)
        kinds = {word.what for word in words}
        assert "implementation" in kinds
        if result.deployment.protocol == "perp-v2":
            assert kinds >= {"takerPositionSize", "owedRealizedPnl", "sqrtPriceX96", "mm_ratio"}
        else:
            assert kinds >= {"scaled supply", "scaled debt", "variableBorrowIndex", "assetsSources"}


def test_an_older_recording_says_that_it_proves_nothing(chain: DevnetInfo, tmp_path: Path) -> None:
    record = tmp_path / "evidence.zip"
    prove(chain, tmp_path / "live", ProveOptions(), record=record, only="perp")
    options = ProveOptions(("logs", "state"))
    found = prove(chain, tmp_path / "again", options, recording=record)
    (certificate,) = certificates(found)
    assert found.exit_code == ExitCode.NOT_FULLY_READ
    assert certificate.contradictions == ()
    assert certificate.logs is not None
    assert certificate.logs.proved_blocks == 0
    assert any(t.startswith("not provable from this recording") for t in certificate.missing)
