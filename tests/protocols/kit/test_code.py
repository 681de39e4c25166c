"""What is said of the code behind a contract, on a chain that lies about it in every way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from analyzer.abi.keccak import checksum, keccak
from analyzer.model.reads import Answer, NotRead, Reading, ReadRequest, Reverted, Value
from analyzer.model.rows import CodeStatus, ImplementationRow
from analyzer.protocols.kit.code import PROXY_SLOTS, CodeAt, read_code

PROXY, IMPL, OTHER, BEACON = (checksum("0x" + digit * 40) for digit in "1234")
RIGHT, WRONG, SHELL = keccak(b"the vault"), keccak(b"another vault"), keccak(b"a proxy")
EMPTY = bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
"""keccak of nothing, as every node has it for an address without code."""
NAMES = {
    # Written down from EIP-1967, EIP-1822 and OpenZeppelin's source.
    "1967": "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc",
    "beacon": "0xa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50",
    "old": "0x7050c9e0f4ca769c69bd3a8ef740bc37934f8e2c036e5a723fd8ee048ed3f8c3",
    "1822": "0xc5f16f0fcc639fa48a6947836d9850f504798523bf8c9a3a87d5876cf622bcf7",
}


def test_the_slots_are_those_of_the_standards() -> None:
    eip1967 = {
        f"0x{int.from_bytes(keccak(name), 'big') - 1:064x}"
        for name in (b"eip1967.proxy.implementation", b"eip1967.proxy.beacon")
    }
    plain = {"0x" + keccak(n).hex() for n in (b"org.zeppelinos.proxy.implementation", b"PROXIABLE")}
    assert eip1967 | plain == set(NAMES.values()) == PROXY_SLOTS


@dataclass
class Told:
    """A chain of one contract. slots: by name; code: by address; beacon: what it answers."""

    slots: Mapping[str, str | int | Answer] = field(default_factory=dict)
    code: Mapping[str, bytes | Answer] = field(default_factory=dict)
    beacon: Answer = field(default_factory=lambda: Reverted(b"", "execution reverted"))

    def answer(self, request: ReadRequest) -> Answer:
        """The answer to one read."""
        if request.kind == "code_hash":
            found = self.code.get(checksum(request.to), EMPTY)
            return Value(found) if isinstance(found, bytes) else found
        if request.kind == "call":
            assert checksum(request.to) == BEACON
            return self.beacon
        name = next(name for name, slot in NAMES.items() if slot == request.data.lower())
        word = self.slots.get(name, 0)
        if isinstance(word, str):
            word = int(word, 16)
        return Value(word.to_bytes(32, "big")) if isinstance(word, int) else word

    def row(self, upgraded: str | None = None) -> ImplementationRow:
        """What is said of a vault at PROXY."""

        def known(kind: str, code_hash: str) -> str | None:
            return "2.8.4" if (kind, code_hash) == ("vault", "0x" + RIGHT.hex()) else None

        (row,) = self.drive(read_code([CodeAt("vault", "vault", PROXY, upgraded)], known))
        return row

    def drive(self, reading: Reading[list[ImplementationRow]]) -> list[ImplementationRow]:
        """Runs a reading to its end."""
        try:
            batch = next(reading)
            while True:
                batch = reading.send([self.answer(request) for request in batch])
        except StopIteration as done:
            rows: list[ImplementationRow] = done.value
            return rows


def through(slot: str, code: bytes | Answer = RIGHT) -> Told:
    """A proxy that keeps its code's address in that slot."""
    return Told({slot: IMPL}, {PROXY: SHELL, IMPL: code})


def word(address: str) -> Value:
    """An address as a call answers it."""
    return Value(bytes(12) + bytes.fromhex(address[2:]))


@pytest.mark.parametrize("slot", ["1967", "old", "1822"])
def test_known_code_is_known_through_every_kind_of_proxy(slot: str) -> None:
    row = through(slot).row()
    assert (row.status, row.implementation, row.unproven) == (CodeStatus.KNOWN, IMPL, False)
    assert (row.code_hash, row.note.split(";")[0]) == ("0x" + RIGHT.hex(), "2.8.4")


def test_known_code_without_a_proxy_is_known() -> None:
    row = Told(code={PROXY: RIGHT}).row()
    assert (row.status, row.implementation) == (CodeStatus.KNOWN, None)


def test_a_beacon_is_asked_for_the_code_and_its_own_is_not_taken_for_it() -> None:
    told = Told({"beacon": BEACON}, {PROXY: SHELL, BEACON: RIGHT, IMPL: WRONG}, word(IMPL))
    assert (told.row().status, told.row().implementation) == (CodeStatus.UNKNOWN, IMPL)
    told = Told({"beacon": BEACON}, {PROXY: SHELL, BEACON: WRONG, IMPL: RIGHT}, word(IMPL))
    assert (told.row().status, told.row().implementation) == (CodeStatus.KNOWN, IMPL)


def test_a_beacon_that_names_nothing_leaves_code_that_is_not_known() -> None:
    told = Told({"beacon": BEACON}, {PROXY: SHELL})
    assert (told.row().status, told.row().implementation) == (CodeStatus.UNKNOWN, None)


