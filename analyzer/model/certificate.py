"""What was proved of a scan, against what, and what was not: the certificate.

It claims nothing that was not checked: every count is of checks that were made and held. What does
not hold is in `contradictions`, what could not be checked in `missing`, and what no check here can
tell in `believed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import comb

FORMAT = 1
MOST_BYTES = 64 * 1024 * 1024
"""Of receipts and trie nodes that one scan may gather: the bound on what a bundle carries of them.
What lies beyond it is not proved, and told as missing."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Something that was said and does not follow from a header. kind: `header`, `receipts`, `log`,
    `state`, `trusted hash`, `witness` or `quorum`. field: of the block; text: one sentence."""

    kind: str
    block: int
    field: str
    text: str


@dataclass(frozen=True, slots=True)
class HeadersProved:
    """Headers whose hash was computed from their own fields.

    links: parent links followed from a trusted hash down. trusted: block -> the hash that the user
    trusts, as far as links were followed from it. anchored: blocks that rest on one of these. from
    a witness nothing is proved: witness is its masked URL, witness_blocks how many of its hashes
    were the same; None = there was none.
    """

    recomputed: int
    links: int
    trusted: Mapping[int, str]
    anchored: int
    witness: str | None = None
    witness_blocks: int = 0


@dataclass(frozen=True, slots=True)
class LogsProved:
    """Logs of blocks whose receipts make the receipts root of their header.

    blocks_with_logs: blocks of the range in which the scan holds a log; proved_blocks: those whose
    logs, all of them, are proved to be exactly these. empty_blocks: blocks of the range without a
    log of the scan's; empty_by_bloom, empty_by_receipts: those proved to have none. wanted_*: how
    many of each were to be proved. false_positive_rate: how often chance alone makes a bloom of
    these blocks look as if it may hold a log (then receipts decide). blocks: all that were proved,
    as ranges (`7`, `9-12`). miss_with_logs: how likely a lie in one block with logs is in none of
    those; miss_empty: the same of one block of which all logs were left out.
    """

    first_block: int
    last_block: int
    logs: int
    proved_logs: int
    blocks_with_logs: int
    wanted_blocks: int
    proved_blocks: int
    empty_blocks: int
    wanted_empty: int
    empty_by_bloom: int
    empty_by_receipts: int
    false_positive_rate: float
    blocks: tuple[str, ...]
    miss_with_logs: float
    miss_empty: float


@dataclass(frozen=True, slots=True)
class ProvedWord:
    """One number of ours, and the storage word that is proved to hold it.

    account_id, market_id: None where it is of none. contract: its role. number: ours, in decimal;
    it lies in the `bits` from `first_bit` (0 = lowest) of the word, in two's complement where it
    may be negative. slot, word, storage_root (of the contract): 0x and 64 digits.
    """

    account_id: str | None
    market_id: str | None
    contract: str
    address: str
    slot: str
    what: str
    number: str
    first_bit: int
    bits: int
    word: str
    storage_root: str

    @property
    def held(self) -> int:
        """The bits of the word in which the number lies, unsigned. Raises: ValueError."""
        return int(self.word, 16) >> self.first_bit & ((1 << self.bits) - 1)

    @property
    def fits(self) -> bool:
        """Whether the word holds the number, and the bits can: one beyond them would else be taken
        for what is left of it. Raises: ValueError for what is none."""
        number = int(self.number)
        if not -(1 << self.bits) <= 2 * number < 2 << self.bits:
            return False
        return number % (1 << self.bits) == self.held


@dataclass(frozen=True, slots=True)
class ProvedCode:
    """A contract whose code is proved. address: where it lies; code_hash: 0x and 64 digits."""

    contract: str
    address: str
    code_hash: str


@dataclass(frozen=True, slots=True)
class StateProved:
    """Numbers proved against the state root (0x). accounts: whose numbers were to be proved;
    left_out: further ones that are not healthy, or in the sample, of which nobody asked for a proof
    (`most_accounts`). wanted: numbers to prove; proved: those that a proved word holds; codes:
    contracts whose code is proved to be that of the scan, of wanted_codes. not_in_storage: numbers
    that no word holds as such, in words.
    """

    state_root: str
    accounts: int
    wanted: int
    proved: int
    wanted_codes: int
    codes: int
    not_in_storage: tuple[str, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class QuorumSample:
    """What a seeded sample compared between endpoints; equal answers prove nothing. endpoints:
    masked URLs. headers, logs, calls, slots: how many of each were compared."""

    endpoints: tuple[str, ...]
    seed: int
    headers: int
    logs: int
    calls: int
    slots: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What the proofs took: answers of each kind, and bytes of receipts and trie nodes."""

    headers: int
    receipts: int
    proofs: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was proved of one scan. asked: `logs`, `state`, `quorum`. sample: how many blocks with
    logs, and without, were drawn; None = all. most_accounts: how many of the worst accounts'
    numbers were to be proved; None = of all that are not healthy, and of a sample. seed: of every
    sample. logs, state, quorum: None where not asked for, or where nothing of it could be done. The
    proved words and codes themselves lie beside it (`Proofs`)."""

    scan_id: str
    protocol: str
    deployment: str
    chain_id: int
    block: int
    block_hash: str
    asked: tuple[str, ...]
    sample: int | None
    most_accounts: int | None
    seed: int
    headers: HeadersProved
    logs: LogsProved | None
    state: StateProved | None
    quorum: QuorumSample | None
    missing: tuple[str, ...]
    contradictions: tuple[Contradiction, ...]
    believed: tuple[str, ...]
    cost: Cost

    @property
    def holds(self) -> bool:
        """Whether all that was asked for was checked, and nothing contradicts."""
        return not self.missing and not self.contradictions


@dataclass(frozen=True, slots=True)
class Proofs:
    """A certificate, and the words and codes that it counts."""

    certificate: Certificate
    words: tuple[ProvedWord, ...] = ()
    codes: tuple[ProvedCode, ...] = ()


def miss_probability(blocks: int, checked: int, lies: int = 1) -> Fraction:
    """How likely none of `lies` blocks with a lie is among `checked` of `blocks`, drawn without
    repetition: C(N - k, n) / C(N, n). 0 where all are checked, or there is none.

    That is C(N - n, k) / C(N, k), of numbers as small as k is: n may be a hundred thousand.
    """
    if checked >= blocks or lies > blocks - checked:
        return Fraction(0)
    return Fraction(comb(blocks - checked, lies), comb(blocks, lies))


def as_ranges(numbers: Iterable[int]) -> tuple[str, ...]:
    """Block numbers as ranges: 7, 9, 10, 11 is `7`, `9-11`."""
    out: list[list[int]] = []
    for number in sorted(set(numbers)):
        if out and out[-1][1] == number - 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return tuple(f"{low}" if low == high else f"{low}-{high}" for low, high in out)
