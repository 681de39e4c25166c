"""A real book many times over: as many accounts as one likes, and the same totals.

Every copy of an account holds what the original holds times a share of its own, and owes so much of
what it owes that the copies' health differs; the shares of all copies sum to about one, so that the
markets' depth is to the whole what it was. Addresses are made up. The fund of a protocol stays one.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TypeVar

from analyzer.model.book import Book, make_book
from analyzer.protocols.aave_v3.records.accounts import Account as AaveAccount
from analyzer.protocols.aave_v3.state.state import AaveState
from analyzer.protocols.perp_v2.records import Account as PerpAccount
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.runs.snapshot.books import ScanBook

PARTS = 10**9
Account = TypeVar("Account", AaveAccount, PerpAccount)


def multiplied(scan: ScanBook, accounts: int, seed: int = 7) -> ScanBook:
    """The scan with about so many accounts. Raises: TypeError for a protocol that is not known
    here."""
    state, chance = scan.book.state, Random(seed)
    copies = max(accounts // max(len(scan.book), 1), 1)
    if isinstance(state, AaveState):
        changed: object = replace(
            state, accounts=_copied(state.accounts, copies, chance, _aave, ())
        )
    elif isinstance(state, PerpState):
        alone = (state.insurance_fund,)
        changed = replace(state, accounts=_copied(state.accounts, copies, chance, _perp, alone))
    else:
        raise TypeError(f"nobody knows how to multiply {type(state).__name__}")
    ids, rows = [], []
    for number, account_id in enumerate(scan.book.account_ids):
        start, stop = int(scan.book.indptr[number]), int(scan.book.indptr[number + 1])
        legs = [
            (int(scan.book.asset[leg]), scan.book.amount[leg] // copies)
            for leg in range(start, stop)
        ]
        for copy in range(copies if account_id in changed.accounts else 0):  # type: ignore[attr-defined]
            name = _name(account_id, copy)
            if name in changed.accounts:  # type: ignore[attr-defined]
                ids.append(name)
                rows.append(legs)
    book: Book = make_book(ids, scan.book.assets, rows, changed)
    return replace(scan, valued=scan.plug.value(book, scan.plug.prices(book)))


def _name(address: str, copy: int) -> str:
    """The address of a copy; the first keeps its own."""
    return address if copy == 0 else f"{address[:-6]}{copy:06x}"


def _copied(
    accounts: dict[str, Account],
    copies: int,
    chance: Random,
    scaled: object,
    alone: tuple[str, ...],
) -> dict[str, Account]:
    """Every account `copies` times, those in `alone` once."""
    out: dict[str, Account] = {}
    for address, account in accounts.items():
        if address in alone:
            out[address] = account
            continue
        for copy in range(copies):
            share = int(PARTS * chance.uniform(0.5, 1.5) / copies)
            debt = int(share * chance.uniform(0.85, 1.05))
            name = _name(address, copy)
            out[name] = scaled(account, name, share, debt)  # type: ignore[operator]
    return out


def _aave(account: AaveAccount, name: str, share: int, debt: int) -> AaveAccount:
    """A copy of an Aave account."""
    return replace(
        account,
        address=name,
        supplied={asset: amount * share // PARTS for asset, amount in account.supplied.items()},
        borrowed={asset: amount * debt // PARTS for asset, amount in account.borrowed.items()},
        stable={
            asset: replace(loan, principal=loan.principal * debt // PARTS)
            for asset, loan in account.stable.items()
        },
    )


def _perp(account: PerpAccount, name: str, share: int, debt: int) -> PerpAccount:
    """A copy of a Perp V2 account: everything by one share, the settlement token by the other."""
    return replace(
        account,
        address=name,
        balances={token: amount * debt // PARTS for token, amount in account.balances.items()},
        owed_realized_pnl=account.owed_realized_pnl * share // PARTS,
        markets={
            base: replace(
                held,
                taker_position_size=held.taker_position_size * share // PARTS,
                taker_open_notional=held.taker_open_notional * share // PARTS,
                orders={
                    ticks: replace(
                        order,
                        liquidity=order.liquidity * share // PARTS,
                        base_debt=order.base_debt * share // PARTS,
                        quote_debt=order.quote_debt * share // PARTS,
                    )
                    for ticks, order in held.orders.items()
                },
            )
            for base, held in account.markets.items()
        },
    )
