"""What proofs cost: calls, bytes and CPU, measured on an endpoint's newest block or on a bundle."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import orjson

from analyzer.chain.proofs.gathered import Gathered
from analyzer.chain.proofs.outcome import ContradictionError, NotProvableError
from analyzer.chain.proofs.receipts import proved_logs
from analyzer.chain.proofs.source import ProofSource, WantedWords
from analyzer.chain.proofs.state import StateProof
from analyzer.chain.proofs.tries import BadProofError, needs_tries
from analyzer.chain.replay import Replay
from analyzer.model.block import BlockRef
from analyzer.model.certificate import Proofs
from analyzer.model.errors import UnreadError
from analyzer.model.reads import NotRead
from analyzer.runs.scanning.certificates import bundled_proofs
from analyzer.runs.scanning.evidence import CERTIFICATE

_PROBE_SLOTS = 20
"""Words of an account, about as many as perp-v2 and aave-v3 prove of one."""
_ANYBODY = "0x" + "00" * 19 + "01"


def endpoint_cost(chain: ProofSource, block: BlockRef, chain_id: int) -> str:
    """Whether an endpoint gives what proves, and what its newest block costs."""
    gathered = Gathered(chain)
    gathered.take([block.number])
    header = gathered.headers.get(block.number)
    if header is None:
        told = [*(c.text for c in gathered.contradictions), *gathered.missing]
        return f"no proofs: {'; '.join(told)}"
    return "; ".join(
        (
            _receipts_cost(chain, [block], gathered, chain_id),
            _probe_cost(chain, block, header.state_root),
        )
    )


def bundle_cost(path: Path) -> str:
    """What it takes to prove again all that a bundle carries of proofs; what it says where it
    carries none. Raises: InputError for a bundle that is corrupt."""
    replay = Replay(path, whole_headers=True)
    numbers = replay.blocks_with_receipts()
    if not numbers and CERTIFICATE not in replay.attached:
        return "carries no proofs"
    gathered = Gathered(replay)
    gathered.take(numbers)
    parts = []
    if numbers:
        blocks = replay.headers(numbers)
        parts.append(_receipts_cost(replay, blocks, gathered, replay.chain_id))
    if CERTIFICATE in replay.attached:
        parts += [_words_cost(replay, proofs) for proofs in bundled_proofs(path) if proofs.words]
    else:
        parts += [
            _cost(replay, number, wanted, f"block {number}", None)
            for number, wanted in replay.words_with_proofs().items()
        ]
    return "; ".join(parts)


def _receipts_cost(
    chain: ProofSource, blocks: Sequence[BlockRef], gathered: Gathered, chain_id: int
) -> str:
    """The cost of proving the logs of some blocks, and of a thousand logs."""
    try:
        answers = chain.receipts(blocks)
    except UnreadError as error:
        return f"no receipts: {error}"
    size = logs = calls = 0
    needs_tries()  # loading it is no cost of a proof
    started = time.process_time()
    for block, answer in zip(blocks, answers, strict=True):
        if isinstance(answer, NotRead):
            return f"no receipts: {answer.reason}"
        header = gathered.headers.get(block.number)
        if header is None:
            return f"no receipts: the header of block {block.number} is not proved"
        try:
            logs += len(proved_logs(header, answer, chain_id))
        except (ContradictionError, NotProvableError) as error:
            return f"no receipts: {error}"
        calls += 1
        size += len(orjson.dumps(answer))
    cpu = time.process_time() - started
    text = f"receipts of {calls:,} blocks: {logs:,} logs, {size:,} bytes, {cpu:.3f} s of CPU"
    if not logs:
        return text
    share = 1000 / logs
    return (
        f"{text} (per 1,000 logs: {calls * share:,.1f} calls, {size * share:,.0f} bytes,"
        f" {cpu * share:.3f} s)"
    )


def _probe_cost(chain: ProofSource, block: BlockRef, state_root: bytes) -> str:
    """The cost of proving an account and so many words of it, whatever they hold."""
    wanted = WantedWords(_ANYBODY, tuple(range(_PROBE_SLOTS)))
    try:
        (nodes,) = chain.proof_nodes(block, [wanted])
    except UnreadError as error:
        return f"no storage proofs: {error}"
    if isinstance(nodes, NotRead):
        return f"no storage proofs: {nodes.reason}"
    started = time.process_time()
    proof = StateProof(state_root, nodes)
    try:
        for slot in wanted.slots:
            proof.word(_ANYBODY, slot)
    except BadProofError as error:
        return f"no storage proofs: {error}"
    cpu = time.process_time() - started
    return (
        f"storage proofs: {_PROBE_SLOTS} words of an address in 1 call,"
        f" {sum(map(len, nodes)):,} bytes, {cpu:.3f} s of CPU"
    )


def _words_cost(replay: Replay, proofs: Proofs) -> str:
    """The cost of proving the words of one certificate again, and of one account's."""
    certificate = proofs.certificate
    by_address: dict[str, list[int]] = {}
    for word in proofs.words:
        by_address.setdefault(word.address, []).append(int(word.slot, 16))
    wanted = [WantedWords(address, tuple(slots)) for address, slots in by_address.items()]
    accounts = max(certificate.state.accounts if certificate.state is not None else 1, 1)
    return _cost(replay, certificate.block, wanted, certificate.deployment, accounts)


def _cost(
    replay: Replay, number: int, wanted: Sequence[WantedWords], about: str, accounts: int | None
) -> str:
    """The cost of proving words of one block again. about: whose words. accounts: of how many, as a
    count; None = nobody says."""
    gathered = Gathered(replay)
    gathered.take([number])
    header = gathered.headers.get(number)
    if header is None:
        return f"the words of {about}: the header of its block is not proved"
    block = replay.headers([number])[0]
    needs_tries()
    size = words = 0
    started = time.process_time()
    for want in wanted:
        (nodes,) = replay.proof_nodes(block, [want])
        if isinstance(nodes, NotRead):
            return f"the words of {about}: {nodes.reason}"
        size += sum(map(len, nodes))
        proof = StateProof(header.state_root, nodes)
        try:
            for slot in want.slots:
                proof.word(want.address, slot)
        except (BadProofError, OverflowError) as error:
            return f"the words of {about}: {error}"
        words += len(want.slots)
    cpu = time.process_time() - started
    text = (
        f"{words:,} words of {about} in {len(wanted):,} contracts: {size:,} bytes,"
        f" {cpu:.3f} s of CPU"
    )
    if accounts is None:
        return text
    return (
        f"{text} (per account: {len(wanted) / accounts:,.1f} calls,"
        f" {size / accounts:,.0f} bytes, {cpu / accounts * 1000:.1f} ms)"
    )
