"""`analyzer devnet record`: a recording of the local chain that `scan` and the demo read offline.

Each pinned block is scanned from nothing with every account compared, through a Recorder: so the
recording holds what any scan of these blocks asks, the judges' answers included. At one of them the
scan proves its logs and its state, too: receipts, whole headers and proofs are in the recording
for that block. And it holds every round of every feed, the days before the story included.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.devnet.history import HISTORY_DAYS
from analyzer.devnet.up import DEFAULT_PROTOCOLS, DevnetInfo, silent, start
from analyzer.devnet.world import Progress
from analyzer.model.logs import LogFilter
from analyzer.model.scratch import Scratch
from analyzer.solvency.result import ScanResult

if TYPE_CHECKING:
    from analyzer.chain.record import Recorder
    from analyzer.runs.scanning.proving import ProveOptions

NOTES = {
    "calm": "after days of trading, before the crash",
    "stressed": "after the crash, before the first liquidation",
    "mid_liquidation": "half of the liquidations are done",
    "after": "after the liquidations, when bad debt is settled",
    "paused": "one of the large markets is paused",
}

PROVED = "stressed"
"""The pinned block of which the recording can prove everything."""


def record(
    protocols: Sequence[str] = DEFAULT_PROTOCOLS,
    *,
    accounts: int,
    seed: int,
    out: Path,
    history_days: int = HISTORY_DAYS,
    progress: Progress = silent,
) -> dict[str, list[ScanResult]]:
    """Builds a local chain, scans its pinned blocks and writes the recording to `out` (a folder,
    or a zip when it ends in `.zip`). Returns label -> the results of its deployments.

    history_days: of daily price rounds before the story. Raises InputError when `out` cannot be
    written or the extra `prove` is not installed, and what `start` and a scan raise; nothing is
    written then.
    """
    from analyzer.runs.scanning.proving import check_provable
    from analyzer.runs.scanning.sources import check_record_path

    check_record_path(out)
    check_provable(_everything())
    with start(
        protocols, accounts=accounts, seed=seed, history_days=history_days, progress=progress
    ) as info:
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
                "feeds": dict(info.feeds),
            }
        },
    )
    try:
        for deployment in info.deployments.values():
            recorder.add_deployment(deployment)
        results = _scan_pins(info, recorder, progress)
        _read_feeds(info, recorder)
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
                    progress=progress, proving=_everything() if label == PROVED else None,
                    feed_rounds=True,
                )  # fmt: skip
            results.setdefault(label, []).append(one.result)
    progress("record", len(info.blocks), len(info.blocks))
    return results


def _read_feeds(info: DevnetInfo, recorder: Recorder) -> None:
    """Reads every log of every feed, and of the oracles that name them, up to the last pinned
    block."""
    oracles = (d.contracts["oracle"] for d in info.deployments.values() if "oracle" in d.contracts)
    told = sorted(address.lower() for address in (*info.feeds.values(), *oracles))
    if told and info.blocks:
        for _ in recorder.logs([LogFilter(tuple(told))], 0, max(info.blocks.values())):
            pass


def _everything() -> ProveOptions:
    """Proofs of all logs and of all state behind accounts that are not healthy, and the sample."""
    from analyzer.runs.scanning.proving import LOGS, STATE, ProveOptions

    return ProveOptions(asked=(LOGS, STATE))
