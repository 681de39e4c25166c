"""The feeds behind Aave V3's prices: each reserve's source at the oracle, else at its fallback."""

from __future__ import annotations

from analyzer.model.book import Book
from analyzer.model.reads import Reading
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER
from analyzer.protocols.aave_v3.state.state import AaveState, state_of
from analyzer.protocols.kit.batch import Batch
from analyzer.protocols.kit.price_age import NO_AGGREGATOR, read_times
from analyzer.protocols.kit.price_feeds import PriceFeed, with_decimals


def price_feeds(book: Book) -> Reading[tuple[PriceFeed, ...]]:
    """What writes the rounds of each reserve's price, proxies looked through."""
    state = state_of(book)
    sources = [(r.factor, r.price.source) for r in state.reserves.values() if r.price.source]
    sources += yield from _of_fallback(state)
    times = yield from read_times([source for _, source in sources])
    return (
        yield from with_decimals(
            (factor, times[source].aggregator or source) for factor, source in sources
        )
    )


def _of_fallback(state: AaveState) -> Reading[list[tuple[str, str]]]:
    """(factor, source) of the reserves that the oracle has no source of, where its fallback is an
    oracle of the same kind."""
    oracle = state.contracts.get("oracle")
    without = [r for r in state.reserves.values() if not r.price.source]
    if oracle is None or not without:
        return []
    first = Batch(ABI_FOLDER)
    named = first.call("AaveOracle", oracle, "getFallbackOracle", evidence=True)
    fallback = (yield from first.read()).optional_text(named)
    if fallback in (None, NO_AGGREGATOR):
        return []
    second = Batch(ABI_FOLDER)
    asked = [
        second.call("AaveOracle", str(fallback), "getSourceOfAsset", r.asset, evidence=True)
        for r in without
    ]
    replies = yield from second.read()
    found = [(r.factor, replies.optional_text(t)) for r, t in zip(without, asked, strict=True)]
    return [(factor, at) for factor, at in found if at is not None and at != NO_AGGREGATOR]
