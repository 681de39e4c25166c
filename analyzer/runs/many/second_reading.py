"""A second reading of logs behind the blocks of a backfill whose numbers do not agree.

The shards only read the index. When all of them are done, the logs up to the last doubtful block of
each deployment are read once more, as a scan does it for its one block, and where that changes the
index the doubtful blocks are scanned again.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

from analyzer.chain.base import Progress
from analyzer.indexer import Index, Recheck
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError, UnreadError
from analyzer.runs.scanning.second_reading import kept_words, read_logs_again
from analyzer.runs.scanning.sources import Source


def read_again_up_to(
    source: Source, index_file: Path, last: Mapping[str, int], progress: Progress
) -> dict[str, Recheck]:
    """Reads the logs again up to the block `last` of each deployment that it names; what that
    changed, by deployment.

    One whose logs cannot be read again is warned of and left out, as is everything while workers
    that go on (Dask's) keep the index open.
    """
    found: dict[str, Recheck] = {}
    wanted = [deployment for deployment in source.deployments if deployment.name in last]
    if not wanted:
        return found
    try:
        with Index(index_file, source=source.log_identity) as index:
            for deployment in wanted:
                again = _read(source, index, deployment, last[deployment.name], progress)
                if again is not None:
                    found[deployment.name] = again
    except InputError as error:
        names = ", ".join(deployment.name for deployment in wanted)
        _warn(f"{names}: numbers do not agree, and the logs were not read again: {error}")
    return found


def _read(
    source: Source, index: Index, deployment: Deployment, last: int, progress: Progress
) -> Recheck | None:
    """One deployment's second reading; None where the node does not answer."""
    try:
        again = read_logs_again(source, index, deployment, 0, last, progress)
    except UnreadError as error:
        _warn(f"{deployment.name}: numbers do not agree, and the logs were not read again: {error}")
        return None
    for words in kept_words(again):
        _warn(f"{deployment.name}: {words}")
    return again


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=3)
