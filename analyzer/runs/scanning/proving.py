"""Proves a scan: its logs, its state, and the headers both rest on; what comes of it is told.

logs ─┐
      ├─▶ gathered headers ─▶ neighbours ─▶ trusted hashes ─▶ certificate
state ┘
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from analyzer.abi.codec import slot_request
from analyzer.chain.base import Progress
from analyzer.chain.proofs.gathered import Gathered
from analyzer.chain.proofs.outcome import ContradictionError
from analyzer.chain.proofs.prove_logs import HeldLogs, prove_logs
from analyzer.chain.proofs.source import ProofSource
from analyzer.chain.proofs.tries import needs_tries
from analyzer.findings.summary import worst_accounts
from analyzer.indexer import Index
from analyzer.model.certificate import (
    Certificate,
    Cost,
    HeadersProved,
    LogsProved,
    Proofs,
    QuorumSample,
    StateProved,
)
from analyzer.model.deployment import Deployment
from analyzer.model.logs import RawLog
from analyzer.protocols.base import Provable, Valued
from analyzer.protocols.registry import load_plug
from analyzer.runs.scanning.quorum import DEFAULT_SAMPLE, Question, ask_quorum, ask_witness
from analyzer.runs.scanning.sources import Source
from analyzer.solvency.prove_state import ProvedState, prove_state
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verify import VerifyMode, accounts_to_verify

LOGS, STATE, QUORUM = "logs", "state", "quorum"


@dataclass(frozen=True, slots=True)
class ProveOptions:
    """What to prove. asked: `logs`, `state`, `quorum`. sample: how many blocks with logs, and as
    many without; None = all. accounts: how many of the worst accounts' numbers; None = those of all
    that are not healthy, and of a sample of the healthy. trusted: block -> hash that the user
    trusts. seed: of every sample. quorum: URLs of the endpoints that are asked the same. witness:
    URL of an endpoint that is asked for the hashes of the proved blocks, which proves nothing."""

    asked: tuple[str, ...] = ()
    sample: int | None = None
    trusted: Mapping[int, str] = field(default_factory=dict)
    seed: int = 0
    quorum: tuple[str, ...] = ()
    witness: str | None = None
    accounts: int | None = None

    @property
    def wanted(self) -> bool:
        """Whether anything is to be proved."""
        return bool(self.asked)


NOTHING = ProveOptions()
"""Proves nothing."""


def check_provable(options: ProveOptions) -> None:
    """Sees, before long work, that the library of tries is there. Raises: InputError."""
    if not options.wanted:
        return
    if {LOGS, STATE} & set(options.asked):
        needs_tries()


def prove(
    source: Source,
    index: Index,
    result: ScanResult,
    valued: Valued,
    options: ProveOptions,
    progress: Progress,
) -> Proofs:
    """What can be proved of a scan; nothing that fails ends the scan.

    Raises: UnreadError never: what was not read is told as missing.
    """
    chain = source.chain
    if not isinstance(chain, ProofSource):
        nothing = HeadersProved(0, 0, {}, 0)
        return Proofs(_certificate(result, options, nothing, None, None, None, None))
    gathered = Gathered(chain, recorded=source.kind == "recording")
    held = _held(index, result)
    _check_block(gathered, result)
    logs = None
    if LOGS in options.asked:
        logs = prove_logs(
            gathered,
            held,
            result.block.number,
            chain_id=result.deployment.chain_id,
            sample=options.sample,
            seed=options.seed,
            progress=progress,
        )
    state = None
    if STATE in options.asked:
        progress("prove state", 0, 1)
        state = _prove_state(gathered, result, valued, options)
        progress("prove state", 1, 1)
    quorum = None
    if options.quorum:
        progress("ask the quorum", 0, 1)
        quorum = _ask_quorum(gathered, held, result, valued, options)
        progress("ask the quorum", 1, 1)
    gathered.check_neighbours()
    headers = gathered.anchor(options.trusted)
    if options.witness is not None:
        headers = ask_witness(gathered, headers, options.witness, result.deployment.chain_id)
    told = None if state is None else state.told
    certificate = _certificate(result, options, headers, logs, told, quorum, gathered)
    if state is None:
        return Proofs(certificate)
    return Proofs(certificate, tuple(state.words), tuple(state.codes))


def _check_block(gathered: Gathered, result: ScanResult) -> None:
    """Proves the header of the scan's own block, which has to be the one that was scanned."""
    block = result.block
    gathered.take([block.number])
    header = gathered.headers.get(block.number)
    if header is not None and header.hash != block.hash:
        text = (
            f"block {block.number} was scanned as {block.hash}, and its header is {header.hash}: a"
            " lie, or the chain was re-organised in between; scan again, or an older block"
        )
        gathered.contradict("header", ContradictionError(block.number, "hash", text))


def _prove_state(
    gathered: Gathered, result: ScanResult, valued: Valued, options: ProveOptions
) -> ProvedState | None:
    """The numbers of every account that is not healthy and of the sample, and the code."""
    plug = load_plug(result.deployment.protocol)
    if not isinstance(plug, Provable):
        gathered.miss(
            "state", f"{result.deployment.protocol} does not say where its numbers lie in storage"
        )
        return None
    accounts, left_out = _accounts(result, options)
    numbers = plug.proof_slots(valued, accounts)
    rows = result.details.implementations
    return prove_state(gathered, result.block, numbers, rows, len(accounts), left_out)


