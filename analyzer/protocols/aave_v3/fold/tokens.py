"""Events of aTokens and debt tokens: how balances moved.

ERC-20 `Transfer`s are partly made up and carry no scaled amount: they are not indexed. A Burn may
come as a `Mint` (interest above the amount burned), and a transfer brings up to two interest
`Mint`s that change no scaled balance.
"""

from __future__ import annotations

from collections.abc import Callable

from analyzer.model.logs import Event
from analyzer.protocols.aave_v3.accounts import Account, StableLoan
from analyzer.protocols.aave_v3.balances import (
    InexplicableChangeError,
    Side,
    scaled_change,
)
from analyzer.protocols.aave_v3.fold.context import FoldContext
from analyzer.protocols.aave_v3.fold.ledger import ReserveLedger
from analyzer.protocols.arguments import integer, text


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
    """aTokens went from one account to another; `value` is the scaled amount."""
    reserve = context.reserve_of_token(event)
    sender = context.account(text(event, "from"), event)
    receiver = context.account(text(event, "to"), event)
    if reserve is None:
        return
    scaled, asset = integer(event, "value"), reserve.asset
    sender.supplied[asset] = sender.supplied.get(asset, 0) - scaled
    receiver.supplied[asset] = receiver.supplied.get(asset, 0) + scaled
    if sender.supplied[asset] < 0:
        context.note("negative balance", event, f"{sender.address} in {asset}")


def _move(context: FoldContext, event: Event, who: str, side: Side, change: int) -> None:
    """Applies what a Mint or Burn did to the scaled balance of `who`."""
    reserve = context.reserve_of_token(event)
    account = context.account(text(event, who), event)
    if reserve is None:
        return
    index = integer(event, "index")
    if side is Side.DEBT:
        if event.time != reserve.indexes.updated_at:
            share = context.touch(reserve, event.time)
            reserve.touched_by = (event.tx_hash, account.address, share)
        if index != reserve.indexes.debt_ray:
            words = f"{reserve.asset}: {index} in the event, {reserve.indexes.debt_ray} by rule"
            context.note("debt index", event, words)
    held = account.supplied if side is Side.SUPPLY else account.borrowed
    scaled = held.get(reserve.asset, 0)
    moved = _scaled(context, event, side, scaled=scaled, change=change, index_ray=index)
    held[reserve.asset] = scaled + moved
    if scaled + moved < 0:
        context.note("negative balance", event, f"{account.address} in {reserve.asset}")
    if side is Side.SUPPLY:
        reserve.scaled_supply += moved
    else:
        reserve.scaled_debt += moved


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
