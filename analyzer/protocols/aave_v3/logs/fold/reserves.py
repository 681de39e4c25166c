"""Events of the Pool: indexes, flags, modes, liquidity, deficits, the treasury's share."""

from __future__ import annotations

from analyzer.model.logs import Event
from analyzer.protocols.aave_v3.logs.fold.context import FoldContext
from analyzer.protocols.aave_v3.logs.fold.ledger import ReserveLedger, TransferUnit
from analyzer.protocols.aave_v3.ray_math import percent_mul, ray_div, ray_div_floor
from analyzer.protocols.aave_v3.records.indexes import ReserveIndexes
from analyzer.protocols.aave_v3.revisions import FIRST_RELEASE, BadDebt, VirtualBalance
from analyzer.protocols.kit.arguments import integer, text


def on_reserve_data_updated(context: FoldContext, event: Event) -> None:
    """A reserve's rates changed; the indexes in the event are those that its update stored."""
    reserve = context.reserve(text(event, "reserve"), event)
    if reserve is None:
        return
    context.touch(reserve, event.time)
    supply, debt = integer(event, "liquidityIndex"), integer(event, "variableBorrowIndex")
    _check_indexes(context, event, reserve, supply, debt)
    reserve.indexes = ReserveIndexes(
        supply,
        debt,
        integer(event, "liquidityRate"),
        integer(event, "variableBorrowRate"),
        event.time,
    )


def _check_indexes(
    context: FoldContext, event: Event, reserve: ReserveLedger, supply: int, debt: int
) -> None:
    """Notes indexes that growth does not explain. Premiums may raise the supply index."""
    grown_supply = supply - reserve.indexes.supply_ray
    raised = context.rules.flash_premium_to_suppliers and grown_supply > 0
    if debt != reserve.indexes.debt_ray or (grown_supply and not raised):
        words = (
            f"{reserve.asset}: supply {supply} and debt {debt} in the event, "
            f"{reserve.indexes.supply_ray} and {reserve.indexes.debt_ray} by rule"
        )
        context.note("reserve indexes", event, words)


def on_collateral_enabled(context: FoldContext, event: Event) -> None:
    """An account uses a reserve as collateral."""
    account = context.account(text(event, "user"), event)
    reserve = context.reserve(text(event, "reserve"), event)
    if reserve is not None:
        account.collateral_bits |= 1 << reserve.id
        account.bare_bits &= ~(1 << reserve.id)


def on_collateral_disabled(context: FoldContext, event: Event) -> None:
    """An account no longer uses a reserve as collateral."""
    account = context.account(text(event, "user"), event)
    reserve = context.reserve(text(event, "reserve"), event)
    if reserve is not None:
        account.collateral_bits &= ~(1 << reserve.id)


def on_user_emode_set(context: FoldContext, event: Event) -> None:
    """An account entered, changed or left (0) an efficiency-mode category."""
    category = integer(event, "categoryId")
    context.account(text(event, "user"), event).emode = category
    if category:
        context.ledger.categories.add(category)


def _flow(context: FoldContext, event: Event, asset: str, amount: int) -> None:
    """Underlying came into (positive) or left a reserve."""
    reserve = context.reserve(text(event, asset), event)
    if reserve is not None:
        reserve.liquidity += amount


def on_supply(context: FoldContext, event: Event) -> None:
    """Underlying came in."""
    _flow(context, event, "reserve", integer(event, "amount"))


def on_withdraw(context: FoldContext, event: Event) -> None:
    """Underlying went out."""
    _flow(context, event, "reserve", -integer(event, "amount"))


def on_borrow(context: FoldContext, event: Event) -> None:
    """Underlying went out (also where a flash loan that took it out became this debt)."""
    _flow(context, event, "reserve", -integer(event, "amount"))


def on_repay(context: FoldContext, event: Event) -> None:
    """Underlying came in, but where the debt was repaid with aTokens; those may have been all
    that the payer had."""
    if not event.args["useATokens"]:
        _flow(context, event, "reserve", integer(event, "amount"))
        return
    reserve = context.reserve(text(event, "reserve"), event)
    payer = context.ledger.accounts.get(text(event, "repayer"))
    if reserve is not None and payer is not None and not context.rules.repayment_clears_flag:
        payer.bare_bits |= 1 << reserve.id


def on_flash_loan(context: FoldContext, event: Event) -> None:
    """A flash loan was paid back with its premium; one that became a debt has none.

    The treasury's part: a share of the premium, or all of it since premiums no longer raise the
    supply index.
    """
    premium = integer(event, "premium")
    reserve = context.reserve(text(event, "asset"), event)
    if reserve is None or premium == 0:
        return
    reserve.liquidity += premium
    index = reserve.indexes.supply_ray
    if context.rules.flash_premium_to_suppliers:
        premium = percent_mul(premium, context.ledger.flash_premium_to_protocol_bps)
    divide = ray_div_floor if context.rules.directed else ray_div
    reserve.accrued_to_treasury += divide(premium, index)


