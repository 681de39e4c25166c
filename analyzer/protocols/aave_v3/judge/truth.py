"""The judges: the contract's own views, and what the rebuild says that each of them answers.

Asked only to compare, never to compute: a node that refuses every selector of `JUDGE_SELECTORS`
changes no number of a scan. The pool is judged at its oracle's own prices.
Source: views of `@aave/core-v3` 1.19.3 and `@aave-dao/aave-v3-origin` 3.6.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.model.integers import WAD
from analyzer.model.rows import MarginRow
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.state.state import AaveState, ReserveState
from analyzer.protocols.aave_v3.value.account import AccountData, Valuation
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.aave_v3.words import account_word
from analyzer.protocols.base import Judge
from analyzer.protocols.kit.judging import Question, ask, judge_selectors
from analyzer.protocols.kit.unreadable import Unreadable

SIX_FIELDS = (
    "totalCollateralBase",
    "totalDebtBase",
    "availableBorrowsBase",
    "currentLiquidationThreshold",
    "ltv",
    "healthFactor",
)

JUDGES: dict[str, tuple[str, ...]] = {
    "Pool": (
        "getReserveNormalizedIncome",
        "getReserveNormalizedVariableDebt",
        "getUserAccountData",
        "getUserConfiguration",
        "getUserEMode",
    ),
    "AToken": ("getPreviousIndex", "scaledBalanceOf"),
    "StableDebtToken": ("getUserLastUpdated", "getUserStableRate", "principalBalanceOf"),
    "AaveProtocolDataProvider": ("getUserReserveData",),
}
"""Contract -> views that compute or hold what the rebuild computes: none of them is asked but to
compare, and the list is wider than what `truth` asks. (`scaledBalanceOf` is both tokens'.)"""

JUDGE_SELECTORS = judge_selectors(ABI_FOLDER, JUDGES)
"""Selectors (0x, lower case) of every judge: the rebuild uses none of them."""


def truth(
    valued: AaveValued, margin: Sequence[MarginRow], account_ids: Sequence[str]
) -> list[Judge]:
    """Questions about every reserve's indexes and about each account of `account_ids`.

    A known account's collateral and debt are compared as its row of margin has them. `valued` is
    at the oracle's own prices, the only ones that the pool knows.
    Raises: KeyError for an account that the state does not hold.
    """
    state = valued.state
    rows = {row.account_id: row for row in margin}
    out = [judge for reserve in state.reserves.values() for judge in _reserve(state, reserve)]
    for address in account_ids:
        out += _account(valued.valuation, state.accounts[address], rows.get(address))
    return out


def _word(
    abi: str,
    to: str,
    function: str,
    expected: int,
    *,
    account: str | None = None,
    asset: str | None = None,
) -> Iterator[Judge]:
    """One question about the account, else about the asset, whose answer is one word."""
    subject = asset if account is None else account
    question = Question(f"{ABI_FOLDER}/{abi}", to, function, (subject,), (), account, asset)
    return ask(question, (expected,))


def _reserve(state: AaveState, reserve: ReserveState) -> Iterator[Judge]:
    """The normalized indexes at the block."""
    pool, asset = state.contracts["pool"], reserve.asset
    for function, index in (
        ("getReserveNormalizedIncome", reserve.income_ray),
        ("getReserveNormalizedVariableDebt", reserve.debt_ray),
    ):
        yield from _word("Pool", pool, function, index, asset=asset)


def _account(valuation: Valuation, account: Account, row: MarginRow | None) -> Iterator[Judge]:
    """The six numbers, the flags, the mode, and every scaled balance there ever was."""
    state, address = valuation.state, account.address
    pool = state.contracts["pool"]
    data = valuation.account_data(address)
    six = Question(
        f"{ABI_FOLDER}/Pool", pool, "getUserAccountData", (address,), SIX_FIELDS, address
    )
    numbers = data if isinstance(data, Unreadable) else _six(state, data, row)
    yield from ask(six, numbers, _refused_without_words)
    borrowed = [r.id for r in state.reserves.values() if account.borrows(r.asset)]
    word = account_word(account.collateral_bits, borrowed)
    for function, value in (("getUserConfiguration", word), ("getUserEMode", account.emode)):
        yield from _word("Pool", pool, function, value, account=address)
    yield from _balances(state, account)


def _refused_without_words(_reason: str) -> str:
    """What a node says where an oracle refuses: no reason comes through the pool."""
    return ""


def _six(state: AaveState, data: AccountData, row: MarginRow | None) -> Sequence[int]:
    """The six numbers, with collateral and debt as the row of margin says them."""
    if row is None or row.equity_e18 is None or row.maintenance_margin_e18 is None:
        return data.six
    scale = WAD // state.base_unit
    collateral = (row.equity_e18 + row.maintenance_margin_e18) // scale
    return (collateral, row.maintenance_margin_e18 // scale, *data.six[2:])


def _balances(state: AaveState, account: Account) -> Iterator[Judge]:
    """Scaled balances and stable debts, asked of the tokens. Of an account that the logs leave
    unknown nothing is said, so nothing is compared."""
    address = account.address
    if address in state.ledger.unknown:
        return
    for held, abi in ((account.supplied, "AToken"), (account.borrowed, "VariableDebtToken")):
        for asset, scaled in held.items():
            reserve = state.reserves.get(asset)
            if reserve is None:
                continue
            token = reserve.a_token if abi == "AToken" else reserve.variable_token
            yield from _word(abi, token, "scaledBalanceOf", scaled, account=address, asset=asset)
    for asset, loan in account.stable.items():
        reserve = state.reserves.get(asset)
        if reserve is None or not state.rules.stable_debt:
            continue
        for function, value in (
            ("principalBalanceOf", loan.principal),
            ("getUserStableRate", loan.rate_ray),
            ("getUserLastUpdated", loan.updated_at),
        ):
            token = reserve.stable_token
            yield from _word(
                "StableDebtToken", token, function, value, account=address, asset=asset
            )
