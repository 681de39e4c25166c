"""The signed feeds' logs: the last data of each, with the signer's time."""

from __future__ import annotations

from analyzer.model.logs import Event
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger, Signed, integers
from analyzer.protocols.derive_v2.records.feeds import ForwardData, RateData, VolData
from analyzer.protocols.kit.arguments import integer, text


def on_spot(ledger: DeriveLedger, event: Event) -> None:
    """A spot price."""
    ledger.spot[event.address] = Signed(
        integer(event, "spot"), integer(event, "confidence"), integer(event, "timestamp")
    )


def on_diff(ledger: DeriveLedger, event: Event) -> None:
    """A difference to spot."""
    ledger.diff[event.address] = Signed(
        integer(event, "spotDiff"), integer(event, "confidence"), integer(event, "timestamp")
    )


def on_spot_feed(ledger: DeriveLedger, event: Event) -> None:
    """The spot feed that a difference feed adds to; no view tells it."""
    ledger.diff_spot_feed[event.address] = text(event, "spotFeed")


def on_forward(ledger: DeriveLedger, event: Event) -> None:
    """A forward price, as a difference to spot, with the aggregates of the settlement window."""
    diff, confidence, timestamp = integers(event, "data")
    start, current = integers(event, "settlement")
    by_expiry = ledger.forward.setdefault(event.address, {})
    by_expiry[integer(event, "expiry")] = ForwardData(diff, confidence, timestamp, start, current)


def on_vol(ledger: DeriveLedger, event: Event) -> None:
    """A volatility surface."""
    by_expiry = ledger.vol.setdefault(event.address, {})
    by_expiry[integer(event, "expiry")] = VolData(*integers(event, "data"))


def on_rate(ledger: DeriveLedger, event: Event) -> None:
    """An interest rate."""
    by_expiry = ledger.rate.setdefault(event.address, {})
    by_expiry[integer(event, "expiry")] = RateData(
        integer(event, "rate"), integer(event, "confidence"), integer(event, "timestamp")
    )
