"""A real Uniswap V3 pool on the local chain, to sell seized collateral into.

The contracts are npm's own (`uniswap_v3/package.json`), fetched when the test runs.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.abi.contract import parse_abi
from analyzer.chain.node import Node
from analyzer.devnet.packages import Packages, fetch, own_artifact
from analyzer.devnet.tokens import UNLIMITED
from analyzer.devnet.world import Contract, View, World
from analyzer.market.depth.observe import read_pool
from analyzer.market.depth.pool_state import PoolState
from analyzer.solvency.drive import CountedReads

MANIFEST = Path(__file__).with_name("uniswap_v3") / "package.json"
CORE = "@uniswap/v3-core/artifacts/contracts/{0}.sol/{0}.json"
PERIPHERY = "@uniswap/v3-periphery/artifacts/contracts/{0}.sol/{0}.json"
FEE_PIPS = 3_000
SPACING = 60
NEVER = 2**40
Q96 = 2**96
PLENTY = 10**36


@dataclass(frozen=True)
class Range:
    """Liquidity that somebody provides. low, high: prices as parts of the first price. usd: most
    that goes in of each of the two tokens."""

    low: float
    high: float
    usd: float


@dataclass
class Market:
    """A pool of an asset against a quote token, and those who use it."""

    world: World
    asset: str
    quote: str
    asset_decimals: int
    quote_decimals: int
    router: Contract
    pool: Contract

    @property
    def asset_is_token0(self) -> bool:
        """Which of the pool's tokens the asset is."""
        return int(self.asset, 16) < int(self.quote, 16)

    def price_e18(self, sqrt_price_x96: int) -> int:
        """A pool's price of one whole asset in whole quote tokens, 18 decimals, down."""
        scale = 10 ** (18 + self.asset_decimals)
        units = 10**self.quote_decimals
        square, one = sqrt_price_x96**2, Q96**2
        if self.asset_is_token0:
            return square * scale // (one * units)
        return one * scale // (square * units)

    def sqrt_price(self) -> int:
        """The pool's own price, sqrt(token1 / token0) as X96."""
        (answer,) = self.world.ask([View(self.pool, "slot0")])
        assert answer is not None
        return int(str(answer[0]))

    def read(self, chain: Node) -> PoolState:
        """The pool at the last block, as the market room reads it."""
        block = chain.resolve(str(self.world.anvil.block_number()))
        found = CountedReads(chain, block).drive(read_pool(self.pool.address))
        assert isinstance(found, PoolState), found
        return found

    def trade(self, trader: str, amount: int) -> None:
        """Sells (or, below 0, buys) so much of the asset, in the next block."""
        if amount > 0:
            path = (self.asset, self.quote)
            name, given, limit = "exactInputSingle", amount, 0
        else:
            path = (self.quote, self.asset)
            name, given, limit = "exactOutputSingle", -amount, UNLIMITED
        order = (*path, FEE_PIPS, trader, NEVER, given, limit, 0)
        self.world.queue(self.router.send(trader, name, order))


def packages() -> Packages:
    """Uniswap's contracts, through npm."""
    return fetch(os.environ, MANIFEST)


def open_market(
    world: World,
    *,
    asset: tuple[str, int],
    quote: tuple[str, int],
    price: float,
    ranges: Sequence[Range],
) -> Market:
    """Deploys factory, router and position manager, and one pool with liquidity in `ranges`.

    asset, quote: (address, decimals). price: whole quote tokens for one asset. Mines some blocks.
    """
    found, maker = packages(), world.address("pool maker")
    factory = world.deploy(found.artifact(CORE, "UniswapV3Factory"), sender=maker)
    shared = (factory.address, factory.address)
    router = world.deploy(found.artifact(PERIPHERY, "SwapRouter"), *shared, sender=maker)
    manager = world.deploy(
        found.artifact(PERIPHERY, "NonfungiblePositionManager"),
        *(*shared, factory.address),
        sender=maker,
    )
    pool_abi = parse_abi("Pool", _pool_abi(found))
    market = Market(world, asset[0], quote[0], asset[1], quote[1], router, Contract("", pool_abi))
    tokens = (asset[0], quote[0]) if market.asset_is_token0 else (quote[0], asset[0])
    root = _root(market, price)
    world.queue(manager.send(maker, "createAndInitializePoolIfNecessary", *tokens, FEE_PIPS, root))
    _provide(world, maker, tokens, manager.address)
    world.mine(must_succeed=True)
    (answer,) = world.ask([View(factory, "getPool", (*tokens, FEE_PIPS))])
    assert answer is not None
    market.pool = Contract(str(answer[0]), pool_abi)
    for wanted in ranges:
        world.queue(manager.send(maker, "mint", _mint(market, tokens, wanted, price, maker)))
    world.mine(must_succeed=True)
    return market


def _pool_abi(found: Packages) -> list[dict[str, object]]:
    """The entries of the pool's own view."""
    abi = found.artifact(CORE, "UniswapV3Pool").abi.function("slot0")
    outputs = [{"name": f"o{i}", "type": kind} for i, kind in enumerate(abi.output_types)]
    entry = {"type": "function", "name": "slot0", "inputs": [], "outputs": outputs}
    return [{**entry, "stateMutability": "view"}]


def _provide(world: World, maker: str, tokens: Sequence[str], spender: str) -> None:
    """The maker has plenty of both tokens."""
    abi, minter = own_artifact("Token").abi, world.address("token minter")
    for token in tokens:
        contract = Contract(token, abi)
        world.queue(contract.send(minter, "mint", maker, PLENTY))
        world.queue(contract.send(maker, "approve", spender, UNLIMITED))


def _root(market: Market, price: float) -> int:
    """sqrt(token1 / token0) as X96 of a price of whole tokens."""
    raw = price * 10.0 ** (market.quote_decimals - market.asset_decimals)
    return int(math.sqrt(raw if market.asset_is_token0 else 1 / raw) * Q96)


def _tick(market: Market, price: float) -> int:
    """The usable tick nearest to a price."""
    raw = price * 10.0 ** (market.quote_decimals - market.asset_decimals)
    tick = math.log(raw if market.asset_is_token0 else 1 / raw) / math.log(1.0001)
    return round(tick / SPACING) * SPACING


def _mint(
    market: Market, tokens: Sequence[str], wanted: Range, price: float, maker: str
) -> tuple[object, ...]:
    """The position manager's order for a range: as much of both tokens as its value takes."""
    ends = sorted(_tick(market, price * part) for part in (wanted.low, wanted.high))
    asset = int(wanted.usd / price * 10**market.asset_decimals)
    quote = int(wanted.usd * 10**market.quote_decimals)
    amounts = (asset, quote) if market.asset_is_token0 else (quote, asset)
    return (*tokens, FEE_PIPS, *ends, *amounts, 0, 0, maker, NEVER)
