"""The code behind contracts at the block, and whether its rules are ours.

    contract ─▶ EIP-1967 slot ─▶ else beacon, OpenZeppelin's old slot, EIP-1822 ─▶ hash of the code

A contract is known only where the hash of the code that runs is one of its own kind that a
protocol has rules for. Everything else is said by its name: another hash, no code, a proxy whose
logs do not tell of the code in its slot, a hash that was not recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from analyzer.abi.keccak import checksum, keccak
from analyzer.model.errors import InputError
from analyzer.model.reads import Reading
from analyzer.model.rows import CodeStatus, ImplementationRow
from analyzer.protocols.kit.batch import Batch, Ticket
from analyzer.protocols.kit.unreadable import Unreadable

IMPLEMENTATION_SLOT = 0x360894A13BA1A3210667C828492DB98DCA3E2076CC3735A920A3CA505D382BBC
"""EIP-1967: keccak('eip1967.proxy.implementation') - 1."""
BEACON_SLOT = 0xA3F0AD74E5423AEBFD80D3EF4346578335A9A72AEAEE59FF6CB3582B35133D50
"""EIP-1967: keccak('eip1967.proxy.beacon') - 1, the contract that is asked for the code."""
_OLDER_SLOTS = {
    "OpenZeppelin slot": 0x7050C9E0F4CA769C69BD3A8EF740BC37934F8E2C036E5A723FD8EE048ED3F8C3,
    "EIP-1822 slot": 0xC5F16F0FCC639FA48A6947836D9850F504798523BF8C9A3A87D5876CF622BCF7,
}
"""keccak('org.zeppelinos.proxy.implementation') and keccak('PROXIABLE')."""
PROXY_SLOTS = frozenset(
    f"0x{slot:064x}" for slot in (IMPLEMENTATION_SLOT, BEACON_SLOT, *_OLDER_SLOTS.values())
)
"""Every slot that is read only to learn which code runs, as reads name it."""
NO_CODE = int.from_bytes(keccak(b""), "big")
"""The hash of an address without code: never deployed, self-destructed, or a person's."""
_ADDRESS_BITS = 160
_SLOT = "EIP-1967 implementation"
_BEACON = "EIP-1967 beacon"
_SCHEMA = 1

Known = Callable[[str, str], str | None]
"""(kind of contract, code hash) -> version whose rules we have; None for any other code."""


@cache
def load_known(file: Path) -> Mapping[tuple[str, str], str]:
    """(kind of contract, code hash) -> version, from a protocol's table of known code.

    Every entry of `rules` names a version and, for each kind, one hash or a list of them: code
    that carries its deployment's addresses has one for each deployment that was compared.
    Raises: InputError when the file is of another schema (a broken installation).
    """
    import orjson

    document = orjson.loads(file.read_bytes())
    if document.get("schema") != _SCHEMA:
        raise InputError(f"{file.name} is of schema {document.get('schema')}, not {_SCHEMA}")
    return {
        (kind, code_hash): str(rules["version"])
        for rules in document["rules"]
        for kind, hashes in rules["code_hashes"].items()
        for code_hash in ([hashes] if isinstance(hashes, str) else hashes)
    }


def held_address(row: ImplementationRow) -> tuple[int, str]:
    """(slot, address) by which a proxy runs the code of a row: where it keeps its implementation,
    or its beacon. Of what is no proxy: the EIP-1967 slot, and an empty text for nothing."""
    for part in row.note.split("; "):
        for name, slot in {_BEACON: BEACON_SLOT, **_OLDER_SLOTS}.items():
            if part.startswith(f"through its {name} "):
                return slot, part.rsplit(" ", 1)[1]
    return IMPLEMENTATION_SLOT, row.implementation or ""


@dataclass(frozen=True, slots=True)
class CodeAt:
    """One contract to look behind. role: its name in the scan. kind: under which its code hash is
    known. upgraded: its implementation as its logs last said; None where they say none."""

    role: str
    kind: str
    address: str
    upgraded: str | None = None


@dataclass(slots=True)
class _Behind:
    """What a contract's slots say. own: it is no proxy that we know the kind of."""

    implementation: str | None = None
    own: bool = False
    notes: list[str] = field(default_factory=list)
    changed: str = ""
    """Why the code in the slot is not the one that the logs tell of; empty = it is, or they
    tell of none."""


def read_code(contracts: Sequence[CodeAt], known: Known) -> Reading[list[ImplementationRow]]:
    """One row a contract, in order. No read of these is one that a number depends on."""
    batch = Batch("proxies")
    slots = [batch.slot(c.address, IMPLEMENTATION_SLOT, _SLOT, c.role) for c in contracts]
    replies = yield from batch.read()
    behind = [_from_slot(c, replies.word(t)) for c, t in zip(contracts, slots, strict=True)]
    yield from _look_further(contracts, behind)
    hashes = Batch("proxies")
    outer = [hashes.code_hash(c.address, f"contract code({c.role})") for c in contracts]
    inner: list[Ticket | None] = [
        hashes.code_hash(b.implementation, f"contract code({c.role})") if b.implementation else None
        for c, b in zip(contracts, behind, strict=True)
    ]
    answers = yield from hashes.read()
    rows = []
    for number, contract in enumerate(contracts):
        ticket = inner[number]
        shell = answers.word(outer[number])
        code = None if ticket is None else answers.word(ticket)
        rows.append(_row(contract, behind[number], shell, code, known))
    return rows


