"""What may be decided about a Nado book: perps and borrowings that grow, weights, what can leave.

A trade adds size and quote to a perp balance with funding settled, as the engine does; a borrowing
is a withdrawal of more than there is, without the Endpoint's fee. The test of both is health at
initial weights, not below 0.

Source: `PerpEngineState._updateBalance`, `Clearinghouse.withdrawCollateral`,
`SpotEngine.assertUtilization`; spec sections 5, 7 and 8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analyzer.model.book import Book
from analyzer.model.integers import WAD
from analyzer.protocols.decisions import (
    Claim,
    ExitPool,
    OwnPool,
    Parameter,
    Reduction,
    Resize,
)
from analyzer.protocols.kit.unreadable import Unreadable, attempt
from analyzer.protocols.nado.account_ids import Kind, kind_of
from analyzer.protocols.nado.arithmetic import mul
from analyzer.protocols.nado.close.withdraw import largest_withdrawal
from analyzer.protocols.nado.records import PerpProduct, Risk, SpotProduct
from analyzer.protocols.nado.state.balances import total_borrows, total_deposits
from analyzer.protocols.nado.state.state import QUOTE, NadoState
from analyzer.protocols.nado.value.health import NOT_BORROWABLE
from analyzer.protocols.nado.value.liquidation.working import Working
from analyzer.protocols.nado.value.value import NadoValued

DECIMALS = 18
_WEIGHTS = {
    "long_initial": "what a long or a deposit counts for new risk",
    "short_initial": "what a short or a borrow counts for new risk",
    "long_maintenance": "what a long or a deposit counts against liquidation",
    "short_maintenance": "what a short or a borrow counts against liquidation",
}


def decide(valued: NadoValued) -> NadoDecisions:
    """What the book allows."""
    return NadoDecisions(valued)


class NadoDecisions:
    """See `decisions.Decisions`."""

    def __init__(self, valued: NadoValued) -> None:
        self._valued = valued
        self._state = valued.state

    def _products(self) -> Mapping[str, SpotProduct | PerpProduct]:
        """Symbol -> product that was read, but for the quote; its number where symbols repeat."""
        found = [
            p for p in self._state.products()
            if p.product_id != QUOTE and p.product_id not in self._state.problems
        ]  # fmt: skip
        symbols = [product.symbol for product in found]
        return {
            (p.symbol if symbols.count(p.symbol) == 1 else f"{p.symbol}#{p.product_id}"): p
            for p in found
        }

    def parameters(self) -> Sequence[Parameter]:
        """The four weights of every product; a borrow that is not allowed weighs 2."""
        return [
            Parameter(
                f"{at}:{name}", getattr(product.risk, at), DECIMALS, 0, NOT_BORROWABLE, "weight",
                text,
            )
            for name, product in self._products().items()
            for at, text in _WEIGHTS.items()
        ]  # fmt: skip

    def with_parameters(self, values: Mapping[str, int]) -> Book:
        """The book under other weights. Raises: KeyError; ValueError for weights that the engine
        refuses: initial ones that are easier than maintenance, or on the wrong side of 1."""
        products = self._products()
        spots, perps = dict(self._state.spots), dict(self._state.perps)
        for name, value in values.items():
            at, _, place = name.partition(":")
            if at not in _WEIGHTS:
                raise KeyError(name)
            changed: dict[str, Any] = {at: value}
            number = products[place].product_id
            if number in spots:
                spot = spots[number]
                spots[number] = replace(spot, risk=replace(spot.risk, **changed))
            else:
                perp = perps[number]
                perps[number] = replace(perp, risk=replace(perp.risk, **changed))
        for name in values:
            number = products[name.partition(":")[2]].product_id
            _check(name, spots[number].risk if number in spots else perps[number].risk)
        state = replace(self._state, spots=spots, perps=perps)
        return replace(self._valued.book, state=state)

    def resizes(self, account_id: str) -> Sequence[Resize]:
        """A trade of every perp, and a borrowing of every spot product that may be borrowed; an
        isolated account borrows nothing."""
        self._state.accounts[account_id]
        unread = self._state.problems
        trades = [
            Resize("trade", perp.asset_id, perp.symbol, DECIMALS)
            for number, perp in self._state.perps.items()
            if number not in unread
        ]
        if kind_of(account_id) is Kind.ISOLATED:
            return trades
        return [
            *trades,
            *(
                Resize(
                    "borrow", spot.asset_id, spot.symbol, DECIMALS,
                    max(total_deposits(spot) - total_borrows(spot), 0), "deposits not lent out",
                )
                for number, spot in self._state.spots.items()
                if number not in unread and spot.risk.short_initial != NOT_BORROWABLE
            ),
        ]  # fmt: skip

    def resized(
        self, account_id: str, resize: Resize, amount: int, price_e18: int | None = None
    ) -> Book:
        """The account's book after it. Raises: KeyError, UnreadableNumberError."""
        working = Working(self._valued.valuation)
        number = self._number(resize.asset_id)
        if amount and resize.kind == "trade":
            price = working.price(number) if price_e18 is None else price_e18
            working.add_perp(account_id, number, amount, -mul(amount, price))
        elif amount:
            working.add_spot(account_id, number, -amount)
        return self._alone(account_id, working)

    def reductions(self, account_id: str) -> Sequence[Reduction]:
        """Its perps, and every pair of a deposit and a borrow."""
        state, working = self._state, Working(self._valued.valuation)
        account = state.accounts[account_id]
        perps = [
            Reduction(
                "close", state.perps[number].asset_id, state.perps[number].symbol, DECIMALS,
                abs(held.amount), 1 if held.amount > 0 else -1,
            )
            for number, held in account.perps.items()
            if held.amount and number not in state.problems
        ]  # fmt: skip
        amounts = {
            number: working.spot_amount(account_id, number)
            for number in account.spot
            if number not in state.problems
        }
        return [
            *perps,
            *(
                Reduction(
                    "repay", state.spots[held].asset_id, state.spots[held].symbol, DECIMALS,
                    amounts[held], 1, state.spots[owed].asset_id, state.spots[owed].symbol,
                )
                for held in amounts if amounts[held] > 0
                for owed in amounts if amounts[owed] < 0
            ),
        ]  # fmt: skip

    def reduced(
        self, account_id: str, reduction: Reduction, amount: int, received_e18: int
    ) -> Book:
        """The account's book after it. Raises: KeyError, UnreadableNumberError."""
        working = Working(self._valued.valuation)
        number, sign = self._number(reduction.asset_id), reduction.sign
        if amount and reduction.kind == "close":
            working.add_perp(account_id, number, -sign * amount, sign * received_e18)
        elif amount:
            owed = self._number(reduction.debt_id)
            working.add_spot(account_id, number, -amount)
            working.add_spot(account_id, owed, received_e18 * WAD // working.price(owed))
        return self._alone(account_id, working)

    def own_pool(self, asset_id: str) -> OwnPool | None:
        """Its order book is not on the chain."""
        return None

    def exit_pools(self) -> Sequence[ExitPool]:
        """Every spot product: what is not lent out, by the engine's rule of utilisation. What an
        account may take is bounded by it too."""
        pools = []
        for number, spot in self._state.spots.items():
            if number in self._state.problems:
                continue
            working = Working(self._valued.valuation)
            claims = [
                Claim(account, amount, self._free(account, number))
                for account in self._valued.book.account_ids
                if account not in self._state.unreadable
                and (amount := working.spot_amount(account, number)) > 0
            ]
            lent = total_borrows(spot)
            there = max(total_deposits(spot) - lent, 0)
            pools.append(ExitPool(spot.asset_id, spot.symbol, DECIMALS, there, lent, claims))
        return pools

    def _free(self, account_id: str, product: int) -> int:
        """What of a deposit the Clearinghouse lets go now."""
        if kind_of(account_id) is Kind.ISOLATED:
            return 0
        taken = attempt(lambda: largest_withdrawal(self._valued.valuation, account_id, product))
        return 0 if taken is None or isinstance(taken, Unreadable) else taken[0]

    def _number(self, asset_id: str) -> int:
        """The product of an asset. Raises: KeyError."""
        for product in self._state.products():
            if product.asset_id == asset_id:
                return product.product_id
        raise KeyError(asset_id)

    def _alone(self, account_id: str, working: Working) -> Book:
        """The book of one account as a working copy has it."""
        state: NadoState = replace(
            self._state,
            spots={**self._state.spots, **working.changed_spots},
            perps={**self._state.perps, **working.changed_perps},
            accounts={**self._state.accounts, account_id: working.account(account_id)},
        )
        number = list(self._valued.book.account_ids).index(account_id)
        return replace(self._valued.book.part([number]), state=state)


def _check(name: str, risk: Risk) -> None:
    """Raises: ValueError where the engine reverts `BAD_PRODUCT_CONFIG`."""
    if not risk.long_initial <= risk.long_maintenance <= WAD:
        raise ValueError(f"{name}: long weights have to rise from initial over maintenance to 1")
    if not risk.short_initial >= risk.short_maintenance >= WAD:
        raise ValueError(f"{name}: short weights have to fall from initial over maintenance to 1")
