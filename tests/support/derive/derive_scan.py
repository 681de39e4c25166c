"""The Derive V2 recording with answers refused, forgotten or changed, and scans of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import cast

from derive_recording import Recorded, recorded

from analyzer.chain.base import Chain
from analyzer.model.block import BlockRef
from analyzer.model.reads import Answer, ReadRequest
from analyzer.protocols.derive_v2 import PLUG
from analyzer.solvency.rebuild import Rebuilt, rebuild, verify
from analyzer.solvency.result import Completeness, ScanResult
from analyzer.solvency.verify import VerifyMode

Change = Callable[[ReadRequest, Answer], Answer]


class ChangedChain:
    """The recording with every answer passed through `change`."""

    def __init__(self, inner: Recorded, change: Change) -> None:
        self.chain_id = inner.replay.chain_id
        self._inner = inner
        self._change = change

    def read(self, block: BlockRef, requests: Sequence[ReadRequest]) -> list[Answer]:
        """The recorded answers, changed."""
        answers = self._inner.replay.read(block, requests)
        return [self._change(r, a) for r, a in zip(requests, answers, strict=True)]


def unchanged(request: ReadRequest, answer: Answer) -> Answer:
    """The answer as it was recorded."""
    del request
    return answer


def rebuilt(shared: Path, label: str, change: Change = unchanged) -> Rebuilt:
    """The whole rebuild at a pinned block; no judge is asked."""
    recording = recorded(shared)
    block = recording.block(label)
    return rebuild(
        PLUG,
        recording.deployment,
        chain=cast("Chain", ChangedChain(recording, change)),
        block=block,
        events=[event for event in recording.events if event.block_number <= block.number],
        completeness=Completeness(0, block.number, 0, 0, 0, 0),
        progress=lambda what, done, total: None,
    )


def verified(shared: Path, label: str, change: Change = unchanged) -> ScanResult:
    """The rebuild and the comparison of every account."""
    return verify(PLUG, rebuilt(shared, label, change), VerifyMode.ALL)


@cache
def scanned(shared: Path, label: str) -> ScanResult:
    """`verified` of the unchanged recording, made once."""
    return verified(shared, label)
