"""Books rebuilt from the recording of Derive V2, without a database: one per pinned block."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

from analyzer.abi.contract import load_abi
from analyzer.abi.events import decode_log
from analyzer.chain.replay import Replay
from analyzer.model.block import BlockRef
from analyzer.model.book import Book
from analyzer.model.logs import Event, LogFilter
from analyzer.protocols.derive_v2 import PLUG
from analyzer.protocols.derive_v2.logs.sources import sources
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.solvency.drive import CountedReads

RECORDING = Path("recordings") / "derive_v2_seedA"
LABELS = tuple("ABCDEFGHIJKMNL")
"""The pinned blocks of the recording, in order."""


class Recorded:
    """One recording, decoded once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.replay = Replay(folder)
        (self.deployment,) = self.replay.deployments()
        self.events = self._events(max(number for number, _, _ in self.replay.pins()))

    def _events(self, last: int) -> list[Event]:
        """Every event of the deployment's contracts up to the last pin."""
        known = {bytes.fromhex(one.address[2:]): one for one in sources(self.deployment)}
        out: list[Event] = []
        for chunk in self.replay.logs([LogFilter(())], 0, last):
            times = {header.number: header.time for header in chunk.headers}
            for log in chunk.logs:
                source = known.get(log.address)
                for name in source.events if source else ():
                    assert source is not None
                    event = load_abi(source.abi).events[name]
                    if bytes.fromhex(event.topic0[2:]) == log.topics[0]:
                        out.append(
                            Event(
                                log.block_number,
                                log.log_index,
                                "0x" + log.tx_hash.hex(),
                                source.address,
                                source.role,
                                name,
                                decode_log(log, event),
                                times[log.block_number],
                            )
                        )
        return out

    def block(self, label: str) -> BlockRef:
        """The pinned block of that label."""
        return self.replay.resolve(label)

    @cache  # noqa: B019
    def book(self, label: str) -> Book:
        """The book at a pinned block."""
        block = self.block(label)
        past = [event for event in self.events if event.block_number <= block.number]
        reads = CountedReads(self.replay, block)
        ledger = reads.drive(PLUG.fold(self.deployment, past))
        observation = reads.drive(PLUG.observe(self.deployment, ledger, block))
        return PLUG.book(self.deployment, block, ledger, observation)

    def state(self, label: str) -> DeriveState:
        """The protocol's own state at a pinned block."""
        state = self.book(label).state
        assert isinstance(state, DeriveState)
        return state

    def truth(self, label: str) -> list[dict[str, Any]]:
        """What the recording's own file says of every account at a pinned block."""
        return _truth(self.folder)[self.block(label).number]


@cache
def recorded(shared: Path) -> Recorded:
    """The recording under `shared`, decoded once for the whole run."""
    return Recorded(shared / RECORDING)


@cache
def _truth(folder: Path) -> dict[int, list[dict[str, Any]]]:
    """`truth.json.gz` by block."""
    by_block: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in json.loads(gzip.decompress((folder / "truth.json.gz").read_bytes())):
        by_block[row["block"]].append(row)
    return by_block
