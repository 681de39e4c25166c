"""Closing a position, or a part of it, against its pool: who gets what, exactly.

Source: gmx-synthetics `DecreasePositionUtils.sol`, `DecreasePositionCollateralUtils.sol`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.model.integers import ceil_div
from analyzer.protocols.gmx_v2.close.costs import Payment, Purse, Settlement, Step, run
from analyzer.protocols.gmx_v2.close.swap import swap_profit
from analyzer.protocols.gmx_v2.logs.fold.positions import pending_part
from analyzer.protocols.gmx_v2.records import Position, Trader
from analyzer.protocols.gmx_v2.value.fees import (
    LiquidationFee,
    PositionFee,
    liquidation_fee,
    position_fee,
)
from analyzer.protocols.gmx_v2.value.impact import closing_impact
from analyzer.protocols.gmx_v2.value.market_prices import high, low
from analyzer.protocols.gmx_v2.value.pool import Pool
from analyzer.protocols.gmx_v2.value.position import (
    Costs,
    Execution,
    Profit,
    closed_tokens,
    execution,
    profit,
)
from analyzer.protocols.gmx_v2.value.valuation import Valuation


@dataclass(frozen=True, slots=True)
class Decrease:
    """A close of `usd` (`tokens`) of a position. pending: index tokens of pending impact that go
    with it. collateral_left: raw, of a part; 0 when all is closed."""

    position: Position
    usd: int
    tokens: int
    pending: int
    profit: Profit
    execution: Execution
    fee: PositionFee
    liquidation: LiquidationFee
    costs: Costs
    collateral_left: int
    settlement: Settlement


def decrease(valuation: Valuation, position: Position, usd: int, *, liquidation: bool) -> Decrease:
    """What closing `usd` of the position does at these prices, with indexes at the block's time.

    Raises: UnreadableNumberError.
    """
    pool = valuation.pool(position.market)
    price = valuation.collateral_price(position)
    tokens = closed_tokens(position, usd)
    impact = closing_impact(pool, position.is_long, usd, tokens)
    pending = pending_part(position, usd)
    priced = execution(pool, position, impact, usd, pending)
    trader = valuation.state.traders.get(position.account, Trader())
    fee = position_fee(pool, trader, usd, impact.improved, price)
    extra = liquidation_fee(pool, usd, price) if liquidation else LiquidationFee()
    gained, costs = profit(pool, position, usd), valuation.pending_costs(position)
    settlement = Settlement()
    purse = _purse(pool, position, gained, priced, settlement)
    whole = usd == position.size_in_usd
    steps = _steps(pool, position, gained, priced, fee, extra, costs, settlement)
    run(steps, purse, settlement)
    collateral = position.collateral_token
    settlement.add_to_trader(collateral, purse.output + (purse.collateral if whole else 0))
    settlement.add_to_trader(_profit_token(pool, position), purse.secondary)
    left = 0 if whole else purse.collateral
    return Decrease(
        position, usd, tokens, pending, gained, priced, fee, extra, costs, left, settlement
    )


def _profit_token(pool: Pool, position: Position) -> str:
    """What profits of the position are paid in."""
    return pool.ledger.token(position.is_long)


def _purse(
    pool: Pool, position: Position, gained: Profit, priced: Execution, settlement: Settlement
) -> Purse:
    """Collateral, with the profit and the impact that the pool pays out in its own token, which
    is changed into the collateral where the pool has enough of it."""
    token = _profit_token(pool, position)
    prices = pool.prices.of_side(position.is_long)
    paid_out = 0
    if gained.capped > 0:
        paid_out += gained.capped // high(prices)
    if priced.total_usd > 0:
        # The impact pool stands for tokens of the index; the pool pays them.
        _take_impact(pool, ceil_div(priced.total_usd, low(pool.prices.index)), settlement)
        paid_out += priced.total_usd // high(prices)
    if paid_out:
        settlement.add_to_pool(token, -paid_out)
    by_long_token = position.collateral_token == pool.ledger.long_token
    collateral_price = low(pool.prices.of_side(by_long_token))
    if token == position.collateral_token:
        return Purse(paid_out, position.collateral_amount, 0, collateral_price, low(prices))
    swapped = swap_profit(pool, position.is_long, paid_out) if paid_out else None
    if swapped is None:
        return Purse(0, position.collateral_amount, paid_out, collateral_price, low(prices))
    for moved, amount in swapped.pool.items():
        settlement.add_to_pool(moved, amount)
    settlement.swap_impact = swapped.impact_pool
    settlement.swap_fee = (token, swapped.for_receiver)
    return Purse(swapped.out, position.collateral_amount, 0, collateral_price, low(prices))


def _take_impact(pool: Pool, tokens: int, settlement: Settlement) -> None:
    """Index tokens out of the impact pool; what it lacks is lent to it."""
    own = min(tokens, pool.distribution[1])
    settlement.impact_pool -= own
    settlement.lent += tokens - own


def _steps(
    pool: Pool,
    position: Position,
    gained: Profit,
    priced: Execution,
    fee: PositionFee,
    extra: LiquidationFee,
    costs: Costs,
    settlement: Settlement,
) -> Iterator[Step]:
    """What is owed, in order: funding, loss, fees, impact, and what the bound of it left out."""
    token, price = position.collateral_token, _price_of(pool, position)
    other = _profit_token(pool, position)

    def to_pool(payment: Payment) -> None:
        if payment.paid:
            settlement.add_to_pool(token, payment.paid)
        if payment.in_secondary:
            settlement.add_to_pool(other, payment.in_secondary)

    def funding(payment: Payment) -> None:
        settlement.unpaid_funding = max(0, costs.funding - payment.paid)

    def fees(payment: Payment) -> None:
        if payment.unpaid_usd or payment.in_secondary:
            to_pool(payment)
            return
        for_receiver = fee.for_receiver + costs.borrowing_for_receiver + extra.for_receiver
        settlement.receiver += for_receiver
        settlement.affiliate += fee.reward
        whole = fee.protocol + costs.borrowing + extra.amount
        settlement.add_to_pool(token, whole - for_receiver)

    def impact(payment: Payment) -> None:
        to_pool(payment)
        _give_impact(pool, payment, position, settlement)

    def held(payment: Payment) -> None:
        settlement.held += payment.paid

    yield Step("funding", costs.funding * price, funding)
    yield Step("pnl", max(0, -gained.capped), to_pool)
    yield Step("fees", (fee.net + costs.borrowing + extra.amount) * price, fees)
    yield Step("impact", max(0, -priced.total_usd), impact)
    yield Step("diff", priced.left_out_usd, held)


def _price_of(pool: Pool, position: Position) -> int:
    """The lower bound of the position's collateral."""
    return low(pool.prices.of_side(position.collateral_token == pool.ledger.long_token))


def _give_impact(pool: Pool, payment: Payment, position: Position, settlement: Settlement) -> None:
    """What was paid for impact, as index tokens at the upper bound: first what was lent is given
    back, the rest goes into the impact pool."""
    usd = payment.paid * _price_of(pool, position)
    usd += payment.in_secondary * low(pool.prices.of_side(position.is_long))
    tokens = usd // high(pool.prices.index)
    back = min(tokens, pool.ledger.lent_impact_pool)
    settlement.lent -= back
    settlement.impact_pool += tokens - back
