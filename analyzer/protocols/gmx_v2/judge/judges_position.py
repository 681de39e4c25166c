"""What is asked about one position: its storage, its liquidation test, its profit, all its fees."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Expected, Judge
from analyzer.protocols.gmx_v2.judge.judges import Bench, Values, market_props, price_props
from analyzer.protocols.gmx_v2.logs.fold.positions import pending_part
from analyzer.protocols.gmx_v2.records import Position
from analyzer.protocols.gmx_v2.state.traders import NO_CODE
from analyzer.protocols.gmx_v2.value.fees import NO_AFFILIATE, PositionFee
from analyzer.protocols.gmx_v2.value.funding import claimable_amount
from analyzer.protocols.gmx_v2.value.impact import closing_impact
from analyzer.protocols.gmx_v2.value.margin import (
    TO_E18,
    down_e18,
    initial_e18,
    maintenance_e18,
)
from analyzer.protocols.gmx_v2.value.pool import Pool
from analyzer.protocols.gmx_v2.value.position import (
    Execution,
    PositionNumbers,
    closed_tokens,
    execution,
    profit,
)
from analyzer.protocols.kit.unreadable import Unreadable, attempt, known

STORED = (
    "account",
    "market",
    "collateral_token",
    "size_in_usd",
    "size_in_tokens",
    "collateral_amount",
    "pending_impact_amount",
    "borrowing_factor",
    "funding_fee_per_size",
    "claimable_long_per_size",
    "claimable_short_per_size",
    "increased_at",
    "decreased_at",
    "is_long",
)
"""`Position.Props` in the view's order."""

_REFERRAL = (
    "code",
    "affiliate",
    "trader",
    "rebate_factor",
    "reward_factor",
    "adjusted_reward_factor",
    "discount_factor",
    "rebate",
    "discount",
    "reward",
)
_FEES = (
    *(f"referral_{name}" for name in _REFERRAL),
    "pro_tier",
    "pro_factor",
    "pro_discount",
    "funding",
    "claimable_long",
    "claimable_short",
    "latest_fee_per_size",
    "latest_claimable_long",
    "latest_claimable_short",
    "borrowing_usd",
    "borrowing",
    "borrowing_receiver_factor",
    "borrowing_for_receiver",
    *(f"ui_{name}" for name in ("receiver", "factor", "amount")),
    *(f"liquidation_{name}" for name in ("usd", "amount", "receiver_factor", "for_receiver")),
    "collateral_price_min",
    "collateral_price_max",
    "factor",
    "protocol",
    "receiver_factor",
    "for_receiver",
    "for_pool",
    "position_fee_for_pool",
    "position_fee",
    "cost_without_funding",
    "cost",
    "discount",
)
_EXECUTION = ("impact_usd", "price", "improved", "pending_usd", "total_usd", "left_out_usd")
_NO_INTERFACE = (NO_AFFILIATE, 0, 0)
"""Fees of an interface: the question names none."""
_NO_LIQUIDATION = (0, 0, 0, 0)
"""The view closes a position as its owner would."""
INFO = (
    "info.key",
    *(f"position.{name}" for name in STORED),
    *(f"fees.{name}" for name in _FEES),
    *(f"execution.{name}" for name in _EXECUTION),
    "pnl.capped",
    "pnl.uncapped",
    "pnl.after_impact",
)
"""`ReaderUtils.PositionInfo` in the view's order."""

TESTS = ((True, True), (True, False), (False, True), (False, False))
"""(is the least collateral looked at, is it for a liquidation)."""


def position_judges(bench: Bench, position: Position) -> Iterator[Judge]:
    """Every view of the position. One that is unknown is asked only what is stored; one whose
    pending fees the contract refuses to compute is not asked for its test, which knows none."""
    key = position.key
    stored = tuple(getattr(position, name) for name in STORED)
    fields = [f"position.{name}" for name in STORED]
    yield from bench.ask("getPosition", (_key(position),), fields, stored, account_id=key)
    numbers = bench.valuation.numbers(key)
    if isinstance(numbers, Unreadable) and not numbers.reverted:
        return
    pool = bench.valuation.pool(position.market)
    if not isinstance(numbers, Unreadable):
        yield from _tests(bench, position, pool, numbers)
    yield from _profits(bench, position, pool)
    yield from _info(bench, position, pool, numbers)
    yield from _executions(bench, position, pool)


