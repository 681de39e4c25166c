"""Winding an account up without a penalty: everything at its price, then what it owes is shared."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.closure import Closure, Executed
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError
from analyzer.protocols.nado.arithmetic import mul
from analyzer.protocols.nado.close.closures import closure_of, equity, rounding
from analyzer.protocols.nado.close.parties import LIQUIDATOR
from analyzer.protocols.nado.state.state import QUOTE
from analyzer.protocols.nado.value.account import Valuation
from analyzer.protocols.nado.value.health import HealthType
from analyzer.protocols.nado.value.liquidation.call import FINALISATION, Call, Mode, RefusedError
from analyzer.protocols.nado.value.liquidation.finalise import finalise
from analyzer.protocols.nado.value.liquidation.steps import Step
from analyzer.protocols.nado.value.liquidation.working import Working


@dataclass(frozen=True, slots=True)
class Unwinding:
    """One step: as a closure, and the balances after it."""

    executed: Executed
    working: Working


def next_unwinding(valuation: Valuation, name: str) -> Unwinding | None:
    """The next step; None where nothing is left to do, or the account is not known. Perps first,
    then spot products, then the loss. Raises: KeyError for no such account."""
    numbers = valuation.numbers(name)
    if isinstance(numbers, Unreadable):
        return None
    for product, (amount, v_quote) in numbers.held.perps.items():
        if amount or v_quote > 0:
            return _closed_perp(valuation, name, product, amount)
    for product, amount in numbers.held.spots.items():
        if product != QUOTE and amount:
            return _sold(valuation, name, product, amount)
    if numbers.pnl.total < 0:
        return _loss(valuation, name)
    for product, (_, v_quote) in numbers.held.perps.items():
        if v_quote:
            return _closed_perp(valuation, name, product, 0)
    return None


def _closed_perp(valuation: Valuation, name: str, product: int, amount: int) -> Unwinding:
    """A perp at its price; its quote is settled where it is above 0, or where nothing else is left
    of it: a loss that the account cannot bear is shared as one of that perp."""
    working = Working(valuation)
    value = mul(valuation.prices[product], amount)
    working.add_perp(name, product, -amount, value)
    working.add_perp(LIQUIDATOR, product, amount, -value)
    _, v_quote = working.perp_now(name, product)
    if v_quote > 0 or not amount:
        working.settle(name, LIQUIDATOR, product, v_quote)
    return _step(valuation, working, name, Mode.PERP, product, amount)


def _sold(valuation: Valuation, name: str, product: int, amount: int) -> Unwinding:
    """A spot amount at its price; a debt is bought back."""
    working = Working(valuation)
    value = mul(valuation.prices[product], amount)
    working.add_spot(name, product, -amount)
    working.add_spot(name, QUOTE, value)
    working.add_spot(LIQUIDATOR, product, amount)
    working.add_spot(LIQUIDATOR, QUOTE, -value)
    if abs(working.spot_amount(name, product)) <= 1:
        # What truncation leaves of an update is nobody's to sell.
        working.set_spot(name, product, 0)
    return _step(valuation, working, name, Mode.SPOT, product, amount)


def _step(
    valuation: Valuation, working: Working, name: str, mode: Mode, product: int, amount: int
) -> Unwinding:
    """A sale as a closure: only roundings go from one to the other."""
    asset, price = valuation.state.asset_id(product), valuation.prices[product]
    change = working.health(name, HealthType.PNL) - equity(valuation, name)
    closure = Closure(
        account_id=name,
        kind=mode.value,
        asset_id=asset,
        amount=amount,
        price_e18=price,
        value_e18=abs(mul(price, amount)),
        penalty_e18=0,
        transfers=rounding(name, change, ()),
    )
    return Unwinding(Executed(closure, {asset: amount} if amount else {}), working)


def _loss(valuation: Valuation, name: str) -> Unwinding | None:
    """What the account owes, passed on; None where the contract could not."""
    working, call = Working(valuation), Call(LIQUIDATOR, name, FINALISATION, False, 0)
    try:
        outcome = finalise(working, call)
    except (RefusedError, UnreadableNumberError):
        return None
    step = Step(call, outcome, working)
    return Unwinding(Executed(closure_of(valuation, step), {}), working)
