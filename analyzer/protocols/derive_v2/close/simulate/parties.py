"""Who gives what to whom in a simulation, beside accounts and the house's own roles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.model.closure import Transfer
from analyzer.protocols.derive_v2.close.liquidate import (
    CASH_HOLDERS,
    LIQUIDATOR,
    SECURITY_MODULE,
)
from analyzer.protocols.derive_v2.state.state import DeriveState

OWNER = "owner"
"""The party that receives what is withdrawn."""
ROUNDING = "rounding"
"""The party that takes or gives what truncated products leave over."""


def portfolio(account: str, value: int) -> Iterator[Transfer]:
    """A part of a portfolio goes to the liquidator; what is worth less than nothing costs them."""
    if value >= 0:
        yield Transfer(account, LIQUIDATOR, value, "share of the portfolio")
    else:
        yield Transfer(LIQUIDATOR, account, -value, "a portfolio below zero")


def net(transfers: Sequence[Transfer], party: str) -> int:
    """What a party gains by transfers."""
    gained = sum(t.amount_e18 for t in transfers if t.to_party == party)
    return gained - sum(t.amount_e18 for t in transfers if t.from_party == party)


def two_way(role: str, account: str, amount: int, what: str) -> Iterator[Transfer]:
    """A transfer to the account, or from it where the amount is below 0; none of 0."""
    if amount > 0:
        yield Transfer(role, account, amount, what)
    elif amount < 0:
        yield Transfer(account, role, -amount, what)


def house_party(state: DeriveState, number: int) -> str:
    """The security module: its account, or its role where the book has none."""
    return str(number) if number in state.accounts else SECURITY_MODULE


def loss(state: DeriveState, account: str, module: int, rest: int) -> list[Transfer]:
    """A loss that the security module and then everybody's cash take over."""
    payer = house_party(state, state.security_account)
    return [
        Transfer(payer, account, module, "security module pays", bad_debt=True),
        Transfer(CASH_HOLDERS, account, rest, "socialised loss", bad_debt=True),
    ]
