"""Proves our numbers against the state root of the scan's block: each with the word that holds it.

proof_slots ─▶ eth_getProof ─▶ state root ─▶ account ─▶ storage root ─▶ word ─▶ is it our number?
implementations ─▶ proxy slot and code hash, the same way
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.abi.keccak import keccak
from analyzer.chain.proofs.gathered import Gathered
from analyzer.chain.proofs.outcome import ContradictionError
from analyzer.chain.proofs.source import WantedWords
from analyzer.chain.proofs.state import StateProof
from analyzer.chain.proofs.tries import BadProofError
from analyzer.model.block import BlockRef
from analyzer.model.certificate import ProvedCode, ProvedWord, StateProved
from analyzer.model.errors import UnreadError
from analyzer.model.reads import NotRead
from analyzer.model.rows import ImplementationRow
from analyzer.protocols.base import ProofSlot, StoredNumbers
from analyzer.protocols.kit.code import BEACON_SLOT, held_address

_ADDRESS_BITS = 160


@dataclass(slots=True)
class ProvedState:
    """What was proved, with the words and codes themselves."""

    told: StateProved
    words: list[ProvedWord] = field(default_factory=list)
    codes: list[ProvedCode] = field(default_factory=list)


def prove_state(
    gathered: Gathered,
    block: BlockRef,
    numbers: StoredNumbers,
    implementations: Sequence[ImplementationRow],
    accounts: int,
    left_out: int = 0,
) -> ProvedState | None:
    """Proves every number and every code hash; None where the block's header was not proved.

    accounts: of how many numbers were to be proved; told are those of which one has a word.
    left_out: accounts of which no proof was asked for.
    """
    header = gathered.headers.get(block.number)
    if header is None:
        _name_state_root(gathered, block, numbers)
        gathered.miss("state", f"the state of block {block.number}: its header is not proved")
        return None
    wanted = [*numbers.slots, *_proxy_slots(implementations)]
    codes = {(_code_at(row), row.code_hash): row for row in implementations if row.code_hash}
    named = {slot.account_id for slot in numbers.slots} - {None}
    _tell_left_out(gathered, numbers, implementations)
    if numbers.slots and accounts > len(named):
        text = (
            f"no number of {accounts - len(named):,} accounts is proved: none of theirs has a word"
        )
        gathered.miss("accounts", text)
    proof = _Proof(gathered, block, header.state_root)
    proof.ask(wanted, [address for address, _ in codes])
    words = [word for slot in wanted if (word := proof.word(slot)) is not None]
    found = [
        code
        for (address, code_hash), row in codes.items()
        if (code := proof.code(row.role, address, str(code_hash))) is not None
    ]
    told = StateProved(
        state_root="0x" + header.state_root.hex(),
        accounts=len(named),
        wanted=len(wanted),
        proved=len(words),
        wanted_codes=len(codes),
        codes=len(found),
        not_in_storage=(*numbers.not_in_storage, *_beacons(implementations)),
        left_out=left_out if numbers.slots else 0,
    )
    return ProvedState(told, words, found)


def _name_state_root(gathered: Gathered, block: BlockRef, numbers: StoredNumbers) -> None:
    """Where a header does not hash to its name, sees whether it is its state root that was changed:
    the first node of a true proof is the true root's."""
    if block.number not in gathered.wrong or not numbers.slots:
        return
    wanted = WantedWords(numbers.slots[0].address, ())
    try:
        (nodes,) = gathered.source.proof_nodes(block, [wanted])
    except UnreadError:
        return
    if not isinstance(nodes, NotRead) and nodes:
        gathered.name_field(block.number, "stateRoot", keccak(nodes[0]))


def _tell_left_out(
    gathered: Gathered, numbers: StoredNumbers, rows: Sequence[ImplementationRow]
) -> None:
    """Tells of what nothing is asked for: a proof of no number proves none, nor is code proved
    whose hash the scan did not read."""
    if not numbers.slots:
        why = "; ".join(numbers.not_in_storage) or "of this scan none lies in storage"
        gathered.miss("numbers", f"no number is proved against storage: {why}")
    unread = [row.role for row in rows if not row.code_hash]
    if unread:
        text = f"the code of {unread[0]} is not proved: the scan did not read its hash"
        gathered.miss("code", text, len(unread))


def _beacons(rows: Sequence[ImplementationRow]) -> list[str]:
    """What is said of contracts that a beacon tells which code to run."""
    return [
        f"which code {row.role} runs: its beacon {address} says, in a word that is not known here"
        for row in rows
        for slot, address in (held_address(row),)
        if slot == BEACON_SLOT
    ]


def _proxy_slots(rows: Sequence[ImplementationRow]) -> list[ProofSlot]:
    """The slot by which each contract is a proxy (EIP-1967's, its beacon's, an older one's): it
    holds the implementation of the scan, or the beacon, or nothing."""
    return [
        ProofSlot(
            None, None, row.role, row.address, slot,
            "beacon" if slot == BEACON_SLOT else "implementation",
            int(address or "0x0", 16), 0, _ADDRESS_BITS,
        )
        for row in rows
        for slot, address in (held_address(row),)
    ]  # fmt: skip


def _code_at(row: ImplementationRow) -> str:
    """Where the code of a contract lies."""
    return row.implementation or row.address


