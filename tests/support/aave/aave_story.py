"""A market's logs told step by step, and a node that answers what a rebuild asks about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from aave_market import NOW, USD, asset_of

from analyzer.abi.codec import encode_values
from analyzer.abi.contract import load_abi
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.model.reads import Answer, NotRead, Reading, ReadRequest, Reverted, Value
from analyzer.protocols.aave_v3.logs.fold import AaveLedger, fold
from analyzer.protocols.aave_v3.ray_math import RAY
from analyzer.protocols.kit.code import IMPLEMENTATION_SLOT

T = TypeVar("T")

PROVIDER = "0x" + "1" * 40
POOL = "0x" + "2" * 40
CONFIGURATOR = "0x" + "3" * 40
ORACLE = "0x" + "4" * 40
CODE = "0x" + "c" * 40
TREASURY = "0x" + "7" * 40
DEPLOYMENT = Deployment(
    "here", "aave-v3", 31337, 0, {"pool_addresses_provider": PROVIDER, "pool": POOL}
)
CONFIGURATOR_ID = b"POOL_CONFIGURATOR".ljust(32, b"\0")
ZERO = "0x" + "0" * 40
ACTIVE_WORD = 8_000 | 8_500 << 16 | 10_500 << 32 | 18 << 48 | 1 << 56 | 1 << 58
ABIS = (
    "Pool",
    "PoolAddressesProvider",
    "AaveOracle",
    "AToken",
    "VariableDebtToken",
    "StableDebtToken",
    "ERC20",
    "PriceOracleSentinel",
    "PoolConfigurator",
)


@dataclass
class Story:
    """Events in order. Time moves with `block`; every event of a block has its time."""

    events: list[Event] = field(default_factory=list)
    number: int = 1
    time: int = NOW

    def add(self, contract: str, address: str, name: str, **args: object) -> Story:
        """One event."""
        named = {key.rstrip("_"): value for key, value in args.items()}
        self.events.append(
            Event(
                self.number, len(self.events), f"0x{self.number:064x}", address, contract, name,
                named, self.time,
            )
        )  # fmt: skip
        return self

    def block(self, seconds: int = 12) -> Story:
        """The next block."""
        self.number, self.time = self.number + 1, self.time + seconds
        return self

    def begin(self, code: str = CODE) -> Story:
        """The provider names the pool's code and the configurator."""
        self.upgrade(code, old=ZERO)
        return self.add(
            "pool_addresses_provider",
            PROVIDER,
            "ProxyCreated",
            id=CONFIGURATOR_ID,
            proxyAddress=CONFIGURATOR,
            implementationAddress=CODE,
        )

    def upgrade(self, code: str, old: str = CODE) -> Story:
        """The pool gets new code."""
        return self.add(
            "pool_addresses_provider", PROVIDER, "PoolUpdated", oldAddress=old, newAddress=code
        )

    def listed(self, *symbols: str, stable: bool = False) -> Story:
        """Reserves are listed."""
        for symbol in symbols:
            self.add(
                "pool_configurator",
                CONFIGURATOR,
                "ReserveInitialized",
                asset=asset_of(symbol),
                aToken=asset_of("a" + symbol),
                stableDebtToken=asset_of("s" + symbol) if stable else ZERO,
                variableDebtToken=asset_of("v" + symbol),
                interestRateStrategyAddress=CODE,
            )
        return self

    def configured(self, name: str, symbol: str, **args: object) -> Story:
        """An event of the configurator about a reserve."""
        return self.add("pool_configurator", CONFIGURATOR, name, asset=asset_of(symbol), **args)

    def updated(
        self, symbol: str, *, supply: int = RAY, debt: int = RAY, rates: tuple[int, int] = (0, 0)
    ) -> Story:
        """The reserve's data after an action."""
        return self.pool(
            "ReserveDataUpdated",
            symbol,
            liquidityRate=rates[0],
            stableBorrowRate=0,
            variableBorrowRate=rates[1],
            liquidityIndex=supply,
            variableBorrowIndex=debt,
        )

    def pool(self, name: str, symbol: str, **args: object) -> Story:
        """An event of the pool about a reserve."""
        return self.add("pool", POOL, name, reserve=asset_of(symbol), **args)

    def token(self, kind: str, symbol: str, name: str, **args: object) -> Story:
        """An event of a token: kind `a`, `v` or `s`."""
        role = {"a": "a_token", "v": "variable_debt_token", "s": "stable_debt_token"}[kind]
        return self.add(role, asset_of(kind + symbol), name, **args)

    def minted(
        self, kind: str, symbol: str, who: str, value: int, *, interest: int = 0, index: int = RAY
    ) -> Story:
        """A scaled token's Mint."""
        return self.token(
            kind, symbol, "Mint", caller=who, onBehalfOf=who, value=value,
            balanceIncrease=interest, index=index,
        )  # fmt: skip

    def burned(
        self, kind: str, symbol: str, who: str, value: int, *, interest: int = 0, index: int = RAY
    ) -> Story:
        """A scaled token's Burn."""
        return self.token(
            kind, symbol, "Burn", from_=who, target=who, value=value, balanceIncrease=interest,
            index=index,
        )  # fmt: skip

    def flagged(self, symbol: str, who: str, *, on: bool = True) -> Story:
        """The account's collateral flag changes."""
        name = "ReserveUsedAsCollateralEnabled" if on else "ReserveUsedAsCollateralDisabled"
        return self.pool(name, symbol, user=who)

    def fold(self, revision: int = 10) -> AaveLedger:
        """The ledger, every code of the pool being of `revision`."""
        return self.fold_with({CODE: revision})

    def fold_with(self, revisions: dict[str, int]) -> AaveLedger:
        """The ledger; code address -> revision."""
        node = ToldNode()
        for address, revision in revisions.items():
            node.calls[address, "POOL_REVISION"] = (revision,)
        return node.drive(fold(DEPLOYMENT, self.events))


