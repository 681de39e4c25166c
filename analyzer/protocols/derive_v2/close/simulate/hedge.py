"""What whoever takes a portfolio over has to sell: perps and base assets as they are, options as
the underlying that hedges them (their delta to the forward), at the market's spot feed."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.integers import WAD
from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.accounts import Holding
from analyzer.protocols.derive_v2.records.options import decode_sub_id
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value import black76, feeds, svi
from analyzer.protocols.derive_v2.value.prices import market_feed, option_feeds

BUMP = WAD // 1_000
"""By how much of itself the forward is moved to each side for a delta."""


class Deltas:
    """Every option's delta at one state's prices, computed when it is first asked for."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], int] = {}

    def of(self, state: DeriveState, asset: str, sub_id: int) -> int:
        """As `delta`."""
        key = (asset, sub_id)
        if key not in self._kept:
            self._kept[key] = delta(state, asset, sub_id)
        return self._kept[key]

    def clear(self) -> None:
        """Prices are others now."""
        self._kept.clear()


def hedged(state: DeriveState, taken: Sequence[Holding], deltas: Deltas) -> dict[str, int]:
    """asset id -> amount to sell, 18 decimals; cash and closed perps are not traded.

    deltas: of the state's prices. Raises: UnreadableNumberError when an option's feeds do.
    """
    out: dict[str, int] = {}
    for holding in taken:
        asset, amount = holding.asset, holding.balance
        perp = state.perps.get(asset)
        if asset == state.cash.address or (perp is not None and perp.disabled):
            continue
        if asset in state.options:
            feed = market_feed(state, asset)
            if feed is None:
                continue
            asset, amount = feed, mul(deltas.of(state, asset, holding.sub_id), amount)
        out[asset] = out.get(asset, 0) + amount
    return {asset: amount for asset, amount in out.items() if amount}


def delta(state: DeriveState, asset: str, sub_id: int) -> int:
    """The value of one option per unit of its forward, 18 decimals: a central difference of the
    contract's own Black-76. Raises: UnreadableNumberError as the feeds do."""
    forward_feed, vol_feed = option_feeds(state, asset)
    option = decode_sub_id(sub_id)
    forward = feeds.forward(state, forward_feed, option.expiry).price
    volatility = svi.volatility(option.strike, feeds.vol_data(state, vol_feed, option.expiry))
    step = max(mul(forward, BUMP), 1)
    up, down = (
        black76.prices(
            seconds=max(0, option.expiry - state.block_time),
            volatility=volatility,
            forward=forward + side * step,
            strike=option.strike,
            discount=WAD,
        )[0 if option.is_call else 1]
        for side in (1, -1)
    )
    return (up - down) * WAD // (2 * step)
