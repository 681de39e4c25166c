"""A small Perp V2 told event by event, and a node that knows its storage and answers reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from analyzer.abi.codec import encode_values
from analyzer.abi.contract import load_abi
from analyzer.abi.keccak import checksum
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.model.reads import Answer, NotRead, Reading, ReadRequest, Reverted, Value
from analyzer.protocols.kit.ticks import sqrt_ratio_at_tick
from analyzer.protocols.perp_v2.deployments import REQUIRED_CONTRACTS
from analyzer.protocols.perp_v2.logs.fold import PerpLedger, fold
from analyzer.protocols.perp_v2.records import Order
from analyzer.protocols.perp_v2.state import slots
from analyzer.protocols.perp_v2.state.observe import PerpObservation, observe

E18 = 10**18
START = 1_700_000_000


def address(number: int) -> str:
    """A checksummed address that is recognised by its number."""
    return checksum(f"0x{number:040x}")


CONTRACTS = {role: address(0x100 + i) for i, role in enumerate(REQUIRED_CONTRACTS)}
FUND = CONTRACTS["insurance_fund"]
USDC, WETH, QUOTE = address(0x200), address(0x201), address(0x2FF)
BASE, POOL, FEED, CHAINLINK = address(0x210), address(0x211), address(0x212), address(0x213)
ALICE, BOB, CAROL = address(0xA), address(0xB), address(0xC)
FEE_RATIO = 10_000

DEPLOYMENT = Deployment("told", "perp-v2", 31_337, 1, CONTRACTS)


@dataclass
class Story:
    """Events in the order in which they are told; `tx` begins a transaction, `block` a block."""

    number: int = 1
    time: int = START
    transaction: int = 0
    events: list[Event] = field(default_factory=list)

    def block(self, seconds: int = 2) -> Story:
        """A new block, `seconds` later."""
        self.number += 1
        self.time += seconds
        return self.tx()

    def tx(self) -> Story:
        """A new transaction."""
        self.transaction += 1
        return self

    def tell(self, role: str, name: str, at: str = "", **args: object) -> Story:
        """One event of the contract of that role (or at that address)."""
        self.events.append(
            Event(
                self.number,
                len(self.events),
                f"0x{self.transaction:064x}",
                at or CONTRACTS.get(role, ""),
                role,
                name,
                args,
                self.time,
            )
        )
        return self

    def fold(self) -> PerpLedger:
        """What the fold makes of it."""
        reading = fold(DEPLOYMENT, self.events)
        with pytest.raises(StopIteration) as done:
            next(reading)
        assert isinstance(done.value.value, PerpLedger)
        return done.value.value

    def market(self, tick: int = 0) -> Story:
        """The market at a price of 1.0001 ** tick."""
        self.tell("pool", "Initialize", POOL, sqrtPriceX96=sqrt_ratio_at_tick(tick), tick=tick)
        return self.tell(
            "market_registry", "PoolAdded", baseToken=BASE, feeRatio=FEE_RATIO, pool=POOL
        )

    def weth(self) -> Story:
        """WETH becomes collateral."""
        return self.tell("collateral_manager", "CollateralAdded", token=WETH)

    def deposit(self, trader: str, amount: int, token: str = USDC) -> Story:
        """Deposited."""
        return self.tell("vault", "Deposited", collateralToken=token, trader=trader, amount=amount)

    def withdraw(self, trader: str, amount: int, token: str = USDC) -> Story:
        """Withdrawn."""
        return self.tell("vault", "Withdrawn", collateralToken=token, trader=trader, amount=amount)

    def pnl(self, trader: str, amount: int) -> Story:
        """PnlRealized."""
        return self.tell("account_balance", "PnlRealized", trader=trader, amount=amount)

    def funding(self, market_twap: int, index_twap: int) -> Story:
        """FundingUpdated."""
        return self.tell(
            "exchange",
            "FundingUpdated",
            baseToken=BASE,
            marketTwap=market_twap,
            indexTwap=index_twap,
        )

    def swap(self, base: int, quote: int, tick: int, liquidity: int = 10**21) -> Story:
        """The pool's Swap; amounts seen from the pool."""
        return self.tell(
            "pool",
            "Swap",
            POOL,
            amount0=base,
            amount1=quote,
            sqrtPriceX96=sqrt_ratio_at_tick(tick),
            liquidity=liquidity,
            tick=tick,
        )

    def position(
        self,
        trader: str,
        size: int,
        notional: int,
        *,
        open_notional: int,
        pnl: int = 0,
        fee: int = 0,
    ) -> Story:
        """PositionChanged."""
        return self.tell(
            "clearing_house",
            "PositionChanged",
            trader=trader,
            baseToken=BASE,
            exchangedPositionSize=size,
            exchangedPositionNotional=notional,
            fee=fee,
            openNotional=open_notional,
            realizedPnl=pnl,
        )

    def mint(self, lower: int, upper: int, liquidity: int, amounts: tuple[int, int]) -> Story:
        """The pool's Mint."""
        return self._range("Mint", lower, upper, liquidity, amounts)

    def burn(self, lower: int, upper: int, liquidity: int, amounts: tuple[int, int]) -> Story:
        """The pool's Burn."""
        return self._range("Burn", lower, upper, liquidity, amounts)

    def _range(
        self, name: str, lower: int, upper: int, liquidity: int, amounts: tuple[int, int]
    ) -> Story:
        return self.tell(
            "pool",
            name,
            POOL,
            tickLower=lower,
            tickUpper=upper,
            amount=liquidity,
            amount0=amounts[0],
            amount1=amounts[1],
        )

    def liquidity(
        self, maker: str, lower: int, upper: int, liquidity: int, amounts: tuple[int, int]
    ) -> Story:
        """LiquidityChanged; amounts as the event has them (negative when removed)."""
        return self.tell(
            "clearing_house",
            "LiquidityChanged",
            maker=maker,
            baseToken=BASE,
            quoteToken=QUOTE,
            lowerTick=lower,
            upperTick=upper,
            base=amounts[0],
            quote=amounts[1],
            liquidity=liquidity,
            quoteFee=0,
        )

    def add_range(
        self, maker: str, lower: int, upper: int, liquidity: int, amounts: tuple[int, int]
    ) -> Story:
        """addLiquidity: Mint, then LiquidityChanged."""
        self.mint(lower, upper, liquidity, amounts)
        return self.liquidity(maker, lower, upper, liquidity, amounts)


