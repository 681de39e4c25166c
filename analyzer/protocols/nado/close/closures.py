"""A step of a liquidation as the house's closure: who pays whom, and who bears a loss.

The value of what changes hands goes both ways and is left out: what remains of a step is its
penalty, half of it the insurance's. A finalisation's loss is borne by the insurance, by every
holder of the same perp, and by every depositor of the same product, each with its own transfer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from analyzer.model.closure import Closure, Transfer
from analyzer.model.integers import WAD
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.arithmetic import mul
from analyzer.protocols.nado.close.parties import INSURANCE, LIQUIDATOR, ROUNDING
from analyzer.protocols.nado.records import Account
from analyzer.protocols.nado.state.state import QUOTE
from analyzer.protocols.nado.value.account import Valuation
from analyzer.protocols.nado.value.health import HealthType
from analyzer.protocols.nado.value.liquidation.call import DepositLoss, Mode, PerpLoss
from analyzer.protocols.nado.value.liquidation.steps import Step

SPREAD_SEPARATOR = "+"
"""Between the two assets of a spread."""


def closure_of(valuation: Valuation, step: Step) -> Closure:
    """The closure of a step that goes through. valuation: of before it."""
    call, outcome, working = step.call, step.outcome, step.working
    name, finalised = call.liquidated, outcome.mode is Mode.FINALISATION
    oracle = 0 if finalised else valuation.prices[leg_of(step)]
    value = mul(oracle, call.amount)
    penalty = 0 if finalised else value - outcome.payment
    moved = [t for t in _transfers(valuation, step, penalty) if t.amount_e18]
    before, after = equity(valuation, name), working.health(name, HealthType.PNL)
    return Closure(
        account_id=name,
        kind=outcome.mode.value,
        asset_id=asset_of(valuation, step),
        amount=call.amount,
        price_e18=WAD if finalised else outcome.price,
        value_e18=abs(value),
        penalty_e18=penalty,
        transfers=(*moved, *rounding(name, after - before, moved)),
        after={
            "equity": after,
            "initial_health": working.health(name, HealthType.INITIAL),
            "maintenance_health": working.health(name, HealthType.MAINTENANCE),
            "payment": outcome.payment,
            "perp_payment": outcome.perp_payment,
            "fee": outcome.fee,
            "top_up": outcome.top_up,
            "insurance": working.insurance,
            "last_fees": working.last_fees,
        },
    )


def leg_of(step: Step) -> int:
    """The product that a step's price is of: of a spread its spot."""
    return step.call.legs[0] if step.call.is_spread else step.call.product


def asset_of(valuation: Valuation, step: Step) -> str:
    """What a step closes; of a spread both assets, of a finalisation the quote product."""
    state = valuation.state
    if step.outcome.mode is Mode.FINALISATION:
        return state.asset_id(QUOTE)
    if step.call.is_spread:
        return SPREAD_SEPARATOR.join(map(state.asset_id, step.call.legs))
    return state.asset_id(step.call.product)


def sold_by(valuation: Valuation, step: Step) -> Mapping[str, int]:
    """What the liquidator then has to trade, by asset: what was taken over, signed."""
    state, amount = valuation.state, step.call.amount
    if step.outcome.mode is Mode.FINALISATION:
        return {}
    if step.call.is_spread:
        spot, perp = step.call.legs
        return {state.asset_id(spot): amount, state.asset_id(perp): -amount}
    return {state.asset_id(step.call.product): amount}


def equity(valuation: Valuation, name: str) -> int:
    """An account's equity; 0 of one that is not known."""
    numbers = valuation.numbers(name)
    return 0 if isinstance(numbers, Unreadable) else numbers.pnl.total


def rounding(
    name: str, change: int, moved: list[Transfer] | tuple[Transfer, ...]
) -> tuple[Transfer, ...]:
    """What an account's equity changed by beyond what was moved."""
    change += sum(t.amount_e18 for t in moved if t.from_party == name)
    change -= sum(t.amount_e18 for t in moved if t.to_party == name)
    what = "balances and values are whole wei"
    if change > 0:
        return (Transfer(ROUNDING, name, change, what),)
    return (Transfer(name, ROUNDING, -change, what),) if change else ()


def _transfers(valuation: Valuation, step: Step, penalty: int) -> Iterator[Transfer]:
    """Penalty and fee, then who bears what the account lacks."""
    name, outcome = step.call.liquidated, step.outcome
    yield Transfer(name, LIQUIDATOR, penalty, "penalty of the liquidation")
    yield Transfer(LIQUIDATOR, INSURANCE, outcome.fee, "half of the penalty")
    yield Transfer(
        INSURANCE, name, outcome.top_up, "what a debt cost beyond the quote", bad_debt=True
    )
    for product, amount in outcome.covered.items():
        what = f"loss in {valuation.state.symbol(product)}"
        yield Transfer(INSURANCE, name, amount, what, bad_debt=True)
    for loss in outcome.perp_losses:
        yield from _by_holders(valuation, step, loss)
    for debt in outcome.deposit_losses:
        yield from _by_depositors(valuation, step, debt)


def _others(valuation: Valuation, step: Step) -> Iterator[tuple[str, Account]]:
    """Every account but the finalised one, as it is when the loss is shared."""
    for name, account in valuation.state.accounts.items():
        if name != step.call.liquidated:
            yield name, step.working.accounts.get(name, account)
    for name, account in step.working.accounts.items():
        if name not in valuation.state.accounts:
            yield name, account


def _by_holders(valuation: Valuation, step: Step, loss: PerpLoss) -> Iterator[Transfer]:
    """What every holder of the perp pays, long or short, so much a contract."""
    asset = valuation.state.asset_id(loss.product)
    what = f"loss shared by the holders of {valuation.state.symbol(loss.product)}"
    for name, account in _others(valuation, step):
        held = account.perps.get(loss.product)
        if held is not None and held.amount:
            paid = mul(loss.per_contract, abs(held.amount))
            yield Transfer(name, step.call.liquidated, paid, what, bad_debt=True, asset_id=asset)


def _by_depositors(valuation: Valuation, step: Step, loss: DepositLoss) -> Iterator[Transfer]:
    """What every depositor of the product loses, in proportion."""
    asset, price = valuation.state.asset_id(loss.product), valuation.prices[loss.product]
    what = f"debt taken from the depositors of {valuation.state.symbol(loss.product)}"
    for name, account in _others(valuation, step):
        normalised = account.spot.get(loss.product, 0)
        if normalised > 0:
            lost = mul(normalised, loss.before) - mul(normalised, loss.after)
            yield Transfer(
                name,
                step.call.liquidated,
                mul(lost, price),
                what,
                bad_debt=True,
                asset_id=asset,
            )
