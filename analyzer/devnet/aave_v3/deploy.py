"""The real Aave V3 contracts, deployed and wired as their constructors and initializers demand.

The registry (PoolAddressesProvider) makes the proxies of Pool and PoolConfigurator itself and is
asked for their addresses once they exist. Which libraries a contract calls says its artifact.
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.devnet.aave_v3.artifacts import Build
from analyzer.devnet.aave_v3.listing import list_reserves
from analyzer.devnet.aave_v3.market import FIRST_REVISION, NOBODY, Aave
from analyzer.devnet.aave_v3.plans import RESERVES, RatePlan
from analyzer.devnet.feeds import Feed
from analyzer.devnet.packages import own_artifact
from analyzer.devnet.tokens import Token
from analyzer.devnet.world import Contract, View, World
from analyzer.model.errors import UnreadError

BASE_UNIT = 10**8
"""The oracle's unit of account: one US dollar with 8 decimals; its base currency is address 0."""
RAY_OF_BPS = 10**23
STABLE_RATES_BPS = (50, 6_000, 100, 800, 2_000)
"""Revision 1's stable rate: two slopes, base offset, excess offset, optimal part of all debt."""
SENTINEL_GRACE_S = 3_600
MARKET = "analyzer devnet market"


def deploy(
    world: World, build: Build, tokens: Mapping[str, Token], feeds: Mapping[str, Feed]
) -> Aave:
    """Deploys the market, lists every reserve of the plan and configures it, in a few blocks.

    `tokens` and `feeds` (by symbol) exist, or are queued. Raises UnreadError when a contract
    refuses.
    """
    aave = _core(world, build)
    list_reserves(world, build, aave, tokens, feeds)
    return aave


def _core(world: World, build: Build) -> Aave:
    """Registry, roles, pool, configurator, oracles, data provider and sentinel, in one block."""
    admin, umbrella = world.address("aave admin"), world.address("aave umbrella")
    artifact = build.artifact
    provider = world.deploy(artifact("PoolAddressesProvider"), MARKET, admin, sender=admin)
    registered = provider.address
    world.queue(provider.send(admin, "setACLAdmin", admin))
    acl = world.deploy(artifact("ACLManager"), registered, sender=admin)
    world.queue(provider.send(admin, "setACLManager", acl.address))
    world.queue(*(acl.send(admin, f"add{role}Admin", admin) for role in ("Pool", "Emergency")))
    strategies = _strategies(world, build, provider, admin)
    pool, configurator = _pool(world, build, provider, strategies, admin)
    world.queue(provider.send(admin, "setPoolImpl", pool.address))
    # Its constructor already asks the registry for the pool.
    data = world.deploy(artifact("AaveProtocolDataProvider"), registered, sender=admin)
    fallback = _oracle(world, build, provider, NOBODY)
    oracle = _oracle(world, build, provider, fallback.address)
    sequencer = _sequencer(world)
    sentinel = world.deploy(
        artifact("PriceOracleSentinel"),
        *(registered, sequencer.address, SENTINEL_GRACE_S),
        sender=admin,
    )
    parts = {
        "setPoolConfiguratorImpl": configurator,
        "setPoolDataProvider": data,
        "setPriceOracle": oracle,
        "setPriceOracleSentinel": sentinel,
    }
    world.queue(*(provider.send(admin, name, part.address) for name, part in parts.items()))
    world.queue(provider.send(admin, "setAddress", b"UMBRELLA".ljust(32, b"\0"), umbrella))
    block = world.mine(must_succeed=True).number
    return Aave(
        revision=build.revision,
        from_block=block,
        admin=admin,
        treasury=world.address("aave treasury"),
        umbrella=umbrella,
        provider=provider,
        acl=acl,
        pool=Contract(_proxy(world, provider, "getPool"), pool.abi),
        configurator=Contract(_proxy(world, provider, "getPoolConfigurator"), configurator.abi),
        oracle=oracle,
        fallback_oracle=fallback,
        data_provider=data,
        sentinel=sentinel,
        sequencer=sequencer,
        strategies=strategies,
    )


def _pool(
    world: World,
    build: Build,
    provider: Contract,
    strategies: Mapping[RatePlan, Contract],
    admin: str,
) -> tuple[Contract, Contract]:
    """The implementations of Pool and PoolConfigurator, after the libraries that they call."""
    libraries: dict[str, str] = {}

    def linked(name: str, *args: object) -> Contract:
        for library in build.libraries_of(name):
            if library not in libraries:
                libraries[library] = linked(library).address
        return world.deploy(build.artifact(name, libraries), *args, sender=admin)

    # Later pools hold the one strategy of all reserves; the first knew one for each reserve.
    one = () if build.revision == FIRST_REVISION else (next(iter(strategies.values())).address,)
    return linked("Pool", provider.address, *one), linked("PoolConfigurator")


def _oracle(world: World, build: Build, provider: Contract, fallback: str) -> Contract:
    return world.deploy(
        build.artifact("AaveOracle"),
        *(provider.address, [], [], fallback, NOBODY, BASE_UNIT),
        sender=world.address("aave admin"),
    )


def _sequencer(world: World) -> Contract:
    """The sequencer's uptime feed, an aggregator of ours: 0 is up, 1 is down."""
    owner = world.address("price reporter")
    feed = world.deploy(own_artifact("Aggregator"), "L2 sequencer uptime", 0, sender=owner)
    world.queue(feed.send(owner, "set", 0))
    return feed


def _strategies(
    world: World, build: Build, provider: Contract, admin: str
) -> dict[RatePlan, Contract]:
    """One strategy contract for each curve in revision 1, one for all of them later."""
    plans = list(dict.fromkeys(r.rates for r in RESERVES))
    if build.revision != FIRST_REVISION:
        artifact = build.artifact("DefaultReserveInterestRateStrategyV2")
        return dict.fromkeys(plans, world.deploy(artifact, provider.address, sender=admin))
    return {plan: first_strategy(world, build, provider, plan) for plan in plans}


def first_strategy(world: World, build: Build, provider: Contract, plan: RatePlan) -> Contract:
    """Queues a strategy contract of revision 1 for one curve."""
    curve = (plan.optimal, plan.base, plan.slope_1, plan.slope_2, *STABLE_RATES_BPS)
    return world.deploy(
        build.artifact("DefaultReserveInterestRateStrategy"),
        *(provider.address, *(bps * RAY_OF_BPS for bps in curve)),
        sender=world.address("aave admin"),
    )


def _proxy(world: World, provider: Contract, name: str) -> str:
    (answer,) = world.ask([View(provider, name)])
    if answer is None:
        raise UnreadError(f"the registry does not answer {name}")
    return str(answer[0])
