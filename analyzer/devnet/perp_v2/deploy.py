"""The real Perp V2 contracts, deployed from their npm artifacts behind EIP-1967 proxies.

The order and the wiring are those that the initializers of `@perp/curie-contract` 2.8.4 demand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from analyzer.abi.keccak import address_bytes
from analyzer.devnet.clock import DAY, MINUTE
from analyzer.devnet.feeds import Feed, deploy_feeds
from analyzer.devnet.packages import CURIE, OPENZEPPELIN, ORACLE, UNISWAP
from analyzer.devnet.tokens import Token, deploy_tokens
from analyzer.devnet.world import Contract, View, World, created_address

FEED_TIMEOUT_S = DAY
FEED_TWAP_S = 15 * MINUTE
UNBOUNDED = 10**40
"""A cap that nobody reaches."""
OBSERVATIONS = 500
"""Pool observations kept: more than the blocks with a swap in any 30 minutes of this chain."""
OBSERVATIONS_A_CALL = 250
SETTLEMENT_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class MarketPlan:
    """A market before it exists. Ratios have 1e6 = 100 %."""

    symbol: str
    feed: str
    pool_fee: int
    exchange_fee: int
    insurance_fund_fee: int


@dataclass(frozen=True, slots=True)
class CollateralPlan:
    """A non-settlement collateral token before it exists. Ratios have 1e6 = 100 %.

    `dispatched`: its feed is a PriceFeedDispatcher (18 decimals), else a ChainlinkPriceFeedV3 (8).
    """

    symbol: str
    feed: str
    decimals: int
    collateral_ratio: int
    discount_ratio: int
    dispatched: bool


MARKETS = (
    MarketPlan("vETH", "ETH", 3_000, 1_000, 100_000),
    MarketPlan("vBTC", "BTC", 3_000, 1_000, 100_000),
    MarketPlan("vOP", "OP", 3_000, 2_000, 200_000),
    MarketPlan("vLINK", "LINK", 10_000, 3_000, 250_000),
)
COLLATERALS = (
    CollateralPlan("WETH", "ETH", 18, 850_000, 100_000, dispatched=True),
    CollateralPlan("WBTC", "BTC", 8, 800_000, 100_000, dispatched=False),
    CollateralPlan("OP", "OP", 18, 650_000, 150_000, dispatched=True),
)
PRICES_USD = {"ETH": 1_850.0, "BTC": 34_500.0, "OP": 1.9, "LINK": 14.2}


@dataclass(frozen=True, slots=True)
class PerpFeed:
    """A reported price, and the two contracts through which Perp reads it."""

    feed: Feed
    chainlink: Contract
    dispatcher: Contract


@dataclass(frozen=True, slots=True)
class Market:
    """A market that exists."""

    plan: MarketPlan
    base: Contract
    pool: Contract
    feed: PerpFeed

    @property
    def address(self) -> str:
        """The base token's address, which names the market."""
        return self.base.address


@dataclass(frozen=True, slots=True)
class Collateral:
    """A collateral token that the protocol accepts."""

    plan: CollateralPlan
    token: Token
    feed: PerpFeed


@dataclass(frozen=True, slots=True)
class Core:
    """The protocol's own contracts, by the role that the deployment file names."""

    clearing_house: Contract
    account_balance: Contract
    exchange: Contract
    order_book: Contract
    vault: Contract
    collateral_manager: Contract
    clearing_house_config: Contract
    market_registry: Contract
    insurance_fund: Contract
    quote_token: Contract


@dataclass
class Perp:
    """Everything that was deployed."""

    owner: str
    market_owner: str
    from_block: int
    usdc: Token
    core: Core
    feeds: dict[str, PerpFeed]
    markets: list[Market] = field(default_factory=list)
    collaterals: list[Collateral] = field(default_factory=list)

    def contracts(self) -> dict[str, str]:
        """Role -> address, as the deployment file has them."""
        return {role: getattr(self.core, role).address for role in Core.__slots__}


