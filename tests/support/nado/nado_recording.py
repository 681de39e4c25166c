"""Scans of the recording of Nado, and of changed answers of it, without a database."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from analyzer.abi.contract import load_abi
from analyzer.abi.events import decode_log
from analyzer.chain.base import Chain
from analyzer.chain.replay import Replay
from analyzer.model.block import BlockRef
from analyzer.model.logs import Event, LogFilter
from analyzer.model.reads import Answer, ReadRequest
from analyzer.protocols.nado import PLUG
from analyzer.protocols.nado.logs.sources import sources
from analyzer.protocols.nado.value.value import NadoValued
from analyzer.solvency.rebuild import Rebuilt, rebuild, verify
from analyzer.solvency.result import Completeness, ScanResult
from analyzer.solvency.verify import VerifyMode

RECORDING = Path("recordings") / "nado_seedA"
Change = Callable[[ReadRequest, Answer], Answer]
Keep = Callable[[Event], bool]


class Recorded:
    """One recording, decoded once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.replay = Replay(folder)
        (self.deployment,) = self.replay.deployments()
        self.labels = [label for _, label, _ in self.replay.pins()]
        self.events = self._events(max(number for number, _, _ in self.replay.pins()))

    def _events(self, last: int) -> list[Event]:
        """Every event of the deployment's contracts up to the last pin."""
        known = {bytes.fromhex(one.address[2:]): one for one in sources(self.deployment)}
        out: list[Event] = []
        filters = [
            LogFilter(
                (one.address.lower(),),
                tuple(load_abi(one.abi).events[name].topic0 for name in one.events),
            )
            for one in known.values()
        ]
        for chunk in self.replay.logs(filters, self.deployment.from_block, last):
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

    def rebuilt(
        self, label: str, change: Change | None = None, keep: Keep | None = None
    ) -> Rebuilt:
        """The whole rebuild at a pinned block, of changed answers and of some of the events."""
        block = self.replay.resolve(label)
        chain = self.replay if change is None else ChangedChain(self.replay, change)
        return rebuild(
            PLUG,
            self.deployment,
            chain=cast("Chain", chain),
            block=block,
            events=[
                event
                for event in self.events
                if event.block_number <= block.number and (keep is None or keep(event))
            ],
            completeness=Completeness(0, block.number, 0, 0, 0, 0),
            progress=lambda *_: None,
        )

    @cache  # noqa: B019
    def book(self, label: str) -> Rebuilt:
        """The rebuild of the unchanged recording, made once."""
        return self.rebuilt(label)

    def valued(self, label: str) -> NadoValued:
        """The book at a pinned block, valued at its own prices."""
        valued = self.book(label).valued
        assert isinstance(valued, NadoValued)
        return valued

    @cache  # noqa: B019
    def scanned(self, label: str) -> ScanResult:
        """The rebuild with every account compared, made once."""
        return verify(PLUG, self.book(label), VerifyMode.ALL)

    def truth(self, label: str) -> list[dict[str, Any]]:
        """What the recording's own file says of every account at a pinned block."""
        return _accounts(self.folder)[label]

    def told(self, key: str) -> list[dict[str, Any]]:
        """A list of the recording's own file: `liquidations`, `actions`, `refused`."""
        found: list[dict[str, Any]] = _truth(self.folder)[key]
        return found


class ChangedChain:
    """The recording with every answer passed through `change`."""

    def __init__(self, inner: Replay, change: Change) -> None:
        self.chain_id = inner.chain_id
        self._inner = inner
        self._change = change

    def read(self, block: BlockRef, requests: Sequence[ReadRequest]) -> list[Answer]:
        """The recorded answers, changed."""
        answers = self._inner.read(block, requests)
        return [self._change(r, a) for r, a in zip(requests, answers, strict=True)]


@cache
def recorded(shared: Path) -> Recorded:
    """The recording under `shared`, decoded once for the whole run."""
    return Recorded(shared / RECORDING)


@cache
def _truth(folder: Path) -> dict[str, Any]:
    """`truth.json.gz`."""
    found: dict[str, Any] = json.loads(gzip.decompress((folder / "truth.json.gz").read_bytes()))
    return found


@cache
def _accounts(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Its accounts by the pin's label."""
    out: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _truth(folder)["accounts"]:
        out[row["label"]].append(row)
    return out
