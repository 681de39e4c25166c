"""What stored balances are worth in their own product now.

Source: `SpotEngineState.getBalance`, `PerpEngineState._updateBalance`; spec section 4.
"""

from __future__ import annotations

from analyzer.protocols.nado.arithmetic import mul
from analyzer.protocols.nado.records import PerpBalance, PerpProduct, SpotProduct


def spot_multiplier(product: SpotProduct, amount: int) -> int:
    """The multiplier of the side that `amount` (normalised or not) is on: deposits above 0."""
    return product.deposit_multiplier if amount > 0 else product.borrow_multiplier


def spot_amount(product: SpotProduct, normalised: int) -> int:
    """A normalised balance as an amount."""
    return mul(normalised, spot_multiplier(product, normalised))


def funding_index(product: PerpProduct, amount: int) -> int:
    """The cumulative funding of the side that a size is on: long above 0."""
    return product.funding_long if amount > 0 else product.funding_short


def perp_now(product: PerpProduct, held: PerpBalance) -> tuple[int, int]:
    """(size, quote with funding settled to now)."""
    moved = funding_index(product, held.amount) - held.last_funding
    return held.amount, held.v_quote - mul(moved, held.amount)


def total_deposits(product: SpotProduct) -> int:
    """All deposits of a product."""
    return mul(product.deposits, product.deposit_multiplier)


def total_borrows(product: SpotProduct) -> int:
    """All borrows of a product."""
    return mul(product.borrows, product.borrow_multiplier)
