"""The bank with more that can be held against the chain: a slot and the hash of a code.

    slot 0 of the Registry   -> how many branches were opened, as Registry.branches() says
    code of the Registry     -> the one hash that is known

Its story is large enough for bulk reads, batches of headers and several questions for logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from bank import (
    BRANCH,
    BRANCH_2,
    MOVED,
    OPENED,
    REGISTRY,
    BankLedger,
    BankObservation,
    BankPlug,
    BankValued,
    bank_abi,
    contract_answers,
    forget_plugs,
    use_bank,
)

from analyzer.abi.keccak import checksum, keccak
from analyzer.model.block import BlockRef
from analyzer.model.book import Book
from analyzer.model.deployment import Deployment
from analyzer.model.integers import WAD
from analyzer.model.logs import Event
from analyzer.model.reads import Answer, Reading, ReadRequest, Value
from analyzer.model.rows import CodeStatus, ImplementationRow, MarginRow, Proves, TotalRow
from analyzer.protocols import registry
from analyzer.protocols.base import Details
from analyzer.protocols.kit.book_codec import BookCodec
from analyzer.testing import MemoryChain
from analyzer.testing.recorded import PLACEHOLDER_CODE

BRANCHES = (BRANCH, BRANCH_2, checksum("0x" + "b3" * 20))
CUSTOMERS = tuple(checksum(f"0x{n:040x}") for n in range(0xC001, 0xC00D))
SLOT = "0x" + "00" * 32
KNOWN_CODE = "0x" + keccak(bytes.fromhex(PLACEHOLDER_CODE[2:])).hex()
"""What the code of every contract behind a `FaultNode` over a chain in memory hashes to."""
PINNED = 42
"""The block that scans of the story are pinned at; its head is a few blocks above."""


@dataclass(slots=True)
class CountedLedger(BankLedger):
    """What was read beside the bank's own observation; None = not read."""

    slot_branches: int | None = None
    code_hash: str | None = None


@dataclass(slots=True)
class CountedPlug(BankPlug):
    """The bank's plug with a slot and a code that can be wrong."""

    def fold(self, deployment: Deployment, events: Iterable[Event]) -> Reading[BankLedger]:
        plain = yield from BankPlug.fold(self, deployment, events)
        return CountedLedger(plain.balances, plain.branch, plain.opened, plain.blocks)

    def observe(
        self, deployment: Deployment, ledger: BankLedger, block: BlockRef
    ) -> Reading[BankObservation]:
        assert isinstance(ledger, CountedLedger)
        seen = yield from BankPlug.observe(self, deployment, ledger, block)
        at = deployment.contracts["registry"]
        slot, code = yield [
            ReadRequest("slot", at, SLOT, evidence=True),
            ReadRequest("code_hash", at, "0x", evidence=True),
        ]
        ledger.slot_branches = int.from_bytes(slot.data) if isinstance(slot, Value) else None
        ledger.code_hash = "0x" + code.data.hex() if isinstance(code, Value) else None
        return seen

    def margin(self, valued: BankValued) -> Sequence[MarginRow]:
        return [_as_contract(row) for row in BankPlug.margin(self, valued)]

    def details(self, valued: BankValued) -> Details:
        details = BankPlug.details(self, valued)
        ledger = valued.book.state[0]  # type: ignore[index]
        assert isinstance(ledger, CountedLedger)
        code = ImplementationRow("registry", REGISTRY, None, ledger.code_hash, _status(ledger))
        return replace(details, totals=[*details.totals, _slot(ledger)], implementations=[code])

    def pack(self, book: Book) -> bytes:
        return _CODEC.pack(book)

    def unpack(self, data: bytes) -> Book:
        return _CODEC.unpack(data)


_CODEC = BookCodec("bank", "1", tuple[CountedLedger, BankObservation])


def _as_contract(row: MarginRow) -> MarginRow:
    """Unknown where the contract's own int256 would overflow."""
    if row.equity_e18 is None or abs(row.equity_e18) < 2**255:
        return row
    nothing = (None,) * 7
    return MarginRow(
        row.account_id, row.owner, *nothing, unknown_reason="equity does not fit int256"
    )


def _status(ledger: CountedLedger) -> str:
    if ledger.code_hash is None:
        return CodeStatus.NOT_RECORDED
    return CodeStatus.KNOWN if ledger.code_hash == KNOWN_CODE else CodeStatus.UNKNOWN


def _slot(ledger: CountedLedger) -> TotalRow:
    opened, there = len(ledger.opened), ledger.slot_branches
    return TotalRow(
        "slot 0", "opened = slot 0", "branches", opened, there, 0, "", proves=Proves.LIST
    )


def use_counted_bank(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Installs it as the protocol `bank`; `forget_plugs` has to be called afterwards."""
    use_bank(monkeypatch, folder)
    entry = SimpleNamespace(name="bank", load=CountedPlug)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [entry])
    forget_plugs()


def counted_answers(chain: MemoryChain) -> Callable[[int, ReadRequest], Answer]:
    """What the contracts of the counted bank answer."""
    plain = contract_answers(chain)
    branches = bank_abi("bank/Registry").request(REGISTRY, "branches")

    def answer(number: int, request: ReadRequest) -> Answer:
        slot = request.kind == "slot" and request.data == SLOT
        return plain(number, branches if slot else request)

    return answer


def counted_story(chain: MemoryChain) -> MemoryChain:
    """46 blocks: three branches, twelve customers of whom each moves coins four times."""
    chain.mine()
    for branch in BRANCHES:
        chain.emit(REGISTRY, OPENED, branch)
    for place in range(48):
        if place % 4 != 1:
            chain.mine(2 if place % 6 == 0 else 1)
        who, branch = CUSTOMERS[place % 12], BRANCHES[place % 3]
        amount = (100 + place) * WAD if place < 24 else -(10 + place) * WAD
        chain.emit(branch, MOVED, who, amount, place)
    chain.mine()
    chain.answer = counted_answers(chain)
    return chain
