"""A second reading of logs behind numbers that do not agree, and what is said of one.

A node that lags or has pruned its logs answers without an error, and what it left out would be
missing for ever. Where control totals do not hold, the contract's views differ or the set of
accounts is smaller than the chain says, the logs are read once more. A watch, which scans again and
again, asks the same endpoint for the same blocks once a day where that finds nothing.
"""

from __future__ import annotations

from analyzer.chain.base import Progress
from analyzer.documents.scan import DeploymentReadAgain, ReadAgain
from analyzer.indexer import Index, Recheck
from analyzer.model.deployment import Deployment
from analyzer.protocols.registry import load_plug
from analyzer.runs.scanning.sources import Source
from analyzer.solvency.result import ScanResult

_MISSING_ACCOUNTS = ("incomplete-set", ("no_account", "smaller"))
"""The finding, and the reasons for it, that logs which were left out explain."""


def read_again_if_doubtful(
    source: Source, index: Index, result: ScanResult, progress: Progress, *, daily: bool = False
) -> Recheck | None:
    """Reads the logs behind a result again where they may be the reason why its numbers do not
    agree; None where they are not. Only of a live chain: what a recording holds does not change.
    daily: not of blocks for which the same endpoint had nothing else to say within the last day."""
    if not may_be_mended(source, result):
        return None
    deployment, block = result.deployment, result.block.number
    done = index.read_twice_to(deployment, source.endpoint) if daily else -1
    if done >= block:
        return None
    again = read_logs_again(source, index, deployment, done + 1, block, progress)
    if daily and not again.changed:
        index.note_read_twice(deployment, source.endpoint, block)
    return again


def read_logs_again(
    source: Source, index: Index, deployment: Deployment, first: int, last: int, progress: Progress
) -> Recheck:
    """Reads a deployment's logs of the blocks `first` to `last` a second time."""
    plug = load_plug(deployment.protocol)
    return index.recheck(
        source.chain, deployment, plug, first=first, last=last, trusted=False, progress=progress
    )


def may_be_mended(source: Source, result: ScanResult) -> bool:
    """Whether other logs may make numbers agree that do not, and a live chain may have others."""
    if source.kind != "rpc":
        return False
    detector, reasons = _MISSING_ACCOUNTS
    return bool(
        result.mismatches
        or result.completeness.doubts
        or any(total.holds is False for total in result.details.totals)
        or any(f.detector == detector and f.market in reasons for f in result.findings)
    )


def read_again(again: Recheck | None) -> ReadAgain | None:
    """What a document says of a second reading; None where there was none."""
    if again is None:
        return None
    return ReadAgain(again.first, again.last, again.added, again.removed, again.kept, again.headers)


def deployment_read_again(deployment: str, again: Recheck) -> DeploymentReadAgain:
    """The same with whose logs they are."""
    return DeploymentReadAgain(
        again.first, again.last, again.added, again.removed, again.kept, again.headers, deployment
    )


def kept_words(again: Recheck | None) -> tuple[str, ...]:
    """What is doubtful after a second reading."""
    if again is None or not again.kept:
        return ()
    return (
        f"{again.kept} of the logs in the index were not given again by the node, and nothing says"
        " that they do not exist: they stay",
    )
