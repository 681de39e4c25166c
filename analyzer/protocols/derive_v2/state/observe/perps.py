"""Perp and option assets at the block: funding parameters and the feeds they are wired to."""

from __future__ import annotations

from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.derive_v2.deployments import of_kind
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger, PerpLedger
from analyzer.protocols.derive_v2.records.perps import PerpMarket
from analyzer.protocols.derive_v2.state.observe.batch import new_batch
from analyzer.protocols.derive_v2.state.observe.feeds import NO_FEED
from analyzer.protocols.kit.unreadable import Unreadable

_FEEDS = ("spotFeed", "perpFeed", "impactAskPriceFeed", "impactBidPriceFeed")
_NUMBERS = (
    "maxRatePerHour",
    "minRatePerHour",
    "fundingConvergencePeriod",
    "staticInterestRate",
)


def address_or_none(value: str | Unreadable) -> str:
    """The address; the zero address where it was not read (then nothing is found under it, and
    whoever needs it is told so)."""
    return NO_FEED if isinstance(value, Unreadable) else value


def read_perps(deployment: Deployment, ledger: DeriveLedger) -> Reading[dict[str, PerpMarket]]:
    """Every PerpAsset by address, with the positions and the funding that logs tell."""
    named = of_kind(deployment.contracts, "PerpAsset")
    batch = new_batch()
    asked = {
        (address, function): batch.call("PerpAsset", address, function, about=name)
        for address, name in named.items()
        for function in (*_FEEDS, *_NUMBERS)
    }
    replies = yield from batch.read()
    out = {}
    for address, name in named.items():
        feeds = [address_or_none(replies.text(asked[address, f])) for f in _FEEDS]
        numbers = [replies.number(asked[address, f]) for f in _NUMBERS]
        known = ledger.perps.get(address, PerpLedger())
        spot, perp, ask, bid = feeds
        maximum, minimum, convergence, static = numbers
        out[address] = PerpMarket(
            address=address,
            symbol=name,
            spot_feed=spot,
            perp_feed=perp,
            impact_ask_feed=ask,
            impact_bid_feed=bid,
            max_rate_per_hour=maximum,
            min_rate_per_hour=minimum,
            convergence_period=convergence,
            static_interest_rate=static,
            aggregated_funding=known.aggregated_funding,
            last_funding_paid_at=known.last_funding_paid_at,
            disabled=known.disabled,
            frozen_price=known.frozen_price,
            positions=dict(known.positions),
        )
    return out


def read_options(deployment: Deployment) -> Reading[dict[str, str]]:
    """OptionAsset -> its settlement feed."""
    named = of_kind(deployment.contracts, "OptionAsset")
    batch = new_batch()
    asked = {
        address: batch.call("OptionAsset", address, "settlementFeed", about=name)
        for address, name in named.items()
    }
    replies = yield from batch.read()
    return {a: address_or_none(replies.text(ticket)) for a, ticket in asked.items()}
