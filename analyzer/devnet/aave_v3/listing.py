"""Listing: the reserves with their tokens, prices and risk parameters, and the eMode categories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from analyzer.abi.codec import encode_values
from analyzer.devnet.aave_v3.artifacts import Build
from analyzer.devnet.aave_v3.market import NOBODY, Aave, Reserve
from analyzer.devnet.aave_v3.plans import (
    CATEGORY_FEED,
    RESERVES,
    CategoryPlan,
    RatePlan,
    ReservePlan,
)
from analyzer.devnet.chain import Call
from analyzer.devnet.feeds import Feed
from analyzer.devnet.tokens import Token
from analyzer.devnet.world import Contract, View, World
from analyzer.model.errors import UnreadError

FLASH_PREMIUM_BPS = 9
FLASH_PREMIUM_TO_PROTOCOL_BPS = 3_000
"""Of the premium, in revision 1; the rest raises the liquidity index."""
UNBACKED_CAP = 5_000_000
"""Whole tokens that the bridge of revision 1 may mint ahead of their arrival."""


def list_reserves(
    world: World,
    build: Build,
    aave: Aave,
    tokens: Mapping[str, Token],
    feeds: Mapping[str, Feed],
) -> None:
    """Lists every reserve of the plan and configures it and the categories, in two blocks.

    Fills `aave.reserves`. Raises UnreadError when a contract refuses.
    """
    made = _implementations(world, build, aave)
    for plan in RESERVES:
        listing = _listing(aave, plan, tokens[plan.symbol], made)
        world.queue(aave.configure("initReserves", [listing]))
        oracle = aave.fallback_oracle if plan.through_fallback else aave.oracle
        world.queue(_price_source(aave, oracle, tokens[plan.symbol].address, feeds[plan.feed]))
    price = feeds[CATEGORY_FEED].aggregator.address
    if aave.first:
        # A category names an *asset* whose price its members take; nothing need be listed there.
        world.queue(_price_source(aave, aave.oracle, price, feeds[CATEGORY_FEED]))
    world.mine(must_succeed=True)
    views = [
        View(aave.data_provider, "getReserveTokensAddresses", (tokens[plan.symbol].address,))
        for plan in RESERVES
    ]
    for plan, found in zip(RESERVES, world.ask(views), strict=True):
        if found is None:
            raise UnreadError(f"the reserve {plan.symbol} was not listed")
        supply, stable, variable = (str(a) for a in found)
        aave.reserves[plan.symbol] = Reserve(
            plan,
            tokens[plan.symbol],
            feeds[plan.feed],
            Contract(supply, made["AToken"].abi),
            Contract(variable, made["VariableDebtToken"].abi),
            Contract(stable, made["StableDebtToken"].abi) if aave.first else None,
        )
    for reserve in aave.reserves.values():
        world.queue(*_reserve_settings(aave, reserve))
    for category in aave.categories():
        world.queue(*_category_settings(aave, category, price if category.priced else NOBODY))
    world.queue(*_flash_premium(aave))
    world.mine(must_succeed=True)


def _implementations(world: World, build: Build, aave: Aave) -> dict[str, Contract]:
    """The tokens' implementations; from revision 8 on they know rewards and treasury themselves."""
    pool = aave.pool.address
    if aave.first:
        names = ("AToken", "StableDebtToken", "VariableDebtToken")
        return {n: world.deploy(build.artifact(n), pool, sender=aave.admin) for n in names}
    supply = (pool, NOBODY, aave.treasury)
    return {
        "AToken": world.deploy(build.artifact("AToken"), *supply, sender=aave.admin),
        "VariableDebtToken": world.deploy(
            build.artifact("VariableDebtToken"), pool, NOBODY, sender=aave.admin
        ),
    }


