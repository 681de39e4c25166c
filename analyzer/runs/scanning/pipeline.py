"""One deployment at one block, from the chain to a verified result: what scan, verify and demo do
alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from analyzer.chain.base import Chain, Progress
from analyzer.indexer import Index
from analyzer.model.atomic import beside, real_path
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.protocols.registry import load_plug
from analyzer.solvency.rebuild import Rebuilt, rebuild
from analyzer.solvency.result import Completeness, ScanResult


def index_beside(db: Path) -> Path:
    """The index that belongs to a snapshot when none is named: `scan.duckdb` ->
    `scan.index.duckdb`. Raises: InputError for a path that has no name."""
    named = db if db.name else real_path(db)
    return beside(db, f"{named.stem}.index{named.suffix or '.duckdb'}")


def rebuild_indexed(
    index: Index, chain: Chain, deployment: Deployment, *, block: BlockRef, progress: Progress
) -> Rebuilt:
    """Rebuilds a deployment at a block that is indexed. Asks no judge."""
    plug = load_plug(deployment.protocol)
    extent = index.extent(deployment, plug, block=block)
    return rebuild(
        plug,
        deployment,
        chain=chain,
        block=block,
        events=index.events(deployment, plug, up_to=block.number),
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


def doubted(result: ScanResult, *doubts_of_logs: str) -> ScanResult:
    """The result with these further reasons why its logs may not be whole; a sentence each."""
    known = result.completeness
    return replace(result, completeness=replace(known, doubts=(*known.doubts, *doubts_of_logs)))
