"""Liquidations of collateral tokens, as the Vault would execute them now.

The liquidator is assumed to have the settlement token he repays with.
Source: `Vault.sol` (`liquidateCollateral`) of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.model.closure import Closure, Transfer
from analyzer.protocols.perp_v2.close.settled import (
    Settled,
    bad_debt_transfer,
    numbers_after,
    settle_bad_debt,
)
from analyzer.protocols.perp_v2.fixed_point import (
    convert_decimals,
    from_settlement,
    mul_ratio,
    to_settlement,
    token_amount_for_value,
    token_value_e18,
)
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import (
    discounted_price,
    is_collateral_liquidatable,
    max_repayment,
)
from analyzer.protocols.perp_v2.value.settlement import copied, insurance_fund
from analyzer.protocols.perp_v2.value.takeover import PAUSED
from analyzer.protocols.perp_v2.value.valuation import Valuation


def requested_exchange(
    account: AccountMath, token: str, requested: int | None, *, in_settlement: bool
) -> tuple[int, int, str | None]:
    """(settlement token repaid, collateral taken, revert) when a liquidator asks for an amount.

    `requested`: None = the most; else an amount of the token, or of the settlement token when
    `in_settlement`. The most of one side takes the most of the other; less is converted at the
    discounted price, rounded against the liquidator but for the last digit of the token.
    Raises: UnreadableNumberError as `max_repayment`.
    """
    repaid, collateral = max_repayment(account, token)
    if requested is None or requested == (repaid if in_settlement else collateral):
        return repaid, collateral, None
    info, decimals = account.valuation.token(token), account.valuation.state.settlement_decimals
    price = discounted_price(account.valuation, token)
    if in_settlement:
        value = from_settlement(requested, decimals)
        amount = token_amount_for_value(value, info.decimals, price, info.feed_decimals)
        return requested, amount, "V_MSAE" if requested > repaid else None
    value = token_value_e18(requested, info.decimals, price, info.feed_decimals)
    return (
        to_settlement(value, decimals),
        requested,
        "V_MCAE" if requested > collateral else None,
    )


def close_collateral(
    valuation: Valuation,
    account: Account,
    token: str,
    requested: int | None = None,
    *,
    in_settlement: bool = False,
) -> Closure:
    """The closure of `settle_collateral`. Raises: UnreadableNumberError as it does."""
    numbers = AccountMath(valuation, account)
    return settle_collateral(numbers, token, requested, in_settlement=in_settlement).closure


def settle_collateral(
    before: AccountMath,
    token: str,
    requested: int | None = None,
    *,
    in_settlement: bool = False,
) -> Settled:
    """A liquidation of one collateral token; of as much as possible when nothing is `requested`.

    Raises: UnreadableNumberError when a number cannot be had.
    """
    valuation, account = before.valuation, before.account
    state = valuation.state
    repaid, collateral, reverts = requested_exchange(
        before, token, requested, in_settlement=in_settlement
    )
    fee = mul_ratio(repaid, state.config.cl_insurance_fund_fee_ratio)
    if state.vault_paused or not is_collateral_liquidatable(before):
        reverts = PAUSED if state.vault_paused else "V_NL"
    if account.address == state.insurance_fund:
        reverts = reverts or "V_CSI"
    price = discounted_price(valuation, token)
    return bought(valuation, account, Purchase(token, collateral, price, repaid, fee), reverts)


@dataclass(frozen=True, slots=True)
class Purchase:
    """Somebody buys `amount` of an account's token for `repaid` of the settlement token.

    Raw amounts in each token's decimals; price in the feed's decimals; fee: the fund's part of
    what is repaid.
    """

    token: str
    amount: int
    price: int
    repaid: int
    fee: int


def bought(
    valuation: Valuation, account: Account, purchase: Purchase, reverts: str | None
) -> Settled:
    """Every number that a purchase of collateral changes, the settlement of bad debt included.

    Raises: UnreadableNumberError when the token's price cannot be had.
    """
    state, token, fee = valuation.state, purchase.token, purchase.fee
    info, settlement = valuation.token(token), state.settlement_token
    after, fund = copied(account), insurance_fund(valuation)
    after.balances[token] -= purchase.amount
    if after.balances[token] == 0:
        del after.balances[token]
    fund.balances[settlement] = fund.balances.get(settlement, 0) + fee
    after.balances[settlement] = after.balances.get(settlement, 0) + purchase.repaid - fee
    of_fund = account.address == state.insurance_fund
    bad_debt = 0 if of_fund else settle_bad_debt(valuation, after, fund)
    full, transfers = _purchase_transfers(valuation, account.address, purchase, bad_debt)
    paid = from_settlement(purchase.repaid - fee, state.settlement_decimals)
    closure = Closure(
        account_id=account.address,
        kind="collateral",
        asset_id=token,
        amount=purchase.amount,
        price_e18=convert_decimals(purchase.price, info.feed_decimals, 18),
        value_e18=token_value_e18(
            purchase.amount, info.decimals, purchase.price, info.feed_decimals
        ),
        penalty_e18=full - paid,
        transfers=transfers,
        reverts=reverts,
        after=numbers_after(valuation, after, fund, bad_debt)
        | {
            "token_balance": after.balances.get(token, 0),
            "repaid_settlement": purchase.repaid,
            "insurance_fund_fee": fee,
        },
    )
    return Settled(closure, after, fund)


def _purchase_transfers(
    valuation: Valuation, address: str, purchase: Purchase, bad_debt: int
) -> tuple[int, tuple[Transfer, ...]]:
    """(what the tokens are worth in full, who pays whom); parts of 0 are left out."""
    state, info = valuation.state, valuation.token(purchase.token)
    full_price = valuation.token_price(purchase.token)
    full = token_value_e18(purchase.amount, info.decimals, full_price, info.feed_decimals)
    paid, fee = (
        from_settlement(amount, state.settlement_decimals)
        for amount in (purchase.repaid - purchase.fee, purchase.fee)
    )
    parts = (
        Transfer(address, "liquidator", full, f"{info.symbol} at its full price"),
        Transfer("liquidator", address, paid, "debt repaid"),
        Transfer("liquidator", "insurance_fund", fee, "collateral liquidation fee"),
        bad_debt_transfer(valuation, address, bad_debt),
    )
    return full, tuple(part for part in parts if part.amount_e18)


def collateral_closures(valuation: Valuation, account: Account) -> Sequence[Closure]:
    """The liquidation of each token of an account whose tokens may be liquidated, else none.

    A token of which nothing would be taken (no debt to repay) has no closure.
    Raises: UnreadableNumberError when a number cannot be had.
    """
    numbers = AccountMath(valuation, account)
    if not is_collateral_liquidatable(numbers):
        return []
    closures = [settle_collateral(numbers, token).closure for token in numbers.tokens]
    return [closure for closure in closures if closure.amount]
