"""A hand in a running Aave V3 market: feeds are set, bots liquidate, and the book is rebuilt.

Everything goes through the real contracts; what is done is undone in the end (see `attached`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from aave_past import silent
from attached import attached

from analyzer.abi.contract import load_abi, parse_abi
from analyzer.chain.node import Node
from analyzer.devnet.chain import Call
from analyzer.devnet.packages import own_artifact
from analyzer.devnet.tokens import UNLIMITED
from analyzer.devnet.world import Contract, View, World
from analyzer.indexer.index import Index
from analyzer.model.book import Book
from analyzer.model.closure import Executed
from analyzer.model.logs import Event
from analyzer.protocols.aave_v3 import PLUG
from analyzer.protocols.aave_v3.state.state import AaveState, state_of
from analyzer.runs.scanning.pipeline import rebuild_indexed

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

PROTOCOL = "aave-v3"
NOBODY = "0x" + "00" * 20
SEQUENCER_IS_UP = 0
GRACE_OVER_S = 4 * 3_600
"""Longer than the sentinel's grace period and that of a reserve that runs again."""
PLENTY = 10**36


def _function(name: str, *types: str) -> dict[str, object]:
    """The ABI entry of a function without results."""
    inputs = [{"name": f"a{i}", "type": kind} for i, kind in enumerate(types)]
    return {
        "type": "function",
        "name": name,
        "inputs": inputs,
        "outputs": [],
        "stateMutability": "nonpayable",
    }


POOL = parse_abi(
    "Pool",
    [
        _function("liquidationCall", "address", "address", "address", "uint256", "bool"),
        _function("supply", "address", "uint256", "address", "uint16"),
        _function("borrow", "address", "uint256", "uint256", "uint16", "address"),
        _function("withdraw", "address", "uint256", "address"),
    ],
)
CONFIGURATOR = parse_abi(
    "PoolConfigurator",
    [
        _function("setReservePause", "address", "bool"),
        _function("configureReserveAsCollateral", "address", "uint256", "uint256", "uint256"),
    ],
)


@dataclass(frozen=True, slots=True)
class Liquidated:
    """What one `LiquidationCall` says, and the deficits that its transaction made."""

    user: str
    collateral: str
    debt: str
    debt_repaid: int
    to_liquidator: int
    took_a_tokens: bool
    deficits: Mapping[str, int] = field(default_factory=dict)


def predicted(state: AaveState, executed: Executed) -> Liquidated:
    """What the chain should say of a closure of the simulation."""
    after, ids = executed.closure.after, state.by_id()
    return Liquidated(
        user=executed.closure.account_id,
        collateral=ids[after["collateral_reserve_id"]].asset,
        debt=ids[after["debt_reserve_id"]].asset,
        debt_repaid=after["debt_repaid"],
        to_liquidator=after["collateral_to_liquidator"],
        took_a_tokens=bool(after["needs_a_token"]),
        deficits={
            ids[int(name.removeprefix("deficit_"))].asset: amount
            for name, amount in after.items()
            if name.startswith("deficit_")
        },
    )


