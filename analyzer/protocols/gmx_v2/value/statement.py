"""The margin statement of one position: every number from collateral to verdict."""

from __future__ import annotations

from analyzer.model.rows import StatementLine
from analyzer.protocols.gmx_v2.records import Position
from analyzer.protocols.gmx_v2.value.margin import (
    down_e18,
    initial_e18,
    maintenance_e18,
    up_e18,
)
from analyzer.protocols.gmx_v2.value.position import PositionNumbers
from analyzer.protocols.gmx_v2.value.value import GmxValued
from analyzer.protocols.kit.statement import Lines
from analyzer.protocols.kit.unreadable import Unreadable


def statement(valued: GmxValued, position: Position) -> list[StatementLine]:
    """All lines in reading order: collateral, position, costs, requirement, result.

    Of an unknown position only what logs say is given, and the reason.
    """
    lines = Lines(position.key)
    _stored(lines, valued, position)
    numbers = valued.valuation.numbers(position.key)
    if isinstance(numbers, Unreadable):
        lines.add("result", "unknown", None, f"{numbers.what}: {numbers.reason}")
        return lines.lines
    _worth(lines, numbers)
    _costs(lines, numbers)
    _result(lines, numbers)
    return lines.lines


def _stored(lines: Lines, valued: GmxValued, position: Position) -> None:
    """What the logs say of it."""
    state = valued.state
    token = state.tokens[position.collateral_token]
    index = state.tokens[state.markets[position.market].ledger.index_token]
    source = f"logs to block {state.block_number}: PositionIncrease, PositionDecrease"
    raw = f"raw, {token.decimals} decimals"
    lines.add("collateral", f"{token.symbol} balance", position.collateral_amount, source, raw)
    side = "long" if position.is_long else "short"
    section = f"position {state.symbol(position.market)}"
    tokens = f"raw, {index.decimals} decimals"
    lines.add(section, f"{side} size", position.size_in_tokens, source, tokens)
    lines.add(section, "cost of the size", down_e18(position.size_in_usd), source)
    lines.add(
        section,
        "pending impact",
        position.pending_impact_amount,
        f"{source}: sum of increases less what decreases paid out",
        tokens,
    )


def _worth(lines: Lines, numbers: PositionNumbers) -> None:
    """Collateral and profit."""
    lines.add(
        "collateral",
        "collateral value",
        down_e18(numbers.collateral_usd),
        "balance x lower bound of its price (last OraclePriceUpdate)",
    )
    lines.add(
        "position",
        "profit without a cap",
        down_e18(numbers.profit.uncapped),
        "size x index price (lower bound for a long, upper for a short) against its cost",
    )
    lines.add(
        "position",
        "profit",
        down_e18(numbers.profit.capped),
        "the same, scaled down where the side's profits exceed MAX_PNL_FACTOR_FOR_TRADERS of the "
        "pool",
    )


def _costs(lines: Lines, numbers: PositionNumbers) -> None:
    """What closing costs, by the indexes at the block's time."""
    section, price = "costs", numbers.collateral_price
    for label, amount, source in (
        ("borrowing", numbers.pending.borrowing, "size x index at the block, down to collateral"),
        ("funding", numbers.pending.funding, "size x index at the block, up"),
        ("position fee", numbers.fee.amount, "size x POSITION_FEE_FACTOR, down to collateral"),
        ("discount", -numbers.fee.discount, "the larger of tier's and referral's"),
    ):
        lines.add(section, label, up_e18(amount * price), source)
    lines.add(
        section,
        "counted impact",
        down_e18(numbers.counted_impact),
        "impact of closing and pending impact, nothing above 0, within the market's largest",
    )


def _result(lines: Lines, numbers: PositionNumbers) -> None:
    """Requirements, and what the test says."""
    lines.add(
        "requirement",
        "maintenance margin",
        maintenance_e18(numbers),
        "MIN_COLLATERAL_USD, or size x MIN_COLLATERAL_FACTOR_FOR_LIQUIDATION",
    )
    lines.add(
        "requirement",
        "initial margin",
        initial_e18(numbers),
        "MIN_COLLATERAL_USD, or size x MIN_COLLATERAL_FACTOR",
    )
    margin = down_e18(numbers.keeper.remaining)
    lines.add(
        "result",
        "margin equity",
        margin,
        "collateral + profit + counted impact - costs: what remains at a liquidation",
    )
    lines.add(
        "result",
        "equity",
        down_e18(numbers.equity),
        "collateral + profit - borrowing - funding",
    )
    lines.add(
        "result", "headroom", margin - maintenance_e18(numbers), "margin equity - maintenance"
    )
    lines.add("result", "free collateral", margin - initial_e18(numbers), "margin equity - initial")
