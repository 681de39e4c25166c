"""Events of aTokens and debt tokens: how balances moved.

ERC-20 `Transfer`s are partly made up and carry no scaled amount: they are not indexed. A Burn may
come as a `Mint` (interest above the amount burned), and a transfer brings up to two interest
`Mint`s that change no scaled balance.
"""

from __future__ import annotations

from collections.abc import Callable

from analyzer.model.logs import Event
from analyzer.protocols.aave_v3.logs.fold.context import FoldContext
from analyzer.protocols.aave_v3.logs.fold.discounts import (
    discounted_change,
    is_rebalance,
    settled_discount,
)
from analyzer.protocols.aave_v3.logs.fold.ledger import ReserveLedger, Transfer, TransferUnit
from analyzer.protocols.aave_v3.ray_math import ray_div, ray_mul
from analyzer.protocols.aave_v3.records.accounts import Account, StableLoan
from analyzer.protocols.aave_v3.records.balances import (
    InexplicableChangeError,
    Side,
    scaled_change,
)
from analyzer.protocols.kit.arguments import integer, text


def on_mint(side: Side) -> Callable[[FoldContext, Event], None]:
    """The handler of a side's Mint: a balance rose, or fell by less than its interest."""

    def handle(context: FoldContext, event: Event) -> None:
        change = integer(event, "value") - integer(event, "balanceIncrease")
        _move(context, event, "onBehalfOf", side, change)

    return handle


def on_burn(side: Side) -> Callable[[FoldContext, Event], None]:
    """The handler of a side's Burn: a balance fell."""

    def handle(context: FoldContext, event: Event) -> None:
        _move(
            context,
            event,
            "from",
            side,
            -integer(event, "value") - integer(event, "balanceIncrease"),
        )

    return handle


def on_balance_transfer(context: FoldContext, event: Event) -> None:
    """aTokens went from one account to another, in the unit of the token's code.

    Where that is not known, a transfer shows it: from 3.0.1 on one settles the interest of both
    sides first, with a Mint that 3.0.0 has not. Until one does, transfers wait.
    """
    reserve = context.reserve_of_token(event)
    sender = context.account(text(event, "from"), event)
    receiver = context.account(text(event, "to"), event)
    if reserve is None:
        return
    moved = Transfer(
        sender.address, receiver.address, integer(event, "value"), integer(event, "index")
    )
    if reserve.transfers is TransferUnit.UNKNOWN:
        if any(_interest_due(reserve, a, moved.index_ray) for a in (sender, receiver)):
            _unit_shown(context, event, reserve, TransferUnit.UNDERLYING)
        else:
            reserve.unsettled.append(moved)
            return
    _transfer(context, event, reserve, moved)


def _interest_due(reserve: ReserveLedger, account: Account, index_ray: int) -> bool:
    """Whether the account has interest that a transfer of 3.0.1 would have settled."""
    scaled, last = account.supplied.get(reserve.asset, 0), reserve.last_index.get(account.address)
    waits = any(account.address in (t.sender, t.receiver) for t in reserve.unsettled)
    if last is None or waits:
        return False
    return ray_mul(scaled, index_ray) > ray_mul(scaled, last)


def _unit_shown(
    context: FoldContext, event: Event, reserve: ReserveLedger, unit: TransferUnit
) -> None:
    """The unit of an aToken is known now; what waited for it is moved."""
    reserve.transfers = unit
    reserve.last_index.clear()
    waiting, reserve.unsettled = reserve.unsettled, []
    for transfer in waiting:
        _transfer(context, event, reserve, transfer)


def _transfer(context: FoldContext, event: Event, reserve: ReserveLedger, moved: Transfer) -> None:
    """Moves the scaled amount of a transfer."""
    scaled, asset = moved.value, reserve.asset
    if reserve.transfers is TransferUnit.UNDERLYING:
        scaled = ray_div(moved.value, moved.index_ray)
    sender = context.ledger.accounts[moved.sender]
    receiver = context.ledger.accounts[moved.receiver]
    before = sender.supplied.get(asset, 0)
    sender.supplied[asset] = before - scaled
    receiver.supplied[asset] = receiver.supplied.get(asset, 0) + scaled
    _flag_on_nothing(context, reserve, sender, receiver, before=before, index_ray=moved.index_ray)
    if sender.supplied[asset] < 0:
        context.note("negative balance", event, f"{sender.address} in {asset}")