def on_liquidation(context: FoldContext, event: Event) -> None:
    """A debt was repaid and collateral taken. What the collateral reserve's update leaves no
    event of is done here: all of it where aTokens were taken; and where both are one reserve,
    the second share of the treasury."""
    debt = context.reserve(text(event, "debtAsset"), event)
    collateral = context.reserve(text(event, "collateralAsset"), event)
    user = context.account(text(event, "user"), event)
    context.ledger.liquidations += 1
    if debt is None or collateral is None:
        return
    if context.rules.bad_debt is not BadDebt.BURNED_BY_SCALED:
        # The flag goes by amounts, of which two that are less than the whole (in 3.0.0 the fee is
        # not even counted) may together be all of the scaled balance.
        user.bare_bits |= 1 << collateral.id
        liquidator = context.ledger.accounts.get(text(event, "liquidator"))
        if liquidator is not None and not liquidator.supplied.get(collateral.asset):
            liquidator.bare_bits |= 1 << collateral.id
    debt.liquidity += integer(event, "debtToCover")
    collateral.liquidations += 1
    if not event.args["receiveAToken"]:
        collateral.liquidity -= integer(event, "liquidatedCollateralAmount")
    elif context.rules.liquidation_touches_collateral:
        context.touch(collateral, event.time)
    transaction, account, share = debt.touched_by
    accrued_here = (transaction, account) == (event.tx_hash, user.address)
    if context.rules.same_asset_accrues_twice and collateral is debt and accrued_here:
        debt.accrued_to_treasury += share


def on_deficit_created(context: FoldContext, event: Event) -> None:
    """Bad debt was burned into a reserve's deficit."""
    reserve = context.reserve(text(event, "debtAsset"), event)
    if reserve is not None:
        reserve.deficit += integer(event, "amountCreated")


def on_deficit_covered(context: FoldContext, event: Event) -> None:
    """Somebody gave up aTokens to cover part of a deficit."""
    reserve = context.reserve(text(event, "reserve"), event)
    if reserve is not None:
        reserve.deficit -= integer(event, "amountCovered")


def on_minted_to_treasury(context: FoldContext, event: Event) -> None:
    """The treasury's accrued share became aTokens."""
    reserve = context.reserve(text(event, "reserve"), event)
    if reserve is not None:
        reserve.accrued_to_treasury = 0


def on_isolation_debt(context: FoldContext, event: Event) -> None:
    """The debt against an isolated collateral, in the debt ceiling's two decimals."""
    reserve = context.reserve(text(event, "asset"), event)
    if reserve is not None:
        reserve.isolation_debt = integer(event, "totalDebt")


def on_back_unbacked(context: FoldContext, event: Event) -> None:
    """A bridge paid in what it had minted unbacked, and a fee."""
    _flow(context, event, "reserve", integer(event, "amount") + integer(event, "fee"))


def on_reserve_factor(context: FoldContext, event: Event) -> None:
    """The treasury's share of interest changed."""
    reserve = context.reserve(text(event, "asset"), event)
    if reserve is None:
        return
    if context.configurator_accrues:
        context.touch(reserve, event.time)
    reserve.reserve_factor_bps = integer(event, "newReserveFactor")


def first_unit(context: FoldContext) -> TransferUnit:
    """The unit of the aToken's first code, of which no log says which it is: its release is the
    Pool's, or (a Pool upgraded without its tokens) one that the market had before."""
    rules, began = context.rules, context.ledger.first_release
    if rules.virtual_balance is not VirtualBalance.NONE:
        return TransferUnit.SCALED
    if began is None and context.ledger.began_with_1:
        return TransferUnit.UNKNOWN
    if began != FIRST_RELEASE:
        return TransferUnit.SCALED
    return TransferUnit.UNDERLYING if not rules.transfers_scaled else TransferUnit.UNKNOWN


def on_reserve_initialized(context: FoldContext, event: Event) -> None:
    """A reserve was listed: it takes the first free id."""
    ledger, asset = context.ledger, text(event, "asset")
    if "" in ledger.ids:
        number = ledger.ids.index("")
        ledger.ids[number] = asset
    else:
        number = len(ledger.ids)
        ledger.ids.append(asset)
    reserve = ReserveLedger(
        asset,
        number,
        text(event, "aToken"),
        text(event, "stableDebtToken"),
        text(event, "variableDebtToken"),
        transfers=first_unit(context),
    )
    ledger.reserves[asset] = reserve
    for token in (reserve.a_token, reserve.stable_token, reserve.variable_token):
        ledger.token_assets[token] = asset


def on_reserve_dropped(context: FoldContext, event: Event) -> None:
    """A reserve without any balance was removed; its id is free for the next."""
    asset = text(event, "asset")
    reserve = context.reserve(asset, event)
    if reserve is not None:
        context.ledger.ids[reserve.id] = ""
        del context.ledger.reserves[asset]


def on_category_added(context: FoldContext, event: Event) -> None:
    """An eMode category was defined or changed; its numbers are read at the block."""
    context.ledger.categories.add(integer(event, "categoryId"))


def on_flash_premium_share(context: FoldContext, event: Event) -> None:
    """The treasury's share of flash-loan premiums changed."""
    context.ledger.flash_premium_to_protocol_bps = integer(event, "newFlashloanPremiumToProtocol")
