"""How a closed position pays what it owes, in the contract's order, until the money runs out.

Source: gmx-synthetics `DecreasePositionCollateralUtils.sol` (processCollateral, payForCost,
handleEarlyReturn).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from analyzer.model.integers import ceil_div


@dataclass(slots=True)
class Purse:
    """What a position that is closed can pay with, raw. output: collateral tokens that the pool
    paid out; collateral: its own; secondary: profit in another token. Prices: lower bounds."""

    output: int
    collateral: int
    secondary: int
    collateral_price: int
    secondary_price: int

    def pay(self, cost_usd: int) -> Payment:
        """Pays a cost, rounded up to raw collateral: out of output, collateral, then profit."""
        if cost_usd == 0:
            return Payment(0, 0, 0)
        left = ceil_div(cost_usd, self.collateral_price)
        from_output = min(self.output, left)
        self.output -= from_output
        from_collateral = min(self.collateral, left - from_output)
        self.collateral -= from_collateral
        paid = from_output + from_collateral
        left -= paid
        if left == 0:
            return Payment(paid, 0, 0)
        other = left * self.collateral_price // self.secondary_price
        from_secondary = min(self.secondary, other)
        self.secondary -= from_secondary
        return Payment(paid, from_secondary, (other - from_secondary) * self.secondary_price)


@dataclass(frozen=True, slots=True)
class Payment:
    """What was paid, raw collateral and raw profit token; unpaid_usd: what was not, 1e30."""

    paid: int
    in_secondary: int
    unpaid_usd: int


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a closed position owes. name: as the event InsolventClose calls it."""

    name: str
    cost_usd: int
    settle: Callable[[Payment], None]


@dataclass(slots=True)
class Settlement:
    """Who got what of a closed position, raw by token.

    pool: change of the pool (profit paid out is below 0). impact_pool, lent: changes, index tokens.
    swap_impact: changes of the swap impact pool. swap_fee: (token, amount) that the protocol got of
    a swap of the profit. receiver: protocol fees. affiliate: its reward. held: of the trader,
    claimable later. trader: paid out. unpaid_usd: of the step where the money ran out (1e30),
    at_step: which, empty = everything was paid. unpaid_funding: raw collateral.
    """

    pool: dict[str, int] = field(default_factory=dict)
    trader: dict[str, int] = field(default_factory=dict)
    receiver: int = 0
    affiliate: int = 0
    held: int = 0
    impact_pool: int = 0
    lent: int = 0
    swap_impact: dict[str, int] = field(default_factory=dict)
    swap_fee: tuple[str, int] = ("", 0)
    unpaid_usd: int = 0
    unpaid_funding: int = 0
    at_step: str = ""

    def add_to_pool(self, token: str, amount: int) -> None:
        """The pool gets so much more of a token."""
        self.pool[token] = self.pool.get(token, 0) + amount

    def add_to_trader(self, token: str, amount: int) -> None:
        """The trader is paid so much of a token."""
        if amount:
            self.trader[token] = self.trader.get(token, 0) + amount


def run(steps: Iterator[Step], purse: Purse, settlement: Settlement) -> None:
    """Pays step by step; the first that is not paid in full ends it, and what came after is not
    asked for."""
    for step in steps:
        payment = purse.pay(step.cost_usd)
        step.settle(payment)
        if payment.unpaid_usd > 0:
            settlement.unpaid_usd = payment.unpaid_usd
            settlement.at_step = step.name
            return
