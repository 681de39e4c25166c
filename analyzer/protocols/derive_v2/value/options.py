"""What an option pays after expiry.

Source: v2-core `OptionAsset.sol`.
"""

from __future__ import annotations

from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.options import OptionId, decode_sub_id
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value import feeds


def settlement_value(option: OptionId, balance: int, price: int) -> int:
    """Cash paid for `balance` at the settlement price: intrinsic value times balance."""
    inside = price - option.strike if option.is_call else option.strike - price
    return mul(max(0, inside), balance)


def unsettled_value(state: DeriveState, feed: str, sub_id: int, balance: int) -> int | None:
    """What settleOptions would pay now, None while the option is not settled."""
    option = decode_sub_id(sub_id)
    price = feeds.settlement_price(state, feed, option.expiry)
    return None if price is None else settlement_value(option, balance, price)