def _key(position: Position) -> bytes:
    """The position's key as an argument."""
    return bytes.fromhex(position.key[2:])


def _storage(bench: Bench) -> str:
    """The ReferralStorage that every view of fees is given."""
    return bench.state.contracts["ReferralStorage"]


def _tests(
    bench: Bench, position: Position, pool: Pool, numbers: PositionNumbers
) -> Iterator[Judge]:
    """The liquidation test by the indexes as stored, with and without the least collateral, with a
    keeper's floor and a trader's."""
    fields = [f"liquidatable.{name}" for name in ("says", "reason", "remaining", "least", "floor")]
    market, prices = market_props(bench.state, position.market), price_props(pool.prices)
    for least, keeper in TESTS:
        args = (_storage(bench), _key(position), market, prices, least, keeper)
        values = _test_values(numbers, least, keeper)
        yield from bench.ask(
            "isPositionLiquidatable", args, fields, values, account_id=position.key
        )


def _test_values(numbers: PositionNumbers, least: bool, keeper: bool) -> tuple[Expected, ...]:
    """What the view answers: it does not know what has accrued since the indexes were written."""
    view, floors = numbers.view, (numbers.user.min_for_leverage, numbers.keeper.min_for_leverage)
    floor, min_usd = floors[int(keeper)], numbers.view.min_usd if least else 0
    reason = _reason(view.remaining, numbers.view.min_usd if least else None, floor)
    return bool(reason), reason, view.remaining, min_usd, floor


def _reason(remaining: int, least: int | None, floor: int) -> str:
    """The first of the contract's reasons that applies."""
    if least is not None and remaining < least:
        return "min collateral"
    if remaining <= 0:
        return "< 0"
    return "min collateral for leverage" if remaining < floor else ""


