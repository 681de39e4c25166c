"""What `scan` and `verify` say: each deployment's answer, what it rests on, and the findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from analyzer.documents.encode import Amount
from analyzer.documents.envelope import Document, Run
from analyzer.documents.findings import Group, Triage, WeighedFinding
from analyzer.findings.scale import Grade, Measure
from analyzer.findings.summary import Answer
from analyzer.model.certificate import Certificate
from analyzer.model.finding import Severity
from analyzer.model.rows import Proves
from analyzer.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Block:
    """A block. time: as the chain has it, in unix seconds."""

    number: int
    hash: str
    time: int


@dataclass(frozen=True, slots=True)
class Share:
    """Bad debt as a share of one measure (18 decimals). name: what the protocol calls the measure.
    amount_e18: the measure, null = unknown. left_out: its parts that have no known value, and are
    not in it. share_e18: bad debt / amount, rounded up; null where the amount is unknown or not
    above zero."""

    of: Measure
    name: str
    amount_e18: Amount | None
    left_out: int
    share_e18: Amount | None


@dataclass(frozen=True, slots=True)
class Scale:
    """The measure of the answer. money: the unit of every 18-decimal amount, null = it has no
    name. grade: of what is missing beside the deposits; `unknown` where the answer is not proven.
    shares: of every measure that the protocol has."""

    money: str | None
    grade: Grade
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Matter:
    """Findings of one detector that one matter and cause have, accepted ones aside. cause: null =
    they name none. count: how many they are; accounts: on how many accounts. measure: name of the
    amount that says how bad they are, null = none has one. total_e18: its sum, null where it is no
    amount of 18 decimals. largest: of the finding with most of it, null = none has any; about:
    what that one is about."""

    detector: str
    severity: Severity
    title: str
    cause: str | None
    count: int
    accounts: int
    measure: str | None
    total_e18: Amount | None
    largest: Amount | None
    about: str


@dataclass(frozen=True, slots=True)
class Solvency:
    """The answer in numbers (18 decimals). caveats: why it is not proven, in words; empty = it is.
    backstop_capacity_e18, shortfall_e18: null = unknown. hidden_bad_debt_by_contract_value_e18:
    null where the contract has no haircut value of its own. waterfall: the layers in words.
    scale: how large the bad debt is."""

    answer: Answer
    caveats: tuple[str, ...]
    hidden_bad_debt_e18: Amount
    hidden_bad_debt_by_contract_value_e18: Amount | None
    backstop_capacity_e18: Amount | None
    shortfall_e18: Amount | None
    insolvent_accounts: int
    collateral_liquidatable_accounts: int
    waterfall: tuple[str, ...]
    scale: Scale


@dataclass(frozen=True, slots=True)
class Account:
    """One account's margin (18 decimals, null = unknown). verified: true = every compared field
    equals the contract's view, false = differs, null = not compared."""

    account_id: str
    verdict: Verdict
    reason: str
    status: str
    equity_e18: Amount | None
    margin_equity_e18: Amount | None
    initial_margin_e18: Amount | None
    maintenance_margin_e18: Amount | None
    free_collateral_e18: Amount | None
    verified: bool | None


