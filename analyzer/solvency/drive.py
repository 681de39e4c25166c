"""Runs a protocol's readings against a chain, and keeps count of every read.

A reading is a computation that asks for batches of reads and never sees a node; here its batches
go to the chain and the answers back, and each answer is counted by contract and function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from analyzer.chain.base import Chain
from analyzer.model.block import BlockRef
from analyzer.model.errors import UnreadError
from analyzer.model.reads import Answer, NotRead, Reading, ReadRequest, Value
from analyzer.model.rows import ReadRow
from analyzer.protocols.kit.code import PROXY_SLOTS

T = TypeVar("T")

REBUILD = "rebuild"
EVIDENCE = "evidence"
"""Reads that are only shown or compared: counted and told, but no margin needs them."""
IMPLEMENTATION = "implementation"
JUDGE = "judge"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One batch of reads and its answers, in the same order."""

    requests: tuple[ReadRequest, ...]
    answers: tuple[Answer, ...]


@dataclass(slots=True)
class _Count:
    """How one kind of read went so far."""

    requested: int = 0
    values: int = 0
    reverted: int = 0
    not_read: int = 0
    example: str = ""

    def add(self, request: ReadRequest, answer: Answer) -> None:
        """Counts one answer; the first failure is kept as the example, a 'not read' before a
        revert."""
        self.requested += 1
        if isinstance(answer, Value):
            self.values += 1
            return
        if isinstance(answer, NotRead):
            if self.not_read == 0:
                self.example = f"{request.label or request.to}: {answer.reason}"
            self.not_read += 1
            return
        self.reverted += 1
        self.example = self.example or f"{request.label or request.to}: {answer.message}"


class CountedReads:
    """Where all reads of one scan at one block are performed and counted."""

    def __init__(self, chain: Chain, block: BlockRef) -> None:
        self._chain = chain
        self._block = block
        self._counts: dict[tuple[str, str], _Count] = {}

    def ask(self, requests: Sequence[ReadRequest], *, purpose: str) -> list[Answer]:
        """Performs one batch at the block; answers in the order of the requests.

        Equal requests of a batch are asked once. What names an earlier block is asked there; where
        that block or its state cannot be had, it is 'not read'. Raises UnreadError when the block
        itself has no state.
        """
        by_request = self._performed(dict.fromkeys(requests))
        self._count_all(requests, by_request, purpose)
        return [by_request[request] for request in requests]

    def ask_again(self, batches: Sequence[Sequence[ReadRequest]]) -> list[list[Answer]]:
        """Performs batches that a rebuild asked one after the other, in one go; counted as they
        were then. The answers of each, in its order. Raises: as `ask`."""
        together = [request for batch in batches for request in batch]
        by_request = self._performed(dict.fromkeys(together))
        for batch in batches:
            self._count_all(batch, {r: by_request[r] for r in dict.fromkeys(batch)}, REBUILD)
        return [[by_request[request] for request in batch] for batch in batches]

    def drive(self, reading: Reading[T], noted: list[Exchange] | None = None) -> T:
        """Runs `reading` to its end for the rebuild and returns what it returns. noted: where each
        batch is written down with its answers."""
        try:
            batch = next(reading)
            while True:
                answers = self.ask(batch, purpose=REBUILD)
                if noted is not None:
                    noted.append(Exchange(tuple(batch), tuple(answers)))
                batch = reading.send(answers)
        except StopIteration as done:
            result: T = done.value
            return result

    def _performed(self, requests: Iterable[ReadRequest]) -> dict[ReadRequest, Answer]:
        """The answers of requests that are each there once."""
        by_block: dict[int | None, list[ReadRequest]] = {}
        for request in requests:
            by_block.setdefault(request.block, []).append(request)
        by_request: dict[ReadRequest, Answer] = {}
        for number, asked in by_block.items():
            answers = self._at(number, asked)
            if len(answers) != len(asked):
                raise RuntimeError(f"{len(asked)} reads were asked, {len(answers)} answers came")
            by_request.update(zip(asked, answers, strict=True))
        return by_request

    def _count_all(
        self, batch: Sequence[ReadRequest], answers: Mapping[ReadRequest, Answer], purpose: str
    ) -> None:
        """Counts the answers of one batch. A read counts as needed when anybody in the batch who
        asked for it needs it."""
        needed = {request for request in batch if not request.evidence}
        for request, answer in answers.items():
            self._count(request, answer, _purpose(request, purpose, needed=request in needed))

    def _at(self, number: int | None, requests: Sequence[ReadRequest]) -> Sequence[Answer]:
        """The answers at the block, or at the earlier one of that number."""
        if number is None:
            return self._chain.read(self._block, requests)
        if number >= self._block.number:
            why = f"block {number} is not before the one that is judged: nothing is anchored at it"
            return [NotRead(why) for _ in requests]
        try:
            (earlier,) = self._chain.headers([number])
            return self._chain.read(earlier, [replace(request, block=None) for request in requests])
        except UnreadError as error:
            return [NotRead(str(error)) for _ in requests]

    def rows(self) -> list[ReadRow]:
        """One row per purpose and kind of read, sorted."""
        return [
            ReadRow(purpose, what, c.requested, c.values, c.reverted, c.not_read, c.example)
            for (purpose, what), c in sorted(self._counts.items())
        ]

    def unread(self) -> int:
        """How many reads that the rebuild needed were not answered."""
        return sum(c.not_read for (purpose, _), c in self._counts.items() if purpose == REBUILD)

    def _count(self, request: ReadRequest, answer: Answer, purpose: str) -> None:
        """Counts one answer under its purpose."""
        self._counts.setdefault((purpose, kind_of_read(request)), _Count()).add(request, answer)


def kind_of_read(request: ReadRequest) -> str:
    """What a read is counted under: its label without the arguments, else its selector.

    `AccountBalance.getMarkPrice(vETH)` -> `AccountBalance.getMarkPrice`.
    """
    name = request.label.split("(", 1)[0].split("[", 1)[0].strip()
    if name:
        return name
    if request.kind == "call":
        return f"{request.to}.{request.data[:10]}"
    return f"{request.kind} of {request.to}"


def _purpose(request: ReadRequest, purpose: str, *, needed: bool) -> str:
    """What a read is for. needed: whether anybody who asked for it in this batch needs the answer
    for more than to show or compare it."""
    if purpose != REBUILD:
        return purpose
    if _tells_implementation(request):
        return IMPLEMENTATION
    return REBUILD if needed else EVIDENCE


def _tells_implementation(request: ReadRequest) -> bool:
    """Whether a read only says which code runs: where it is not recorded, that is said of the
    implementation, and no number of the rebuild depends on it."""
    slot = request.kind == "slot" and request.data.lower() in PROXY_SLOTS
    return slot or request.kind == "code_hash"
