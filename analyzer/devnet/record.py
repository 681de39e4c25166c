"""`analyzer devnet record`: a recording of the local chain that `scan` and the demo read offline.

Each pinned block is scanned from nothing with every account compared, through a Recorder: so the
recording holds what any scan of these blocks asks, the judges' answers included.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.devnet.up import DEFAULT_PROTOCOLS, DevnetInfo, silent, start
from analyzer.devnet.world import Progress
from analyzer.model.scratch import Scratch
from analyzer.solvency.result import ScanResult

if TYPE_CHECKING:
    from analyzer.chain.record import Recorder

NOTES = {
    "calm": "after days of trading, before the crash",
    "stressed": "after the crash, before the first liquidation",
    "mid_liquidation": "half of the liquidations are done",
    "after": "after the liquidations, when bad debt is settled",
    "paused": "one of the large markets is paused",
}


def record(
    protocols: Sequence[str] = DEFAULT_PROTOCOLS,
    *,
    accounts: int,
    seed: int,
    out: Path,
    progress: Progress = silent,
) -> dict[str, list[ScanResult]]:
    """Builds a local chain, scans its pinned blocks and writes the recording to `out` (a folder,
    or a zip when it ends in `.zip`). Returns label -> the results of its deployments.

    Raises InputError when `out` cannot be written, and what `start` and a scan raise; nothing is
    written then.
    """
    from analyzer.runs.scanning.sources import check_record_path

    check_record_path(out)
    with start(protocols, accounts=accounts, seed=seed, progress=progress) as info:
        return record_running(info, out, progress=progress)


def record_running(
    info: DevnetInfo, out: Path, *, progress: Progress = silent
) -> dict[str, list[ScanResult]]:
    """Records a local chain that is serving; see `record`."""
    from analyzer.chain.node import Node
    from analyzer.chain.record import Recorder

    recorder = Recorder(
        Node([info.rpc], chain_id=info.chain_id),
        out,
        description=(
            f"local chain with the real contracts of {', '.join(info.deployments)}:"
            f" {info.accounts} accounts, seed {info.seed}"
        ),
        extra={
            "devnet": {
                "seed": info.seed,
                "accounts": info.accounts,
                "state_root": info.state_root,
                "blocks": dict(info.blocks),
            }
        },
    )
    try:
        for deployment in info.deployments.values():
            recorder.add_deployment(deployment)
        results = _scan_pins(info, recorder, progress)
    except BaseException:
        recorder.discard()
        raise
    recorder.close()
    return results


def _scan_pins(
    info: DevnetInfo, recorder: Recorder, progress: Progress
) -> dict[str, list[ScanResult]]:
    from analyzer.indexer import Index
    from analyzer.runs.scanning.scan import scan_one
    from analyzer.runs.scanning.sources import Source, check_contracts
    from analyzer.solvency.verify import VerifyMode

    source = Source(recorder, list(info.deployments.values()), "rpc", info.rpc)
    results: dict[str, list[ScanResult]] = {}
    for done, (label, number) in enumerate(info.blocks.items()):
        progress("record", done, len(info.blocks))
        block = recorder.resolve(str(number))
        recorder.pin(block, label, NOTES[label])
        for deployment in source.deployments:
            check_contracts(recorder, deployment, block)
            # A new index each time: a later scan of the recording starts from nothing, too.
            with Scratch("record") as folder, Index(Path(folder) / "i.duckdb") as index:
                one = scan_one(
                    source, index, deployment, block=block, mode=VerifyMode.ALL, seed=0,
                    progress=progress,
                )  # fmt: skip
            results.setdefault(label, []).append(one.result)
    progress("record", len(info.blocks), len(info.blocks))
    return results
