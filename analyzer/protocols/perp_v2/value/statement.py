"""The margin statement of one account: every number from balance to verdict, with its source."""

from __future__ import annotations

from analyzer.model.book import Prices
from analyzer.model.rows import StatementLine
from analyzer.protocols.kit.statement import Lines, Statements
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.numbers import AccountNumbers, MarketNumbers
from analyzer.protocols.perp_v2.value.value import PerpValued


def statement(valued: PerpValued, account: Account) -> list[StatementLine]:
    """All lines of one account in reading order: collateral, positions, requirement, result.

    Of an unknown account only what logs say is given, and the reason.
    """
    lines = Lines(account.address)
    state, prices, numbers = valued.state, valued.prices, valued.numbers(account.address)
    if isinstance(numbers, Unreadable):
        _unknown(lines, state, account, numbers)
        return lines.lines
    _collateral(lines, state, prices, numbers)
    for market in numbers.markets.values():
        _position(lines, state, market)
    _requirement(lines, state, numbers)
    _result(lines, state, numbers)
    return lines.lines


def _logs(state: PerpState, events: str) -> str:
    """The source of a number that the fold made."""
    return f"logs to block {state.block_number}: {events}"


def _balance_line(lines: Lines, state: PerpState, amount: int) -> None:
    """The raw settlement balance."""
    lines.add(
        "collateral",
        f"{state.settlement_symbol} balance",
        amount,
        _logs(state, "Deposited, Withdrawn, CollateralLiquidated, BadDebtSettled"),
        f"raw, {state.settlement_decimals} decimals",
    )


def _unknown(lines: Lines, state: PerpState, account: Account, why: Unreadable) -> None:
    """What is known of an unknown account."""
    for token, amount in account.balances.items():
        if token == state.settlement_token:
            _balance_line(lines, state, amount)
            continue
        found = state.collateral.get(token)
        symbol = token if found is None else found.symbol
        lines.add(
            "collateral", f"{symbol} balance", amount, _logs(state, "Deposited, Withdrawn"), "raw"
        )
    lines.add(
        "collateral", "owed realized PnL", account.owed_realized_pnl, _logs(state, "PnlRealized")
    )
    lines.add("result", "unknown", None, f"{why.what}: {why.reason}")


def _collateral(lines: Lines, state: PerpState, prices: Prices, numbers: AccountNumbers) -> None:
    """Balances, fees, funding and realized PnL, then the tokens."""
    section = "collateral"
    _balance_line(lines, state, numbers.balance)
    lines.add(section, "owed realized PnL", numbers.owed_realized_pnl, _logs(state, "PnlRealized"))
    lines.add(
        section,
        "pending maker fees",
        numbers.pending_fee,
        "OrderBook fee growth (storage), floor per order",
    )
    lines.add(
        section,
        "pending funding",
        -numbers.pending_funding,
        "Exchange growth (storage) to the block's time, truncated per market",
    )
    lines.add(
        section,
        "settlement balance",
        numbers.settlement_balance,
        "balance at 18 decimals + owed realized PnL + maker fees - funding",
    )
    for name, token in numbers.tokens.items():
        info = state.collateral[name]
        lines.add(
            section,
            f"{info.symbol} balance",
            token.balance,
            _logs(state, "Deposited, Withdrawn, CollateralLiquidated"),
            f"raw, {info.decimals} decimals",
        )
        price = prices.by_asset[name]
        lines.add(section, f"{info.symbol} price", price.price_e18, price.source)
        lines.add(section, f"{info.symbol} value", token.value, "balance x price, floor")
        lines.add(
            section,
            f"{info.symbol} value after haircut",
            token.margin_value,
            f"value x collateral ratio {token.weight_e6} / 1e6, floor",
        )
    lines.add(
        section,
        "total collateral",
        numbers.total_collateral,
        "settlement balance + token values after haircut",
    )


