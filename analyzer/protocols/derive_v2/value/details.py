"""Rows for the tables beside margin: accounts, collateral, positions, markets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from analyzer.model.book import Prices
from analyzer.model.integers import WAD
from analyzer.model.rows import AccountRow, CollateralRow, MarketRow, PositionRow
from analyzer.protocols.base import Details
from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.accounts import Account, Holding
from analyzer.protocols.derive_v2.records.parameters import CollateralParams, SrmMarket
from analyzer.protocols.derive_v2.records.perps import PerpMarket
from analyzer.protocols.derive_v2.state.book import CASH_SYMBOL, DECIMALS, asset_id
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value import feeds, perps
from analyzer.protocols.derive_v2.value.statement import statement
from analyzer.protocols.derive_v2.value.value import DeriveValued
from analyzer.protocols.kit.statement import Statements
from analyzer.protocols.kit.unreadable import Unreadable, attempt

ONE_E6 = 10**6
_E6 = 10**12
"""18 decimals to 6."""
FUND_KIND = "insurance_fund"
"""What the house calls the account whose negative equity is a loss already charged."""


@dataclass(frozen=True, slots=True)
class RowInputs:
    """What all rows of one book are made from."""

    state: DeriveState
    prices: Prices
    symbols: dict[str, str]


def number_or_none(value: int | Unreadable) -> int | None:
    """The number, or None where it cannot be had (then the margin row says why)."""
    return None if isinstance(value, Unreadable) else value


def details(valued: DeriveValued) -> Details:
    """Everything that is written out beside margin."""
    state, prices, valuation = valued.state, valued.prices, valued.valuation
    symbols = {asset.asset_id: asset.symbol for asset in valued.book.assets}
    given = RowInputs(state, prices, symbols)
    accounts = list(state.accounts.values())
    by_id = {str(account.number): account for account in accounts}
    evidence = state.evidence
    return Details(
        accounts=[_account_row(account) for account in accounts],
        collateral=[row for account in accounts for row in _collateral(given, account)],
        positions=[row for account in accounts for row in _positions(given, account)],
        orders=[],
        markets=list(_markets(given)),
        prices=list(prices.by_asset.values()),
        implementations=[] if evidence is None else evidence.implementations,
        statements=Statements(
            list(by_id), lambda name: statement(state, valuation, symbols, by_id[name])
        ),
    )


def _account_row(account: Account) -> AccountRow:
    """Who it is and when it was seen."""
    kind = FUND_KIND if account.kind == "security_module" else account.kind
    return AccountRow(
        account_id=str(account.number),
        owner=account.owner,
        kind=kind,
        first_block=account.first_block,
        last_block=account.last_block,
        events=account.events,
    )


def _collateral(given: RowInputs, account: Account) -> Iterator[CollateralRow]:
    """Cash as stored, and base assets at spot with what maintenance margin counts of them."""
    for held in account.balances:
        if held.asset == given.state.cash.address:
            yield CollateralRow(
                account_id=str(account.number),
                asset_id=held.asset,
                symbol=CASH_SYMBOL,
                decimals=DECIMALS,
                amount=held.balance,
                price_e18=WAD,
                value_e18=held.balance,
                margin_value_e18=held.balance,
                weight_e6=ONE_E6,
            )
        elif held.asset in given.state.bases:
            yield _base_row(given, account, held)


def _base_row(given: RowInputs, account: Account, held: Holding) -> CollateralRow:
    """A base asset; what it counts for depends on the account's manager."""
    price = given.prices.e18(held.asset)
    value = None if price is None else mul(held.balance, price)
    weight = _weight(given.state, account, held.asset)
    return CollateralRow(
        account_id=str(account.number),
        asset_id=held.asset,
        symbol=given.state.bases[held.asset],
        decimals=DECIMALS,
        amount=held.balance,
        price_e18=price,
        value_e18=value,
        margin_value_e18=None if value is None else mul(value, weight),
        weight_e6=weight // _E6,
    )


def _weight(state: DeriveState, account: Account, asset: str) -> int:
    """Share of a base asset's value that maintenance margin counts, 18 decimals: SRM's margin
    factor, or 1 - PMRM_2's haircut (scenario losses come on top); 0 where it was not read."""
    manager = state.pmrms.get(account.manager)
    if manager is not None:
        params = manager.collateral.get(asset)
        return WAD - params.mm_haircut if isinstance(params, CollateralParams) else 0
    _, market_id = state.srm.assets.get(asset, (None, 0))
    market = state.srm.markets.get(market_id)
    return market.base_margin_factor if isinstance(market, SrmMarket) else 0


