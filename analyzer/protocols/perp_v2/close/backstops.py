"""The order in which Perp V2 absorbs a loss, with what each layer can bear at this block.

Source: `Vault.settleBadDebt`, `InsuranceFund.repay`, `InsuranceFund.getInsuranceFundCapacity` of
`@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from collections.abc import Callable

from analyzer.model.rows import BackstopKind, BackstopRow
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.fixed_point import from_settlement, token_value_e18
from analyzer.protocols.perp_v2.value.account import AccountMath, still_account
from analyzer.protocols.perp_v2.value.limits import discounted_price
from analyzer.protocols.perp_v2.value.settlement import insurance_fund
from analyzer.protocols.perp_v2.value.valuation import Valuation
from analyzer.protocols.perp_v2.value.value import PerpValued


def pledged_tokens_of_debtors(
    valuation: Valuation, account_of: Callable[[str], AccountMath] | None = None
) -> int | None:
    """Value, at liquidators' discounted prices, of the tokens of every account whose settlement
    value is below zero; 18 decimals, rounded down per token. None when one of them is unknown."""
    state, total = valuation.state, 0
    for address, account in state.accounts.items():
        if not still_account(valuation, account).tokens:
            continue
        numbers = account_of(address) if account_of else AccountMath(valuation, account)
        if address in state.unreadable:
            return None
        try:
            if numbers.settlement_value >= 0:
                continue
            for name, token in numbers.tokens.items():
                info = valuation.token(name)
                price = discounted_price(valuation, name)
                total += token_value_e18(token.balance, info.decimals, price, info.feed_decimals)
        except UnreadableNumberError:
            return None
    return total


def backstops(valued: PerpValued) -> list[BackstopRow]:
    """The loss waterfall of the book."""
    return waterfall(valued.valuation, valued.account)


def waterfall(
    valuation: Valuation, account_of: Callable[[str], AccountMath] | None = None
) -> list[BackstopRow]:
    """The loss waterfall, first layer first; capacities in 18 decimals.

    account_of: where the accounts' numbers are kept; None = worked out here.

    The fund's account may be negative: then its capacity is below zero, and the wallet pays that
    first. A capacity is None (and not unlimited) when it cannot be had.
    """
    state = valuation.state
    fund = AccountMath(valuation, insurance_fund(valuation))
    decimals = state.settlement_decimals
    try:
        fund_value = None if fund.account.address in state.unreadable else fund.settlement_value
    except UnreadableNumberError:
        fund_value = None
    wallet = state.insurance_fund_wallet
    pooled = state.vault_settlement_balance
    pool_text = "not read" if pooled is None else f"{pooled} raw {state.settlement_symbol}"
    return [
        BackstopRow(
            1,
            "tokens of the accounts in debt",
            None,
            pledged_tokens_of_debtors(valuation, account_of),
            False,
            "Vault.liquidateCollateral: anyone buys them at the discounted price; each account's "
            "tokens stand for its own debt only",
            BackstopKind.OWN_COLLATERAL,
        ),
        BackstopRow(
            2,
            "insurance fund, Vault account",
            state.insurance_fund,
            fund_value,
            False,
            "Vault.settleBadDebt: an account without positions and tokens passes its negative "
            "balance to the fund, whose own may go below zero",
        ),
        BackstopRow(
            3,
            "insurance fund, wallet",
            state.insurance_fund,
            None if wallet is None else from_settlement(wallet, decimals),
            False,
            "InsuranceFund.repay: anyone moves it into the Vault while the fund's value is "
            "negative",
        ),
        BackstopRow(
            4,
            "everyone who withdraws last",
            None,
            None,
            True,
            "no auto-deleveraging, no shared loss, no pause: the Vault pays the first who ask, "
            f"out of {pool_text}",
            BackstopKind.SOCIALISED,
        ),
    ]
