"""A quorum by sample: several endpoints are asked the same, and who differs is named.

That endpoints agree proves nothing: one liar may run them all. That one differs is worth knowing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import orjson

from analyzer.abi.keccak import keccak
from analyzer.chain.endpoint import mask_url
from analyzer.chain.node import Node
from analyzer.chain.proofs.gathered import Gathered
from analyzer.chain.proofs.outcome import ContradictionError
from analyzer.chain.proofs.prove_logs import HeldLogs
from analyzer.model.block import BlockRef
from analyzer.model.certificate import HeadersProved, QuorumSample
from analyzer.model.errors import AnalyzerError
from analyzer.model.logs import RawLog
from analyzer.model.reads import NotRead, ReadRequest, Reverted

T = TypeVar("T")
DEFAULT_SAMPLE = 32
"""Of each: blocks with logs, calls, slots."""
_ROOTS = ("stateRoot", "receiptsRoot", "transactionsRoot")
_SHOWN = 90
_SHOWN_KEY = 200


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of everybody. reads: at the scan's block; half of them calls, half slots."""

    block: BlockRef
    held: HeldLogs
    calls: Sequence[ReadRequest]
    slots: Sequence[ReadRequest]
    sample: int = DEFAULT_SAMPLE
    seed: int = 0


@dataclass(slots=True)
class _Answers:
    """What one endpoint said: what was asked -> the answer, as text."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)
    slots: dict[str, str] = field(default_factory=dict)


def ask_quorum(
    gathered: Gathered, urls: Sequence[str], question: Question, *, chain_id: int
) -> QuorumSample:
    """Asks every endpoint the sample, and tells who differs with what; what an endpoint does not
    answer is missing."""
    numbers = _drawn(sorted(question.held.logs), question.sample, question.seed, str)
    calls = _drawn(question.calls, question.sample, question.seed, repr)
    slots = _drawn(question.slots, question.sample, question.seed, repr)
    found = []
    for url in urls:
        answers = _Answers(mask_url(url))
        try:
            _ask(answers, url, question, numbers, calls, slots, chain_id)
        except AnalyzerError as error:
            gathered.miss(f"quorum {answers.name}", f"{answers.name} did not answer: {error}")
            continue
        found.append(answers)
    ours = _ours(question.held, numbers)
    for kind in ("headers", "logs", "calls", "slots"):
        _compare(gathered, question.block, found, kind, ours if kind == "logs" else {})
    return QuorumSample(
        endpoints=tuple(answers.name for answers in found),
        seed=question.seed,
        headers=len(numbers) + 1,
        logs=sum(len(question.held.logs[number]) for number in numbers),
        calls=len(calls),
        slots=len(slots),
    )


def ask_witness(
    gathered: Gathered, headers: HeadersProved, url: str, chain_id: int
) -> HeadersProved:
    """Asks a second endpoint for the hashes of the proved blocks, and tells where they differ. That
    they are the same is no proof."""
    name, numbers = mask_url(url), sorted(gathered.headers)
    try:
        node = Node([url], chain_id=chain_id)
        try:
            said = {header.number: header.hash for header in node.headers(numbers)}
        finally:
            node.close()
    except AnalyzerError as error:
        gathered.miss("witness", f"the witness {name} did not answer: {error}")
        return replace(headers, witness=name)
    same = 0
    for number in numbers:
        mine = gathered.headers[number].hash
        if said[number] == mine:
            same += 1
            continue
        text = f"block {number} is {mine} here, and {said[number]} at the witness {name}"
        gathered.contradict("witness", ContradictionError(number, "hash", text))
    return replace(headers, witness=name, witness_blocks=same)


def _ask(
    answers: _Answers,
    url: str,
    question: Question,
    numbers: Sequence[int],
    calls: Sequence[ReadRequest],
    slots: Sequence[ReadRequest],
    chain_id: int,
) -> None:
    """One endpoint's answers. Raises: AnalyzerError when it does not answer."""
    node = Node([url], chain_id=chain_id)
    try:
        blocks = [*numbers, question.block.number]
        for header in node.whole_headers(blocks):
            answers.headers |= _header_told(header)
        for number in numbers:
            logs = [
                log
                for chunk in node.logs(question.held.filters, number, number)
                for log in chunk.logs
                if question.held.ours(log)
            ]
            answers.logs |= _told(number, logs)
        block = node.headers([question.block.number])[0]
        for requests, told in ((calls, answers.calls), (slots, answers.slots)):
            for request, answer in zip(requests, node.read(block, requests), strict=True):
                name = request.label or f"{request.kind} of {request.to} {request.data[:10]}"
                key = f"{name} {request.to} {request.data}"
                if isinstance(answer, NotRead):
                    continue
                mark = "reverted 0x" if isinstance(answer, Reverted) else "0x"
                told[key] = mark + answer.data.hex()
    finally:
        node.close()


def _header_told(header: BlockRef) -> dict[str, str]:
    """A header as answers: its hash, and its roots, which may be others under the same hash."""
    raw = orjson.loads(header.whole)
    out = {f"block {header.number}": header.hash}
    for root in _ROOTS:
        out[f"block {header.number} {root}"] = str(raw.get(root)).lower()
    return out


def _told(number: int, logs: Sequence[RawLog]) -> dict[str, str]:
    """The logs of one block as answers: how many there are, and what each says."""
    out = {f"block {number} logs": str(len(logs))}
    for log in logs:
        words = b"".join((log.address, *log.topics, log.data))
        out[f"block {number} log {log.log_index}"] = "0x" + words.hex()
    return out


def _ours(held: HeldLogs, numbers: Sequence[int]) -> Mapping[str, str]:
    """What the scan holds of the sampled blocks."""
    out: dict[str, str] = {}
    for number in numbers:
        out |= _told(number, held.logs[number])
    return out


def _compare(
    gathered: Gathered,
    block: BlockRef,
    found: Sequence[_Answers],
    kind: str,
    ours: Mapping[str, str],
) -> None:
    """Tells of every question that was answered in two ways, and by whom."""
    sides = [(answers.name, getattr(answers, kind)) for answers in found]
    if ours:
        sides.append(("this scan", ours))
    for key in sorted({key for _, told in sides for key in told}):
        said: dict[str, list[str]] = {}
        for name, told in sides:
            said.setdefault(told.get(key, "nothing"), []).append(name)
        if len(said) > 1:
            words = "; ".join(
                f"{', '.join(names)}: {value[:_SHOWN]}{'..' if len(value) > _SHOWN else ''}"
                for value, names in said.items()
            )
            number = int(key.split()[1]) if key.startswith("block ") else block.number
            text = f"endpoints differ in {key[:_SHOWN_KEY]}: {words}"
            gathered.contradict("quorum", ContradictionError(number, key[:_SHOWN_KEY], text))


def _drawn(items: Sequence[T], most: int, seed: int, name: Callable[[T], str]) -> list[T]:
    """A seeded sample, in the order of the items."""
    if len(items) <= most:
        return list(items)
    ranked = sorted(range(len(items)), key=lambda n: keccak(f"{seed}\x1f{name(items[n])}".encode()))
    return [items[n] for n in sorted(ranked[:most])]