class ToldNode:
    """Answers every read as a chain with this ledger's storage would; each can be changed.

    calls: (address, function) -> values, or an Answer; slots: (address, slot) -> word or Answer.
    """

    def __init__(self, ledger: PerpLedger, time: int) -> None:
        self.block = BlockRef(99, "0x" + "11" * 32, "0x" + "22" * 32, time)
        self.calls: dict[tuple[str, str], tuple[object, ...] | Answer] = {}
        self.slots: dict[tuple[str, int], int | Answer] = {}
        self.code: dict[str, bytes | Answer] = {}
        self.asked: list[ReadRequest] = []
        self._names = _selectors()
        self._tell_getters(ledger)
        self._tell_storage(ledger)

    def _tell_getters(self, ledger: PerpLedger) -> None:
        house, vault = CONTRACTS["clearing_house"], CONTRACTS["vault"]
        config, manager = CONTRACTS["clearing_house_config"], CONTRACTS["collateral_manager"]
        known = ledger.config
        self.calls |= {
            (vault, "getSettlementToken"): (USDC,),
            (vault, "decimals"): (6,),
            (vault, "paused"): (False,),
            (house, "paused"): (False,),
            (house, "getQuoteToken"): (QUOTE,),
            (config, "getImRatio"): (known.im_ratio,),
            (config, "getMmRatio"): (known.mm_ratio,),
            (config, "getLiquidationPenaltyRatio"): (known.liquidation_penalty_ratio,),
            (config, "getMaxFundingRate"): (known.max_funding_rate,),
            (config, "getTwapInterval"): (known.twap_interval_s,),
            (config, "getMaxMarketsPerAccount"): (known.max_markets_per_account,),
            (config, "getSettlementTokenBalanceCap"): (0,),
            (config, "getMarkPriceConfig"): (1800, 900),
            (manager, "getMmRatioBuffer"): (2_000,),
            (manager, "getDebtNonSettlementTokenValueRatio"): (750_000,),
            (manager, "getLiquidationRatio"): (500_000,),
            (manager, "getCLInsuranceFundFeeRatio"): (30_000,),
            (manager, "getDebtThreshold"): (10_000 * 10**6,),
            (manager, "getCollateralValueDust"): (500 * 10**6,),
            (manager, "getTotalWhitelistedDebtThreshold"): (
                sum(known.whitelisted_debt_threshold.values()),
            ),
            (manager, "getCollateralConfig"): ((FEED, 700_000, 100_000, 10**24),),
            (manager, "getPrice"): (2_000 * E18,),
            (manager, "getPriceFeedDecimals"): (18,),
            (USDC, "symbol"): ("USDC",),
            (USDC, "balanceOf"): (10**12,),
            (WETH, "symbol"): ("WETH",),
            (WETH, "decimals"): (18,),
            (WETH, "balanceOf"): (10**18,),
            (FEED, "getChainlinkPriceFeedV3"): (CHAINLINK,),
            (FEED, "isToUseUniswapV3PriceFeed"): (False,),
            (CHAINLINK, "getLatestOrCachedPrice"): (2_000 * E18, self.block.time - 60),
            (CHAINLINK, "getTimeout"): (3_600,),
            (CHAINLINK, "getFreezedReason"): (0,),
        }
        for market in ledger.markets.values():
            base, pool = market.base_token, market.pool
            status = int(market.status)
            self.calls |= {
                (base, "symbol"): ("vETH",),
                (base, "isPaused"): (status == 1,),
                (base, "isClosed"): (status == 2,),
                (base, "getPausedTimestamp"): (market.paused_timestamp,),
                (base, "getPausedIndexPrice"): (E18,),
                (base, "getClosedPrice"): (E18,),
                (base, "getPriceFeed"): (FEED,),
                (base, "getIndexPrice"): (E18,),
                (base, "balanceOf"): (pool.minted[0] + pool.swapped[0] - pool.collected[0],),
                (QUOTE, "balanceOf"): (pool.minted[1] + pool.swapped[1] - pool.collected[1],),
                # The ClearingHouse has as many again: the node gives one balance to all who ask.
                (QUOTE, "totalSupply"): (
                    2 * (pool.minted[1] + pool.swapped[1] - pool.collected[1]),
                ),
                (pool.address, "slot0"): (pool.sqrt_price_x96, pool.tick, 0, 1, 1, 0, True),
                (pool.address, "liquidity"): (
                    sum(
                        order.liquidity
                        for entry in ledger.accounts.values()
                        for record in entry.account.markets.values()
                        for (low, high), order in record.orders.items()
                        if low <= pool.tick < high
                    ),
                ),
                (pool.address, "observe"): ((0,), (0,)),
                (CONTRACTS["market_registry"], "getMarketInfo"): (
                    (pool.address, FEE_RATIO, FEE_RATIO, 0, 100_000),
                ),
            }

    def _tell_storage(self, ledger: PerpLedger) -> None:
        exchange, book = CONTRACTS["exchange"], CONTRACTS["order_book"]
        accounts, vault = CONTRACTS["account_balance"], CONTRACTS["vault"]
        for base, market in ledger.markets.items():
            growth = slots.of(slots.EXCHANGE_GROWTH, base)
            self.slots |= {
                (exchange, slots.of(slots.EXCHANGE_FIRST_TRADED, base)): (
                    market.first_traded_timestamp
                ),
                (exchange, slots.of(slots.EXCHANGE_LAST_SETTLED, base)): (
                    market.last_settled_timestamp
                ),
                (exchange, growth): market.growth.tw_premium_x96,
                (exchange, growth + 1): market.growth.tw_premium_div_by_sqrt_price_x96,
            }
            for tick, outside in market.outside.items():
                first = slots.of(slots.ORDER_BOOK_GROWTH_OUTSIDE, base, tick)
                self.slots[book, first + 1] = outside.tw_premium_x96
                self.slots[book, first + 2] = outside.tw_premium_div_by_sqrt_price_x96
        for trader, entry in ledger.accounts.items():
            account = entry.account
            self.slots[accounts, slots.of(slots.ACCOUNT_OWED_PNL, trader)] = (
                account.owed_realized_pnl
            )
            self.slots[accounts, slots.of(slots.ACCOUNT_BASE_TOKENS, trader)] = len(account.markets)
            balances = {USDC: entry.settlement_balance(6), **account.balances}
            for token, amount in balances.items():
                self.slots[vault, slots.of(slots.VAULT_BALANCES, trader, token)] = amount
            for base, record in account.markets.items():
                first = slots.of(slots.ACCOUNT_MARKETS, trader, base)
                self.slots[accounts, first] = record.taker_position_size
                self.slots[accounts, first + 1] = record.taker_open_notional
                self.slots[accounts, first + 2] = record.last_tw_premium_growth_global_x96
                ids = slots.of(slots.ORDER_BOOK_ORDER_IDS, trader, base)
                self.slots[book, ids] = len(record.orders)
                for order in record.orders.values():
                    self.tell_order(order)

    def tell_order(self, order: Order) -> None:
        """Stores the seven words of an order."""
        first = slots.of(slots.ORDER_BOOK_ORDERS, bytes.fromhex(order.order_id[2:]))
        ticks = (order.upper_tick % 2**24) << 152 | (order.lower_tick % 2**24) << 128
        words = (
            order.liquidity | ticks,
            order.last_fee_growth_inside_x128,
            order.last_tw_premium_growth_inside_x96,
            order.last_tw_premium_growth_below_x96,
            order.last_tw_premium_div_by_sqrt_price_growth_inside_x96,
            order.base_debt,
            order.quote_debt,
        )
        for offset, word in enumerate(words):
            self.slots[CONTRACTS["order_book"], first + offset] = word

    def read(self, requests: Sequence[ReadRequest]) -> list[Answer]:
        """Answers a batch."""
        self.asked += requests
        return [self._answer(request) for request in requests]

    def _answer(self, request: ReadRequest) -> Answer:
        if request.kind == "code_hash":
            code = self.code.get(request.to, NotRead("no code was told"))
            return Value(code) if isinstance(code, bytes) else code
        if request.kind == "slot":
            word = self.slots.get((request.to, int(request.data, 16)), 0)
            if isinstance(word, int):
                return Value((word % 2**256).to_bytes(32, "big"))
            return word
        name, types = self._names[request.data[:10]]
        told = self.calls.get((request.to, name), Reverted(b"", ""))
        return Value(encode_values(types, told)) if isinstance(told, tuple) else told

    def drive(self, ledger: PerpLedger) -> PerpObservation:
        """What `observe` makes of the answers."""
        return run(self, observe(DEPLOYMENT, ledger, self.block))


def run(node: ToldNode, reading: Reading[PerpObservation]) -> PerpObservation:
    """Drives a reading to its end."""
    try:
        batch = next(reading)
        while True:
            batch = reading.send(node.read(batch))
    except StopIteration as done:
        result: PerpObservation = done.value
        return result


def _selectors() -> dict[str, tuple[str, tuple[str, ...]]]:
    """selector -> (function, output types) of every ABI of the protocol."""
    out = {}
    for name in (
        "Vault",
        "ClearingHouse",
        "ClearingHouseConfig",
        "CollateralManager",
        "Exchange",
        "MarketRegistry",
        "BaseToken",
        "ERC20",
        "UniswapV3Pool",
        "PriceFeedDispatcher",
        "ChainlinkPriceFeedV3",
        "chainlink/Aggregator",
    ):
        for function in load_abi(name if "/" in name else f"perp_v2/{name}").functions.values():
            out[function.selector] = (function.name, function.output_types)
    return out
