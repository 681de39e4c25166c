"""Sums over all accounts, reserve by reserve, in one pass over them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from analyzer.protocols.aave_v3.state.state import AaveState


@dataclass(slots=True)
class Sums:
    """asset -> sum. scaled_supply, scaled_debt: of scaled balances. debt: of debts with interest,
    each rounded as the pool rounds it. borrowers: how many accounts owe it."""

    scaled_supply: Counter[str] = field(default_factory=Counter)
    scaled_debt: Counter[str] = field(default_factory=Counter)
    debt: Counter[str] = field(default_factory=Counter)
    borrowers: Counter[str] = field(default_factory=Counter)


def sums(state: AaveState) -> Sums:
    """The sums of a state, over every account and every reserve that it holds."""
    out = Sums()
    for account in state.accounts.values():
        for asset, scaled in account.supplied.items():
            out.scaled_supply[asset] += scaled
        for asset, scaled in account.borrowed.items():
            out.scaled_debt[asset] += scaled
        for asset in {*account.borrowed, *account.stable}:
            reserve = state.reserves.get(asset)
            if reserve is not None and account.borrows(asset):
                out.borrowers[asset] += 1
                out.debt[asset] += state.variable_debt(account, reserve)
                out.debt[asset] += state.stable_debt(account, reserve)
    return out
