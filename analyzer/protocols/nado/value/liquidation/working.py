"""Balances of a state that may change, while the state itself does not.

Source: `SpotEngineState._updateBalanceNormalized`, `PerpEngineState._updateBalance`; spec
section 7.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.nado.arithmetic import div, fits, mul
from analyzer.protocols.nado.records import Account, PerpBalance, PerpProduct, SpotProduct
from analyzer.protocols.nado.state.balances import (
    funding_index,
    perp_now,
    spot_amount,
    spot_multiplier,
)
from analyzer.protocols.nado.state.state import QUOTE
from analyzer.protocols.nado.value.account import Valuation
from analyzer.protocols.nado.value.health import HealthType

NOTHING = PerpBalance()


class Working:
    """What a call changes: copies of the accounts and products that it touches.

    accounts, changed_spots, changed_perps: those that were touched. insurance, last_fees: of the
    Clearinghouse.
    """

    def __init__(self, valuation: Valuation) -> None:
        self._base = valuation.state
        self._valuation = valuation
        self.accounts: dict[str, Account] = {}
        self.changed_spots: dict[int, SpotProduct] = {}
        self.changed_perps: dict[int, PerpProduct] = {}
        self.insurance = self._base.insurance
        self.last_fees = self._base.last_fees

    @property
    def valuation(self) -> Valuation:
        """What it was made of."""
        return self._valuation

    @cached_property
    def spot_ids(self) -> tuple[int, ...]:
        """Spot products in the contract's order."""
        return tuple(sorted(self._base.spots))

    @cached_property
    def perp_ids(self) -> tuple[int, ...]:
        """Perp products in the contract's order."""
        return tuple(sorted(self._base.perps))

    def spot(self, product: int) -> SpotProduct:
        """A spot product as it is now. Raises: UnreadableNumberError where it was not read."""
        self._check(product)
        return self.changed_spots.get(product) or self._base.spots[product]

    def perp(self, product: int) -> PerpProduct:
        """A perp product as it is now. Raises: UnreadableNumberError where it was not read."""
        self._check(product)
        return self.changed_perps.get(product) or self._base.perps[product]

    def price(self, product: int) -> int:
        """The price in use."""
        return self._valuation.prices[product]

    def account(self, name: str) -> Account:
        """An account's own copy; one that is nowhere is empty."""
        found = self.accounts.get(name)
        if found is None:
            base = self._base.accounts.get(name) or Account(name)
            found = Account(name, dict(base.spot), dict(base.perps), base.parent)
            self.accounts[name] = found
        return found

    def spot_amount(self, name: str, product: int) -> int:
        """What an account has of a spot product; of one that no engine lists it is nothing."""
        held = self.account(name).spot.get(product, 0)
        return spot_amount(self.spot(product), held) if held else 0

    def perp_now(self, name: str, product: int) -> tuple[int, int]:
        """(size, quote with funding) of an account in a perp product; of one that no engine lists
        it is nothing."""
        held = self.account(name).perps.get(product)
        return (0, 0) if held is None else perp_now(self.perp(product), held)

    def pnl(self, name: str, product: int) -> int:
        """What a perp balance is worth."""
        amount, v_quote = self.perp_now(name, product)
        return fits(mul(self.price(product), amount) + v_quote)

    def health(self, name: str, kind: HealthType) -> int:
        """A health of an account as it is now. Raises: UnreadableNumberError."""
        state = self._base
        if self.changed_spots or self.changed_perps:
            state = replace(
                state,
                spots={**state.spots, **self.changed_spots},
                perps={**state.perps, **self.changed_perps},
            )
        valuation = Valuation(state, self._valuation.prices, self._valuation.requirement)
        return valuation.health_of(self.account(name), kind)

    def add_spot(self, name: str, product: int, delta: int) -> None:
        """Adds an amount to a spot balance; each update may cost a few wei."""
        found, account = self.own_spot(product), self.account(name)
        normalised = account.spot.get(product, 0)
        _count(found, normalised, -1)
        amount = fits(mul(normalised, spot_multiplier(found, normalised)) + delta)
        normalised = div(amount, spot_multiplier(found, amount))
        _count(found, normalised, 1)
        self.set_spot(name, product, normalised)

    def set_spot(self, name: str, product: int, normalised: int) -> None:
        """Puts a normalised balance in an account's place; no sums follow."""
        held = self.account(name).spot
        held.pop(product, None)
        if normalised:
            held[product] = normalised

    def add_perp(self, name: str, product: int, size: int, quote: int) -> None:
        """Adds size and quote to a perp balance, funding settled."""
        found, account = self.own_perp(product), self.account(name)
        held = account.perps.get(product, NOTHING)
        _, v_quote = perp_now(found, held)
        amount = fits(held.amount + size)
        found.open_interest += abs(amount) - abs(held.amount)
        account.perps.pop(product, None)
        if amount or v_quote + quote:
            last = funding_index(found, amount)
            account.perps[product] = PerpBalance(amount, fits(v_quote + quote), last)

    def settle(self, name: str, other: str, product: int, amount: int) -> None:
        """Turns an amount of a perp's quote into the quote product, against another account."""
        self.add_perp(name, product, 0, -amount)
        self.add_spot(name, QUOTE, amount)
        self.add_perp(other, product, 0, amount)
        self.add_spot(other, QUOTE, -amount)

    def own_spot(self, product: int) -> SpotProduct:
        """A spot product's own copy, to change."""
        if product not in self.changed_spots:
            self.changed_spots[product] = replace(self.spot(product))
        return self.changed_spots[product]

    def own_perp(self, product: int) -> PerpProduct:
        """A perp product's own copy, to change."""
        if product not in self.changed_perps:
            self.changed_perps[product] = replace(self.perp(product))
        return self.changed_perps[product]

    def _check(self, product: int) -> None:
        """Raises UnreadableNumberError where something of the product was not read."""
        problem = self._base.problems.get(product)
        if problem is not None:
            raise UnreadableNumberError(problem)


def _count(product: SpotProduct, normalised: int, sign: int) -> None:
    """Takes a normalised balance into its side's sum, or out of it."""
    if normalised > 0:
        product.deposits += sign * normalised
    else:
        product.borrows -= sign * normalised
