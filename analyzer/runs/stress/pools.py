"""The pools that a depth file names, read at the block of the scans that they are depth for.

Nothing else of a cascade asks a node: without such a pool none is opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from analyzer.chain import open_chain
from analyzer.chain.base import Chain, Progress
from analyzer.market.depth.choose import read_pools
from analyzer.market.depth.file import DepthFile
from analyzer.market.depth.impact import ImpactCurve
from analyzer.model.block import BlockRef
from analyzer.model.errors import InputError
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.runs.snapshot.books import ScanBook
from analyzer.solvency.drive import CountedReads

NO_NODE = "was not read: give --rpc or --recording"


def read_depth_pools(
    file: DepthFile,
    scans: Sequence[ScanBook],
    *,
    rpc: Sequence[str] = (),
    recording: Path | None = None,
    progress: Progress | None = None,
) -> Mapping[str, ImpactCurve | Unreadable]:
    """factor -> curve of its pool, or why it is not known; empty when the file names no pool.

    The block is the newest of the scans on the node's chain. Raises: InputError for a wrong URL
    or recording, when no scan is of that chain, when the node has another block of that number,
    and when a pool does not trade the asset named; UnreadError when no endpoint answers.
    """
    if not file.pools:
        return {}
    if not rpc and recording is None:
        return {f: Unreadable(entry.title, NO_NODE) for f, entry in file.pools.items()}
    chain = open_chain(rpc, recording, progress=progress)
    try:
        block = _block_of(chain, scans)
        return CountedReads(chain, block).drive(read_pools(file.pools, block=block.number))
    finally:
        chain.close()


def _block_of(chain: Chain, scans: Sequence[ScanBook]) -> BlockRef:
    """The newest scanned block of the chain, as the node has it."""
    here = [scan for scan in scans if scan.deployment.chain_id == chain.chain_id]
    if not here:
        theirs = ", ".join(str(n) for n in sorted({s.deployment.chain_id for s in scans}))
        raise InputError(
            f"the pools of --depth would be read on chain {chain.chain_id}, but the scans are of"
            f" chain {theirs}: give a node of that chain"
        )
    newest = max(here, key=lambda scan: scan.block.number)
    [header] = chain.headers([newest.block.number])
    if header.hash.lower() != newest.block.hash.lower():
        raise InputError(
            f"block {newest.block.number} is {header.hash} there, but {newest.deployment.name} was"
            f" scanned at {newest.block.hash}: scan again, or give a node of that chain"
        )
    return header