class _Proof:
    """The proofs of one block's state: asked once, contract by contract, then looked into."""

    def __init__(self, gathered: Gathered, block: BlockRef, state_root: bytes) -> None:
        self._gathered = gathered
        self._block = block
        self._root = state_root
        self._by_address: Mapping[str, StateProof] = {}
        self._told: set[str] = set()
        self._lacking: set[tuple[str, int]] = set()
        """Words that the recording does not hold a proof of."""
        self._silent = False
        """Whether the node does not answer: then it is asked no more."""

    def ask(self, slots: Sequence[ProofSlot], addresses: Sequence[str]) -> None:
        """Gathers the proofs of these words, and of these addresses."""
        by_address: dict[str, dict[int, None]] = {a.lower(): {} for a in addresses}
        for slot in slots:
            by_address.setdefault(slot.address.lower(), {})[slot.slot] = None
        proofs = {}
        for address, keys in by_address.items():
            if self._silent:
                break
            if self._gathered.full:
                self._gathered.miss("bound", "storage words: the bound on proofs is reached")
                break
            nodes = self._nodes(WantedWords(address, tuple(keys)))
            if nodes is not None:
                proofs[address] = StateProof(self._root, nodes)
        self._by_address = proofs

    def word(self, slot: ProofSlot) -> ProvedWord | None:
        """The word that holds a number; None where it is not proved, which is told."""
        proof = self._by_address.get(slot.address.lower())
        if proof is None or (slot.address.lower(), slot.slot) in self._lacking:
            return None
        try:
            value = proof.word(slot.address, slot.slot)
            root = proof.account(slot.address).storage_root
        except BadProofError as error:
            self._bad(slot.address, error)
            return None
        proved = ProvedWord(
            slot.account_id, slot.market_id, slot.contract, slot.address,
            f"0x{slot.slot:064x}", slot.what, str(slot.number), slot.first_bit, slot.bits,
            f"0x{value:064x}", "0x" + root.hex(),
        )  # fmt: skip
        if proved.fits:
            return proved
        whose = (
            f" of {slot.account_id or slot.market_id}" if slot.account_id or slot.market_id else ""
        )
        text = (
            f"{slot.contract} {slot.what}{whose} is {slot.number} here, and slot"
            f" 0x{slot.slot:x} of {slot.address} is proved to hold"
            f" {proved.held} at block {self._block.number}"
        )
        if slot.sure:
            self._contradict(f"{slot.contract} slot 0x{slot.slot:x}", text)
        else:
            unsure = f"not provable: {text}; either, or where {slot.contract} keeps it, is another"
            self._gathered.miss(f"layout of {slot.contract}", unsure)
        return None

    def code(self, role: str, address: str, code_hash: str) -> ProvedCode | None:
        """A contract whose code is proved to be this; None where it is not, which is told."""
        proof = self._by_address.get(address.lower())
        if proof is None:
            return None
        try:
            found = "0x" + proof.account(address).code_hash.hex()
        except BadProofError as error:
            self._bad(address, error)
            return None
        if found == code_hash.lower():
            return ProvedCode(role, address, found)
        text = f"the code of {role} at {address} is proved to hash to {found}, not to {code_hash}"
        self._contradict(f"{role} codeHash", text)
        return None

    def _nodes(self, wanted: WantedWords) -> Sequence[bytes] | None:
        """The nodes of one contract's proofs; None where they were not read, which is told."""
        try:
            (nodes,) = self._gathered.source.proof_nodes(self._block, [wanted])
        except UnreadError as error:
            self._silent = True
            self._gathered.miss("proofs", f"proofs were not read: {error}")
            return None
        if isinstance(nodes, NotRead) and self._gathered.recorded and wanted.slots:
            return self._kept_nodes(wanted)
        if isinstance(nodes, NotRead):
            self._gathered.miss("proofs", nodes.reason, max(len(wanted.slots), 1))
            return None
        self._gathered.spend("proofs", sum(map(len, nodes)))
        return nodes

    def _kept_nodes(self, wanted: WantedWords) -> Sequence[bytes] | None:
        """What a recording holds of a contract's proofs, word by word; what it lacks is told."""
        parts = [WantedWords(wanted.address, (slot,)) for slot in wanted.slots]
        found: dict[bytes, None] = {}
        held = False
        for slot, nodes in zip(
            wanted.slots, self._gathered.source.proof_nodes(self._block, parts), strict=True
        ):
            if isinstance(nodes, NotRead):
                self._lacking.add((wanted.address, slot))
                self._gathered.miss("proofs", nodes.reason)
                continue
            held = True
            found.update(dict.fromkeys(nodes))
        if not held:
            return None
        self._gathered.spend("proofs", sum(map(len, found)))
        return list(found)

    def _bad(self, address: str, error: BadProofError) -> None:
        """Tells of a proof that does not lead from the state root; once for each contract."""
        if address not in self._told:
            self._told.add(address)
            text = (
                f"the proof of {address} does not lead from the state root of block"
                f" {self._block.number}: {error}"
            )
            self._contradict("stateRoot", text)

    def _contradict(self, field_name: str, text: str) -> None:
        found = ContradictionError(self._block.number, field_name, text)
        self._gathered.contradict("state", found)
