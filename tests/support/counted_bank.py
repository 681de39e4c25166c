"""The bank with books of its own on the chain: what the logs say is held against what it says.

    Registry.branches()   -> how many branches were opened, and the same number in its slot 0
    Branch.coins()        -> the sum of its balances
    code of the Registry  -> the one hash that is known

Its story is large enough for bulk reads, batches of headers and several questions for logs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from bank import (
    ABIS,
    BRANCH,
    BRANCH_2,
    MOVED,
    OPENED,
    REGISTRY,
    BankLedger,
    BankPlug,
    contract_answers,
    forget_plugs,
)

from analyzer.abi.codec import encode_values
from analyzer.abi.contract import ContractAbi, parse_abi
from analyzer.abi.keccak import checksum, keccak
from analyzer.model.block import BlockRef
from analyzer.model.book import Book, Prices
from analyzer.model.deployment import Deployment
from analyzer.model.integers import WAD
from analyzer.model.reads import Answer, Reading, ReadRequest, Value
from analyzer.model.rows import CodeStatus, ImplementationRow, MarginRow, TotalRow
from analyzer.protocols import registry
from analyzer.protocols.base import Details
from analyzer.protocols.book_codec import BookCodec
from analyzer.testing import MemoryChain
from analyzer.testing.recorded import PLACEHOLDER_CODE

BRANCHES = (BRANCH, BRANCH_2, checksum("0x" + "b3" * 20))
CUSTOMERS = tuple(checksum(f"0x{n:040x}") for n in range(0xC001, 0xC00D))
SLOT = "0x" + "00" * 32
KNOWN_CODE = "0x" + keccak(bytes.fromhex(PLACEHOLDER_CODE[2:])).hex()
"""What the code of every contract behind a `FaultNode` over a chain in memory hashes to."""
PINNED = 42
"""The block that scans of the story are pinned at; its head is a few blocks above."""


def _number(name: str) -> dict[str, object]:
    return {"type": "function", "name": name, "inputs": [], "outputs": [{"type": "uint256"}]}


COUNTED_ABIS = {
    "bank/Registry": [*ABIS["bank/Registry"], _number("branches")],
    "bank/Branch": [*ABIS["bank/Branch"], _number("coins")],
}


def counted_abi(name: str) -> ContractAbi:
    """The ABI of that name."""
    return parse_abi(name.split("/")[1], COUNTED_ABIS[name])


@dataclass(slots=True)
class CountedLedger(BankLedger):
    """Coins by branch and the branches by the logs, and both by the chain (None = not read)."""

    coins: Counter[str] = field(default_factory=Counter)
    opened: list[str] = field(default_factory=list)
    chain_coins: dict[str, int | None] = field(default_factory=dict)
    chain_branches: int | None = None
    slot_branches: int | None = None
    code_hash: str | None = None


@dataclass(slots=True)
class CountedPlug(BankPlug):
    """The bank's plug with control totals that can fail."""

    def fold(self, deployment: Deployment, events: object) -> Reading[BankLedger]:
        kept = list(events)  # type: ignore[call-overload]
        plain = yield from BankPlug.fold(self, deployment, kept)
        ledger = CountedLedger(plain.balances, plain.branch, plain.blocks)
        for event in kept:
            if event.name == "Moved":
                ledger.coins[event.address] += int(event.args["amount"])
            else:
                ledger.opened.append(str(event.args["branch"]))
        return ledger

    def observe(
        self, deployment: Deployment, ledger: BankLedger, block: BlockRef
    ) -> Reading[int | None]:
        assert isinstance(ledger, CountedLedger)
        price = yield from BankPlug.observe(self, deployment, ledger, block)
        abi, branch = counted_abi("bank/Registry"), counted_abi("bank/Branch")
        names = sorted(set(ledger.opened))
        at = deployment.contracts["registry"]
        count, slot, code, *coins = yield [
            abi.request(at, "branches"),
            ReadRequest("slot", at, SLOT),
            ReadRequest("code_hash", at, "0x"),
            *[branch.request(name, "coins") for name in names],
        ]
        ledger.chain_branches, ledger.slot_branches = _uint(count), _uint(slot)
        ledger.code_hash = "0x" + code.data.hex() if isinstance(code, Value) else None
        ledger.chain_coins = dict(zip(names, map(_uint, coins), strict=True))
        return price

    def margin(self, book: Book, prices: Prices) -> Sequence[MarginRow]:
        return [_as_contract(row) for row in BankPlug.margin(self, book, prices)]

    def details(self, book: Book, prices: Prices, margin: Sequence[MarginRow]) -> Details:
        details = BankPlug.details(self, book, prices, margin)
        ledger = book.state[0]  # type: ignore[index]
        assert isinstance(ledger, CountedLedger)
        code = ImplementationRow("registry", REGISTRY, None, ledger.code_hash, _status(ledger))
        return replace(details, totals=list(_totals(ledger)), implementations=[code])

    def pack(self, book: Book) -> bytes:
        return _CODEC.pack(book)

    def unpack(self, data: bytes) -> Book:
        return _CODEC.unpack(data)


_CODEC = BookCodec("bank", "1", tuple[CountedLedger, int | None])


def _uint(answer: Answer) -> int | None:
    return int.from_bytes(answer.data, "big") if isinstance(answer, Value) else None


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


def _totals(ledger: CountedLedger) -> Iterator[TotalRow]:
    """The list of branches, and the coins of each."""
    opened = len(set(ledger.opened))
    for name, there in (("branches", ledger.chain_branches), ("slot 0", ledger.slot_branches)):
        yield TotalRow(name, f"opened = {name}", "count", opened, there, 0, "")
    for name in sorted(set(ledger.opened) | set(ledger.coins)):
        held = ledger.chain_coins.get(name)
        yield TotalRow(f"coins of {name}", "sum = coins()", "raw", ledger.coins[name], held, 0, "")


def use_counted_bank(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Installs it as the protocol `bank`; `forget_plugs` has to be called afterwards."""
    for name, entries in COUNTED_ABIS.items():
        path = folder / "abis" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(entries))
    monkeypatch.setattr("analyzer.abi.contract.abi_folder", lambda: folder / "abis")
    entry = SimpleNamespace(name="bank", load=CountedPlug)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [entry])
    forget_plugs()


def counted_answers(chain: MemoryChain) -> Callable[[int, ReadRequest], Answer]:
    """What the contracts of the counted bank answer."""
    plain = contract_answers(chain)
    coins = counted_abi("bank/Branch").function("coins").selector
    branches = counted_abi("bank/Registry").function("branches").selector

    def answer(number: int, request: ReadRequest) -> Answer:
        before = [entry for entry in chain.log_list if entry[0] <= number]
        slot = request.kind == "slot" and request.data == SLOT
        if slot or request.data.startswith(branches):
            opened = {str(values[0]) for _, _, event, values, _ in before if event.name == "Opened"}
            return Value(encode_values(["uint256"], [len(opened)]))
        if request.data.startswith(coins):
            held = sum(
                int(str(values[1]))
                for _, address, event, values, _ in before
                if event.name == "Moved" and address == request.to.lower()
            )
            return Value(encode_values(["uint256"], [held]))
        return plain(number, request)

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
