"""The margin statement of one account: every number from balance to verdict, with its source."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from analyzer.model.integers import WAD
from analyzer.model.rows import StatementLine
from analyzer.protocols.derive_v2.records.accounts import Account
from analyzer.protocols.derive_v2.state.book import asset_id
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value import perps
from analyzer.protocols.derive_v2.value.account import AccountNumbers, Valuation
from analyzer.protocols.derive_v2.value.srm import market_margin
from analyzer.protocols.kit.statement import Lines
from analyzer.protocols.kit.unreadable import Unreadable, attempt


def statement(
    state: DeriveState, valuation: Valuation, symbols: Mapping[str, str], account: Account
) -> list[StatementLine]:
    """All lines of one account in reading order: collateral, positions, requirement, result.

    `symbols`: asset id -> symbol. Of an unknown account the balances and the reason are given.
    """
    lines = Lines(str(account.number))
    numbers = valuation.numbers(account.number)
    _collateral(lines, state, numbers, account)
    _positions(lines, state, symbols, numbers, account)
    if account.manager in state.pmrms:
        _scenarios(lines, state, valuation, account)
    else:
        _markets(lines, valuation, account)
    _result(lines, state, account, numbers)
    return lines.lines


def _logs(state: DeriveState, events: str) -> str:
    """The source of a number that the fold made."""
    return f"logs to block {state.block_number}: {events}"


def _collateral(
    lines: Lines, state: DeriveState, numbers: AccountNumbers, account: Account
) -> None:
    """Cash as stored and with interest, then base assets."""
    section, source = "collateral", _logs(state, "SubAccounts.BalanceAdjusted")
    lines.add(section, "cash as stored", numbers.cash_stored, source)
    lines.add(
        section,
        "cash with interest to now",
        numbers.cash_with_interest,
        "CashAsset indexes accrued to the block's time; margin views leave it out, an auction"
        " settles it first",
    )
    for held in account.balances:
        if held.asset in state.bases:
            lines.add(section, f"{state.bases[held.asset]} balance", held.balance, source)


def _positions(
    lines: Lines,
    state: DeriveState,
    symbols: Mapping[str, str],
    numbers: AccountNumbers,
    account: Account,
) -> None:
    """Perps with what is not settled, options by number."""
    source = _logs(state, "SubAccounts.BalanceAdjusted")
    for held in account.balances:
        key = asset_id(state, held.asset, held.sub_id)
        section = f"position {symbols.get(key, key)}"
        if held.asset in state.options:
            lines.add(section, "size", held.balance, source)
        if held.asset not in state.perps:
            continue
        stored = state.perps[held.asset].positions.get(account.number, perps.NO_POSITION)
        lines.add(section, "size", held.balance, source)
        settled = _logs(state, "PositionSettled")
        lines.add(section, "price of the last settlement", stored.last_mark_price, settled)
        lines.add(section, "stored PnL", stored.pnl, settled)
        funding = _logs(state, "FundingAppliedOnAccount")
        lines.add(section, "stored funding", stored.funding, funding)
        lines.add(
            section,
            "unsettled cash",
            numbers.perps.get(held.asset, 0),
            "price change and funding since the last settlement + stored, as"
            " PerpAsset.getUnsettledAndUnrealizedCash",
        )


def _markets(lines: Lines, valuation: Valuation, account: Account) -> None:
    """The StandardManager's maintenance margin, market by market (each surcharge of initial
    margin is in the result)."""
    markets = attempt(lambda: valuation.srm_markets(account))
    if isinstance(markets, Unreadable):
        return
    for held in markets:
        answer = attempt(partial(market_margin, held, initial=False, depeg=0, stable=WAD))
        if isinstance(answer, Unreadable):
            continue
        section = f"requirement {held.params.name}"
        lines.add(section, "perp maintenance margin", answer.perp, "-|size| x price x requirement")
        lines.add(
            section,
            "options maintenance margin",
            answer.options,
            "per expiry: isolated or max loss",
        )
        lines.add(section, "base counted", answer.base, "balance x spot x margin factor")
        lines.add(section, "unsettled cash", answer.unsettled, "of the market's perp")


def _scenarios(lines: Lines, state: DeriveState, valuation: Valuation, account: Account) -> None:
    """PMRM_2: the PnL of every scenario."""
    section = "scenarios"
    outcome = attempt(lambda: valuation.scenario_pnl(account.number))
    if isinstance(outcome, Unreadable):
        return
    scenarios = state.pmrms[account.manager].scenarios
    if isinstance(scenarios, Unreadable):
        return
    for number, (scenario, pnl) in enumerate(zip(scenarios, outcome, strict=True)):
        shock = f"spot x {scenario.spot_shock / WAD:g}, volatility {scenario.vol_shock.name}"
        lines.add(section, f"PnL of scenario {number}", pnl, shock.lower())


def _worst(worst: int | None, state: DeriveState, account: Account) -> str:
    """Which scenario decided, in words."""
    manager = state.pmrms.get(account.manager)
    if worst is None or manager is None or isinstance(manager.scenarios, Unreadable):
        return ""
    if worst >= len(manager.scenarios):
        return "; the basis contingency decides"
    return f"; scenario {worst} decides"


def _result(lines: Lines, state: DeriveState, account: Account, numbers: AccountNumbers) -> None:
    """Mark to market and the two margins as the manager's views have them."""
    section, manager = "result", state.names.get(account.manager.lower(), account.manager)
    lines.add(section, "mark to market", numbers.mtm, f"{manager}: cash + value of everything")
    worst_mm = _worst(numbers.worst_mm, state, account)
    worst_im = _worst(numbers.worst_im, state, account)
    lines.add(
        section, "maintenance margin left", numbers.mm, f"{manager}: below 0 = auction{worst_mm}"
    )
    lines.add(
        section, "initial margin left", numbers.im, f"{manager}: below 0 = no new risk{worst_im}"
    )
    problem = state.unreadable.get(account.number) or numbers.problem
    if problem is not None:
        lines.add(section, "unknown", None, f"{problem.what}: {problem.reason}")
