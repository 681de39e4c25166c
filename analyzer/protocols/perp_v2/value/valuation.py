"""What all accounts of one block share: prices and funding growth, each computed once.

A number raises `UnreadableNumberError` where it cannot be had, as the contract's own view reverts.
"""

from __future__ import annotations

from analyzer.model.book import Prices
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError, attempt, known
from analyzer.protocols.perp_v2.fixed_point import convert_decimals
from analyzer.protocols.perp_v2.records import Config, FundingGrowth, MarketStatus
from analyzer.protocols.perp_v2.state.state import CollateralState, MarketState, PerpState
from analyzer.protocols.perp_v2.value.funding import growth_now
from analyzer.protocols.perp_v2.value.prices import (
    collateral_price,
    contract_mark_price_e18,
    contract_reference_price_e18,
    usable,
)


class Valuation:
    """What all accounts of one block share: prices and funding growth, computed once each.

    With `prices` the accounts are valued at them, and a price that is stale, invalid or missing
    cannot be had. Without, at what the contract itself uses at the block, whatever its age.
    still: account -> what of it no price moves (`account.StillAccount`), shared by the valuations
    of one block at other prices.
    """

    def __init__(
        self,
        state: PerpState,
        prices: Prices | None = None,
        still: dict[str, object] | None = None,
    ) -> None:
        self.state = state
        self.prices = prices
        self.still = {} if still is None else still
        self._growths: dict[str, FundingGrowth | Unreadable] = {}
        self._references: dict[str, int | Unreadable] = {}

    def market(self, base_token: str) -> MarketState:
        """The market's state. Raises: UnreadableNumberError when it was not read at all."""
        market = self.state.markets.get(base_token)
        if market is None:
            raise UnreadableNumberError(Unreadable(f"market {base_token}", "was not read"))
        return market

    def token(self, token: str) -> CollateralState:
        """The collateral token's state. Raises: UnreadableNumberError when it was not read."""
        found = self.state.collateral.get(token)
        if found is None:
            raise UnreadableNumberError(Unreadable(f"collateral token {token}", "was not read"))
        return found

    def config_with(self, *names: str) -> Config:
        """The parameters, once it is sure that these (fields that only liquidations need) were
        read. Raises: UnreadableNumberError when one was not."""
        for name in names:
            if name in self.state.config.unread:
                raise UnreadableNumberError(self.state.config.unread[name])
        return self.state.config

    def growth(self, base_token: str) -> FundingGrowth:
        """The market's funding growth at the block. Raises: UnreadableNumberError."""
        if base_token not in self._growths:
            self._growths[base_token] = attempt(
                lambda: growth_now(
                    self.market(base_token), self.state.config, self.state.block_time
                )
            )
        return known(self._growths[base_token])

    def reference_price_e18(self, base_token: str) -> int:
        """The price that positions are valued at. Raises: UnreadableNumberError."""
        if self.prices is not None:
            return self._given_e18(base_token)
        if base_token not in self._references:
            self._references[base_token] = attempt(
                lambda: contract_reference_price_e18(self.market(base_token), self.state.config)
            )
        return known(self._references[base_token])

    def mark_price_e18(self, base_token: str) -> int:
        """The price that a liquidator takes a position over at. Raises: UnreadableNumberError.

        Only an open market can be liquidated in, and there mark and reference are the same.
        """
        market = self.market(base_token)
        if market.status == MarketStatus.OPEN:
            return self.reference_price_e18(base_token)
        return contract_mark_price_e18(market, self.state.config)

    def token_price(self, token: str) -> int:
        """The token's price in its feed's decimals. Raises: UnreadableNumberError."""
        state = self.token(token)
        if self.prices is None:
            return collateral_price(state)
        given = self._given_e18(token)
        read = state.price
        if (
            not isinstance(read, Unreadable)
            and convert_decimals(read, state.feed_decimals, 18) == given
        ):
            return read
        return convert_decimals(given, 18, state.feed_decimals)

    def _given_e18(self, asset_id: str) -> int:
        """The given price, unless its status says that it is not to be used."""
        price = None if self.prices is None else self.prices.by_asset.get(asset_id)
        if price is None:
            raise UnreadableNumberError(Unreadable(f"price of {asset_id}", "is missing"))
        if price.price_e18 is None or not usable(price):
            what = f"price of {price.symbol}"
            raise UnreadableNumberError(Unreadable(what, f"is {price.status}: {price.detail}"))
        return price.price_e18