def _position(lines: Lines, state: PerpState, market: MarketNumbers) -> None:
    """One market of the account."""
    info = state.markets[market.base_token]
    section = f"position {info.symbol}"
    lines.add(section, "taker size", market.taker_size, _logs(state, "PositionChanged"))
    if market.base_debt or market.base_in_pool or market.quote_debt or market.quote_in_pool:
        at_price = "ranges at the pool's price (slot0), floor per order"
        lines.add(section, "base in ranges", market.base_in_pool, at_price)
        lines.add(
            section, "base debt of ranges", market.base_debt, _logs(state, "LiquidityChanged")
        )
        lines.add(section, "quote in ranges", market.quote_in_pool, at_price)
        lines.add(
            section, "quote debt of ranges", market.quote_debt, _logs(state, "LiquidityChanged")
        )
    lines.add(section, "size", market.size, "taker size + base in ranges - base debt")
    lines.add(
        section,
        "price",
        market.price_e18,
        f"{info.status.name.lower()} market: "
        + ("mark price" if info.status == 0 else "BaseToken's fixed price"),
    )
    lines.add(section, "value", market.value, "size x price, toward zero")
    lines.add(
        section,
        "open notional",
        market.open_notional,
        "taker notional + quote in ranges - quote debt",
    )
    lines.add(section, "unrealized PnL", market.unrealized_pnl, "value + open notional")
    lines.add(
        section,
        "pending funding",
        -market.pending_funding,
        "Exchange growth to the block's time since the account's snapshot",
    )
    if market.blocked:
        lines.add(section, "liquidatable size", None, f"reverts: {market.blocked}")
    else:
        lines.add(
            section,
            "liquidatable size",
            market.liquidatable_size,
            "AccountBalance rule: whole, or half of all positions' value",
        )


def _requirement(lines: Lines, state: PerpState, numbers: AccountNumbers) -> None:
    """Exposure, debt and the requirements made of them."""
    section, config = "requirement", state.config
    lines.add(
        section,
        "total absolute position value",
        numbers.total_abs_position_value,
        "sum of |value| over the markets",
    )
    lines.add(
        section,
        "maintenance margin",
        numbers.maintenance,
        f"total absolute position value x mm ratio {config.mm_ratio} / 1e6, floor",
    )
    lines.add(
        section,
        "total debt value",
        numbers.total_debt_value,
        "quote debt netted over markets + value of each negative base balance",
    )
    lines.add(
        section,
        "initial margin of the debt",
        numbers.initial_requirement,
        f"total debt value x im ratio {config.im_ratio} / 1e6, floor",
    )
    lines.add(
        section,
        "margin below which tokens may be liquidated",
        numbers.collateral_requirement,
        "total absolute position value x (mm ratio + "
        f"buffer) {config.mm_ratio + config.collateral_mm_ratio_buffer} / 1e6, floor",
    )


def _result(lines: Lines, state: PerpState, numbers: AccountNumbers) -> None:
    """Account value, equity, headroom and free collateral."""
    section = "result"
    lines.add(section, "unrealized PnL", numbers.unrealized_pnl, "sum over the markets")
    lines.add(
        section,
        "margin equity",
        numbers.account_value,
        "total collateral + unrealized PnL, before any floor",
    )
    lines.add(section, "equity", numbers.equity, "margin equity with every token counted at 100 %")
    lines.add(
        section,
        "headroom",
        numbers.account_value - numbers.maintenance,
        "margin equity - maintenance margin",
    )
    lines.add(
        section,
        "free collateral",
        numbers.free_collateral,
        "min(total collateral, margin equity) - initial margin of the debt",
    )
    lines.add(
        section,
        "account value of the test",
        numbers.floored_account_value,
        f"margin equity floored to {state.settlement_decimals} decimals",
    )


def statements(valued: PerpValued) -> Statements:
    """The statements of all accounts, in book order."""
    accounts = valued.state.accounts
    return Statements(list(accounts), lambda address: statement(valued, accounts[address]))
