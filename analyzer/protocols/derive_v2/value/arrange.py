"""Accounts as their managers arrange them before margining: balances with the market's numbers.

The order in which feeds are asked is the contracts' own, so that the first error is theirs.
Source: v2-core `SRMPortfolioViewer.arrangeSRMPortfolio`, `PMRM_2._arrangePortfolio`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from analyzer.model.integers import WAD
from analyzer.protocols.derive_v2.records.accounts import Account, Holding
from analyzer.protocols.derive_v2.records.options import OptionId, decode_sub_id
from analyzer.protocols.derive_v2.records.parameters import (
    AssetType,
    CollateralParams,
    PortfolioManager,
    SrmMarket,
)
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value import black76, feeds, perps, pmrm, srm, svi
from analyzer.protocols.derive_v2.value.portfolio import (
    CollateralHolding,
    ExpiryHolding,
    ExpiryTerms,
    OptionHolding,
    Portfolio,
)
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError, known

Unsettled = Callable[[Account, Holding], int]
"""Unsettled cash of one perp balance of an account."""


def refused(what: str, reason: str, reverted: bool = True) -> UnreadableNumberError:
    """The exception for a number that the contract, or the reading of it, refuses."""
    return UnreadableNumberError(Unreadable(what, reason, reverted))


@dataclass(slots=True)
class _MarketBalances:
    """What an account holds in one market, not priced yet."""

    perp: Holding | None = None
    base: int = 0
    expiries: dict[int, list[tuple[OptionId, int]]] | None = None


class SrmArranger:
    """Arranges StandardManager accounts; unit prices of options are kept."""

    def __init__(self, state: DeriveState, unsettled: Unsettled) -> None:
        self.state = state
        self.unsettled = unsettled
        self._units: dict[tuple[int, OptionId], int | Unreadable] = {}

    def markets(self, account: Account) -> list[srm.MarketHolding]:
        """Every market with a holding, lowest id first. Raises: UnreadableNumberError."""
        by_market: dict[int, _MarketBalances] = {}
        for holding in account.balances:
            if holding.asset == self.state.cash.address:
                continue
            kind, market = self._kind(holding)
            held = by_market.setdefault(market, _MarketBalances())
            if kind == AssetType.PERPETUAL:
                held.perp = holding
            elif kind == AssetType.BASE:
                held.base += holding.balance
            else:
                option = decode_sub_id(holding.sub_id)
                held.expiries = held.expiries if held.expiries is not None else {}
                held.expiries.setdefault(option.expiry, []).append((option, holding.balance))
        return [self._market(account, number, by_market[number]) for number in sorted(by_market)]

    def _kind(self, holding: Holding) -> tuple[AssetType, int]:
        """What an asset is to this manager. Raises: UnreadableNumberError for one it was never
        told of."""
        found = self.state.srm.assets.get(holding.asset)
        if found is None:
            raise refused(f"asset {holding.asset}", "is not an asset of the manager", False)
        return found

    def _market(self, account: Account, number: int, held: _MarketBalances) -> srm.MarketHolding:
        """One market's holding with its prices, asked for in the contract's order."""
        found = self.state.srm.markets.get(number)
        if found is None:
            raise refused(f"market {number}", "was not created", False)
        market = known(found)
        spot, confidence = feeds.spot(self.state, market.spot_feed)
        price, perp_confidence = 0, 0
        if held.perp is not None:
            perp = self.state.perps[held.perp.asset]
            price, perp_confidence = perps.perp_price(self.state, perp)
        expiries = tuple(
            self._expiry(market, expiry, options)
            for expiry, options in (held.expiries or {}).items()
        )
        return srm.MarketHolding(
            params=market,
            spot=spot,
            spot_confidence=confidence,
            perp=None
            if held.perp is None
            else srm.PerpHolding(
                held.perp.balance, price, perp_confidence, self.unsettled(account, held.perp)
            ),
            expiries=expiries,
            base=held.base,
        )

    def _expiry(
        self, market: SrmMarket, expiry: int, options: list[tuple[OptionId, int]]
    ) -> srm.ExpiryHolding:
        """One expiry with its forward and the unit price of each of its options."""
        forward = feeds.forward(self.state, market.forward_feed, expiry)
        if forward.price == 0:
            raise refused(f"market {market.name} expiry {expiry}", "SRM_NoForwardPrice")
        surface = feeds.vol_data(self.state, market.vol_feed, expiry)
        return srm.ExpiryHolding(
            expiry=expiry,
            forward=forward.price,
            confidence=min(forward.confidence, surface.confidence),
            options=tuple(
                srm.OptionHolding(
                    option.strike,
                    option.is_call,
                    balance,
                    self._unit(market, option, forward.price),
                )
                for option, balance in options
            ),
        )

    def _unit(self, market: SrmMarket, option: OptionId, forward: int) -> int:
        """The undiscounted price of one option."""
        key = (market.market_id, option)
        found = self._units.get(key)
        if found is None:
            surface = feeds.vol_data(self.state, market.vol_feed, option.expiry)
            call, put = black76.prices(
                seconds=max(0, option.expiry - self.state.block_time),
                volatility=svi.volatility(option.strike, surface),
                forward=forward,
                strike=option.strike,
                discount=WAD,
            )
            found = self._units[key] = call if option.is_call else put
        return known(found)


class PmrmArranger:
    """Arranges the accounts of one PMRM_2; terms of expiries and volatilities are kept."""

    def __init__(self, state: DeriveState, manager: PortfolioManager, unsettled: Unsettled) -> None:
        self.state = state
        self.manager = manager
        self.unsettled = unsettled
        self._pricer: pmrm.ScenarioPricer | None = None
        self._terms: dict[int, ExpiryTerms] = {}
        self._vols: dict[tuple[int, int], tuple[int, int]] = {}

    def pricer(self) -> pmrm.ScenarioPricer:
        """The scenarios of this manager. Raises: UnreadableNumberError when its parameters were
        not read."""
        if self._pricer is None:
            self._pricer = pmrm.ScenarioPricer(
                known(self.manager.lib), known(self.manager.scenarios)
            )
        return self._pricer

    def portfolio(self, account: Account) -> Portfolio:
        """The account's portfolio at the block. Raises: UnreadableNumberError with the contract's
        error."""
        order = self._expiries(account)
        spot, spot_confidence = feeds.spot(self.state, self.manager.spot_feed)
        stable, _ = feeds.spot(self.state, self.manager.stable_feed)
        terms = {expiry: self._expiry_terms(expiry) for expiry in order}
        options: dict[int, list[OptionHolding]] = {expiry: [] for expiry in order}
        sureness = {expiry: terms[expiry].confidence for expiry in order}
        collaterals: list[CollateralHolding] = []
        cash, perp, perp_value = 0, 0, 0
        for holding in account.balances:
            if holding.asset == self.manager.option:
                option = decode_sub_id(holding.sub_id)
                vol, confidence = self._vol(option)
                sureness[option.expiry] = min(sureness[option.expiry], confidence)
                options[option.expiry].append(
                    OptionHolding(option.strike, option.is_call, holding.balance, vol)
                )
            elif holding.asset == self.state.cash.address:
                cash = holding.balance
            elif holding.asset == self.manager.perp:
                perp, perp_value = holding.balance, self.unsettled(account, holding)
            else:
                collaterals.append(self._collateral(holding, stable, spot_confidence))
        price, confidence = self._perp_price(perp, spot_confidence)
        return Portfolio(
            spot=spot,
            stable=stable,
            cash=cash,
            perp_position=perp,
            perp_price=price,
            perp_value=perp_value,
            confidence=confidence,
            expiries=tuple(
                ExpiryHolding(terms[expiry], tuple(options[expiry]), sureness[expiry])
                for expiry in order
            ),
            collaterals=tuple(collaterals),
        )

    def _perp_price(self, position: int, spot_confidence: int) -> tuple[int, int]:
        """(perp price, confidence of the portfolio); the perp is asked only where one is held."""
        if position == 0:
            return 0, spot_confidence
        price, confidence = perps.perp_price(self.state, self.state.perps[self.manager.perp])
        return price, min(spot_confidence, confidence)

    def _expiries(self, account: Account) -> list[int]:
        """Expiries of the account's options, first seen first."""
        order = dict.fromkeys(
            decode_sub_id(holding.sub_id).expiry
            for holding in account.balances
            if holding.asset == self.manager.option
        )
        if len(order) > self.manager.max_expiries:
            raise refused(f"account {account.number}", "PMRM_2_TooManyExpiries")
        return list(order)

    def _expiry_terms(self, expiry: int) -> ExpiryTerms:
        """Forward, rate and time of one expiry."""
        found = self._terms.get(expiry)
        if found is None:
            forward = feeds.forward(self.state, self.manager.forward_feed, expiry)
            rate, confidence = feeds.interest_rate(self.state, self.manager.rate_feed, expiry)
            found = self._terms[expiry] = ExpiryTerms(
                expiry=expiry,
                seconds=max(0, expiry - self.state.block_time),
                fixed=forward.fixed,
                variable=forward.variable,
                rate=max(0, rate),
                confidence=min(forward.confidence, confidence),
            )
        return found

    def _vol(self, option: OptionId) -> tuple[int, int]:
        """(volatility, confidence) of one strike."""
        key = (option.expiry, option.strike)
        found = self._vols.get(key)
        if found is None:
            surface = feeds.vol_data(self.state, self.manager.vol_feed, option.expiry)
            found = self._vols[key] = svi.volatility(option.strike, surface), surface.confidence
        return found

    def _collateral(self, holding: Holding, stable: int, spot_confidence: int) -> CollateralHolding:
        """One base asset at its own feed's price over the stable coin's."""
        params = known(self._collateral_params(holding.asset))
        price, confidence = feeds.spot(self.state, params.feed)
        if not params.enabled:
            raise refused(f"collateral {holding.asset}", "PMRML2_CollateralDisabled")
        return CollateralHolding(
            asset=holding.asset,
            value=holding.balance * price // stable,
            confidence=min(confidence, spot_confidence),
            risk_cancelling=params.risk_cancelling,
            mm_haircut=params.mm_haircut,
            im_haircut=params.im_haircut,
        )

    def _collateral_params(self, asset: str) -> CollateralParams | Unreadable:
        found = self.manager.collateral.get(asset)
        if found is None:
            return Unreadable(f"collateral {asset}", "is not an asset of the manager", False)
        return found
