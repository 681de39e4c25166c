"""Logs to state: balances, positions, indexes, auctions and signed prices, in integers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.protocols.derive_v2.logs.fold import accounts, auctions, cash, feeds, managers, perps
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger
from analyzer.protocols.kit.arguments import FoldNote
from analyzer.protocols.kit.resumable import ResumableFold

__all__ = ["FOLDING", "DeriveLedger", "fold"]

Handler = Callable[[DeriveLedger, Event], None]

HANDLERS: dict[tuple[str, str], Handler] = {
    ("SubAccounts", "AccountCreated"): accounts.on_created,
    ("SubAccounts", "Transfer"): accounts.on_transfer,
    ("SubAccounts", "BalanceAdjusted"): accounts.on_balance_adjusted,
    ("SubAccounts", "AccountManagerChanged"): accounts.on_manager_changed,
    ("CashAsset", "InterestAccrued"): cash.on_interest_accrued,
    ("CashAsset", "InterestAccruedOnAccount"): cash.on_interest_on_account,
    ("CashAsset", "SettledCashUpdated"): cash.on_settled_cash,
    ("CashAsset", "WithdrawFeeEnabled"): cash.on_fee_enabled,
    ("StandardManager", "MarketCreated"): managers.on_market_created,
    ("StandardManager", "AssetWhitelisted"): managers.on_asset_whitelisted,
    ("PMRM_2", "CollateralSpotFeedUpdated"): managers.on_collateral_feed,
    ("PMRM_2", "Upgraded"): managers.on_upgraded,
    ("PMRMLib_2", "CollateralParametersUpdated"): managers.on_collateral_parameters,
    ("PerpAsset", "PositionSettled"): perps.on_position_settled,
    ("PerpAsset", "FundingAppliedOnAccount"): perps.on_funding_applied,
    ("PerpAsset", "PositionCleared"): perps.on_position_cleared,
    ("PerpAsset", "AggregatedFundingUpdated"): perps.on_aggregated_funding,
    ("PerpAsset", "Disabled"): perps.on_disabled,
    ("DutchAuction", "SolventAuctionStarted"): auctions.on_solvent_started,
    ("DutchAuction", "InsolventAuctionStarted"): auctions.on_insolvent_started,
    ("DutchAuction", "Bid"): auctions.on_bid,
    ("DutchAuction", "AuctionEnded"): auctions.on_ended,
    ("DutchAuction", "ScenarioIdUpdated"): auctions.on_scenario,
    ("SecurityModule", "SecurityModulePaidOut"): auctions.on_paid_out,
    ("SpotFeed", "SpotPriceUpdated"): feeds.on_spot,
    ("SpotDiffFeed", "SpotDiffUpdated"): feeds.on_diff,
    ("SpotDiffFeed", "SpotFeedUpdated"): feeds.on_spot_feed,
    ("ForwardFeed", "ForwardDataUpdated"): feeds.on_forward,
    ("VolFeed", "VolDataUpdated"): feeds.on_vol,
    ("RateFeed", "RateUpdated"): feeds.on_rate,
}

WITHOUT_EFFECT = frozenset(
    {
        ("StandardManager", "PerpSettled"),
        ("StandardManager", "OptionSettled"),
        ("PMRM_2", "PerpSettled"),
        ("PMRM_2", "OptionSettled"),
        ("CashAsset", "WithdrawFeeDisabled"),
        ("CashAsset", "SmFeeSet"),
    }
)
"""Indexed for the record: what they do is in another event of the same transaction, or in a view
that is read at the block (the fee's own event is not emitted on every change)."""


def _begin(deployment: Deployment) -> DeriveLedger:
    """The protocol before any log."""
    return DeriveLedger(cash_asset=deployment.contracts["CashAsset"])


def _go_on(deployment: Deployment, ledger: DeriveLedger, events: Iterable[Event]) -> Reading[None]:
    """Takes further `events`, which come in (block, log index) order; asks nothing.

    An event that no rule explains is not dropped: it becomes a note of the ledger.
    """
    yield from ()
    for event in events:
        ledger.events += 1
        handler = HANDLERS.get((event.contract, event.name))
        if handler is not None:
            handler(ledger, event)
        elif (event.contract, event.name) not in WITHOUT_EFFECT:
            ledger.notes.append(
                FoldNote(
                    "unhandled event",
                    event.block_number,
                    event.log_index,
                    f"{event.contract}.{event.name}",
                )
            )


def _end(deployment: Deployment, ledger: DeriveLedger) -> DeriveLedger:
    """The protocol after the last event: the ledger is all that the fold keeps."""
    return ledger


FOLDING = ResumableFold(DeriveLedger, _begin, _go_on, _end)
fold = FOLDING.whole
"""The protocol after all events."""