class ToldNode:
    """Answers reads from `calls`: (address, function) -> values, or an Answer. What it was not
    told reverts."""

    def __init__(self, time: int = NOW) -> None:
        self.block = BlockRef(99, "0x" + "11" * 32, "0x" + "22" * 32, time)
        self.calls: dict[tuple[str, str], tuple[object, ...] | Answer] = {}
        self.slots: dict[str, int] = dict.fromkeys((POOL, CONFIGURATOR), int(CODE, 16))
        self.codes: dict[str, bytes] = dict.fromkeys((POOL, CONFIGURATOR), b"\x22" * 32)
        self.asked: list[ReadRequest] = []
        self._names = {
            function.selector: (abi, function.name)
            for name in (*(f"aave_v3/{name}" for name in ABIS), "chainlink/Aggregator")
            for abi in (load_abi(name),)
            for function in abi.functions.values()
        }

    def market(self, revision: int, *symbols: str) -> ToldNode:
        """Answers for a market of these reserves at prices of 1, nothing owed and no interest."""
        self.calls |= {
            (POOL, "POOL_REVISION"): (revision,),
            (PROVIDER, "getPriceOracle"): (ORACLE,),
            (PROVIDER, "getPool"): (POOL,),
            (PROVIDER, "getPriceOracleSentinel"): (ZERO,),
            (PROVIDER, "getAddress"): (ZERO,),
            (ORACLE, "BASE_CURRENCY_UNIT"): (USD,),
            (ORACLE, "getFallbackOracle"): (ZERO,),
            (ORACLE, "getSourceOfAsset"): (CODE,),
            (ORACLE, "getAssetPrice"): (USD,),
            (POOL, "getReserveDeficit"): (0,),
            (POOL, "getVirtualUnderlyingBalance"): (0,),
            (POOL, "getLiquidationGracePeriod"): (0,),
        }
        for number, symbol in enumerate(symbols):
            self.reserve(number, symbol)
        return self

    def reserve(self, number: int, symbol: str, *, word: int = ACTIVE_WORD) -> None:
        """Answers for one reserve. `getReserveData` is told by the asset asked for."""
        asset, a_token, debt = (asset_of(kind + symbol) for kind in ("", "a", "v"))
        self.calls |= {
            (POOL, f"getReserveData {asset}"): (
                (
                    (word,), RAY, 0, RAY, 0, 0, NOW, number, a_token, ZERO, debt, ZERO, 0, 0, 0,
                ),
            ),
            (asset, "symbol"): (symbol,),
            (asset, "balanceOf"): (0,),
            (a_token, "scaledTotalSupply"): (0,),
            (a_token, "RESERVE_TREASURY_ADDRESS"): (TREASURY,),
            (debt, "scaledTotalSupply"): (0,),
        }  # fmt: skip

    def drive(self, reading: Reading[T]) -> T:
        """Runs a reading to its end."""
        try:
            batch = next(reading)
            while True:
                self.asked += batch
                batch = reading.send([self.answer(request) for request in batch])
        except StopIteration as done:
            result: T = done.value
            return result

    def answer(self, request: ReadRequest) -> Answer:
        """The answer to one read."""
        if request.kind == "code_hash":
            return Value(self.codes.get(request.to.lower(), b"\x11" * 32))
        if request.kind == "slot":
            if request.data.lower() != f"0x{IMPLEMENTATION_SLOT:064x}":
                return Value(bytes(32))
            return Value(self.slots.get(request.to, 0).to_bytes(32, "big"))
        abi, name = self._names[request.data[:10]]
        about = f"{name} 0x{request.data[-40:]}"
        to = request.to.lower()
        told = self.calls.get((to, about), self.calls.get((to, name)))
        if isinstance(told, Value | Reverted | NotRead):
            return told
        if told is None:
            return Reverted(b"", "execution reverted")
        return Value(encode_values(abi.function(name).output_types, told))


def selectors(requests: Sequence[ReadRequest]) -> set[str]:
    """The selectors of the calls among `requests`."""
    return {request.data[:10] for request in requests if request.kind == "call"}