def deploy(world: World) -> Perp:
    """Deploys tokens, feeds, the protocol and its markets in a handful of blocks.

    Raises UnreadError when one of the contracts refuses.
    """
    rng = world.random("perp-v2 prices")
    prices = {symbol: price * rng.uniform(0.9, 1.1) for symbol, price in PRICES_USD.items()}
    from_block = world.anvil.block_number() + 1
    tokens = deploy_tokens(
        world, {"USDC": SETTLEMENT_DECIMALS} | {c.symbol: c.decimals for c in COLLATERALS}
    )
    reported = deploy_feeds(world, prices)
    world.mine(must_succeed=True)
    owner = world.address("perp owner")
    feeds = {symbol: _deploy_feed(world, feed, owner) for symbol, feed in reported.items()}
    world.mine(must_succeed=True)
    core = _deploy_core(world, tokens["USDC"], owner)
    world.mine(must_succeed=True)
    _wire(world, core, owner)
    perp = Perp(owner, _market_owner(world), from_block, tokens["USDC"], core, feeds)
    perp.markets = _deploy_markets(world, perp)
    perp.collaterals = _accept_collaterals(world, perp, tokens)
    world.mine(must_succeed=True)
    return perp


def _deploy_feed(world: World, feed: Feed, owner: str) -> PerpFeed:
    chainlink = world.deploy(
        world.packages.artifact(ORACLE, "ChainlinkPriceFeedV3"),
        *(feed.aggregator.address, FEED_TIMEOUT_S, FEED_TWAP_S),
        sender=owner,
    )
    dispatcher = world.deploy(
        world.packages.artifact(ORACLE, "PriceFeedDispatcher"), chainlink.address, sender=owner
    )
    world.queue(chainlink.send(owner, "update"))
    return PerpFeed(feed, chainlink, dispatcher)


def _deploy_core(world: World, usdc: Token, owner: str) -> Core:
    admin = world.deploy(
        world.packages.artifact(OPENZEPPELIN, "ProxyAdmin"), sender=world.address("proxy admin")
    ).address

    def proxied(name: str, *args: object, sender: str = owner) -> Contract:
        return world.deploy_proxied(
            world.packages.artifact(CURIE, name),
            *args,
            sender=sender,
            admin=admin,
            initializer="initialize",
        )

    factory = world.deploy(world.packages.artifact(UNISWAP, "UniswapV3Factory"), sender=owner)
    config = proxied("ClearingHouseConfig")
    quote = proxied("QuoteToken", "vUSD", "vUSD", sender=_quote_creator(world))
    registry = proxied("MarketRegistry", factory.address, quote.address)
    order_book = proxied("OrderBook", registry.address)
    balance = proxied("AccountBalance", config.address, order_book.address)
    exchange = proxied("Exchange", registry.address, order_book.address, config.address)
    fund = proxied("InsuranceFund", usdc.address)
    vault = proxied("Vault", fund.address, config.address, balance.address, exchange.address)
    manager = proxied(
        "CollateralManager",
        *(config.address, vault.address, 5, 750_000, 500_000, 2_000, 30_000),
        *(usdc.units(10_000), usdc.units(500)),
    )
    house = proxied(
        "ClearingHouse",
        *(config.address, vault.address, quote.address, factory.address),
        *(exchange.address, balance.address, fund.address),
    )
    return Core(
        clearing_house=house,
        account_balance=balance,
        exchange=exchange,
        order_book=order_book,
        vault=vault,
        collateral_manager=manager,
        clearing_house_config=config,
        market_registry=registry,
        insurance_fund=fund,
        quote_token=quote,
    )


def _quote_creator(world: World) -> str:
    """A creator whose second contract (the proxy) has an address from 0xFF up: the protocol wants
    the quote token above every base token."""
    index = 0
    while not _is_high(world.address("quote creator", index), 1):
        index += 1
    return world.address("quote creator", index)


def _market_owner(world: World) -> str:
    """A creator whose proxies, every second contract from its first on, lie below 0xFF."""
    proxies = range(1, 2 * len(MARKETS), 2)
    index = 0
    while any(_is_high(world.address("market owner", index), nonce) for nonce in proxies):
        index += 1
    return world.address("market owner", index)


def _is_high(creator: str, nonce: int) -> bool:
    return address_bytes(created_address(creator, nonce))[0] == 0xFF


