"""Logs to state: every balance, position, order, owed PnL and funding snapshot, in integers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.protocols.kit.resumable import ResumableFold
from analyzer.protocols.perp_v2.logs.fold import markets, positions, vault
from analyzer.protocols.perp_v2.logs.fold.context import FoldContext, Pending
from analyzer.protocols.perp_v2.logs.fold.ledger import PerpLedger

__all__ = ["FOLDING", "PerpLedger", "fold"]

Handler = Callable[[FoldContext, Event], None]

HANDLERS: dict[tuple[str, str], Handler] = {
    ("vault", "Deposited"): vault.on_deposited,
    ("vault", "Withdrawn"): vault.on_withdrawn,
    ("vault", "CollateralLiquidated"): vault.on_collateral_liquidated,
    ("vault", "BadDebtSettled"): vault.on_bad_debt_settled,
    ("account_balance", "PnlRealized"): vault.on_pnl_realized,
    ("clearing_house", "FundingPaymentSettled"): positions.on_funding_payment_settled,
    ("clearing_house", "PositionChanged"): positions.on_position_changed,
    ("clearing_house", "LiquidityChanged"): positions.on_liquidity_changed,
    ("clearing_house", "PositionClosed"): positions.on_position_closed,
    ("clearing_house", "PositionLiquidated"): positions.on_position_liquidated,
    ("exchange", "FundingUpdated"): markets.on_funding_updated,
    ("market_registry", "PoolAdded"): markets.on_pool_added,
    ("base_token", "StatusUpdated"): markets.on_status_updated,
    ("pool", "Initialize"): markets.on_initialize,
    ("pool", "Mint"): markets.on_mint,
    ("pool", "Burn"): markets.on_burn,
    ("pool", "Collect"): markets.on_collect,
    ("pool", "Swap"): markets.on_swap,
    ("collateral_manager", "CollateralAdded"): markets.on_collateral_added,
    ("collateral_manager", "WhitelistedDebtThresholdChanged"): markets.on_whitelisted_debt,
}

WITHOUT_EFFECT = frozenset({("order_book", "ExchangeChanged"), ("insurance_fund", "Repaid")})
"""Indexed for the record; what they do to balances is in a Deposited of the same transaction."""


def _handler(event: Event) -> Handler | None:
    """What to do with an event; None where it changes no state of ours."""
    if event.name == "Upgraded":
        return markets.on_upgraded
    if event.name in markets.PARAMETERS:
        return markets.on_parameter
    return HANDLERS.get((event.contract, event.name))


@dataclass(slots=True)
class PerpFold:
    """The fold between two blocks. ran: the contracts that logged anything so far."""

    ledger: PerpLedger
    ran: set[str] = field(default_factory=set)


def _begin(deployment: Deployment) -> PerpFold:
    """The protocol before any log."""
    return PerpFold(PerpLedger())


def _go_on(deployment: Deployment, state: PerpFold, events: Iterable[Event]) -> Reading[None]:
    """Takes further `events`, which come in (block, log index) order; asks nothing.

    An event that no rule explains is not dropped: it becomes a note of the ledger.
    """
    yield from ()
    for market in state.ledger.markets.values():
        # One pool under two names; out of bytes they come as two.
        market.pool = state.ledger.pools[market.pool.address]
    # No transaction lies in two blocks: what an open one left to refer to is never asked for.
    context = FoldContext(state.ledger, deployment.contracts["insurance_fund"], ran=state.ran)
    for event in events:
        if event.tx_hash != context.pending.tx_hash:
            context.pending = Pending(event.tx_hash)
        context.ledger.events += 1
        handler = _handler(event)
        if handler is not None:
            handler(context, event)
        elif (event.contract, event.name) not in WITHOUT_EFFECT:
            context.note("unhandled event", event, f"{event.contract}.{event.name}")
        context.ran.add(event.address)


def _end(deployment: Deployment, state: PerpFold) -> PerpLedger:
    """The protocol after the last event."""
    return state.ledger


FOLDING = ResumableFold(PerpFold, _begin, _go_on, _end)
fold = FOLDING.whole
"""The protocol after all events."""
