"""Logs to state: markets, positions, prices and virtual inventory, in integers.

What an event says the number is now is taken; what it says it changed by has to lead there from
where the logs before it left it, else a log is missing, which becomes a note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.protocols.gmx_v2.logs.fold import markets, positions
from analyzer.protocols.gmx_v2.logs.fold.ledger import GmxLedger
from analyzer.protocols.kit.named_data import named_event
from analyzer.protocols.kit.resumable import ResumableFold

__all__ = ["FOLDING", "HANDLERS", "GmxLedger", "fold"]

Handler = Callable[[GmxLedger, Event], None]

HANDLERS: dict[str, Handler] = {
    "MarketCreated": markets.on_created,
    "OraclePriceUpdate": markets.on_price,
    "PoolAmountUpdated": markets.on_pool,
    "SwapImpactPoolAmountUpdated": markets.on_swap_impact_pool,
    "PositionImpactPoolAmountUpdated": markets.on_impact_pool,
    "LentPositionImpactPoolAmountUpdated": markets.on_lent_impact_pool,
    "TotalPendingImpactAmountUpdated": markets.on_total_pending_impact,
    "OpenInterestUpdated": markets.on_open_interest,
    "OpenInterestInTokensUpdated": markets.on_open_interest_in_tokens,
    "CollateralSumUpdated": markets.on_collateral_sum,
    "FundingFeeAmountPerSizeUpdated": markets.on_fee_per_size,
    "ClaimableFundingAmountPerSizeUpdated": markets.on_claimable_per_size,
    "CumulativeBorrowingFactorUpdated": markets.on_borrowing,
    "Funding": markets.on_funding,
    "VirtualPositionInventoryUpdated": markets.on_virtual_inventory,
    "VirtualSwapInventoryUpdated": markets.on_virtual_swaps,
    "AdlStateUpdated": markets.on_adl_state,
    "PositionIncrease": positions.on_increase,
    "PositionDecrease": positions.on_decrease,
    "InsolventClose": positions.on_insolvent_close,
    "InsufficientFundingFeePayment": positions.on_unpaid_funding,
}
"""Name of an event -> what it does to the ledger."""


def _begin(deployment: Deployment) -> GmxLedger:
    """The protocol before any log."""
    return GmxLedger()


def _go_on(deployment: Deployment, ledger: GmxLedger, events: Iterable[Event]) -> Reading[None]:
    """Takes further `events`, which come in (block, log index) order; asks nothing.

    Events of other names have no effect on a margin (orders, deposits, fees, configuration, which
    is read at the block); they are counted by name. Raises: UnreadError for data of another form.
    """
    yield from ()
    for generic in events:
        ledger.events += 1
        event = named_event(generic)
        handler = HANDLERS.get(event.name)
        if handler is None:
            ledger.passed_over[event.name] = ledger.passed_over.get(event.name, 0) + 1
        else:
            handler(ledger, event)


def _end(deployment: Deployment, ledger: GmxLedger) -> GmxLedger:
    """The protocol after the last event: the ledger is all that the fold keeps."""
    return ledger


FOLDING = ResumableFold(GmxLedger, _begin, _go_on, _end)
fold = FOLDING.whole
"""The protocol after all events."""
