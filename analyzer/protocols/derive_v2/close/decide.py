"""What may be decided about a Derive V2 book: perps that grow, parameters, what can leave.

A trade settles interest and perps into cash first, then changes the balance; cash pays what the
execution is worse than the mark price. The test of the larger position is the manager's initial
margin. Options are not offered: their price is the market's, not the protocol's.

Source: v2-core `PerpAsset.sol`, `StandardManager.sol`, `PMRM_2.sol`, `CashAsset.withdraw`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from analyzer.model.book import Book
from analyzer.model.integers import WAD, mul_div
from analyzer.protocols.decisions import (
    Claim,
    ExitPool,
    OwnPool,
    Parameter,
    Reduction,
    Resize,
)
from analyzer.protocols.derive_v2.close.simulate import bids
from analyzer.protocols.derive_v2.close.simulate.withdrawal import largest_withdrawals
from analyzer.protocols.derive_v2.records.accounts import Account, Holding
from analyzer.protocols.derive_v2.records.parameters import SrmMarket
from analyzer.protocols.derive_v2.records.perps import PerpPosition
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value import perps
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.value import DeriveValued
from analyzer.protocols.kit.unreadable import Unreadable, attempt

DECIMALS = 18
_MARKET = {
    "perp_im": ("initial margin of perps, share of their value", WAD),
    "perp_mm": ("maintenance margin of perps, share of their value", WAD),
    "base_margin_factor": ("share of a base asset that counts at maintenance", WAD),
    "base_im_scale": ("and of that at initial margin", WAD),
}


def decide(valued: DeriveValued) -> DeriveDecisions:
    """What the book allows."""
    return DeriveDecisions(valued)


class DeriveDecisions:
    """See `decisions.Decisions`."""

    def __init__(self, valued: DeriveValued) -> None:
        self._valued = valued
        self._state = valued.state

    def _markets(self) -> Iterator[SrmMarket]:
        """The StandardManager's markets that were read."""
        for market in self._state.srm.markets.values():
            if not isinstance(market, Unreadable):
                yield market

    def parameters(self) -> Sequence[Parameter]:
        """The StandardManager's, market by market."""
        return [
            Parameter(f"{at}:{market.name}", getattr(market, at), DECIMALS, 0, high, "ratio", text)
            for market in self._markets()
            for at, (text, high) in _MARKET.items()
        ]

    def with_parameters(self, values: Mapping[str, int]) -> Book:
        """The book under other requirements. Raises: KeyError; ValueError where initial margin
        would be below maintenance."""
        markets = dict(self._state.srm.markets)
        numbers = {market.name: market.market_id for market in self._markets()}
        for name, value in values.items():
            at, _, place = name.partition(":")
            if at not in _MARKET:
                raise KeyError(name)
            market = markets[numbers[place]]
            if not isinstance(market, Unreadable):
                changed: dict[str, Any] = {at: value}
                markets[numbers[place]] = replace(market, **changed)
        for market in markets.values():
            if not isinstance(market, Unreadable) and market.perp_im < market.perp_mm:
                raise ValueError(f"{market.name}: perp_im is below perp_mm")
        state = replace(self._state, srm=replace(self._state.srm, markets=markets))
        return replace(self._valued.book, state=state)

    def resizes(self, account_id: str) -> Sequence[Resize]:
        """A trade of every perp that the account's manager knows."""
        manager = self._state.accounts[int(account_id)].manager
        portfolio = self._state.pmrms.get(manager)
        return [
            Resize("trade", address, market.symbol, DECIMALS)
            for address, market in self._state.perps.items()
            if not market.disabled
            and (address == portfolio.perp if portfolio else address in self._state.srm.assets)
        ]

    def resized(
        self, account_id: str, resize: Resize, amount: int, price_e18: int | None = None
    ) -> Book:
        """The account's book after a trade. Raises: KeyError, UnreadableNumberError."""
        number, asset = int(account_id), resize.asset_id
        state = bids.copied(self._state)
        if amount:
            _trade(state, number, asset, amount, price_e18)
        place = list(self._valued.book.account_ids).index(account_id)
        return replace(self._valued.book.part([place]), state=state)

    def reductions(self, account_id: str) -> Sequence[Reduction]:
        """Its perps in markets that are not disabled."""
        return [
            Reduction(
                "close",
                held.asset,
                self._state.perps[held.asset].symbol,
                DECIMALS,
                abs(held.balance),
                1 if held.balance > 0 else -1,
            )
            for held in self._state.accounts[int(account_id)].balances
            if held.asset in self._state.perps and not self._state.perps[held.asset].disabled
        ]

    def reduced(
        self, account_id: str, reduction: Reduction, amount: int, received_e18: int
    ) -> Book:
        """The account's book after a part of a perp was closed."""
        trade = Resize("trade", reduction.asset_id, reduction.symbol, DECIMALS)
        price = received_e18 * WAD // amount if amount else None
        return self.resized(account_id, trade, -reduction.sign * amount, price)

    def own_pool(self, asset_id: str) -> OwnPool | None:
        """Its order books are not on the chain."""
        return None

    def exit_pools(self) -> Sequence[ExitPool]:
        """The stable coin that backs cash; base assets are each account's own."""
        state = self._state
        held = state.cash.stable_held
        if isinstance(held, Unreadable):
            return []
        address = state.cash.address
        # Nobody's withdrawal changes what another account may take: one copy serves all.
        valuation = Valuation(bids.copied(state))
        claims = [
            Claim(account, amount, _free_cash(valuation, int(account)))
            for account in self._valued.book.account_ids
            if (amount := state.accounts[int(account)].cash(address)) > 0
        ]
        return [ExitPool(address, "cash", DECIMALS, held, state.cash.total_borrow, claims)]


def _trade(state: DeriveState, number: int, asset: str, amount: int, price_e18: int | None) -> None:
    """Changes a copied state. Raises: UnreadableNumberError."""
    valuation, market = Valuation(state), state.perps[asset]
    bids.settle(valuation, number)
    mark = perps.perp_price(state, market)[0]
    market.positions[number] = PerpPosition(
        last_mark_price=mark, last_aggregated_funding=perps.aggregated_funding(state, market)
    )
    state.accounts[number] = _with(state.accounts[number], asset, amount)
    if price_e18 is not None:
        bids.add_cash(valuation, number, -mul_div(amount, price_e18 - mark, WAD))


def _with(account: Account, asset: str, amount: int) -> Account:
    """The account with more of a perp."""
    held = next((h.balance for h in account.balances if h.asset == asset), 0) + amount
    others = [h for h in account.balances if h.asset != asset]
    return replace(account, balances=[*others, *([Holding(asset, 0, held)] if held else [])])


def _free_cash(valuation: Valuation, number: int) -> int:
    """What the account could take out of its cash now; its withdrawal happens in the valuation."""
    taken = attempt(lambda: largest_withdrawals(valuation, number))
    if isinstance(taken, Unreadable):
        return 0
    cash = valuation.state.cash.address
    return next((value for asset, value in taken if asset == cash), 0)
