"""Scans of a local chain that prove, at the stressed block."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from live_scan import deployment_files

from analyzer.devnet.up import silent
from analyzer.model.certificate import Certificate
from analyzer.runs.scanning.proving import ProveOptions
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo


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