def _listing(
    aave: Aave, plan: ReservePlan, token: Token, made: Mapping[str, Contract]
) -> tuple[object, ...]:
    """The argument of `initReserves`, which the revisions lay out differently."""
    names = [f"a{plan.symbol}", f"variableDebt{plan.symbol}", f"stableDebt{plan.symbol}"]
    texts = [text for name in names for text in (f"Aave {name}", name)]
    supply, variable = made["AToken"].address, made["VariableDebtToken"].address
    if aave.first:
        stable, strategy = made["StableDebtToken"].address, aave.strategies[plan.rates].address
        head = (supply, stable, variable, plan.decimals, strategy, token.address)
        return (*head, aave.treasury, NOBODY, *texts, b"")
    return (supply, variable, token.address, *texts[:4], b"", rate_data(plan.rates))


def rate_data(plan: RatePlan) -> bytes:
    """The curve as the strategy of later revisions takes it: a struct of basis points."""
    values = (plan.optimal, plan.base, plan.slope_1, plan.slope_2)
    return encode_values(["uint16", "uint32", "uint32", "uint32"], values)


def _price_source(aave: Aave, oracle: Contract, asset: str, feed: Feed) -> Call:
    return oracle.send(aave.admin, "setAssetSources", [asset], [feed.aggregator.address])


def _reserve_settings(aave: Aave, reserve: Reserve) -> Iterator[Call]:
    """What the configurator is told about one reserve."""
    plan, asset = reserve.plan, reserve.asset
    # The ceiling first: an asset that is collateral may only be isolated while nobody supplies it.
    if plan.debt_ceiling_cents:
        yield aave.configure("setDebtCeiling", asset, plan.debt_ceiling_cents)
    threshold, bonus = plan.liquidation_threshold, plan.liquidation_bonus
    yield aave.configure("configureReserveAsCollateral", asset, plan.ltv, threshold, bonus)
    yield aave.configure("setReserveBorrowing", asset, plan.borrowable)
    yield aave.configure("setReserveFactor", asset, plan.reserve_factor)
    yield aave.configure("setLiquidationProtocolFee", asset, plan.protocol_fee)
    yield aave.configure("setSupplyCap", asset, plan.supply_cap)
    yield aave.configure("setBorrowCap", asset, plan.borrow_cap)
    yield aave.configure("setBorrowableInIsolation", asset, plan.in_isolation)
    yield aave.configure("setSiloedBorrowing", asset, plan.siloed)
    if "setReserveFlashLoaning" in aave.configurator.abi.functions:
        yield aave.configure("setReserveFlashLoaning", asset, True)
    if aave.first:
        yield aave.configure("setReserveStableRateBorrowing", asset, plan.stable_rate)
        yield aave.configure("setUnbackedMintCap", asset, UNBACKED_CAP)


def _category_settings(aave: Aave, category: CategoryPlan, price: str) -> Iterator[Call]:
    """What the configurator is told about one eMode category and its assets."""
    numbers = (category.ltv, category.liquidation_threshold, category.liquidation_bonus)
    if aave.first:
        yield aave.configure("setEModeCategory", category.id, *numbers, price, category.label)
        for symbol in category.collateral:
            asset = aave.reserves[symbol].asset
            yield aave.configure("setAssetEModeCategory", asset, category.id)
        return
    yield aave.configure("setEModeCategory", category.id, *numbers, category.label)
    for symbol in category.collateral:
        asset = aave.reserves[symbol].asset
        yield aave.configure("setAssetCollateralInEMode", asset, category.id, True)
    for symbol in category.borrowable:
        asset = aave.reserves[symbol].asset
        yield aave.configure("setAssetBorrowableInEMode", asset, category.id, True)


def _flash_premium(aave: Aave) -> Iterator[Call]:
    if not aave.first:
        yield aave.configure("updateFlashloanPremium", FLASH_PREMIUM_BPS)
        return
    yield aave.configure("updateFlashloanPremiumTotal", FLASH_PREMIUM_BPS)
    yield aave.configure("updateFlashloanPremiumToProtocol", FLASH_PREMIUM_TO_PROTOCOL_BPS)
