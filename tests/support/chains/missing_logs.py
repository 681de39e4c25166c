"""A recording's block rebuilt from fewer logs than there are, and whether anybody notices.

The events are decoded once; each case drops some of them and rebuilds, as a node would give them
that has lost these logs. Nothing is compared with a view: what is noticed here is noticed by the
control totals and by what cannot be valued.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from analyzer.chain.base import Chain
from analyzer.findings.proof import doubts
from analyzer.indexer.index import Index
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.protocols.base import Plug
from analyzer.protocols.registry import load_plug
from analyzer.runs.scanning.sources import open_source, resolve_pinned
from analyzer.solvency.rebuild import rebuild
from analyzer.solvency.result import Completeness, ScanResult


@dataclass
class Logs:
    """One deployment of a recording at a block, with all its events."""

    chain: Chain
    deployment: Deployment
    plug: Plug
    block: BlockRef
    events: list[Event]

    def scan(self, keep: Callable[[Event], bool]) -> ScanResult:
        """The result of a scan that has only these events."""
        events = [event for event in self.events if keep(event)]
        return rebuild(
            self.plug,
            self.deployment,
            chain=self.chain,
            block=self.block,
            events=events,
            completeness=Completeness(0, self.block.number, len(events), 1, 1, 0),
            progress=lambda *_: None,
        ).result

    def noticed(self, keep: Callable[[Event], bool]) -> bool:
        """Whether a scan with only these events is not proven."""
        return bool(doubts(self.scan(keep)))

    def after(self, share: float) -> Callable[[Event], bool]:
        """Keeps the events from this share of them on, whole blocks only."""
        first = self.events[int(len(self.events) * share)].block_number
        return lambda event: event.block_number > first

    def after_blocks(self, count: int) -> Callable[[Event], bool]:
        """Drops the first blocks with logs: a first block that is a little too late."""
        blocks = sorted({event.block_number for event in self.events})
        return lambda event: event.block_number >= blocks[count]

    def before(self, share: float) -> Callable[[Event], bool]:
        """Keeps the events up to this share of them, whole blocks only."""
        first = self.events[int(len(self.events) * share)].block_number
        return lambda event: event.block_number < first

    def contracts(self) -> list[tuple[str, str]]:
        """(role, address) of every contract that has events, sorted."""
        return sorted({(event.contract, event.address) for event in self.events})

    def unnoticed_contracts(self) -> set[str]:
        """Roles of contracts all of whose logs may be missing without anybody noticing."""
        return {
            role
            for role, address in self.contracts()
            if self.noticed(lambda event, gone=address: event.address != gone) is False
        }

    def unnoticed_events(self) -> set[tuple[str, str]]:
        """(role, event) of which all logs may be missing without anybody noticing."""
        kinds = {(event.contract, event.name) for event in self.events}
        return {
            kind
            for kind in sorted(kinds)
            if not self.noticed(lambda event, gone=kind: (event.contract, event.name) != gone)
        }

    def unnoticed_accounts(self, every: int = 1) -> set[str]:
        """Accounts all of whose logs may be missing without anybody noticing; of every n-th."""
        ids = list(self.scan(lambda _: True).book.account_ids)[::every]
        return {
            account
            for account in ids
            if not self.noticed(lambda event, gone=account: not names(event, gone))
        }


NUMBERED = frozenset({"accountId", "account", "tokenId"})
"""Arguments that name an account by its number."""


def names(event: Event, account: str) -> bool:
    """Whether an event is about the account."""
    return any(
        value == account or (key in NUMBERED and str(value) == account)
        for key, value in event.args.items()
    )


@contextmanager
def logs_of(recording: Path, deployment: str | None, block: str) -> Iterator[Logs]:
    """All events of a deployment of a recording (None: its only one) up to a block."""
    chosen = () if deployment is None else (deployment,)

    def quiet(_what: str, _done: int, _total: int) -> None:
        """Nobody looks."""

    with (
        tempfile.TemporaryDirectory() as folder,
        open_source(rpc=(), recording=recording, deployments=chosen, progress=quiet) as source,
    ):
        (found,) = source.deployments
        plug, at = load_plug(found.protocol), resolve_pinned(source.chain, block)
        with Index(Path(folder) / "index.duckdb", source=source.log_identity) as index:
            index.advance(source.chain, found, plug, to=at, progress=quiet)
            events = list(index.events(found, plug, up_to=at.number))
        yield Logs(source.chain, found, plug, at, events)
