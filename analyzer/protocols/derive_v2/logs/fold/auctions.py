"""DutchAuction's and SecurityModule's logs: who is in auction, since when, under what."""

from __future__ import annotations

from analyzer.model.logs import Event
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger
from analyzer.protocols.derive_v2.records.auctions import Auction
from analyzer.protocols.kit.arguments import FoldNote, integer


def on_solvent_started(ledger: DeriveLedger, event: Event) -> None:
    """A solvent auction: nothing is cached, nothing reserved."""
    number = integer(event, "accountId")
    ledger.auctions[number] = Auction(
        number, integer(event, "scenarioId"), False, True, 0, event.time, 0
    )


def on_insolvent_started(ledger: DeriveLedger, event: Event) -> None:
    """An insolvent auction (a new one, or a solvent one converted); -MM is cached."""
    number = integer(event, "accountId")
    ledger.auctions[number] = Auction(
        number,
        integer(event, "scenarioId"),
        True,
        True,
        -integer(event, "maintenanceMargin"),
        event.time,
        0,
    )


def on_bid(ledger: DeriveLedger, event: Event) -> None:
    """Cash that a bidder paid in a solvent auction is reserved for the account."""
    auction = _auction(ledger, event)
    if auction is not None and not auction.insolvent:
        auction.reserved_cash += integer(event, "cashFromBidder")


def on_ended(ledger: DeriveLedger, event: Event) -> None:
    """The auction is over; its numbers stay."""
    auction = _auction(ledger, event)
    if auction is not None:
        auction.ongoing = False


def on_scenario(ledger: DeriveLedger, event: Event) -> None:
    """A worse scenario was named."""
    auction = _auction(ledger, event)
    if auction is not None:
        auction.scenario_id = integer(event, "newScenarioId")


def on_paid_out(ledger: DeriveLedger, event: Event) -> None:
    """The security module paid for an insolvent bid."""
    ledger.paid_out += integer(event, "cashAmountPaid")


def _auction(ledger: DeriveLedger, event: Event) -> Auction | None:
    """The auction that the event is about; None, with a note, when none was started."""
    number = integer(event, "accountId")
    found = ledger.auctions.get(number)
    if found is None:
        words = f"{event.name} of account {number}, which has no auction"
        ledger.notes.append(FoldNote("unknown auction", event.block_number, event.log_index, words))
    return found
