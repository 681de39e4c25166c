"""A tiny protocol for tests: a registry that opens branches, and branches that hold balances.

    Registry.Opened(branch)             -> the branch is followed from block 0
    Branch.Moved(who, amount, memo)     -> who's balance changes; memo is any uint256
    Registry.price()                    -> the price, 18 decimals: a pinned read of the rebuild
    Registry.branches(), .coins()       -> what must exist: branches opened, coins in all of them
    Branch.equityOf(who)                -> the judge: balance x price

Margin: equity = balance x price; initial = 10, maintenance = 5 for whoever ever moved anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import orjson
import pytest
from memory_chain import MemoryChain

from analyzer.abi.codec import encode_values
from analyzer.abi.contract import ContractAbi, parse_abi
from analyzer.abi.keccak import checksum, keccak
from analyzer.model.block import BlockRef
from analyzer.model.book import Asset, Book, LegKind, Price, Prices
from analyzer.model.closure import Closure
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD, mul_div
from analyzer.model.logs import Event
from analyzer.model.reads import Answer, NotRead, Reading, ReadRequest, Reverted, Value
from analyzer.model.rows import (
    AccountRow,
    BackstopRow,
    CollateralRow,
    MarginRow,
    Proves,
    StatementLine,
    TotalRow,
)
from analyzer.protocols import registry
from analyzer.protocols.base import Caution, Details, Judge, Repriced, Source
from analyzer.protocols.kit.book_codec import BookCodec
from analyzer.protocols.simulation import Simulation

REGISTRY = checksum("0x" + "a1" * 20)
BRANCH = checksum("0x" + "b1" * 20)
BRANCH_2 = checksum("0x" + "b2" * 20)
ALICE = checksum("0x" + "01" * 20)
BOB = checksum("0x" + "02" * 20)
CAROL = checksum("0x" + "03" * 20)
INITIAL, MAINTENANCE = 10 * WAD, 5 * WAD

ABIS = {
    "bank/Registry": [
        {
            "type": "event",
            "name": "Opened",
            "inputs": [{"name": "branch", "type": "address", "indexed": True}],
        },
        {"type": "function", "name": "price", "inputs": [], "outputs": [{"type": "uint256"}]},
        {"type": "function", "name": "branches", "inputs": [], "outputs": [{"type": "uint256"}]},
        {"type": "function", "name": "coins", "inputs": [], "outputs": [{"type": "int256"}]},
    ],
    "bank/Branch": [
        {
            "type": "event",
            "name": "Moved",
            "inputs": [
                {"name": "who", "type": "address", "indexed": True},
                {"name": "amount", "type": "int256"},
                {"name": "memo", "type": "uint256"},
            ],
        },
        {
            "type": "event",
            "name": "Opened",
            "inputs": [{"name": "branch", "type": "address", "indexed": True}],
        },
        {
            "type": "function",
            "name": "equityOf",
            "inputs": [{"name": "who", "type": "address"}],
            "outputs": [{"type": "int256"}],
        },
    ],
}


def bank_abi(name: str) -> ContractAbi:
    """The ABI of that name."""
    return parse_abi(name.split("/")[1], ABIS[name])


OPENED = bank_abi("bank/Registry").event("Opened")
BRANCH_OPENED = bank_abi("bank/Branch").event("Opened")
MOVED = bank_abi("bank/Branch").event("Moved")


def bank(from_block: int = 1, *, chain_id: int = 4242, name: str = "bank-test") -> Deployment:
    """The deployment."""
    return Deployment(name, "bank", chain_id, from_block, {"registry": REGISTRY}, source="test")


@dataclass(slots=True)
class BankLedger:
    """Balances by account, and the branch that last named it."""

    balances: Counter[str] = field(default_factory=Counter)
    branch: dict[str, str] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    blocks: dict[str, list[int]] = field(default_factory=dict)

    def account_ids(self) -> Sequence[str]:
        return list(self.blocks)


@dataclass(frozen=True, slots=True)
class BankObservation:
    """What was read: price, branches, coins; None = not read."""

    price: int | None
    branches: int | None
    coins: int | None


@dataclass(frozen=True, slots=True)
class BankValued:
    """The book at prices: a customer's equity needs no more than these."""

    book: Book
    prices: Prices


