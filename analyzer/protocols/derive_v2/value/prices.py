"""Reference prices at the block, and a state at other prices.

Asset ids are addresses: spot feeds (index prices), perps (mark prices), base assets, the cash
asset (price of the stable coin; margin counts it as 1); and `option address:sub id`. A stale
price is shown with its last number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from analyzer.model.book import Book, Price, Prices
from analyzer.model.integers import WAD, clamp, mul_div
from analyzer.protocols.derive_v2.records.feeds import DiffFeed, SpotFeed
from analyzer.protocols.derive_v2.records.options import OptionId, decode_sub_id
from analyzer.protocols.derive_v2.records.parameters import AssetType
from analyzer.protocols.derive_v2.records.perps import PerpMarket
from analyzer.protocols.derive_v2.state.state import DeriveState, state_of
from analyzer.protocols.derive_v2.value import black76, feeds, svi
from analyzer.protocols.kit.price_age import SourceTime, status_of
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError, known

STABLE = "USDC"


def factor_of(state: DeriveState, feed: str) -> str:
    """The risk factor of a spot feed: the StandardManager's market of that feed, the stable coin
    for the stable feed, else the deployment's label before `_` (`ETH_SpotFeed`), else itself."""
    if feed == state.srm.stable_feed:
        return STABLE
    for market in state.srm.markets.values():
        if not isinstance(market, Unreadable) and market.spot_feed == feed:
            return market.name
    label = state.names.get(feed.lower(), "")
    return label.split("_")[0] if "_" in label else label or feed


def market_factor(state: DeriveState, asset: str) -> str:
    """The risk factor of a perp, option or base asset, by the spot feed of its market."""
    feed = market_feed(state, asset)
    return asset if feed is None else factor_of(state, feed)


def market_feed(state: DeriveState, asset: str) -> str | None:
    """The spot feed that moves a perp, option or base asset; None when nobody says it."""
    perp = state.perps.get(asset)
    if perp is not None:
        return perp.spot_feed
    kind, number = state.srm.assets.get(asset, (AssetType.NOT_SET, 0))
    market = state.srm.markets.get(number)
    if kind != AssetType.NOT_SET and market is not None and not isinstance(market, Unreadable):
        return market.spot_feed
    for manager in state.pmrms.values():
        if asset == manager.option:
            return manager.spot_feed
        params = manager.collateral.get(asset)
        if params is not None and not isinstance(params, Unreadable):
            return params.feed
    return None


def prices(book: Book) -> Prices:
    """Spot feeds, perps, base assets, cash and every option held, as the book's block has them."""
    factors = {asset.asset_id: asset.factor for asset in book.assets}
    return reference_prices(state_of(book), factors)


def reference_prices(state: DeriveState, factors: Mapping[str, str]) -> Prices:
    """Every price that margin uses, and one unit of every option that somebody holds.

    factors: asset id -> risk factor; an asset that it does not name has its market's.
    """
    out: dict[str, Price] = {}
    for address, feed in state.feeds.spot.items():
        out[address] = _spot_price(state, feed)
    for address, perp in state.perps.items():
        out[address] = _perp_price(state, perp)
    for address, symbol in state.bases.items():
        out[address] = _base_price(state, address, symbol)
    out[state.cash.address] = _cash_price(state)
    out.update((price.asset_id, price) for price in _option_prices(state))
    return Prices(
        {
            asset: replace(price, factor=factors.get(asset, price.factor))
            for asset, price in out.items()
        }
    )


def _cash_price(state: DeriveState) -> Price:
    """The stable coin's price: what a unit of cash is worth, depeg apart from margin."""
    address = state.cash.address
    feed = state.feeds.spot.get(state.srm.stable_feed)
    if feed is None:
        return Price(address, "cash", STABLE, None, "missing", "no stable feed")
    return replace(_spot_price(state, feed), asset_id=address, symbol="cash")


def _option_prices(state: DeriveState) -> list[Price]:
    """One unit of every option held, undiscounted, by the StandardManager's feeds."""
    held = {
        (holding.asset, holding.sub_id)
        for account in state.accounts.values()
        for holding in account.balances
        if holding.asset in state.options
    }
    return [_option_price(state, asset, sub_id) for asset, sub_id in sorted(held)]


def _option_price(state: DeriveState, asset: str, sub_id: int) -> Price:
    """One option's price, missing where a feed refuses it (an expired one that nobody settled)."""
    option = decode_sub_id(sub_id)
    factor = market_factor(state, asset)
    kind = "C" if option.is_call else "P"
    symbol = f"{factor}-{option.expiry}-{option.strike // WAD}-{kind}"
    asset_id = f"{asset}:{sub_id}"
    source = "Black-76 of the forward and volatility feeds"
    try:
        price, signed = _option_unit(state, asset, option)
    except UnreadableNumberError as refusal:
        problem = refusal.unreadable
        return Price(
            asset_id,
            symbol,
            factor,
            None,
            "missing",
            source,
            None,
            f"{problem.what}: {problem.reason}",
        )
    status, detail = status_of(SourceTime(signed), state.block_time)
    return Price(asset_id, symbol, factor, price, status, source, signed, detail)


def _option_unit(state: DeriveState, asset: str, option: OptionId) -> tuple[int, int]:
    """(undiscounted value of one option, time of the oldest of what it is made of). Raises:
    UnreadableNumberError as the feeds do."""
    forward_feed, vol_feed = option_feeds(state, asset)
    forward = feeds.forward(state, forward_feed, option.expiry)
    surface = feeds.vol_data(state, vol_feed, option.expiry)
    call, put = black76.prices(
        seconds=max(0, option.expiry - state.block_time),
        volatility=svi.volatility(option.strike, surface),
        forward=forward.price,
        strike=option.strike,
        discount=WAD,
    )
    signed = min(surface.timestamp, *_forward_times(state, forward_feed, option.expiry))
    return (call if option.is_call else put), signed


