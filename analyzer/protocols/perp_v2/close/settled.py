"""A closure with what it leaves, and the bad debt that an emptied account passes to the fund.

Source: `Vault.settleBadDebt` of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.closure import Closure, Transfer
from analyzer.protocols.perp_v2.fixed_point import from_settlement, to_settlement
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.valuation import Valuation


@dataclass(frozen=True, slots=True)
class Settled:
    """A closure with what it leaves: the account and the fund after it, both copies.

    Where the closure reverts, they are as they would have been, or unchanged where its
    consequences were not worked out.
    """

    closure: Closure
    account: Account
    fund: Account


def settle_bad_debt(valuation: Valuation, account: Account, fund: Account) -> int:
    """Vault.settleBadDebt: moves the loss of an emptied account to the insurance fund.

    Does nothing while the account is in any market or holds any other token. Returns the amount
    in the settlement token's decimals, 0 when there was none.
    """
    settlement = valuation.state.settlement_token
    if account.markets or any(
        amount for token, amount in account.balances.items() if token != settlement
    ):
        return 0
    value = to_settlement(
        AccountMath(valuation, account).settlement_balance, valuation.state.settlement_decimals
    )
    if value >= 0:
        return 0
    fund.balances[settlement] = fund.balances.get(settlement, 0) + value
    account.balances[settlement] = account.balances.get(settlement, 0) - value
    return -value


def bad_debt_transfer(valuation: Valuation, address: str, bad_debt: int) -> Transfer:
    """The fund's taking over of `bad_debt` (settlement decimals) from the account."""
    amount = from_settlement(bad_debt, valuation.state.settlement_decimals)
    return Transfer("insurance_fund", address, amount, "bad debt settled", bad_debt=True)


def numbers_after(
    valuation: Valuation, account: Account, fund: Account, bad_debt: int
) -> dict[str, int]:
    """The stored numbers of account and fund after a closure; balances in settlement decimals."""
    settlement = valuation.state.settlement_token
    return {
        "owed_realized_pnl": account.owed_realized_pnl,
        "settlement_balance": account.balances.get(settlement, 0),
        "insurance_fund_owed_realized_pnl": fund.owed_realized_pnl,
        "insurance_fund_settlement_balance": fund.balances.get(settlement, 0),
        "bad_debt_settled": bad_debt,
    }