def _address(word: int) -> str:
    """The address in a storage word: its low 160 bits, as a proxy takes them."""
    return checksum((word % 2**_ADDRESS_BITS).to_bytes(20, "big"))


def _from_slot(contract: CodeAt, word: int | Unreadable) -> _Behind:
    """What the EIP-1967 slot and the logs say together."""
    told = contract.upgraded
    if isinstance(word, Unreadable):
        if told is not None:
            return _Behind(told, notes=["implementation from its last Upgraded log"])
        return _Behind(notes=[str(word)])
    found = _address(word) if word % 2**_ADDRESS_BITS else None
    out = _Behind(found, own=found is None)
    if told is not None and (found is None or found.lower() != told.lower()):
        out.changed = f"its slot says {found or 'none'}, its last Upgraded log {told}"
    if word >> _ADDRESS_BITS:
        out.notes.append("its slot holds more than an address")
    return out


def _look_further(contracts: Sequence[CodeAt], behind: Sequence[_Behind]) -> Reading[None]:
    """Beacons and the older kinds of proxy, of contracts whose EIP-1967 slot is empty."""
    batch = Batch("proxies")
    asked: list[tuple[_Behind, dict[str, Ticket]]] = []
    for contract, found in zip(contracts, behind, strict=True):
        if found.own:
            names = {_BEACON: BEACON_SLOT, **_OLDER_SLOTS}
            tickets = {
                name: batch.slot(contract.address, slot, name, contract.role)
                for name, slot in names.items()
            }
            asked.append((found, tickets))
    if not asked:
        return
    replies = yield from batch.read()
    beacons: list[tuple[_Behind, str]] = []
    for found, tickets in asked:
        for name, ticket in tickets.items():
            word = replies.word(ticket)
            if isinstance(word, Unreadable) or not word % 2**_ADDRESS_BITS:
                continue
            found.own = False
            found.notes.append(f"through its {name} {_address(word)}")
            if name == _BEACON:
                beacons.append((found, _address(word)))
            else:
                found.implementation = _address(word)
            break
    yield from _ask_beacons(beacons)


def _ask_beacons(beacons: Sequence[tuple[_Behind, str]]) -> Reading[None]:
    """The code that each beacon names."""
    if not beacons:
        return
    batch = Batch("proxies")
    tickets = [
        batch.call("Beacon", at, "implementation", about=at, evidence=True) for _, at in beacons
    ]
    replies = yield from batch.read()
    for (found, _), ticket in zip(beacons, tickets, strict=True):
        answer = replies.text(ticket)
        if not isinstance(answer, Unreadable):
            found.implementation = answer
            continue
        found.notes.append(str(answer))
        # A beacon that names no code leaves only the proxy's own, which is none of ours.
        found.own = answer.reverted


def _row(
    contract: CodeAt,
    behind: _Behind,
    shell: int | Unreadable,
    inner: int | Unreadable | None,
    known: Known,
) -> ImplementationRow:
    """One contract's row. shell: hash of the code at its own address; inner: of the code behind
    it, None where it has none."""
    code = inner
    if code is None and (behind.own or _version(contract, shell, known) is not None):
        # No proxy, or its slot was not read and the code at its own address is known by itself.
        code = shell
    status, notes = _status(contract, behind, shell, code, known)
    if isinstance(code, Unreadable):
        notes.append(str(code))
    return ImplementationRow(
        contract.role,
        contract.address,
        behind.implementation,
        f"0x{code:064x}" if isinstance(code, int) else None,
        status.value,
        "; ".join(notes),
    )


def _status(
    contract: CodeAt,
    behind: _Behind,
    shell: int | Unreadable,
    code: int | Unreadable | None,
    known: Known,
) -> tuple[CodeStatus, list[str]]:
    """(status, notes), by the worst that can be said."""
    if NO_CODE in (shell, code):
        where = contract.address if shell == NO_CODE else behind.implementation
        return CodeStatus.NO_CODE, [f"there is no code at {where}", *behind.notes]
    if behind.changed:
        return CodeStatus.CHANGED, [behind.changed, *behind.notes]
    if not isinstance(code, int):
        return CodeStatus.NOT_RECORDED, list(behind.notes)
    if behind.implementation is not None and code == shell:
        return CodeStatus.UNKNOWN, ["proxy and implementation have the same code", *behind.notes]
    version = _version(contract, code, known)
    if version is None:
        return CodeStatus.UNKNOWN, list(behind.notes)
    return CodeStatus.KNOWN, [part for part in (version, *behind.notes) if part]


def _version(contract: CodeAt, code: int | Unreadable | None, known: Known) -> str | None:
    """The version whose rules are those of this code; None where it is none of ours."""
    return known(contract.kind, f"0x{code:064x}") if isinstance(code, int) else None
