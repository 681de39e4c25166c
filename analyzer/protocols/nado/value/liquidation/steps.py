"""What may be liquidated of an account now, each step at the largest amount that goes through.

The amount is bounded by the position (or by what buys a debt back), and by the account's initial
health: a liquidation goes from below maintenance at most up to initial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.nado.account_ids import N
from analyzer.protocols.nado.arithmetic import part
from analyzer.protocols.nado.state.state import QUOTE
from analyzer.protocols.nado.value.account import Valuation
from analyzer.protocols.nado.value.health import HealthType
from analyzer.protocols.nado.value.liquidation.call import (
    FINALISATION,
    Call,
    Mode,
    Outcome,
    RefusedError,
    check_after,
    check_call,
    close_part,
    mode_of,
    settle_gains,
    size_limit,
    spread_id,
)
from analyzer.protocols.nado.value.liquidation.finalise import finalise
from analyzer.protocols.nado.value.liquidation.working import Working


@dataclass(frozen=True, slots=True)
class Step:
    """A call that goes through: what it does, and the balances after it."""

    call: Call
    outcome: Outcome
    working: Working


def attempted(valuation: Valuation, call: Call) -> Step:
    """The call, executed. Raises: RefusedError, UnreadableNumberError."""
    working = Working(valuation)
    check_call(working, call)
    execute = finalise if call.product == FINALISATION else close_part
    outcome = execute(working, call)
    check_after(working, call)
    return Step(call, outcome, working)


def refusal(valuation: Valuation, call: Call) -> str | None:
    """The contract's word where it refuses the call; None where it goes through. Raises:
    UnreadableNumberError where something was not read."""
    try:
        attempted(valuation, call)
    except RefusedError as refused:
        return refused.reason
    except UnreadableNumberError as error:
        if not error.unreadable.reverted:
            raise
        return error.unreadable.reason
    return None


def next_steps(valuation: Valuation, account_id: str, sender: str = N) -> list[Step]:
    """Every step that goes through now, each as if it came first: assets, perps and spreads, then
    debts, then the finalisation. sender: who calls; the NLP's main account needs no health of its
    own. Raises: UnreadableNumberError for an account that is not known."""
    calls = candidates(valuation, account_id, sender)
    return [step for call in calls if (step := largest(valuation, call)) is not None]


def any_step(valuation: Valuation, account_id: str, sender: str) -> bool:
    """Whether some step goes through now, be it of one unit. Raises: UnreadableNumberError for an
    account that is not known."""
    state = valuation.state
    for call in candidates(valuation, account_id, sender):
        perp = call.legs[1] if call.is_spread else call.product
        unit = 1 if perp not in state.perps else state.perps[perp].size_increment
        try:
            attempted(valuation, replace(call, amount=call.amount * unit))
        except (RefusedError, UnreadableNumberError):
            continue
        return True
    return False


def candidates(valuation: Valuation, account_id: str, sender: str) -> Iterator[Call]:
    """Calls with the sign of what they close, in the order in which they can go through; the
    amount of each says no more than its sign."""
    numbers = valuation.compute(valuation.state.accounts[account_id])
    spots, perps = numbers.held.spots, numbers.held.perps
    spreads = [
        (spread_id(spot, perp), spots.get(spot, 0))
        for spot, perp in valuation.state.spreads
        if spots.get(spot, 0) * perps.get(perp, (0, 0))[0] < 0
    ]
    single = [(product, amount) for product, amount in spots.items() if product != QUOTE]
    sizes = [(product, amount) for product, (amount, _) in perps.items()]

    def call(product: int, amount: int, is_spread: bool = False) -> Call:
        return Call(sender, account_id, product, is_spread, 1 if amount > 0 else -1)

    yield from (call(product, amount) for product, amount in single if amount > 0)
    yield from (call(product, amount) for product, amount in sizes if amount)
    yield from (call(product, amount, True) for product, amount in spreads if amount > 0)
    yield from (call(product, amount, True) for product, amount in spreads if amount < 0)
    yield from (call(product, amount) for product, amount in single if amount < 0)
    yield Call(sender, account_id, FINALISATION, False, 0)


def largest(valuation: Valuation, call: Call) -> Step | None:
    """The call at the largest amount that goes through; None where none does, or where something
    that it needs was not read."""
    try:
        if call.product == FINALISATION:
            return attempted(valuation, call)
        most, unit = _most(valuation, call)
        if most <= 0:
            return None
        amount = _largest_amount(valuation, call, most, unit)
        return attempted(valuation, replace(call, amount=amount)) if amount else None
    except (RefusedError, UnreadableNumberError):
        return None


def _most(valuation: Valuation, call: Call) -> tuple[int, int]:
    """(how many units the size lets be closed, the unit). Raises: RefusedError,
    UnreadableNumberError."""
    working = Working(valuation)
    mode = mode_of(working, call)
    if call.amount < 0 and mode is not Mode.PERP:
        settle_gains(working, call.sender, call.liquidated, Outcome(mode))
    limit, increment = size_limit(working, call)
    if (limit > 0) != (call.amount > 0):
        return 0, 1
    unit = 1 if mode is Mode.SPOT else increment
    if not unit:
        raise RefusedError("Panic(0x12)")
    return abs(part(limit, unit)), unit


def _largest_amount(valuation: Valuation, call: Call, most: int, unit: int) -> int:
    """The signed amount, found by the initial health that is left; 0 where not even a unit goes.

    Raises: RefusedError, UnreadableNumberError as the whole amount does, for another reason than
    its size.
    """

    def left(units: int) -> int:
        working = Working(valuation)
        amount = units * unit if call.amount > 0 else -units * unit
        asked = replace(call, amount=amount)
        check_call(working, asked)
        close_part(working, asked)
        return working.health(call.liquidated, HealthType.INITIAL)

    units = most if left(most) <= 0 else _crossing(left, most)
    return units * unit if call.amount > 0 else -units * unit


def _crossing(left: Callable[[int], int], most: int) -> int:
    """The largest number of units below `most` that leaves a health of 0 or less; 0 for none.

    Health is piecewise linear in the amount but for roundings: where a straight line crosses 0 is
    looked at first, then its neighbourhood in steps that double, then by halves.
    """
    low, high = 0, most
    if left(1) > 0:
        return 0
    low = 1
    while high - low > 1:
        under, over = left(low), left(high)
        guess = low + (high - low) * -under // (over - under) if over > under else 0
        guess = min(max(guess, low + 1), high - 1)
        low, high = _around(left, guess, low, high)
    return low


def _around(left: Callable[[int], int], guess: int, low: int, high: int) -> tuple[int, int]:
    """A narrower bracket of the crossing: from `guess` outwards, then halved once."""
    step = 1
    if left(guess) <= 0:
        low = guess
        while low + step < high and left(low + step) <= 0:
            low, step = low + step, 2 * step
        high = min(high, low + step)
    else:
        high = guess
        while high - step > low and left(high - step) > 0:
            high, step = high - step, 2 * step
        low = max(low, high - step)
    middle = (low + high) // 2
    if low < middle < high:
        return (middle, high) if left(middle) <= 0 else (low, middle)
    return low, high
