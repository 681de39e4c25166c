"""Every closure that an account's state lets a liquidator try, with the most that he may take.

    possible -> choose one and an amount -> settled

Order: positions first, in the order in which the protocol added the markets, then tokens in the
order in which it accepted them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from analyzer.protocols.perp_v2.close.liquidate import settle_position
from analyzer.protocols.perp_v2.close.liquidate_collateral import settle_collateral
from analyzer.protocols.perp_v2.close.settled import Settled
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import (
    Reverts,
    has_open_order,
    is_collateral_liquidatable,
    is_liquidatable,
    max_position_size,
    max_repayment,
)
from analyzer.protocols.perp_v2.value.settlement import without_open_orders
from analyzer.protocols.perp_v2.value.takeover import BEYOND_THE_FUND
from analyzer.protocols.perp_v2.value.valuation import Valuation

NO_CAPACITY = -(2**255)
"""What a liquidation needs of the fund that leaves the account at or above zero: any will do."""


@dataclass(frozen=True, slots=True)
class Possible:
    """A closure that a liquidator may try; what its consequences are, and whether they stop it,
    `settled` says.

    numbers: of the account once its orders in open markets are cancelled, where they stand in the
    way. maximum: base, signed, 18 decimals, or the token's raw amount; 0 where the contract's
    computation of it reverts.
    """

    kind: Literal["position", "collateral"]
    asset_id: str
    numbers: AccountMath
    maximum: int


def possible_closures(numbers: AccountMath) -> Iterator[Possible]:
    """Every closure that may be tried of the account, each as if it came first.

    Orders in open markets stop the liquidation of positions, and anyone may cancel them then: the
    liquidator does so first. A purchase of tokens that repays nothing (less than one unit) is
    nobody's. Raises: UnreadableNumberError when a number cannot be had, at the closure that needs
    it.
    """
    valuation, state = numbers.valuation, numbers.valuation.state
    if is_liquidatable(numbers) and not state.clearing_house_paused:
        freed = numbers
        if has_open_order(numbers):
            freed = AccountMath(valuation, without_open_orders(valuation, numbers.account))
        for base in in_order(freed.markets, state.markets):
            size = max_position_size(freed, base)
            yield Possible("position", base, freed, 0 if isinstance(size, Reverts) else size)
    if is_collateral_liquidatable(numbers) and not state.vault_paused:
        for token in in_order(numbers.tokens, state.collateral):
            repaid, amount = max_repayment(numbers, token)
            if repaid and amount:
                yield Possible("collateral", token, numbers, amount)


def settled(possible: Possible, amount: int | None = None) -> Settled:
    """The closure of `amount` (as `Possible.maximum`; None = all of that) and what it leaves.

    Raises: UnreadableNumberError when a number cannot be had.
    """
    wanted = possible.maximum if amount is None else amount
    settle = settle_position if possible.kind == "position" else settle_collateral
    return settle(possible.numbers, possible.asset_id, wanted)


def next_liquidation(valuation: Valuation, account: Account) -> Settled | None:
    """The first liquidation of the account that would not revert now, of as much as the contract
    allows; None when there is none. Raises: UnreadableNumberError when a number cannot be had."""
    for possible in possible_closures(AccountMath(valuation, account)):
        found = settled(possible)
        if found.closure.reverts is None:
            return found
    return None


def capacity_needed_e18(numbers: AccountMath) -> int | None:
    """The least that the fund must be able to bear for something of the account to be liquidated,
    18 decimals; NO_CAPACITY where nothing needs the fund; None where nothing goes whatever it has.

    It depends on prices and on the account, not on the fund: a liquidation goes exactly when the
    fund's settlement value and its wallet come to no less.
    Raises: UnreadableNumberError when a number cannot be had.
    """
    least: int | None = None
    for possible in possible_closures(numbers):
        closure = settled(possible).closure
        if closure.reverts not in (None, BEYOND_THE_FUND):
            continue
        left = closure.after.get("account_value_after_penalty", 0)
        if left >= 0:
            return NO_CAPACITY
        # Its part of the penalty reaches the fund before the contract asks what it can bear.
        needed = -left - closure.after["penalty_to_insurance_fund"]
        least = needed if least is None else min(least, needed)
    return least


def in_order(held: Container[str], known: Iterable[str]) -> list[str]:
    """Those of `known` that are held; what the protocol does not know cannot be traded."""
    return [asset_id for asset_id in known if asset_id in held]
