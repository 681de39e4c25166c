"""`index`: logs of some deployments into the index, nothing judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analyzer import __version__
from analyzer.chain.base import Chain, Progress
from analyzer.chain.blocks import is_range, resolve_range
from analyzer.chain.log_files import LogFiles
from analyzer.documents.envelope import Run
from analyzer.documents.index import IndexDocument, Indexed
from analyzer.indexer import Index, Recheck
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.errors import ExitCode, InputError
from analyzer.protocols.registry import load_plug
from analyzer.runs.scanning.freshness import check_head
from analyzer.runs.scanning.second_reading import kept_words, read_again
from analyzer.runs.scanning.sources import Source, check_contracts, open_source

ALL = "all"
"""`--recheck` without a range: every block that is indexed."""


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Which deployments to index, up to which block (block syntax; of a range the last one), into
    which file. recheck: a range of blocks whose logs are read a second time, `all` for every one
    that is indexed, None for none. max_age: how old the head of a live chain may be. logs: a folder
    of Parquet files that logs are read from, checked against the node; None = from the node."""

    index: Path
    rpc: tuple[str, ...] = ()
    recording: Path | None = None
    deployments: tuple[str, ...] = ()
    block: str = "latest"
    recheck: str | None = None
    max_age: str | None = None
    logs: Path | None = None


@dataclass(frozen=True, slots=True)
class IndexOutcome:
    """What was indexed."""

    document: IndexDocument
    exit_code: ExitCode


def index(options: IndexOptions, progress: Progress) -> IndexOutcome:
    """Reads logs into the index, or goes on where it stopped; a reorg is rolled back first.

    Raises: InputError for wrong input, UnreadError when the chain does not answer. What was
    indexed before that stays, and the next run goes on from it.
    """
    if options.logs is not None and not options.rpc:
        raise InputError("--logs reads headers from a node: give --rpc with it")
    entries = []
    with open_source(
        rpc=options.rpc,
        recording=options.recording,
        deployments=options.deployments,
        progress=progress,
    ) as source:
        first, block = _span(source.chain, options.block)
        check_head(source, options.block, block, options.max_age)
        for deployment in source.deployments:
            check_contracts(source.chain, deployment, block)
        chain = source.chain if options.logs is None else LogFiles(source.chain, options.logs)
        with Index(options.index, source=source.log_identity) as store:
            for deployment in source.deployments:
                _check_no_gap(store, deployment, first)
                plug = load_plug(deployment.protocol)
                again = _recheck(source, store, deployment, options.recheck, progress)
                advance = store.advance(chain, deployment, plug, to=block, progress=progress)
                extent = store.extent(deployment, plug, block=advance.head)
                entries.append(
                    Indexed(
                        deployment=deployment.name,
                        protocol=deployment.protocol,
                        chain_id=deployment.chain_id,
                        from_block=extent.from_block,
                        head_block=advance.head.number,
                        head_hash=advance.head.hash,
                        logs=extent.logs,
                        blocks_with_logs=extent.blocks_with_logs,
                        new_logs=advance.logs_added,
                        rolled_back_blocks=advance.rolled_back,
                        headers=extent.links.headers,
                        headers_linked=extent.links.linked,
                        doubts=(*extent.links.broken, *kept_words(again)),
                        read_again=read_again(again),
                    )
                )
    doubted = any(entry.doubts for entry in entries)
    code = ExitCode.NOT_FULLY_READ if doubted else ExitCode.CLEAN
    return IndexOutcome(IndexDocument(Run(__version__, int(code)), tuple(entries)), code)


def _recheck(
    source: Source, store: Index, deployment: Deployment, text: str | None, progress: Progress
) -> Recheck | None:
    """The second reading that was asked for; None for none."""
    if text is None:
        return None
    span = (0, None) if text == ALL else _numbers(source.chain, text)
    return store.recheck(
        source.chain,
        deployment,
        load_plug(deployment.protocol),
        first=span[0],
        last=span[1],
        trusted=True,
        progress=progress,
    )


def _numbers(chain: Chain, text: str) -> tuple[int, int]:
    """The first and last number of a range. Raises InputError when it is none."""
    first, last = resolve_range(chain, text)
    return first.number, last.number


def _span(chain: Chain, text: str) -> tuple[BlockRef | None, BlockRef]:
    """The first block, None when only a last one is named, and the last block."""
    return resolve_range(chain, text) if is_range(text) else (None, chain.resolve(text))


def last_of(chain: Chain, text: str) -> BlockRef:
    """The last block that would be indexed."""
    return _span(chain, text)[1]


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