@dataclass(slots=True)
class BankPlug:
    """The plug."""

    name: str = "bank"
    methodology: str = "1"
    required_contracts: tuple[str, ...] = ("registry",)

    def deployments(self) -> Sequence[Deployment]:
        return [bank(name="bank-shipped")]

    def sources(self, deployment: Deployment) -> Sequence[Source]:
        address = deployment.contracts["registry"]
        return [Source("registry", address, "bank/Registry", ("Opened",), deployment.from_block)]

    def follow(self, deployment: Deployment, event: Event) -> Sequence[Source]:
        if event.name != "Opened":
            return []
        branch = str(event.args["branch"])
        return [Source("branch", branch, "bank/Branch", ("Moved", "Opened"), 0)]

    def fold(self, deployment: Deployment, events: Iterable[Event]) -> Reading[BankLedger]:
        yield from ()
        ledger = BankLedger()
        for event in events:
            if event.name == "Opened":
                ledger.opened.add(str(event.args["branch"]))
            if event.name == "Moved":
                who, amount = str(event.args["who"]), event.args["amount"]
                assert isinstance(amount, int)
                ledger.balances[who] += amount
                ledger.branch[who] = event.address
                ledger.blocks.setdefault(who, []).append(event.block_number)
        return ledger

    def observe(
        self, deployment: Deployment, ledger: BankLedger, block: BlockRef
    ) -> Reading[BankObservation]:
        abi, at = bank_abi("bank/Registry"), deployment.contracts["registry"]
        names = ("price", "branches", "coins")
        answers = yield [replace(abi.request(at, name), evidence=name != "price") for name in names]
        numbers: list[int | None] = []
        for name, answer in zip(names, answers, strict=True):
            value = abi.decode(name, answer.data)[0] if isinstance(answer, Value) else None
            assert value is None or isinstance(value, int)
            numbers.append(value)
        return BankObservation(*numbers)

    def book(
        self,
        deployment: Deployment,
        block: BlockRef,
        ledger: BankLedger,
        observation: BankObservation,
    ) -> Book:
        ids = sorted(ledger.account_ids())
        asset = Asset("coin", "COIN", LegKind.COLLATERAL, 18, "COIN")
        return Book(
            ids,
            ids,
            [asset],
            np.arange(len(ids) + 1, dtype=np.int64),
            np.zeros(len(ids), dtype=np.int32),
            [ledger.balances[account] for account in ids],
            (ledger, observation),
        )

    def prices(self, book: Book) -> Prices:
        price = _state(book)[1].price
        status = "missing" if price is None else "fresh"
        return Prices({"coin": Price("coin", "COIN", "COIN", price, status, "Registry.price")})

    def value(self, book: Book, prices: Prices) -> BankValued:
        return BankValued(book, prices)

    def margin(self, valued: BankValued) -> Sequence[MarginRow]:
        book, prices = valued.book, valued.prices
        return [self._margin_row(account, book, prices) for account in range(len(book))]

    def _margin_row(self, account: int, book: Book, prices: Prices) -> MarginRow:
        who, price = book.account_ids[account], prices.e18("coin")
        if price is None:
            nothing = (None,) * 7
            return MarginRow(who, who, *nothing, unknown_reason="Registry.price was not read")
        equity = mul_div(book.amount[account], price, WAD)
        return MarginRow(
            who,
            who,
            equity,
            equity,
            INITIAL,
            MAINTENANCE,
            equity - INITIAL,
            liquidatable=equity < MAINTENANCE,
            closable=True,
        )

    def details(self, valued: BankValued) -> Details:
        book, prices = valued.book, valued.prices
        ledger, seen = _state(book)
        price = seen.price
        return Details(
            accounts=[
                AccountRow(who, who, "customer", min(at), max(at), len(at))
                for who, at in sorted(ledger.blocks.items())
            ],
            collateral=[
                CollateralRow(who, "coin", "COIN", 18, book.amount[i], price, None, None, 10**6)
                for i, who in enumerate(book.account_ids)
            ],
            positions=[],
            orders=[],
            markets=[],
            prices=list(prices.by_asset.values()),
            totals=[
                TotalRow(
                    "branches",
                    "opened = Registry.branches",
                    "branches",
                    len(ledger.opened),
                    seen.branches,
                    0,
                    "",
                    proves=Proves.LIST,
                ),
                TotalRow(
                    "coins",
                    "sum of balances = Registry.coins",
                    "raw",
                    sum(book.amount),
                    seen.coins,
                    0,
                    "",
                    proves=Proves.ACCOUNTS,
                ),
            ],
            implementations=[],
            statements=[
                StatementLine(row.account_id, "result", "equity", row.equity_e18, "e18", "price")
                for row in self.margin(valued)
            ],
        )

    def cautions(self, valued: BankValued, margin: Sequence[MarginRow]) -> Sequence[Caution]:
        return []

    def reprice(
        self, valued: BankValued, factors: Sequence[str], shocks: npt.NDArray[np.float64]
    ) -> Repriced:
        price = valued.prices.e18("coin")
        held = np.array([float(amount) for amount in valued.book.amount]) / WAD
        times = shocks[list(factors).index("COIN")] if "COIN" in factors else shocks[0] ** 0
        equity = np.outer(held * (np.nan if price is None else price / WAD), times)
        margins = [np.full_like(equity, flat / WAD) for flat in (MAINTENANCE, INITIAL)]
        return Repriced(equity, equity, *margins)

    def liquidate(self, valued: BankValued, account_id: str) -> Sequence[Closure]:
        return []

    def backstops(self, valued: BankValued) -> Sequence[BackstopRow]:
        return [BackstopRow(1, "vault", None, WAD, False, "pays first")]

    def simulate(self, valued: BankValued) -> Simulation:
        raise InputError("a bank closes nothing: no cascade")

    def truth(
        self, valued: BankValued, margin: Sequence[MarginRow], account_ids: Sequence[str]
    ) -> Sequence[Judge]:
        ledger, _ = _state(valued.book)
        abi, rows = bank_abi("bank/Branch"), {row.account_id: row for row in margin}
        return [
            Judge(
                who,
                None,
                "Branch.equityOf",
                abi.request(ledger.branch[who], "equityOf", who),
                ("equity",),
                ("int256",),
                (rows[who].equity_e18,),
            )
            for who in account_ids
        ]

    def pack(self, book: Book) -> bytes:
        return _CODEC.pack(book)

    def unpack(self, data: bytes) -> Book:
        return _CODEC.unpack(data)

    def judge_selectors(self) -> frozenset[str]:
        return frozenset({bank_abi("bank/Branch").function("equityOf").selector})


