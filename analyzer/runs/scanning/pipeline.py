"""One deployment at one block, from the chain to a verified result: what scan, verify and demo do
alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from analyzer.chain.base import Chain, Progress
from analyzer.indexer import Index
from analyzer.model.atomic import beside, real_path
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.protocols.registry import load_plug
from analyzer.runs.scanning.folding import fold_indexed
from analyzer.solvency.rebuild import STAGES, Rebuilt, rebuild_folded
from analyzer.solvency.result import Completeness, ScanResult


def index_beside(db: Path) -> Path:
    """The index that belongs to a snapshot when none is named: `scan.duckdb` ->
    `scan.index.duckdb`. Raises: InputError for a path that has no name."""
    named = db if db.name else real_path(db)
    return beside(db, f"{named.stem}.index{named.suffix or '.duckdb'}")


@dataclass(frozen=True, slots=True)
class FoldedFrom:
    """What a rebuild folded (see `folding.Folded`)."""

    block: int | None
    logs: int
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RebuiltFrom(Rebuilt):
    """A rebuild, and what its fold went on from."""

    folded: FoldedFrom


def rebuild_indexed(
    index: Index,
    chain: Chain,
    deployment: Deployment,
    *,
    block: BlockRef,
    progress: Progress,
    from_scratch: bool = False,
) -> RebuiltFrom:
    """Rebuilds a deployment at a block that is indexed. Asks no judge. from_scratch: every log is
    folded, whatever the index kept."""
    plug = load_plug(deployment.protocol)
    extent = index.extent(deployment, plug, block=block)
    progress("fold the events", 0, STAGES)
    folded = fold_indexed(index, chain, plug, deployment, block, from_scratch=from_scratch)
    rebuilt = rebuild_folded(
        plug,
        deployment,
        folded.ledger,
        folded.reads,
        block=block,
        completeness=Completeness(
            extent.from_block,
            block.number,
            extent.logs,
            extent.blocks_with_logs,
            extent.links.headers,
            extent.links.linked,
            extent.links.broken,
        ),
        progress=progress,
    )
    return RebuiltFrom(
        rebuilt.result,
        rebuilt.valued,
        rebuilt.reads,
        FoldedFrom(folded.gone_on_from, folded.logs, folded.refused),
    )


def doubted(result: ScanResult, *doubts_of_logs: str) -> ScanResult:
    """The result with these further reasons why its logs may not be whole; a sentence each."""
    known = result.completeness
    return replace(result, completeness=replace(known, doubts=(*known.doubts, *doubts_of_logs)))