def _profits(bench: Bench, position: Position, pool: Pool) -> Iterator[Judge]:
    """Profit of closing all of it, and a third."""
    fields = ("pnl.capped", "pnl.uncapped", "pnl.tokens")
    market, prices = market_props(bench.state, position.market), price_props(pool.prices)
    for closed in (position.size_in_usd, position.size_in_usd // 3):
        args = (market, prices, _key(position), closed)
        values = attempt(partial(_profit_values, pool, position, closed))
        yield from bench.ask("getPositionPnlUsd", args, fields, values, account_id=position.key)


def _profit_values(pool: Pool, position: Position, closed: int) -> tuple[int, ...]:
    """Profit of closing a part, and the part in index tokens."""
    found = profit(pool, position, closed)
    return found.capped, found.uncapped, closed_tokens(position, closed)


def _executions(bench: Bench, position: Position, pool: Pool) -> Iterator[Judge]:
    """The price of closing a third."""
    closed = position.size_in_usd // 3
    args = (
        position.market,
        price_props(pool.prices),
        position.size_in_usd,
        position.size_in_tokens,
        -closed,
        position.pending_impact_amount,
        position.is_long,
    )
    fields = [f"execution.{name}" for name in _EXECUTION]
    values = attempt(partial(_part_values, pool, position, closed))
    yield from bench.ask("getExecutionPrice", args, fields, values, account_id=position.key)


def _part_values(pool: Pool, position: Position, closed: int) -> tuple[Expected, ...]:
    """The execution of closing a part, with its part of the pending impact."""
    tokens = closed_tokens(position, closed)
    impact = closing_impact(pool, position.is_long, closed, tokens)
    pending = pending_part(position, closed)
    return _execution_values(execution(pool, position, impact, closed, pending))


def _execution_values(found: Execution) -> tuple[Expected, ...]:
    """`ReaderPricingUtils.ExecutionPriceResult`."""
    return (
        found.impact_usd,
        found.price,
        found.improved,
        found.pending_usd,
        found.total_usd,
        found.left_out_usd,
    )


def _info(
    bench: Bench, position: Position, pool: Pool, numbers: PositionNumbers | Unreadable
) -> Iterator[Judge]:
    """All fees of closing it, by the indexes at the block."""
    args = (_storage(bench), _key(position), price_props(pool.prices), 0, NO_AFFILIATE, True)
    values: Values = numbers if isinstance(numbers, Unreadable) else ()
    if not isinstance(numbers, Unreadable):
        row = bench.rows.get(position.key)
        values = (NO_CODE, *info_values(bench, position, numbers, row))
    yield from bench.ask("getPositionInfo", args, INFO, values, account_id=position.key)


def info_values(
    bench: Bench, position: Position, numbers: PositionNumbers, row: MarginRow | None
) -> tuple[Expected, ...]:
    """`PositionInfo` after its key, which this view leaves empty.

    row: where the margin that was written is not the numbers', the profit that it would take is
    expected, so that the difference shows.
    """
    change = _written_change(numbers, row)
    stored = tuple(getattr(position, name) for name in STORED)
    execution_values = _execution_values(numbers.execution)
    capped = numbers.profit.capped + change
    after = capped + numbers.execution.impact_usd
    return (
        *stored,
        *_fee_values(bench, position, numbers),
        *execution_values,
        capped,
        numbers.profit.uncapped,
        after,
    )


def _written_change(numbers: PositionNumbers, row: MarginRow | None) -> int:
    """By how much a row of margin differs from its position's numbers, USD of 1e30."""
    if row is None or row.equity_e18 is None or row.margin_equity_e18 is None:
        return 0
    equity = row.equity_e18 - down_e18(numbers.equity)
    margin = row.margin_equity_e18 - down_e18(numbers.keeper.remaining)
    least = row.maintenance_margin_e18 or 0
    initial = row.initial_margin_e18 or 0
    requirements = abs(least - maintenance_e18(numbers)) + abs(initial - initial_e18(numbers))
    return (abs(equity) + abs(margin) + requirements) * TO_E18


def _fee_values(bench: Bench, position: Position, numbers: PositionNumbers) -> tuple[Expected, ...]:
    """`PositionFees`: the sums over the pool and the receiver take borrowing as stored."""
    fee, pending, stored = numbers.fee, numbers.pending, numbers.stored
    without = fee.net + pending.borrowing
    in_pool = stored.borrowing - stored.borrowing_for_receiver
    return (
        *_referral_values(position, fee),
        fee.pro_tier,
        fee.pro_factor,
        fee.pro_discount,
        pending.funding,
        *_claimable_values(bench, position),
        pending.borrowing_usd,
        pending.borrowing,
        known(bench.state.settings["BORROWING_FEE_RECEIVER_FACTOR"]),
        pending.borrowing_for_receiver,
        *_NO_INTERFACE,
        *_NO_LIQUIDATION,
        *bench.valued.prices.pairs[position.collateral_token],
        fee.factor,
        fee.protocol,
        fee.receiver_factor,
        fee.for_receiver + stored.borrowing_for_receiver,
        fee.for_pool + in_pool,
        fee.for_pool,
        fee.amount,
        without,
        without + pending.funding,
        fee.discount,
    )


def _referral_values(position: Position, fee: PositionFee) -> tuple[Expected, ...]:
    """`PositionReferralFees`."""
    found = fee.referral
    with_code = found.code != NO_CODE
    return (
        found.code,
        found.affiliate,
        position.account,
        found.reward_factor + found.discount_factor,
        found.reward_factor,
        fee.adjusted_reward_factor if with_code else 0,
        found.discount_factor,
        fee.reward + fee.referral_discount,
        fee.referral_discount,
        fee.reward,
    )


def _claimable_values(bench: Bench, position: Position) -> tuple[Expected, ...]:
    """What funding paid the position in both tokens, and the three indexes at the block."""
    valuation, size = bench.valuation, position.size_in_usd
    latest = [
        valuation.latest_claimable(position, by_long_token) for by_long_token in (True, False)
    ]
    entries = (position.claimable_long_per_size, position.claimable_short_per_size)
    paid = [claimable_amount(size, now, then) for now, then in zip(latest, entries, strict=True)]
    return (*paid, valuation.latest_fee_per_size(position), *latest)