def _forward_times(state: DeriveState, feed: str, expiry: int) -> tuple[int, int]:
    """When a forward and the spot under it were signed. An expiry's own final data is of the
    expiry itself, and stays."""
    found = state.feeds.forward[feed]
    spot = state.feeds.spot[found.spot_feed]
    return found.expiries[expiry].timestamp, spot.timestamp


def option_feeds(state: DeriveState, asset: str) -> tuple[str, str]:
    """(forward feed, volatility feed) of an option asset's market. Raises:
    UnreadableNumberError."""
    _, number = state.srm.assets.get(asset, (AssetType.NOT_SET, 0))
    market = state.srm.markets.get(number)
    if market is not None:
        found = known(market)
        return found.forward_feed, found.vol_feed
    for manager in state.pmrms.values():
        if asset == manager.option:
            return manager.forward_feed, manager.vol_feed
    raise UnreadableNumberError(Unreadable(f"option {asset}", "has no market", False))


def _age(state: DeriveState, timestamp: int, heartbeat: int | Unreadable) -> tuple[str, str]:
    """(status, detail) of signed data of `timestamp`: by the feed's heartbeat, and where that was
    not read or is longer than any that is usual, by ours."""
    if timestamp == 0:
        return "missing", "nothing was ever signed"
    if isinstance(heartbeat, Unreadable):
        status, detail = status_of(SourceTime(timestamp), state.block_time)
        return status, f"{detail}, heartbeat not read: {heartbeat.reason}"
    status, _ = status_of(SourceTime(timestamp), state.block_time, heartbeat)
    return status, f"age {state.block_time - timestamp} s, heartbeat {heartbeat} s"


def _spot_price(state: DeriveState, feed: SpotFeed) -> Price:
    """A spot feed's own price."""
    status, detail = _age(state, feed.timestamp, feed.heartbeat_s)
    price = None if status == "missing" else feed.price
    factor = factor_of(state, feed.address)
    detail = f"{detail}, confidence {feed.confidence}"
    return Price(
        feed.address, feed.name, factor, price, status, "getSpot", feed.timestamp or None, detail
    )


def _perp_price(state: DeriveState, perp: PerpMarket) -> Price:
    """A perp's mark price: spot and the clipped difference."""
    factor = factor_of(state, perp.spot_feed)
    if perp.disabled:
        return Price(
            perp.address, perp.symbol, factor, perp.frozen_price, "fixed", "frozenPerpPrice"
        )
    spot, diff = state.feeds.spot.get(perp.spot_feed), state.feeds.diff.get(perp.perp_feed)
    if spot is None or diff is None or not spot.timestamp or not diff.timestamp:
        return Price(perp.address, perp.symbol, factor, None, "missing", "getPerpPrice")
    status, detail = _age(state, diff.timestamp, diff.heartbeat_s)
    own, why = _age(state, spot.timestamp, spot.heartbeat_s)
    if own != "fresh":
        status, detail = own, f"spot {why}"
    price = clipped(spot.price, diff)
    if price is None:
        return Price(
            perp.address, perp.symbol, factor, None, "missing", "getPerpPrice", None, "cap not read"
        )
    return Price(
        perp.address,
        perp.symbol,
        factor,
        price,
        status,
        "getPerpPrice",
        min(spot.timestamp, diff.timestamp),
        detail,
    )


def clipped(spot: int, diff: DiffFeed) -> int | None:
    """Spot and the difference, clipped at +- cap * spot; None when the cap was not read."""
    if isinstance(diff.cap, Unreadable):
        return None
    cap = mul_div(spot, diff.cap, WAD)
    return spot + clamp(diff.diff, -cap, cap)


def _base_price(state: DeriveState, address: str, symbol: str) -> Price:
    """A base asset's price: its spot feed's."""
    feed = market_feed(state, address)
    found = None if feed is None else state.feeds.spot.get(feed)
    if found is None:
        return Price(address, symbol, symbol, None, "missing", "no spot feed")
    return replace(_spot_price(state, found), asset_id=address, symbol=symbol)


def at_prices(state: DeriveState, prices: Prices) -> DeriveState:
    """The state with `prices` in the place of what its feeds say; itself where nothing differs.

    A spot feed takes the given number. A perp's difference feed is set so that its mark price is
    the given one, and its cap widened to let it. Ages and confidences stay.
    """
    spots = {
        address: replace(feed, price=price)
        for address, feed in state.feeds.spot.items()
        if (price := prices.e18(address)) is not None and price != feed.price
    }
    given = replace(state.feeds, spot={**state.feeds.spot, **spots}) if spots else state.feeds
    diffs: dict[str, DiffFeed] = {}
    perps: dict[str, PerpMarket] = {}
    for address, perp in state.perps.items():
        price = prices.e18(address)
        spot, diff = given.spot.get(perp.spot_feed), given.diff.get(perp.perp_feed)
        if price is None or spot is None or diff is None:
            continue
        if perp.disabled:
            if price != perp.frozen_price:
                perps[address] = replace(perp, frozen_price=price)
        elif price != clipped(spot.price, diff):
            wide = abs(price - spot.price) * WAD // max(1, spot.price) + 1
            diffs[diff.address] = replace(diff, diff=price - spot.price, cap=wide)
    if not (spots or diffs or perps):
        return state
    if diffs:
        given = replace(given, diff={**given.diff, **diffs})
    return replace(state, feeds=given, perps={**state.perps, **perps})
