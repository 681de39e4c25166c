"""A book of Perp V2 in motion: its simulation, and what the ledger of a visit comes to."""

from __future__ import annotations

from collections.abc import Callable

from analyzer.model.book import Book, Prices, make_book
from analyzer.protocols.perp_v2.close.simulate import PerpSimulation
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.prices import reference_prices

E18 = 10**18
USD = 10**6
ONE, TWO = f"0x{1:040x}", f"0x{2:040x}"
MakeState = Callable[..., PerpState]
MakeAccount = Callable[..., Account]


def simulation(state: PerpState, prices: Prices | None = None) -> PerpSimulation:
    state.accounts.setdefault(state.insurance_fund, Account(state.insurance_fund))
    book: Book = make_book(list(state.accounts), [], ([] for _ in state.accounts), state)
    return PerpSimulation(book, state, prices or reference_prices(state))


def names(state: PerpState) -> tuple[str, str, str]:
    """The market, the token and the settlement token."""
    return next(iter(state.markets)), next(iter(state.collateral)), state.settlement_token


def equities(sim: PerpSimulation) -> int:
    standings = [sim.standing(account_id) for account_id in sim.account_ids()]
    return sum(standing.equity_e18 for standing in standings if standing is not None)
