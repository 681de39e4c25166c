"""`index`: logs of some deployments into the index, nothing judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.chain.base import Chain, Progress
from analyzer.chain.blocks import is_range, resolve_range
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.errors import ExitCode, InputError
from analyzer.protocols.registry import load_plug
from analyzer.runs.sources import check_contracts, open_source
from analyzer.store.index import Index


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Which deployments to index, up to which block (block syntax; of a range the last one), into
    which file."""

    index: Path
    rpc: tuple[str, ...] = ()
    recording: Path | None = None
    deployments: tuple[str, ...] = ()
    block: str = "latest"


@dataclass(frozen=True, slots=True)
class IndexOutcome:
    """What was indexed. document: `{"deployments": [...]}`, one entry per deployment."""

    document: dict[str, Any]
    exit_code: ExitCode


def index(options: IndexOptions, progress: Progress) -> IndexOutcome:
    """Reads logs into the index, or goes on where it stopped; a reorg is rolled back first.

    Raises: InputError for wrong input, UnreadError when the chain does not answer. What was
    indexed before that stays, and the next run goes on from it.
    """
    entries = []
    with open_source(
        rpc=options.rpc,
        recording=options.recording,
        deployments=options.deployments,
        progress=progress,
    ) as source:
        first, block = _span(source.chain, options.block)
        for deployment in source.deployments:
            check_contracts(source.chain, deployment, block)
        with Index(options.index, source=source.log_identity) as store:
            for deployment in source.deployments:
                _check_no_gap(store, deployment, first)
                plug = load_plug(deployment.protocol)
                advance = store.advance(source.chain, deployment, plug, to=block, progress=progress)
                extent = store.extent(deployment, plug, block=advance.head)
                entries.append(
                    {
                        "deployment": deployment.name,
                        "protocol": deployment.protocol,
                        "chain_id": deployment.chain_id,
                        "from_block": extent.from_block,
                        "head_block": advance.head.number,
                        "head_hash": advance.head.hash,
                        "logs": extent.logs,
                        "blocks_with_logs": extent.blocks_with_logs,
                        "new_logs": advance.logs_added,
                        "rolled_back_blocks": advance.rolled_back,
                        "headers": extent.links.headers,
                        "headers_linked": extent.links.linked,
                        "doubts": list(extent.links.broken),
                    }
                )
    doubted = any(entry["doubts"] for entry in entries)
    code = ExitCode.NOT_FULLY_READ if doubted else ExitCode.CLEAN
    return IndexOutcome({"deployments": entries}, code)


def _span(chain: Chain, text: str) -> tuple[BlockRef | None, BlockRef]:
    """The first block, None when only a last one is named, and the last block."""
    return resolve_range(chain, text) if is_range(text) else (None, chain.resolve(text))


def _check_no_gap(store: Index, deployment: Deployment, first: BlockRef | None) -> None:
    """Sees that a range begins where the deployment does, or where the index ends, or before.

    Raises: InputError naming that block: accounts are rebuilt from all logs, so an index has no
    gap.
    """
    head = store.head(deployment)
    due = deployment.from_block if head is None else head.number + 1
    if first is not None and first.number > due:
        raise InputError(
            f"the range begins at block {first.number}, and logs are needed from block {due} on:"
            f" an index has no gap (deployment {deployment.name})"
        )
