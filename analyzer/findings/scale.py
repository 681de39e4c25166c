"""How large bad debt is beside what a deployment holds: shares of it, and a word for them.

    bad debt ──/── deposits         every account's collateral above zero, the funds' own aside
             ──/── open_interest    the short side of every market (where one lends: what is owed)
             ──/── equity           of the accounts that have more than they owe
             ──/── backstops        what has to pay for it

All at the protocol's reference prices, in integers of 18 decimals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from analyzer.findings.shortfall import BEARING, FUND_KIND
from analyzer.findings.summary import Summary
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.model.toml_file import is_line
from analyzer.protocols.registry import load_plug
from analyzer.solvency.result import ScanResult, Sum


class Measure(StrEnum):
    """What bad debt is held against, in the order in which it is told."""

    DEPOSITS = "deposits"
    OPEN_INTEREST = "open_interest"
    EQUITY = "equity"
    BACKSTOPS = "backstops"


class Grade(StrEnum):
    """How large what is missing is beside the deposits."""

    NONE = "none"
    """Nothing is missing."""
    TRACE = "trace"
    """Below 0.01 % of the deposits."""
    MINOR = "minor"
    """Below 1 %."""
    MATERIAL = "material"
    """Below 10 %."""
    SEVERE = "severe"
    """10 % of the deposits or more."""
    UNKNOWN = "unknown"
    """The answer is not proven, or the deposits are not known or zero: nothing makes it small."""


_BOUNDS = (
    (Grade.TRACE, WAD // 10_000),
    (Grade.MINOR, WAD // 100),
    (Grade.MATERIAL, WAD // 10),
)
"""Grade -> the share of the deposits (18 decimals) that it stays below."""


@dataclass(frozen=True, slots=True)
class Share:
    """Bad debt as a share of one measure. name: what the measure is called. amount_e18: the
    measure, None = unknown. left_out: parts that have no known value, and are not in it. share_e18:
    bad debt / amount in 18 decimals, rounded up; None where the amount is unknown or not above
    zero."""

    of: Measure
    name: str
    amount_e18: int | None
    left_out: int
    share_e18: int | None


@dataclass(frozen=True, slots=True)
class Scale:
    """The measure of an answer. money: the unit of its amounts, empty = it has no name. shares:
    those that the protocol has, in the order of `Measure`."""

    money: str
    grade: Grade
    shares: tuple[Share, ...]


def scale_of(result: ScanResult, summary: Summary) -> Scale:
    """The measure of one scan's answer."""
    debt = summary.debt.at_prices_e18
    measures: list[tuple[Measure, int | None, int]] = []
    deposits = deposited(result)
    measures.append((Measure.DEPOSITS, deposits.amount_e18, deposits.left_out))
    if result.details.markets:
        interest = open_interest(result)
        measures.append((Measure.OPEN_INTEREST, interest.amount_e18, interest.left_out))
    own = positive_equity(result)
    measures.append((Measure.EQUITY, own.amount_e18, own.left_out))
    measures.append((Measure.BACKSTOPS, summary.backstops.capacity_e18, 0))
    protocol = result.deployment.protocol
    names = {Measure.OPEN_INTEREST: _named(protocol, "interest") or "open interest"}
    shares = tuple(
        Share(of, names.get(of, of.value), held, left, share_e18(debt, held))
        for of, held, left in measures
    )
    return Scale(money_of(protocol), _grade(summary, deposits), shares)


def share_e18(part_e18: int, whole_e18: int | None) -> int | None:
    """part / whole in 18 decimals, rounded up, so that no part reads as nothing; None where the
    whole is unknown or not above zero."""
    if whole_e18 is None or whole_e18 <= 0:
        return None
    return -(-part_e18 * WAD // whole_e18)


def money_of(protocol: str) -> str:
    """The unit of a protocol's amounts; empty where it names none, or is not installed."""
    return _named(protocol, "money")


def _named(protocol: str, part: str) -> str:
    """A text that a plug may have; empty where it has none, or is not installed."""
    try:
        named = getattr(load_plug(protocol), part, "")
    except InputError:
        return ""
    return named if is_line(named) else ""


def deposited(result: ScanResult) -> Sum:
    """What the accounts hold as collateral, at the reference prices."""
    if result.deposits is not None:
        return result.deposits
    rows = ((row.account_id, row.amount, row.value_e18) for row in result.details.collateral)
    return sum_deposits(rows, funds_of(result))


def sum_deposits(rows: Iterable[tuple[str, int, int | None]], funds: frozenset[str]) -> Sum:
    """The balances above zero of (account, raw amount, value of 18 decimals), those of `funds`
    aside: what the backstops hold is a measure of its own."""
    total = left_out = 0
    for account, amount, value in rows:
        if account in funds or amount <= 0:
            continue
        if value is None:
            left_out += 1
        else:
            total += value
    return Sum(total, left_out)


def funds_of(result: ScanResult) -> frozenset[str]:
    """The backstops' own accounts: what they hold is no deposit, but what stands behind them."""
    own = {row.account_id for row in result.details.accounts if row.kind == FUND_KIND}
    layers = {row.account_id for row in result.backstops if row.kind in BEARING}
    return frozenset(own | {account for account in layers if account is not None})


def open_interest(result: ScanResult) -> Sum:
    """The short side of every market at its reference price, each market rounded down."""
    total = left_out = 0
    for market in result.details.markets:
        size, price = market.open_interest_short_e18, market.reference_price_e18
        if size == 0:
            continue
        if size is None or price is None:
            left_out += 1
        else:
            total += size * price // WAD
    return Sum(total, left_out)


def positive_equity(result: ScanResult) -> Sum:
    """The equity of the accounts that have more than they owe, the funds' own aside."""
    funds = funds_of(result)
    rows = [row.margin.equity_e18 for row in result.margin if row.margin.account_id not in funds]
    known = [equity for equity in rows if equity is not None]
    return Sum(sum(max(equity, 0) for equity in known), len(rows) - len(known))


def _grade(summary: Summary, deposits: Sum) -> Grade:
    """The grade of the bad debt, or of the shortfall where that is more (a fund in debt)."""
    missing = max(summary.debt.at_prices_e18, summary.shortfall_e18 or 0)
    if summary.caveats or summary.shortfall_e18 is None or deposits.left_out:
        return Grade.UNKNOWN
    if not missing:
        return Grade.NONE
    share = share_e18(missing, deposits.amount_e18)
    if share is None:
        return Grade.UNKNOWN
    return next((grade for grade, bound in _BOUNDS if share < bound), Grade.SEVERE)