def _accounts(result: ScanResult, options: ProveOptions) -> tuple[list[str], int]:
    """Whose numbers are proved, and of how many more no proof was asked for."""
    every = accounts_to_verify(result.margin, VerifyMode.FLAGGED, seed=options.seed)
    if options.accounts is None:
        return every, 0
    worst = [row.margin.account_id for row in worst_accounts(result, options.accounts)]
    return worst, len(set(every) - set(worst))


def _held(index: Index, result: ScanResult) -> HeldLogs:
    """The logs that the scan rests on."""
    plug = load_plug(result.deployment.protocol)
    catalogue, raws = index.held(result.deployment, plug, up_to=result.block.number)
    by_block: dict[int, list[RawLog]] = {}
    for raw in raws:
        by_block.setdefault(raw.block_number, []).append(raw)
    return HeldLogs(
        catalogue.first_block,
        by_block,
        catalogue.filters(),
        lambda raw: catalogue.match(raw) is not None,
    )


def _ask_quorum(
    gathered: Gathered,
    held: HeldLogs,
    result: ScanResult,
    valued: Valued,
    options: ProveOptions,
) -> QuorumSample:
    """The same questions to several endpoints: logs, the contract's views, storage."""
    plug = load_plug(result.deployment.protocol)
    accounts, _ = _accounts(result, options)
    judges = plug.truth(valued, [row.margin for row in result.margin], accounts)
    stored = plug.proof_slots(valued, accounts).slots if isinstance(plug, Provable) else ()
    slots = dict.fromkeys(slot_request(s.address, s.slot, f"slot of {s.contract}") for s in stored)
    question = Question(
        block=result.block,
        held=held,
        calls=list(dict.fromkeys(judge.request for judge in judges)),
        slots=list(slots),
        sample=options.sample or DEFAULT_SAMPLE,
        seed=options.seed,
    )
    return ask_quorum(gathered, options.quorum, question, chain_id=result.deployment.chain_id)


def _certificate(
    result: ScanResult,
    options: ProveOptions,
    headers: HeadersProved,
    logs: LogsProved | None,
    state: StateProved | None,
    quorum: QuorumSample | None,
    gathered: Gathered | None,
) -> Certificate:
    """The certificate of one scan. gathered: None of a chain that gives no proofs."""
    deployment = result.deployment
    return Certificate(
        scan_id=result.scan_id,
        protocol=deployment.protocol,
        deployment=deployment.name,
        chain_id=deployment.chain_id,
        block=result.block.number,
        block_hash=result.block.hash,
        asked=options.asked,
        sample=options.sample,
        most_accounts=options.accounts,
        seed=options.seed,
        headers=headers,
        logs=logs,
        state=state,
        quorum=quorum,
        missing=("this chain gives no proofs",) if gathered is None else gathered.missing,
        contradictions=() if gathered is None else tuple(gathered.contradictions),
        believed=tuple(believed(deployment, headers, logs, state)),
        cost=Cost(0, 0, 0, 0) if gathered is None else gathered.cost(),
    )


def believed(
    deployment: Deployment,
    headers: HeadersProved,
    logs: LogsProved | None,
    state: StateProved | None,
) -> Iterator[str]:
    """What no check here can tell, in words. deployment: as it was scanned; a bundle brings its
    own, so a look-alike at other addresses is told from the protocol by its addresses alone."""
    if headers.trusted:
        blocks = ", ".join(map(str, sorted(headers.trusted)))
        yield f"that the hash you trust is the chain's (block {blocks})"
    else:
        yield "that the headers are the chain's: they rest on no hash that you trust"
    places = ", ".join(f"{role} {at}" for role, at in sorted(deployment.contracts.items()))
    yield f"that these are the contracts of {deployment.name}: {places or 'none is named'}"
    if deployment.from_block:
        yield f"that none of them did anything before block {deployment.from_block}"
    if deployment.factors:
        own = ", ".join(f"{name} {factor}" for name, factor in sorted(deployment.factors.items()))
        yield f"that the risk factors of the deployment file are the protocol's: {own}"
    yield "that the rules in this program are those of the contracts' code"
    if logs is None:
        yield "that the logs are all there: they were not proved"
    elif (
        logs.proved_blocks < logs.blocks_with_logs
        or logs.empty_by_bloom + logs.empty_by_receipts < logs.empty_blocks
    ):
        yield "that the blocks which were not proved hold the logs that were read, and no others"
    if logs is not None:
        yield "transaction hashes: they are in no receipts root, and only equal the receipts' own"
    if state is None:
        yield "what was read at the block: prices, parameters and storage were not proved"
    else:
        yield "what the contracts' views answered: views are compared, and storage is proved"
        yield from (f"not in storage: {text}" for text in state.not_in_storage)
        if state.left_out:
            yield (
                f"the numbers of {state.left_out:,} more accounts: proofs were asked for the worst"
                f" {state.accounts:,} only"
            )
