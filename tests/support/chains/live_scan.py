"""Scans of a local chain, and what must be true of each of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.devnet.up import DevnetInfo, silent, write_files
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan

LABELS = ("calm", "stressed", "mid_liquidation", "after", "paused")


def deployment_files(info: DevnetInfo, folder: Path) -> tuple[str, ...]:
    """The deployment files of a chain, written into `folder`."""
    return tuple(str(path) for path in write_files(info, folder) if path.suffix == ".toml")


def scan_live(
    info: DevnetInfo, folder: Path, block: int | str, *, verify: str = "all", rpc: str = ""
) -> ScanOutcome:
    """One scan of a local chain; the index is kept in `folder` from scan to scan."""
    return scan(
        ScanOptions(
            db=folder / f"scan-{block}.duckdb",
            index=folder / "index.duckdb",
            rpc=(rpc or info.rpc,),
            deployments=deployment_files(info, folder),
            block=str(block),
            verify=verify,
        ),
        silent,
    )


@dataclass
class Tally:
    """What a row of scans compared."""

    checks: int = 0
    accounts: int = 0
    silent_changes: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, label: str, outcome: ScanOutcome) -> None:
        """Counts one scan; everything that is not as it has to be becomes a fault."""
        for result in outcome.results:
            self.accounts += len(result.margin)
            self.checks += len(result.checks) - len(result.not_compared)
            self.silent_changes += len(result.details.silent_changes)
            self.verdicts.update(row.verdict.value for row in result.margin)
            self.faults += [f"{label}: {check}" for check in result.mismatches]
            self.faults += [f"{label}: not compared {check}" for check in result.not_compared]
            self.faults += [
                f"{label}: total {t.name}: {t.difference} beyond {t.allowed}"
                for t in result.details.totals
                if t.holds is not True
            ]
            self.faults += [
                f"{label}: {row.margin.account_id} is not verified"
                for row in result.margin
                if row.verified is not True
            ]
            self.faults += [
                f"{label}: {row.what}: {row.not_read} not read"
                for row in result.reads
                if row.not_read
            ]


def scan_all_blocks(info: DevnetInfo, folder: Path) -> Tally:
    """All accounts at all five blocks, everything compared with the contracts."""
    tally = Tally()
    for label in LABELS:
        tally.add(label, scan_live(info, folder, info.blocks[label]))
    return tally