def _wire(world: World, core: Core, owner: str) -> None:
    house = core.clearing_house.address
    for contract in (
        *(core.vault, core.market_registry, core.order_book),
        *(core.account_balance, core.exchange),
    ):
        world.queue(contract.send(owner, "setClearingHouse", house))
    world.queue(
        core.order_book.send(owner, "setExchange", core.exchange.address),
        core.exchange.send(owner, "setAccountBalance", core.account_balance.address),
        core.account_balance.send(owner, "setVault", core.vault.address),
        core.insurance_fund.send(owner, "setVault", core.vault.address),
        core.vault.send(owner, "setCollateralManager", core.collateral_manager.address),
        core.clearing_house_config.send(owner, "setSettlementTokenBalanceCap", UNBOUNDED),
    )
    creator = _quote_creator(world)
    world.queue(
        core.quote_token.send(creator, "mintMaximumTo", house),
        core.quote_token.send(creator, "addWhitelist", house),
    )


def _deploy_markets(world: World, perp: Perp) -> list[Market]:
    core, owner = perp.core, perp.market_owner
    house = core.clearing_house.address
    admin = world.address("proxy admin")
    factory = Contract(
        str(_only(world, View(core.clearing_house, "getUniswapV3Factory"))),
        world.packages.artifact(UNISWAP, "UniswapV3Factory").abi,
    )
    bases = {}
    for plan in MARKETS:
        base = world.deploy_proxied(
            world.packages.artifact(CURIE, "BaseToken"),
            *(plan.symbol, plan.symbol, perp.feeds[plan.feed].dispatcher.address),
            sender=owner,
            admin=created_address(admin, 0),
            initializer="initialize",
        )
        bases[plan.symbol] = base
    for plan in MARKETS:
        base = bases[plan.symbol]
        world.queue(
            base.send(owner, "mintMaximumTo", house),
            base.send(owner, "addWhitelist", house),
            factory.send(
                owner, "createPool", base.address, core.quote_token.address, plan.pool_fee
            ),
        )
    world.mine(must_succeed=True)
    return [_open_market(world, perp, plan, bases[plan.symbol], factory) for plan in MARKETS]


def _open_market(
    world: World, perp: Perp, plan: MarketPlan, base: Contract, factory: Contract
) -> Market:
    core, owner = perp.core, perp.owner
    feed = perp.feeds[plan.feed]
    view = View(factory, "getPool", (base.address, core.quote_token.address, plan.pool_fee))
    pool = Contract(str(_only(world, view)), world.packages.artifact(UNISWAP, "UniswapV3Pool").abi)
    grown = range(OBSERVATIONS_A_CALL, OBSERVATIONS + 1, OBSERVATIONS_A_CALL)
    world.queue(
        pool.send(owner, "initialize", sqrt_price_x96(feed.feed.price_usd)),
        *(pool.send(owner, "increaseObservationCardinalityNext", count) for count in grown),
        base.send(perp.market_owner, "addWhitelist", pool.address),
        core.quote_token.send(_quote_creator(world), "addWhitelist", pool.address),
        core.market_registry.send(owner, "addPool", base.address, plan.pool_fee),
        core.market_registry.send(owner, "setFeeRatio", base.address, plan.exchange_fee),
        core.market_registry.send(
            owner, "setInsuranceFundFeeRatio", base.address, plan.insurance_fund_fee
        ),
        core.exchange.send(owner, "setMaxTickCrossedWithinBlock", base.address, 1_000),
    )
    return Market(plan, base, pool, feed)


def _accept_collaterals(world: World, perp: Perp, tokens: dict[str, Token]) -> list[Collateral]:
    accepted = []
    for plan in COLLATERALS:
        feed = perp.feeds[plan.feed]
        source = feed.dispatcher if plan.dispatched else feed.chainlink
        config = (source.address, plan.collateral_ratio, plan.discount_ratio, UNBOUNDED)
        token = tokens[plan.symbol]
        world.queue(
            perp.core.collateral_manager.send(perp.owner, "addCollateral", token.address, config)
        )
        accepted.append(Collateral(plan, token, feed))
    return accepted


def _only(world: World, view: View) -> object:
    (answer,) = world.ask([view])
    assert answer is not None, f"{view.function} reverted on a contract just deployed"
    return answer[0]


def sqrt_price_x96(price: float) -> int:
    """The pool's square-root price for a price of one base token in quote tokens.

    Exact enough for a price that is itself a float: the root is taken of an integer.
    """
    return math.isqrt((round(price * 10**12) << 192) // 10**12)