def _positions(given: RowInputs, account: Account) -> Iterator[PositionRow]:
    """One row a perp and one an option."""
    for held in account.balances:
        if held.asset in given.state.perps:
            yield _perp_row(given, account, held)
        elif held.asset in given.state.options:
            key = asset_id(given.state, held.asset, held.sub_id)
            price = given.prices.e18(key)
            yield PositionRow(
                account_id=str(account.number),
                market_id=key,
                symbol=given.symbols[key],
                size_e18=held.balance,
                open_notional_e18=None,
                price_e18=price,
                value_e18=None if price is None else mul(price, held.balance),
                unrealized_pnl_e18=None,
                pending_funding_e18=None,
            )


def _perp_row(given: RowInputs, account: Account, held: Holding) -> PositionRow:
    """A perp since its last settlement; unrealized PnL without funding, stored PnL included."""
    market = given.state.perps[held.asset]
    stored = market.positions.get(account.number, perps.NO_POSITION)
    price = given.prices.e18(held.asset)
    funding = attempt(partial(perps.aggregated_funding, given.state, market))
    pending = None
    if not isinstance(funding, Unreadable):
        pending = mul(held.balance, funding - stored.last_aggregated_funding) - stored.funding
    pnl = None
    if price is not None:
        pnl = mul(price - stored.last_mark_price, held.balance) + stored.pnl
    return PositionRow(
        account_id=str(account.number),
        market_id=held.asset,
        symbol=market.symbol,
        size_e18=held.balance,
        open_notional_e18=-mul(held.balance, stored.last_mark_price),
        price_e18=price,
        value_e18=None if price is None else mul(price, held.balance),
        unrealized_pnl_e18=pnl,
        pending_funding_e18=pending,
    )


def _markets(given: RowInputs) -> Iterator[MarketRow]:
    """Every perp, and every option asset as one market over its expiries and strikes."""
    for perp in given.state.perps.values():
        yield _perp_market(given, perp)
    for address, feed in given.state.options.items():
        sizes = _sizes(given.state, address)
        name = given.state.names.get(address.lower(), address)
        forward = given.state.feeds.forward.get(feed)
        spot: int | None = None
        if forward is not None:
            answer = attempt(partial(feeds.spot, given.state, forward.spot_feed))
            spot = None if isinstance(answer, Unreadable) else answer[0]
        factor = given.symbols.get(address, name.removesuffix("_Option"))
        yield MarketRow(
            market_id=address,
            symbol=name,
            factor=factor,
            status="open",
            mark_price_e18=None,
            index_price_e18=spot,
            reference_price_e18=spot,
            open_interest_long_e18=sum(size for size in sizes if size > 0),
            open_interest_short_e18=-sum(size for size in sizes if size < 0),
            initial_margin_ratio_e6=None,
            maintenance_margin_ratio_e6=None,
        )


def _perp_market(given: RowInputs, perp: PerpMarket) -> MarketRow:
    """One perp with SRM's two ratios; PMRM_2 has scenarios instead."""
    state, sizes = given.state, _sizes(given.state, perp.address)
    index = attempt(partial(feeds.spot, state, perp.spot_feed))
    _, market_id = state.srm.assets.get(perp.address, (None, 0))
    market = state.srm.markets.get(market_id)
    ratios = (market.perp_im, market.perp_mm) if isinstance(market, SrmMarket) else None
    price = given.prices.e18(perp.address)
    factors = {} if state.evidence is None else state.evidence.factors
    return MarketRow(
        market_id=perp.address,
        symbol=perp.symbol,
        factor=factors.get(perp.address, perp.symbol),
        status="disabled" if perp.disabled else "open",
        mark_price_e18=price,
        index_price_e18=None if isinstance(index, Unreadable) else index[0],
        reference_price_e18=price,
        open_interest_long_e18=sum(size for size in sizes if size > 0),
        open_interest_short_e18=-sum(size for size in sizes if size < 0),
        initial_margin_ratio_e6=None if ratios is None else ratios[0] // _E6,
        maintenance_margin_ratio_e6=None if ratios is None else ratios[1] // _E6,
    )


def _sizes(state: DeriveState, asset: str) -> list[int]:
    """Every balance of an asset."""
    return [h.balance for a in state.accounts.values() for h in a.balances if h.asset == asset]
