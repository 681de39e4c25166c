"""What the market's admins, its treasury and passers-by do: settings, fees, flash loans, gifts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from analyzer.abi.contract import parse_abi
from analyzer.devnet.aave_v3.deploy import first_strategy
from analyzer.devnet.aave_v3.listing import rate_data
from analyzer.devnet.aave_v3.market import Reserve
from analyzer.devnet.aave_v3.plans import (
    CATEGORIES,
    DELISTED,
    DROPPED,
    FROZEN,
    ISOLATED,
    STABLE_CATEGORY,
    RatePlan,
)
from analyzer.devnet.aave_v3.play import Play
from analyzer.devnet.chain import Call
from analyzer.devnet.packages import Artifact
from analyzer.devnet.roles import of_role

STEEPER = RatePlan(5_000, 50, 900, 25_000)
UNBACKED = 1_500_000
"""Whole USDC that the bridge of revision 1 mints before they arrive."""
FLASH_LOANS_USD = (3_000_000, 750_000)
GRACE_S = 3 * 3_600
"""How long nobody may be liquidated after a reserve runs again (later revisions)."""
RETURNS_TRUE = bytes.fromhex("600160005260206000f3")
"""Code that answers every call with one: mstore(0, 1), return(0, 32)."""
ANSWERS_ZEROS = bytes.fromhex("65" + "6101806000f3" + "600052" + "6006" + "601a" + "f3")
"""Creation code of a contract that answers every call with twelve zero words."""
SEQUENCER_DOWN = 1


def admin_actions(play: Play, step: int, steps: int) -> None:
    """Does what is due after that one of so many steps of the calm days."""
    for i, due in enumerate(AGENDA):
        if i * steps // len(AGENDA) == step:
            play.world.queue(*due(play))
            if play.world.queued():
                play.mine()


def drop_reserve(play: Play) -> Iterator[Call]:
    """A reserve that nobody used leaves a hole in the list."""
    reserve = play.aave.reserves.pop(DROPPED)
    play.standing_still.discard(DROPPED)
    yield play.aave.configure("dropReserve", reserve.asset)


def pay_treasury(play: Play) -> Iterator[Call]:
    """What accrued to the treasury becomes its aTokens; anybody may ask for that."""
    assets = [reserve.asset for reserve in play.aave.reserves.values()]
    passer = play.world.address("aave passer-by")
    yield play.aave.pool.send(passer, "mintToTreasury", assets)


def change_factors(play: Play) -> Iterator[Call]:
    """Another reserve factor, other caps, a higher ceiling for the isolated asset."""
    reserves = play.aave.reserves
    yield play.aave.configure("setReserveFactor", reserves["WETH"].asset, 2_000)
    yield play.aave.configure("setBorrowCap", reserves["WBTC"].asset, 1_500)
    yield play.aave.configure("setSupplyCap", reserves["wstETH"].asset, 2_000_000)
    yield play.aave.configure("setDebtCeiling", reserves[ISOLATED].asset, 30_000_000_00)


def change_rates(play: Play) -> Iterator[Call]:
    """Another rate curve for one reserve."""
    asset = play.aave.reserves["WBTC"].asset
    if play.aave.first:
        made = first_strategy(play.world, play.build, play.aave.provider, STEEPER)
        yield play.aave.configure("setReserveInterestRateStrategyAddress", asset, made.address)
    else:
        yield play.aave.configure("setReserveInterestRateData", asset, rate_data(STEEPER))


def change_collateral(play: Play) -> Iterator[Call]:
    """Lower limits for one reserve, for one category, and for one asset in a category."""
    reserves = play.aave.reserves
    yield play.aave.configure(
        "configureReserveAsCollateral", reserves["WBTC"].asset, 6_900, 7_400, 10_700
    )
    plan = CATEGORIES[0]
    numbers = (plan.id, plan.ltv - 50, plan.liquidation_threshold - 50, plan.liquidation_bonus)
    if play.aave.first:
        price = play.feeds["USD"].aggregator.address
        yield play.aave.configure("setEModeCategory", *numbers, price, plan.label)
    else:
        yield play.aave.configure("setEModeCategory", *numbers, plan.label)
        asset = reserves["DAI"].asset
        yield play.aave.configure("setAssetLtvzeroInEMode", asset, STABLE_CATEGORY, True)


def change_source(play: Play) -> Iterator[Call]:
    """The asset that was priced by the fallback oracle gets a source of its own."""
    aave = play.aave
    reserve = next(r for r in aave.reserves.values() if r.plan.through_fallback)
    feed = reserve.feed.aggregator.address
    yield aave.oracle.send(aave.admin, "setAssetSources", [reserve.asset], [feed])


def freeze(play: Play) -> Iterator[Call]:
    """Nothing may be supplied to or borrowed from one reserve any more."""
    play.standing_still.add(FROZEN)
    yield play.aave.configure("setReserveFreeze", play.aave.reserves[FROZEN].asset, True)


def give_away(play: Play) -> Iterator[Call]:
    """Somebody sends tokens straight to an aToken: a surplus that nobody owns."""
    reserve = play.aave.reserves["USDC"]
    donor = play.world.address("aave donor")
    amount = reserve.token.units(4_321.123456)
    yield reserve.token.mint(donor, amount)
    yield reserve.token.transfer(donor, reserve.a_token.address, amount)


def flash(play: Play) -> Iterator[Call]:
    """Flash loans; in revision 1 a part of their premium raises the liquidity index at once."""
    borrower = play.world.address("aave flash borrower")
    for symbol, usd in zip(("USDC", "WETH"), FLASH_LOANS_USD, strict=True):
        reserve = play.aave.reserves[symbol]
        play.world.queue(*play.give(borrower, reserve, reserve.units(usd / 100)))
    if play.world.queued():
        play.mine()
    # The borrower answers the pool's call; what it owes is taken by the allowance it gave before.
    play.world.anvil.rpc("anvil_setCode", borrower, "0x" + RETURNS_TRUE.hex())
    passer = play.world.address("aave passer-by")
    for symbol, usd in zip(("USDC", "WETH"), FLASH_LOANS_USD, strict=True):
        reserve = play.aave.reserves[symbol]
        arguments = (borrower, reserve.asset, reserve.units(usd), b"", 0)
        yield play.aave.pool.send(passer, "flashLoanSimple", *arguments)


def bridge_in(play: Play) -> Iterator[Call]:
    """Revision 1: the bridge mints aTokens before the tokens behind them have arrived."""
    if play.aave.first:
        bridge, reserve = play.world.address("aave bridge"), play.aave.reserves["USDC"]
        yield play.aave.acl.send(play.aave.admin, "addBridge", bridge)
        to = next(of_role(play.people, "bank")).address
        arguments = (reserve.asset, reserve.token.units(UNBACKED), to, 0)
        yield play.aave.pool.send(bridge, "mintUnbacked", *arguments)


def bridge_back(play: Play) -> Iterator[Call]:
    """Revision 1: a part of those tokens arrives, with a fee."""
    if play.aave.first:
        bridge, reserve = play.world.address("aave bridge"), play.aave.reserves["USDC"]
        amount, fee = reserve.token.units(UNBACKED / 2), reserve.token.units(1_000)
        yield from play.give(bridge, reserve, amount + fee)
        yield play.aave.pool.send(bridge, "backUnbacked", reserve.asset, amount, fee)


def pause(play: Play) -> Iterator[Call]:
    """One large reserve stands still, another runs again with a grace period."""
    paused, graced = play.aave.reserves["WETH"], play.aave.reserves["WBTC"]
    play.standing_still.add("WETH")
    name = "setReservePause(address,bool)"
    if play.aave.first:
        yield play.aave.configure("setReservePause", paused.asset, True)
        return
    yield play.aave.configure(name, paused.asset, True)
    yield play.aave.configure(name, graced.asset, True)
    again = "setReservePause(address,bool,uint40)"
    yield play.aave.configure(again, graced.asset, False, GRACE_S)


def stop_sequencer(play: Play) -> Iterator[Call]:
    """The sequencer is reported down: no borrowing, and liquidations only far below one."""
    owner = play.world.address("price reporter")
    yield play.aave.sequencer.send(owner, "set", SEQUENCER_DOWN)


def delist(play: Play) -> Iterator[Call]:
    """An asset loses its liquidation threshold while it still stands as collateral.

    The configurator forbids that as long as the data provider says that anybody supplies the
    asset; markets that came through upgrades have such accounts all the same. For these few
    transactions the data provider is one that answers zero to everything.
    """
    aave, asset = play.aave, play.aave.reserves[DELISTED].asset
    zeros = Artifact("Zeros", parse_abi("Zeros", []), ANSWERS_ZEROS, ())
    double = play.world.deploy(zeros, sender=aave.admin)
    # The pool itself still knows what accrued to the treasury; that has to be nothing, too.
    yield aave.pool.send(aave.admin, "mintToTreasury", [asset])
    yield aave.provider.send(aave.admin, "setPoolDataProvider", double.address)
    yield aave.configure("configureReserveAsCollateral", asset, 0, 0, 0)
    yield aave.provider.send(aave.admin, "setPoolDataProvider", aave.data_provider.address)
    play.standing_still.add(DELISTED)


def cover_deficits(play: Play, deficits: list[tuple[Reserve, int]]) -> Iterator[Call]:
    """The umbrella covers one deficit in full and a part of the others, with its own supply."""
    aave = play.aave
    for i, (reserve, deficit) in enumerate(deficits):
        covered = deficit if i == 0 else deficit * 2 // 5
        yield from play.give(aave.umbrella, reserve, 2 * deficit + 10)
        yield aave.supply(aave.umbrella, reserve, 2 * deficit + 10)
        amount = 2 * covered if i == 0 else covered
        yield aave.pool.send(aave.umbrella, "eliminateReserveDeficit", reserve.asset, amount)


AGENDA: tuple[Callable[[Play], Iterator[Call]], ...] = (
    drop_reserve,
    pay_treasury,
    change_factors,
    bridge_in,
    give_away,
    change_rates,
    flash,
    change_source,
    freeze,
    change_collateral,
    bridge_back,
    pay_treasury,
)
"""What happens once each in the calm days, spread evenly over them."""