@pytest.mark.parametrize(
    "code",
    [
        WRONG,
        # EIP-7702: an account that runs other code on its own storage.
        keccak(bytes.fromhex("ef0100") + bytes.fromhex(IMPL[2:])),
        # A minimal proxy, whose code is another's address.
        keccak(bytes.fromhex("363d3d373d3d3d363d73") + bytes.fromhex(IMPL[2:])),
    ],
)
def test_another_hash_is_unknown_behind_a_proxy_and_without_one(code: bytes) -> None:
    assert through("1967", code).row().status == CodeStatus.UNKNOWN
    row = Told(code={PROXY: code}).row()
    assert (row.status, row.unproven) == (CodeStatus.UNKNOWN, True)


@pytest.mark.parametrize("slot", ["1967", "old", "1822"])
def test_an_implementation_that_is_gone_is_no_code(slot: str) -> None:
    row = through(slot, EMPTY).row()
    assert (row.status, row.note.split(";")[0]) == (
        CodeStatus.NO_CODE,
        f"there is no code at {IMPL}",
    )
    assert row.unproven


def test_a_person_in_the_place_of_a_contract_is_no_code_whatever_its_storage_says() -> None:
    assert Told().row().status == CodeStatus.NO_CODE
    row = Told({"1967": IMPL}, {PROXY: EMPTY, IMPL: RIGHT}).row()
    assert (row.status, row.note) == (CodeStatus.NO_CODE, f"there is no code at {PROXY}")


def test_a_beacon_that_names_the_zero_address_is_no_code() -> None:
    told = Told({"beacon": BEACON}, {PROXY: SHELL, BEACON: RIGHT}, word("0x" + "00" * 20))
    assert told.row().status == CodeStatus.NO_CODE


def test_a_node_that_gives_one_code_for_all_addresses_makes_nothing_known() -> None:
    row = Told({"1967": IMPL}, {PROXY: RIGHT, IMPL: RIGHT}).row()
    assert (row.status, row.note) == (
        CodeStatus.UNKNOWN,
        "proxy and implementation have the same code",
    )


def test_a_slot_that_changed_without_an_event_is_said_although_its_code_is_known() -> None:
    row = through("1967").row(upgraded=OTHER)
    assert row.status == CodeStatus.CHANGED
    assert row.note == f"its slot says {IMPL}, its last Upgraded log {OTHER}"
    assert row.unproven
    assert through("1967").row(upgraded=IMPL.lower()).status == CodeStatus.KNOWN


def test_a_slot_that_was_emptied_is_a_change_without_an_event() -> None:
    row = Told(code={PROXY: RIGHT}).row(upgraded=IMPL)
    assert row.status == CodeStatus.CHANGED
    assert row.note == f"its slot says none, its last Upgraded log {IMPL}"


def test_dirt_above_the_address_is_said_and_the_address_is_the_low_part() -> None:
    told = Told({"1967": 1 << 255 | int(IMPL, 16)}, {PROXY: SHELL, IMPL: RIGHT})
    row = told.row()
    assert (row.status, row.implementation) == (CodeStatus.KNOWN, IMPL)
    assert row.note == "2.8.4; its slot holds more than an address"


def test_what_was_not_recorded_is_said_and_is_neither_known_nor_unproven() -> None:
    not_recorded = NotRead("not recorded")
    for told in (
        Told({"1967": not_recorded}, {PROXY: not_recorded}),
        Told({"1967": IMPL}, {PROXY: SHELL, IMPL: not_recorded}),
        # Only the proxy's own code was recorded: it says nothing of the rules.
        Told({"1967": not_recorded}, {PROXY: SHELL}),
    ):
        row = told.row()
        assert (row.status, row.code_hash, row.unproven) == (CodeStatus.NOT_RECORDED, None, False)
        assert "not recorded" in row.note


def test_without_its_slot_the_last_upgraded_log_names_the_code() -> None:
    row = Told({"1967": NotRead("no")}, {PROXY: NotRead("no"), IMPL: RIGHT}).row(upgraded=IMPL)
    assert (row.status, row.implementation) == (CodeStatus.KNOWN, IMPL)
    assert row.note == "2.8.4; implementation from its last Upgraded log"


def test_without_its_slot_known_code_at_the_address_itself_is_known() -> None:
    assert Told({"1967": NotRead("no")}, {PROXY: RIGHT}).row().status == CodeStatus.KNOWN


def test_slots_of_older_proxies_that_were_not_recorded_leave_the_contracts_own_code() -> None:
    absent = {name: NotRead("no") for name in ("beacon", "old", "1822")}
    assert Told(absent, {PROXY: RIGHT}).row().status == CodeStatus.KNOWN
    assert Told(absent, {PROXY: SHELL}).row().status == CodeStatus.UNKNOWN


def test_a_feed_of_unknown_code_decides_no_rule_but_one_without_code_does() -> None:
    def feed(status: CodeStatus) -> ImplementationRow:
        return ImplementationRow("price_feed ETH", PROXY, None, None, status)

    assert not feed(CodeStatus.UNKNOWN).unproven
    assert feed(CodeStatus.NO_CODE).unproven
    assert feed(CodeStatus.CHANGED).unproven
