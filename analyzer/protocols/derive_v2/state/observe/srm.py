"""The StandardManager's parameters, market by market, from its views (some events lie)."""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.derive_v2.deployments import KIND
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger
from analyzer.protocols.derive_v2.records.parameters import (
    OptionMarginParams,
    OracleContingency,
    SrmMarket,
    StandardManager,
)
from analyzer.protocols.derive_v2.state.observe.batch import new_batch
from analyzer.protocols.derive_v2.state.observe.perps import address_or_none
from analyzer.protocols.kit.batch import Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable, needed

_ABI = "StandardManager"
_PARAMETERS = (
    "perpMarginRequirements",
    "optionMarginParams",
    "baseMarginParams",
    "oracleContingencyParams",
)


def read_standard_manager(deployment: Deployment, ledger: DeriveLedger) -> Reading[StandardManager]:
    """SRM with every market up to its last id.

    Raises: UnreadError, InputError when it does not answer.
    """
    address = deployment.contracts[_ABI]
    batch = new_batch()
    last = batch.call(_ABI, address, "lastMarketId")
    stable = batch.call(_ABI, address, "stableFeed")
    depeg = batch.call(_ABI, address, "depegParams")
    borrowing = batch.call(_ABI, address, "borrowingEnabled")
    first = yield from batch.read()
    threshold, factor = _pair(first.integers(depeg))
    manager = StandardManager(
        address=address,
        stable_feed=address_or_none(first.text(stable)),
        depeg_threshold=threshold,
        depeg_factor=factor,
        borrowing_enabled=bool(first.optional(borrowing)),
        assets=dict(ledger.assets),
    )
    ids = range(1, needed(first.number(last), address, KIND) + 1)
    if not ids:
        return manager
    markets = new_batch()
    asked = {
        (market, function): markets.call(_ABI, address, function, market)
        for market in ids
        for function in (*_PARAMETERS, "getMarketFeeds")
    }
    replies = yield from markets.read()
    for market in ids:
        name = ledger.market_names.get(market, f"market {market}")
        manager.markets[market] = _market(replies, asked, market, name)
    return manager


def _pair(values: tuple[int, ...] | Unreadable) -> tuple[int | Unreadable, int | Unreadable]:
    """Two values, or the reason twice."""
    if isinstance(values, Unreadable):
        return values, values
    first, second = values
    return first, second


def _market(
    replies: Replies, asked: Mapping[tuple[int, str], Ticket], market: int, name: str
) -> SrmMarket | Unreadable:
    """One market; the first part that was not read is the reason for all of it."""
    numbers: dict[str, tuple[int, ...]] = {}
    for function in _PARAMETERS:
        values = replies.integers(asked[market, function])
        if isinstance(values, Unreadable):
            return values
        numbers[function] = values
    feeds = replies.values(asked[market, "getMarketFeeds"])
    if isinstance(feeds, Unreadable):
        return feeds
    spot, forward, vol = (str(feed) for feed in feeds)
    perp_mm, perp_im = numbers["perpMarginRequirements"]
    base_factor, base_scale = numbers["baseMarginParams"]
    return SrmMarket(
        market_id=market,
        name=name,
        spot_feed=spot,
        forward_feed=forward,
        vol_feed=vol,
        perp_mm=perp_mm,
        perp_im=perp_im,
        option=OptionMarginParams(*numbers["optionMarginParams"]),
        base_margin_factor=base_factor,
        base_im_scale=base_scale,
        contingency=OracleContingency(*numbers["oracleContingencyParams"]),
    )
