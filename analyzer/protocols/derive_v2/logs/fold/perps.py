"""PerpAsset's logs: what a perp keeps per account beside its balance, and its funding."""

from __future__ import annotations

from analyzer.model.logs import Event
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger
from analyzer.protocols.kit.arguments import integer


def on_position_settled(ledger: DeriveLedger, event: Event) -> None:
    """Price change since the last mark was stored as PnL: new total, new mark."""
    position = ledger.perp(event.address).position(integer(event, "account"))
    position.pnl = integer(event, "totalPnl")
    position.last_mark_price = integer(event, "perpPrice")


def on_funding_applied(ledger: DeriveLedger, event: Event) -> None:
    """Funding up to the aggregate was stored."""
    position = ledger.perp(event.address).position(integer(event, "accountId"))
    position.funding += integer(event, "funding")
    position.last_aggregated_funding = integer(event, "aggregatedFunding")


def on_position_cleared(ledger: DeriveLedger, event: Event) -> None:
    """Stored PnL and funding went into cash; mark and index stay."""
    position = ledger.perp(event.address).position(integer(event, "account"))
    position.pnl, position.funding = 0, 0


def on_aggregated_funding(ledger: DeriveLedger, event: Event) -> None:
    """Funding per contract since the beginning, advanced to that time."""
    perp = ledger.perp(event.address)
    perp.aggregated_funding = integer(event, "aggregatedFunding")
    perp.last_funding_paid_at = integer(event, "lastFundingPaidAt")


def on_disabled(ledger: DeriveLedger, event: Event) -> None:
    """The market is closed at a frozen price; funding stops."""
    perp = ledger.perp(event.address)
    perp.disabled = True
    perp.frozen_price = integer(event, "frozenPerpPrice")
    perp.aggregated_funding = integer(event, "aggregatedFunding")
