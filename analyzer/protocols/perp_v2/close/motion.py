"""A copy of the state that can be moved: prices, pools and requirements; time stands still.

Funding and maker fees are those of the block whatever prices do: the growths are brought up to
the block once, and a pool's tick (which only they need) stays where it was observed. A move of
the price would cross ticks and flip what they store, but nothing would have grown meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from analyzer.model.book import Prices
from analyzer.model.integers import WAD, ceil_div
from analyzer.protocols.kit.ticks import MAX_SQRT_RATIO, MIN_SQRT_RATIO
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.fixed_point import RATIO_ONE
from analyzer.protocols.perp_v2.records import Config, MarketStatus
from analyzer.protocols.perp_v2.state.state import MarketState, PerpState
from analyzer.protocols.perp_v2.value.funding import growth_now
from analyzer.protocols.perp_v2.value.prices import usable
from analyzer.protocols.perp_v2.value.valuation import Valuation

VALUATIONS_KEPT = 64
"""So many price vectors of `Motion.valuation_at` are remembered at once."""


def in_motion(state: PerpState) -> PerpState:
    """A copy of the state in which accounts, markets and tokens can be replaced.

    Growths are as the block's first settlement would store them; where they cannot be had the
    market stays as it is, and whoever is in it stays unknown.
    """
    return replace(
        state,
        accounts=dict(state.accounts),
        markets={base: _settled(state, market) for base, market in state.markets.items()},
        collateral={token: replace(info) for token, info in state.collateral.items()},
        config=replace(state.config),
    )


def _settled(state: PerpState, market: MarketState) -> MarketState:
    """The market with its growth brought up to the block."""
    try:
        growth = growth_now(market, state.config, state.block_time)
    except UnreadableNumberError:
        return replace(market)
    if market.last_settled_timestamp == 0:
        return replace(market)
    is_open = market.status == MarketStatus.OPEN
    until = state.block_time if is_open else market.paused_timestamp
    return replace(market, growth=growth, last_settled_timestamp=until)


def sqrt_price_of(price_e18: int) -> int:
    """The greatest sqrt price X96 whose price is not above `price_e18` (> 0), held within
    Uniswap's range."""
    root = math.isqrt((price_e18 << 192) // WAD)
    return max(MIN_SQRT_RATIO, min(MAX_SQRT_RATIO - 1, root))


@dataclass(frozen=True, slots=True)
class Quotes:
    """The prices in use, and where the pools of the block were at its own prices.

    pools: market -> (the block's reference price, its pool's sqrt price X96).
    """

    prices: Prices
    pools: Mapping[str, tuple[int | None, int]]

    @staticmethod
    def of(state: PerpState, prices: Prices) -> Quotes:
        """The quotes at the block."""
        pools = {base: (prices.e18(base), m.sqrt_price_x96) for base, m in state.markets.items()}
        return Quotes(prices, pools)

    def in_use(self) -> dict[str, int]:
        """asset id -> price in 18 decimals, of every asset that has a usable one."""
        return {
            asset_id: price.price_e18
            for asset_id, price in self.prices.by_asset.items()
            if price.price_e18 is not None and usable(price)
        }

    def moved(
        self, state: PerpState, prices_e18: Mapping[str, int]
    ) -> tuple[Quotes, dict[str, MarketState]]:
        """(quotes at these prices, the markets whose pools moved with them).

        A market that is not open and the settlement token keep theirs: the contract uses no
        other. A price that is already in use moves nothing; the block's own price puts the pool
        back where it was observed; any other puts the pool at that price.
        Raises: KeyError for an asset without a usable price; ValueError for a price below 1 wei.
        """
        now = self.in_use()
        changed = {}
        for asset_id, price_e18 in prices_e18.items():
            if price_e18 <= 0:
                raise ValueError(f"the price of {asset_id} is not positive: {price_e18}")
            if price_e18 != now[asset_id] and not _is_fixed(state, asset_id):
                changed[asset_id] = price_e18
        markets = {}
        for base in changed.keys() & state.markets.keys():
            own, observed = self.pools[base]
            root = observed if changed[base] == own else sqrt_price_of(changed[base])
            markets[base] = replace(state.markets[base], sqrt_price_x96=root)
        return replace(self, prices=self.prices.with_e18(changed)), markets


def _is_fixed(state: PerpState, asset_id: str) -> bool:
    """Whether the protocol's price of it cannot move."""
    market = state.markets.get(asset_id)
    if market is not None:
        return market.status != MarketStatus.OPEN
    return asset_id == state.settlement_token


def scaled(config: Config, own_mm_ratio: int, factor: Fraction) -> Config:
    """The parameters with the block's own maintenance ratio times `factor`, rounded up to 1e-6.

    The ratio for tokens (mm ratio plus buffer) rises with it.
    Raises: ValueError for a factor below 1, or a ratio above 100 %.
    """
    ratio = ceil_div(own_mm_ratio * factor.numerator, factor.denominator)
    if factor < 1 or ratio > RATIO_ONE:
        raise ValueError(f"maintenance requirements cannot be scaled by {factor}")
    return replace(config, mm_ratio=ratio)


class Motion:
    """A copy of a book's state at prices that move; whatever was remembered ends with a move.

    still: what no move changes of the book's accounts, where it is known (see `Valuation`).

    state: as it is now. quotes: the prices in use. valuation: what the accounts are valued with.
    """

    def __init__(
        self, state: PerpState, prices: Prices, still: Mapping[str, object] | None = None
    ) -> None:
        self._own_mm_ratio = state.config.mm_ratio
        self.state = in_motion(state)
        self.quotes = Quotes.of(self.state, prices)
        self._still = dict(still or {})
        self._reset()

    def _reset(self) -> None:
        """Forgets what depended on prices, pools and requirements."""
        self.valuation = Valuation(self.state, self.quotes.prices, self._still)
        self._elsewhere: dict[frozenset[tuple[str, int]], Valuation] = {}

    def set_prices(self, prices_e18: Mapping[str, int]) -> None:
        """Moves prices and pools. Raises: KeyError and ValueError as `Quotes.moved`."""
        self.quotes, markets = self.quotes.moved(self.state, prices_e18)
        self.state.markets.update(markets)
        self._reset()

    def set_pool(self, base_token: str, sqrt_price_x96: int) -> None:
        """Moves a market's pool alone. Raises: KeyError for no such market."""
        market = self.state.markets[base_token]
        self.state.markets[base_token] = replace(market, sqrt_price_x96=sqrt_price_x96)
        self._reset()

    def scale_requirements(self, factor: Fraction) -> None:
        """The block's own requirements times `factor`. Raises: ValueError as `scaled`."""
        self.state.config = scaled(self.state.config, self._own_mm_ratio, factor)
        self._reset()

    def valuation_at(self, prices_e18: Mapping[str, int]) -> Valuation:
        """A valuation at other prices, with pools that followed them; it shares the accounts.

        Raises: KeyError and ValueError as `Quotes.moved`.
        """
        key = frozenset(prices_e18.items())
        found = self._elsewhere.get(key)
        if found is None:
            quotes, markets = self.quotes.moved(self.state, prices_e18)
            state = replace(self.state, markets={**self.state.markets, **markets})
            found = Valuation(state, quotes.prices, self._still)
            if len(self._elsewhere) >= VALUATIONS_KEPT:
                self._elsewhere.clear()
            self._elsewhere[key] = found
        return found
