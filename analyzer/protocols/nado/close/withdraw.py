"""What may be taken out: the Clearinghouse's own test, and the most that passes it.

Source: `Clearinghouse.withdrawCollateral`, `SpotEngine.assertUtilization`; spec section 8.
"""

from __future__ import annotations

from analyzer.protocols.nado.account_ids import Kind, kind_of
from analyzer.protocols.nado.state.balances import total_borrows, total_deposits
from analyzer.protocols.nado.value.account import Valuation
from analyzer.protocols.nado.value.health import HealthType
from analyzer.protocols.nado.value.liquidation.working import Working


def withdrawn(valuation: Valuation, name: str, product: int, amount: int) -> Working | str:
    """The balances after a withdrawal of an amount (18 decimals), or the contract's word where it
    refuses. The fee that the Endpoint takes first is not in it. More than there is of a product is
    a borrow. Raises: UnreadableNumberError."""
    if kind_of(name) is Kind.ISOLATED:
        return "U"
    working = Working(valuation)
    working.add_spot(name, product, -amount)
    found = working.spot(product)
    if total_deposits(found) < total_borrows(found):
        return "MU"
    return working if working.health(name, HealthType.INITIAL) >= 0 else "SH"


def largest_withdrawal(valuation: Valuation, name: str, product: int) -> tuple[int, Working] | None:
    """The most of a positive balance that goes out, in whole units of its token, after the fee;
    None where nothing does. Raises: UnreadableNumberError."""
    spot = valuation.state.spots[product]
    unit = 10 ** max(18 - spot.decimals, 0)
    held = Working(valuation).spot_amount(name, product) - spot.config.withdraw_fee
    low, high = 0, max(held, 0) // unit

    def passes(units: int) -> Working | None:
        after = withdrawn(valuation, name, product, units * unit + spot.config.withdraw_fee)
        return None if isinstance(after, str) else after

    if high and passes(high) is not None:
        low = high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) is not None else (low, middle)
    after = passes(low) if low else None
    return None if after is None else (low * unit, after)
