"""The margin statement of one account: every number from balance to verdict, with its source."""

from __future__ import annotations

from analyzer.model.rows import StatementLine
from analyzer.protocols.aave_v3.ray_math import MAX_UINT256
from analyzer.protocols.aave_v3.state.state import AaveState
from analyzer.protocols.aave_v3.value.account import AccountData, Holding, Valuation
from analyzer.protocols.aave_v3.value.prices import to_e18
from analyzer.protocols.kit.statement import Lines
from analyzer.protocols.kit.unreadable import Unreadable


class _Lines(Lines):
    """The lines of one account; base-currency amounts are scaled."""

    def __init__(self, state: AaveState, account_id: str) -> None:
        super().__init__(account_id)
        self._state = state

    def value(self, section: str, label: str, base: int, source: str) -> None:
        """A base-currency amount, in 18 decimals."""
        self.add(section, label, to_e18(base, self._state.base_unit), source)


def statement(
    valuation: Valuation, address: str, data: AccountData | Unreadable
) -> list[StatementLine]:
    """All lines of one account in reading order: collateral, debt, requirement, result.

    Of an unknown account only what logs say is given, and the reason.
    """
    state = valuation.state
    lines = _Lines(state, address)
    if isinstance(data, Unreadable):
        _unknown(lines, state, address, data)
        return lines.lines
    for holding in data.holdings:
        _supplied(lines, state, holding)
    for holding in data.holdings:
        _owed(lines, state, holding)
    _result(lines, data)
    return lines.lines


def _unknown(lines: _Lines, state: AaveState, address: str, why: Unreadable) -> None:
    """What is known of an unknown account."""
    account = state.accounts[address]
    for section, held in (("collateral", account.supplied), ("debt", account.borrowed)):
        for asset, scaled in held.items():
            source = f"logs to block {state.block_number}"
            lines.add(section, f"{asset} scaled balance", scaled, source, "scaled")
    lines.add("result", "unknown", None, str(why), "")


def _supplied(lines: _Lines, state: AaveState, holding: Holding) -> None:
    """One collateral."""
    if not holding.supplied and not holding.flagged:
        return
    reserve, section = holding.reserve, "collateral"
    unit = f"raw, {reserve.config.decimals} decimals"
    logs = f"logs to block {state.block_number}: Mint, Burn, BalanceTransfer; index at the block"
    lines.add(section, f"{reserve.symbol} balance", holding.supplied, logs, unit)
    if not holding.counted:
        why = "not used as collateral by the account" if not holding.flagged else "threshold is 0"
        lines.add(section, f"{reserve.symbol} value counted", 0, why)
        return
    lines.value(section, f"{reserve.symbol} price", holding.price, _price_source(state, holding))
    rule = "balance x price / 10^decimals, down"
    lines.value(section, f"{reserve.symbol} value", holding.value, rule)
    weights = f"configuration word of {reserve.symbol}, or the account's eMode category"
    threshold = f"{reserve.symbol} liquidation threshold"
    lines.add(section, threshold, holding.threshold_bps, weights, "bps")
    lines.add(section, f"{reserve.symbol} LTV", holding.ltv_bps, weights, "bps")


def _owed(lines: _Lines, state: AaveState, holding: Holding) -> None:
    """One debt."""
    if not holding.debt:
        return
    reserve, section = holding.reserve, "debt"
    unit = f"raw, {reserve.config.decimals} decimals"
    logs = f"logs to block {state.block_number}: Mint, Burn; index at the block"
    lines.add(section, f"{reserve.symbol} variable debt", holding.variable_debt, logs, unit)
    if holding.stable_debt:
        own = f"logs to block {state.block_number}: stable Mint, Burn; own rate to the block"
        lines.add(section, f"{reserve.symbol} stable debt", holding.stable_debt, own, unit)
    lines.value(section, f"{reserve.symbol} price", holding.price, _price_source(state, holding))
    way = "up" if state.rules.directed else "down"
    rule = f"debt x price / 10^decimals, {way}"
    lines.value(section, f"{reserve.symbol} debt value", holding.debt_value, rule)


def _price_source(state: AaveState, holding: Holding) -> str:
    """The oracle and its source."""
    source = holding.reserve.price.source or "its fallback"
    return f"AaveOracle {state.contracts.get('oracle', '')}, source {source}"


def _result(lines: _Lines, data: AccountData) -> None:
    """The six numbers of the contract's own view."""
    section, view = "result", "as Pool.getUserAccountData"
    lines.value(section, "total collateral", data.collateral_base, view)
    lines.value(section, "total debt", data.debt_base, view)
    lines.value(section, "available to borrow", data.available_borrows_base, view)
    lines.add(section, "average liquidation threshold", data.threshold_bps, view, "bps")
    lines.add(section, "average LTV", data.ltv_bps, view, "bps")
    if data.health_factor == MAX_UINT256:
        lines.add(section, "health factor", None, "no debt: unlimited", "wad")
    else:
        lines.add(section, "health factor", data.health_factor, view, "wad")