_CODEC = BookCodec("bank", "1", tuple[BankLedger, BankObservation])


def _state(book: Book) -> tuple[BankLedger, BankObservation]:
    state = book.state
    assert isinstance(state, tuple)
    return state


PLUG = BankPlug()


def use_bank(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Installs the protocol `bank` and its ABIs; `forget_plugs` has to be called afterwards."""
    for name, entries in ABIS.items():
        path = folder / "abis" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(entries))
    monkeypatch.setattr("analyzer.abi.contract.abi_folder", lambda: folder / "abis")
    entry = SimpleNamespace(name="bank", load=lambda: PLUG)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [entry])
    forget_plugs()


def forget_plugs() -> None:
    """Makes the registry look for protocols again."""
    registry.load_plug.cache_clear()
    registry.protocol_names.cache_clear()


def contract_answers(
    chain: MemoryChain, *, price: int = WAD, lie: int = 0, judge: bool = True
) -> Callable[[int, ReadRequest], Answer]:
    """What the bank's contracts answer at a block of `chain`: `lie` is added by the judge."""
    branch, bank_registry = bank_abi("bank/Branch"), bank_abi("bank/Registry")

    def answer(number: int, request: ReadRequest) -> Answer:
        if request.kind == "code_hash":
            known = {address for _, address, *_ in chain.log_list} | {REGISTRY.lower()}
            return Value(keccak(b"code" if request.to.lower() in known else b""))
        if request.data.startswith(bank_registry.function("price").selector):
            return Value(encode_values(["uint256"], [price]))
        happened = [(at, e.name, v) for n, at, e, v, _ in chain.log_list if n <= number]
        opened = {str(v[0]).lower() for _, name, v in happened if name == "Opened"}
        moved = [v for at, name, v in happened if name == "Moved" and at.lower() in opened]
        if request.data.startswith(bank_registry.function("branches").selector):
            return Value(encode_values(["uint256"], [len(opened)]))
        if request.data.startswith(bank_registry.function("coins").selector):
            return Value(encode_values(["int256"], [sum(int(str(v[1])) for v in moved)]))
        if judge and request.data.startswith(branch.function("equityOf").selector):
            who = checksum("0x" + request.data[-40:])
            balance = sum(
                int(str(values[1]))
                for at, _, event, values, _ in chain.log_list
                if event.name == "Moved" and at <= number and values[0] == who
            )
            return Value(encode_values(["int256"], [mul_div(balance, price, WAD) + lie]))
        if request.kind == "call":
            return NotRead("not in the recording")
        return Reverted(b"", "execution reverted")

    return answer


def small_story(chain: MemoryChain) -> MemoryChain:
    """Twenty blocks: two branches, three customers; the second branch is named by the first and
    was used before that; one memo is wider than 128 bits."""
    chain.mine()
    chain.emit(REGISTRY, OPENED, BRANCH)
    chain.mine()
    chain.emit(BRANCH, MOVED, ALICE, 100 * WAD, 1)
    chain.emit(BRANCH_2, MOVED, BOB, 7 * WAD, 2**256 - 1)
    chain.mine(3)
    chain.emit(BRANCH, MOVED, ALICE, -40 * WAD, 2**127)
    chain.mine(4)
    chain.emit(BRANCH, BRANCH_OPENED, BRANCH_2)
    chain.emit(BRANCH_2, MOVED, CAROL, 2 * WAD, 0)
    chain.mine(6)
    chain.emit(BRANCH_2, MOVED, BOB, WAD, 3)
    chain.emit(REGISTRY, OPENED, BRANCH_2)
    chain.mine(5)
    return chain
