"""The aggregators behind Perp V2's index prices and collateral prices."""

from __future__ import annotations

from analyzer.model.book import Book
from analyzer.model.reads import Reading
from analyzer.protocols.kit.price_feeds import PriceFeed, with_decimals
from analyzer.protocols.perp_v2.state.observe.feeds import read_feeds
from analyzer.protocols.perp_v2.state.state import state_of


def price_feeds(book: Book) -> Reading[tuple[PriceFeed, ...]]:
    """What writes the rounds of each market's and each collateral token's feed: dispatchers and
    Perp's own feed contracts are looked through. A feed that is a pool's average has none."""
    state = state_of(book)
    factors = {asset.asset_id: asset.factor for asset in book.assets}
    feeds = {m.base_token: m.feed for m in state.markets.values()}
    feeds |= {c.token: c.feed for c in state.collateral.values()}
    known = {asset: feed for asset, feed in feeds.items() if feed and asset in factors}
    facts = yield from read_feeds(list(dict.fromkeys(known.values())))
    return (
        yield from with_decimals(
            (factors[asset], facts[feed].parts[-1] if facts[feed].parts else feed)
            for asset, feed in known.items()
            if not facts[feed].fallback
        )
    )