@dataclass
class Hand:
    """The market of a chain, in motion."""

    info: DevnetInfo
    folder: Path
    world: World
    index: Index
    chain: Node
    bot: str

    @property
    def contracts(self) -> Mapping[str, str]:
        """The deployment's contracts."""
        return self.info.deployments[PROTOCOL].contracts

    def contract(self, role: str, name: str) -> Contract:
        """One of them, with the views that the project's own ABI has."""
        return Contract(self.contracts[role], load_abi(f"aave_v3/{name}"))

    def book(self) -> Book:
        """The market at the last block, rebuilt from logs and reads."""
        deployment = self.info.deployments[PROTOCOL]
        block = self.chain.resolve(str(self.world.anvil.block_number()))
        self.index.advance(self.chain, deployment, PLUG, to=block, progress=silent)
        found = rebuild_indexed(self.index, self.chain, deployment, block=block, progress=silent)
        return found.result.book

    def state(self) -> AaveState:
        """The state inside that book."""
        return state_of(self.book())

    def events(self, number: int) -> list[Event]:
        """The market's events in one block."""
        deployment = self.info.deployments[PROTOCOL]
        rows = self.index.events(deployment, PLUG, up_to=number)
        return [event for event in rows if event.block_number == number]

    def open_everything(self, assets: Sequence[str]) -> None:
        """No reserve is paused, the sequencer runs, and nobody has a grace period left."""
        admin, reporter = (
            self.world.address("aave admin"),
            self.world.address("price reporter"),
        )
        configurator = Contract(self.contracts["pool_configurator"], CONFIGURATOR)
        self.world.queue(
            *(configurator.send(admin, "setReservePause", asset, False) for asset in assets)
        )
        sentinel = self.contract("price_oracle_sentinel", "PriceOracleSentinel")
        (answer,) = self.world.ask([View(sentinel, "getSequencerOracle")])
        assert answer is not None
        feed = Contract(str(answer[0]), own_artifact("Aggregator").abi)
        self.world.queue(feed.send(reporter, "set", SEQUENCER_IS_UP))
        self.world.mine(must_succeed=True)
        self.world.mine(GRACE_OVER_S)

    def stock(self, assets: Sequence[str], spender: str | None = None) -> None:
        """The bot has plenty of every asset, and lets the pool (or `spender`) take it."""
        abi, minter = own_artifact("Token").abi, self.world.address("token minter")
        taker = spender or self.contracts["pool"]
        for asset in assets:
            token = Contract(asset, abi)
            self.world.queue(token.send(minter, "mint", self.bot, PLENTY))
            self.world.queue(token.send(self.bot, "approve", taker, UNLIMITED))
        self.world.mine(must_succeed=True)

    def feed_of(self, asset: str, oracle: str | None = None) -> Contract:
        """The aggregator that the oracle (or its fallback) reads for an asset."""
        abi = load_abi("aave_v3/AaveOracle")
        at = Contract(oracle or self.contracts["oracle"], abi)
        source, fallback = self.world.ask([View(at, "getSourceOfAsset", (asset,)), *_fallback(at)])
        assert source is not None
        assert fallback is not None
        if source[0] == NOBODY:
            return self.feed_of(asset, str(fallback[0]))
        return Contract(str(source[0]), own_artifact("Aggregator").abi)

    def report(self, asset: str, answer: int) -> Call:
        """The feed of an asset (or a price source itself) says another price, 8 decimals."""
        reporter = self.world.address("price reporter")
        return self.feed_of(asset).send(reporter, "set", answer)

    def shown(self, assets: Sequence[str], base_unit: int) -> dict[str, int]:
        """The prices that the oracle shows at the last block, in 18 decimals."""
        oracle = self.contract("oracle", "AaveOracle")
        answers = self.world.ask([View(oracle, "getAssetPrice", (asset,)) for asset in assets])
        out = {}
        for asset, answer in zip(assets, answers, strict=True):
            assert answer is not None, asset
            out[asset] = int(str(answer[0])) * (10**18 // base_unit)
        return out

    def call(self, wanted: Liquidated, *, all_of_it: bool = True) -> Call:
        """The liquidation, asking for as much as the pool allows, or for the amount itself."""
        amount = UNLIMITED if all_of_it else wanted.debt_repaid
        return Contract(self.contracts["pool"], POOL).send(
            self.bot,
            "liquidationCall",
            *(wanted.collateral, wanted.debt, wanted.user, amount, wanted.took_a_tokens),
            label="liquidate",
        )

    def liquidate(
        self, wanted: Sequence[Liquidated], limited: frozenset[int], *, seconds: int = 0
    ) -> list[Liquidated]:
        """Bots make these calls one after the other in one block, `seconds` after the last one;
        what happened. limited: numbers of those that ask for an amount (see `limited`)."""
        calls = [self.call(w, all_of_it=i not in limited) for i, w in enumerate(wanted)]
        self.world.queue(*calls)
        mined = self.world.mine(seconds)
        failed = [r.call.data.hex() for r in mined.receipts if not r.ok]
        assert failed == [], f"{len(failed)} of {len(calls)} liquidations reverted"
        self.book()
        return happened(self.events(mined.number))

    def refused(self, wanted: Liquidated) -> str | None:
        """Why the pool would refuse the liquidation on the last block's state."""
        return self.world.refusal(self.call(wanted))


def _fallback(oracle: Contract) -> list[View]:
    """The question for the oracle's fallback."""
    return [View(oracle, "getFallbackOracle")]


def limited(calls: Sequence[Liquidated], executed: Sequence[Executed]) -> frozenset[int]:
    """The calls that ask for the amount itself: those after which both debt and collateral stay,
    because the dust rule (in 3.0.0 the fee) may let less than the maximum through. Neither sign
    of collateral tells it alone: 3.0.0 leaves the flag where the fee took the rest, later releases
    clear it where a scaled unit of dust is left."""
    return frozenset(
        number
        for number, one in enumerate(executed)
        if one.closure.after["scaled_debt"]
        if one.closure.after["scaled_collateral"] and one.closure.after["collateral_flag"]
        if calls[number].debt_repaid
    )


def happened(events: Sequence[Event]) -> list[Liquidated]:
    """The liquidations of a block, in order, each with the deficits of its transaction (which
    come before the call's own event)."""
    out: list[Liquidated] = []
    deficits: dict[str, int] = {}
    for event in events:
        if event.name == "DeficitCreated":
            deficits[str(event.args["debtAsset"])] = int(str(event.args["amountCreated"]))
        elif event.name == "LiquidationCall":
            out.append(
                Liquidated(
                    str(event.args["user"]),
                    str(event.args["collateralAsset"]),
                    str(event.args["debtAsset"]),
                    int(str(event.args["debtToCover"])),
                    int(str(event.args["liquidatedCollateralAmount"])),
                    bool(event.args["receiveAToken"]),
                    deficits,
                )
            )
            deficits = {}
    return out


@contextmanager
def hand(info: DevnetInfo, folder: Path, indexed: Path | None = None) -> Iterator[Hand]:
    """The market of a running chain, with an index of its own (begun from a copy of `indexed`)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "hand.index.duckdb"
    if indexed is not None:
        shutil.copy(indexed, path)
    chain = Node([info.rpc])
    with attached(info) as world, Index(path) as index:
        try:
            yield Hand(info, folder, world, index, chain, world.address("aave bot of the tests"))
        finally:
            chain.close()