@dataclass(frozen=True, slots=True)
class Total:
    """A control total in `unit`. difference = rebuilt - on_chain. allowed: the largest that the
    roundings named in `why` can make. surplus_ok: the chain may hold more. holds: null = not
    read, as are the numbers. proves: which set is whole when it holds."""

    name: str
    identity: str
    unit: str
    rebuilt: Amount | None
    on_chain: Amount | None
    difference: Amount | None
    allowed: Amount
    why: str
    surplus_ok: bool
    holds: bool | None
    proves: Proves


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One number that differs from the contract's own view. expected: what was rebuilt; actual:
    what the contract says, null = no answer."""

    scan_id: str
    account_id: str | None
    market: str | None
    contract: str
    field: str
    expected: str
    actual: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Verification:
    """Numbers compared with the contract's own views. checks: comparisons made; not_compared:
    those without an answer. kinds: comparisons by what was compared. details: what differs."""

    mode: str
    accounts: int
    checks: int
    mismatches: int
    not_compared: int
    kinds: Mapping[str, int]
    details: tuple[Mismatch, ...]


@dataclass(frozen=True, slots=True)
class Completeness:
    """Which logs were read, and how far the chain of their headers was followed. headers: those
    that were read (of finalized blocks with logs a sample). doubts: why some logs may be missing,
    in words."""

    from_block: int
    to_block: int
    logs: int
    blocks_with_logs: int
    headers: int
    headers_linked: int
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """How many reads of one kind were made, and what failed. purpose: `rebuild` (margin needs it),
    `evidence`, `implementation` or `judge`."""

    purpose: str
    what: str
    requested: int
    values: int
    reverted: int
    not_read: int
    example: str


@dataclass(frozen=True, slots=True)
class Implementation:
    """The code behind a contract. implementation: of a proxy, null = it is none, or not recorded.
    code_hash: null = not recorded."""

    role: str
    address: str
    implementation: str | None
    code_hash: str | None
    status: str


@dataclass(frozen=True, slots=True)
class ScanPlace:
    """Which deployment was scanned at which block. contracts: role -> address."""

    scan_id: str
    protocol: str
    deployment: str
    chain_id: int
    contracts: Mapping[str, str]
    block: Block


@dataclass(frozen=True, slots=True)
class Scan(ScanPlace):
    """One deployment at one block. accounts: all that it ever had. worst_accounts: the worst by
    name. own_factors: risk factors of assets that no table connects with others, which therefore
    move alone in every stress. silent_changes: state changes that no event carries. matters: the
    findings that matter most, one a cause. explorer: address of the chain's explorer, before an
    address of an account or contract; null = none is known. detectors_off: those that did not
    look; thresholds: detector -> the least main measure of a finding that is told. certificate:
    what was proved, null = nobody asked for proofs."""

    methodology: str
    accounts: int
    unknown: int
    verdicts: Mapping[str, int]
    solvency: Solvency
    worst_accounts: tuple[Account, ...]
    totals: tuple[Total, ...]
    verification: Verification
    completeness: Completeness
    reads: tuple[Read, ...]
    own_factors: tuple[str, ...]
    silent_changes: int
    implementations: tuple[Implementation, ...]
    matters: tuple[Matter, ...]
    explorer: str | None
    detectors_off: tuple[str, ...]
    thresholds: Mapping[str, Amount]
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class JudgedRun(Run):
    """A run that judges. source: `rpc` or `recording`. verify: which accounts were compared with
    the contract's own views."""

    run_id: str
    source: str
    verify: str


@dataclass(frozen=True, slots=True)
class RebuildRun(JudgedRun):
    """A run that rebuilds from a chain. endpoint: without its keys. sample_seed: of `sample`.
    snapshot: the file's name."""

    endpoint: str
    sample_seed: int
    started_at: datetime
    finished_at: datetime
    snapshot: str


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """A second reading of the logs of some blocks, and what it changed. logs_kept: logs of the
    index that the node did not give again, and that stay."""

    read_again_from: int
    read_again_to: int
    logs_added: int
    logs_removed: int
    logs_kept: int
    headers_changed: int


@dataclass(frozen=True, slots=True)
class DeploymentReadAgain(ReadAgain):
    """The same of one deployment."""

    deployment: str


@dataclass(frozen=True, slots=True)
class DeploymentFolded:
    """Which logs of one deployment were folded for a scan. after_block: all up to there had been
    folded by an earlier scan, null = none had. refused: folds of earlier scans that were not gone
    on from, and why."""

    deployment: str
    after_block: int | None
    logs: int
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A recording's own findings against those of this scan: `same`, `differ` or `not compared`;
    why: in words, empty when they are the same."""

    recorded_version: str
    this_version: str
    findings: str
    why: str


@dataclass(frozen=True, slots=True)
class ScanRun(RebuildRun):
    """A run of `scan`. fail_on: the severity from which findings count, or `never`.
    rolled_back_blocks: blocks of the index that a reorg took. folded: what was folded for this
    scan, by deployment. code_before_from_block: contracts
    with code before their first block that was read. evidence: null where the recording carries
    no findings, or there is no recording."""

    fail_on: str
    rolled_back_blocks: int
    new_logs: int
    folded: tuple[DeploymentFolded, ...]
    read_again: tuple[DeploymentReadAgain, ...]
    code_before_from_block: tuple[str, ...]
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class JudgedDocument(Document):
    """Scans with their findings. verification: summed over all scans. groups: findings of one scan
    that one cause has. findings: scan by scan, in the order of the detectors."""

    KIND: ClassVar[str] = "judged"

    run: JudgedRun
    scans: tuple[Scan, ...]
    verification: Verification
    triage: Triage
    groups: tuple[Group, ...]
    findings: tuple[WeighedFinding, ...]


@dataclass(frozen=True, slots=True)
class RebuiltDocument(JudgedDocument):
    """The same of a run that asked a chain."""

    run: RebuildRun


@dataclass(frozen=True, slots=True)
class ScanDocument(RebuiltDocument):
    """What `analyzer scan` says."""

    KIND: ClassVar[str] = "scan"

    run: ScanRun


@dataclass(frozen=True, slots=True)
class VerifyDocument(RebuiltDocument):
    """What `analyzer verify` says. Differences of the snapshot's own rows are among its
    verification details, with contract `snapshot`."""

    KIND: ClassVar[str] = "verify"
