"""A whole portfolio sold at its mark to market, and who pays for what its cash then lacks."""

from __future__ import annotations

from analyzer.model.closure import Transfer
from analyzer.protocols.derive_v2.close.liquidate import LIQUIDATOR
from analyzer.protocols.derive_v2.close.simulate import bids
from analyzer.protocols.derive_v2.close.simulate.motion import known
from analyzer.protocols.derive_v2.close.simulate.parties import loss, portfolio
from analyzer.protocols.derive_v2.records.accounts import Holding
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.cash import security_module_cash


def positions(state: DeriveState, number: int) -> list[Holding]:
    """What the account holds beside cash."""
    balances = state.accounts[number].balances
    return [h for h in balances if h.asset != state.cash.address]


def close_out(valuation: Valuation, number: int) -> tuple[Transfer, ...]:
    """Settles and sells everything at its mark to market; the account keeps what is left."""
    state, account = valuation.state, str(number)
    bids.settle(valuation, number)
    found = known(valuation, number)
    if found is None:
        return ()
    held = positions(state, number)
    cash = state.accounts[number].cash(state.cash.address)
    bids.take(valuation, number, held, paid=found[0] - cash)
    parts = [
        *portfolio(account, found[0] - cash),
        Transfer(LIQUIDATOR, account, found[0] - cash, "sold"),
    ]
    if found[0] - cash < 0:
        parts[-1] = Transfer(account, LIQUIDATOR, cash - found[0], "paid to be rid of it")
    if found[0] < 0:
        module = min(-found[0], max(0, security_module_cash(state)))
        if module:
            bids.add_cash(valuation, state.security_account, -module)
        if -found[0] > module:
            bids.socialise(state, -found[0] - module)
        bids.set_cash(valuation, number, 0)
        parts += loss(state, account, module, -found[0] - module)
    return tuple(part for part in parts if part.amount_e18)