def _move(context: FoldContext, event: Event, who: str, side: Side, change: int) -> None:
    """Applies what a Mint or Burn did to the scaled balance of `who`."""
    reserve = context.reserve_of_token(event)
    account = context.account(text(event, who), event)
    if reserve is None:
        return
    index = integer(event, "index")
    if side is Side.DEBT and not is_rebalance(event):
        if event.time != reserve.indexes.updated_at:
            share = context.touch(reserve, event.time)
            reserve.touched_by = (event.tx_hash, account.address, share)
        if index != reserve.indexes.debt_ray:
            words = f"{reserve.asset}: {index} in the event, {reserve.indexes.debt_ray} by rule"
            context.note("debt index", event, words)
    elif side is Side.SUPPLY and reserve.transfers is not TransferUnit.SCALED:
        _show_unit(context, event, reserve, account, change)
    held = account.supplied if side is Side.SUPPLY else account.borrowed
    scaled = held.get(reserve.asset, 0)
    taken = 0
    if side is Side.DEBT and not context.rules.directed:
        taken = settled_discount(context, event, account, reserve.asset)
    if taken:
        reserve.discounted = True
        moved = discounted_change(scaled, taken=taken, change=change, index_ray=index)
    else:
        moved = _scaled(context, event, side, scaled=scaled, change=change, index_ray=index)
    held[reserve.asset] = scaled + moved
    if scaled + moved < 0:
        context.note("negative balance", event, f"{account.address} in {reserve.asset}")
    if side is Side.SUPPLY:
        reserve.scaled_supply += moved
        if scaled + moved == 0 and -change != ray_mul(scaled, index):
            _leave_bare(context, reserve, account)
    else:
        reserve.scaled_debt += moved


def _leave_bare(context: FoldContext, reserve: ReserveLedger, account: Account) -> None:
    """Half up, a part of a balance may be all of its scaled balance, and an amount may be none of
    it: the Pool compares amounts, so it leaves or sets the collateral flag on nothing."""
    if not context.rules.directed:
        account.bare_bits |= 1 << reserve.id


def _flag_on_nothing(
    context: FoldContext,
    reserve: ReserveLedger,
    sender: Account,
    receiver: Account,
    *,
    before: int,
    index_ray: int,
) -> None:
    """Whose flag may stand on nothing after a transfer, of which no log says the amount: a sender's
    whose last wei is no scaled unit, a receiver's who got an amount that is none."""
    held, asset = ray_mul(before, index_ray), reserve.asset
    if before and not sender.supplied[asset] and ray_div(held - 1, index_ray) == before:
        _leave_bare(context, reserve, sender)
    if not receiver.supplied[asset] and not ray_div(1, index_ray):
        _leave_bare(context, reserve, receiver)


def _show_unit(
    context: FoldContext, event: Event, reserve: ReserveLedger, account: Account, change: int
) -> None:
    """A Mint of nothing but interest is a settlement before a transfer: 3.0.0's code has none."""
    if event.name == "Mint" and change == 0 and integer(event, "value"):
        if reserve.transfers is TransferUnit.UNDERLYING:
            context.note("unknown code", event, f"{event.address} settles interest as 3.0.1 does")
        _unit_shown(context, event, reserve, TransferUnit.SCALED)
    elif reserve.transfers is TransferUnit.UNKNOWN:
        reserve.last_index[account.address] = integer(event, "index")


def _scaled(
    context: FoldContext, event: Event, side: Side, *, scaled: int, change: int, index_ray: int
) -> int:
    """The change of the scaled balance; where no rule makes the event, the nearest, with a note."""
    try:
        return scaled_change(context.rules, side, scaled=scaled, change=change, index_ray=index_ray)
    except InexplicableChangeError as error:
        context.note("inexplicable change", event, f"{event.address}: {error}")
        return error.nearest


def on_stable_mint(context: FoldContext, event: Event) -> None:
    """A stable debt rose, or fell by less than its interest; `newRate` is the account's."""
    reserve = context.reserve_of_token(event)
    account = context.account(text(event, "onBehalfOf"), event)
    if reserve is None:
        return
    context.touch(reserve, event.time)
    loan = _loan(account, reserve)
    loan.principal += integer(event, "amount")
    loan.rate_ray, loan.updated_at = integer(event, "newRate"), event.time
    _stable_supply(reserve, event)


def on_stable_burn(context: FoldContext, event: Event) -> None:
    """A stable debt fell; one that is gone forgets its rate and time."""
    reserve = context.reserve_of_token(event)
    account = context.account(text(event, "from"), event)
    if reserve is None:
        return
    context.touch(reserve, event.time)
    loan = _loan(account, reserve)
    loan.principal -= integer(event, "amount")
    loan.updated_at = event.time
    if loan.principal == 0:
        loan.rate_ray, loan.updated_at = 0, 0
    _stable_supply(reserve, event)


def _loan(account: Account, reserve: ReserveLedger) -> StableLoan:
    """The account's stable debt in the reserve, created when there was none."""
    return account.stable.setdefault(reserve.asset, StableLoan())


def _stable_supply(reserve: ReserveLedger, event: Event) -> None:
    """The token's own total after the event. Where the average rate comes out as 0, the token
    sets its total to 0 whatever the event says (the last borrower repaid more than was left)."""
    reserve.stable.average_rate_ray = integer(event, "avgStableRate")
    total = integer(event, "newTotalSupply")
    reserve.stable.principal = total if reserve.stable.average_rate_ray else 0
    reserve.stable.updated_at = event.time
