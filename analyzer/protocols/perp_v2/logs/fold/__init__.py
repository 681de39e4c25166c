"""Logs to state: every balance, position, order, owed PnL and funding snapshot, in integers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.protocols.perp_v2.logs.fold import markets, positions, vault
from analyzer.protocols.perp_v2.logs.fold.context import FoldContext, Pending
from analyzer.protocols.perp_v2.logs.fold.ledger import PerpLedger

__all__ = ["PerpLedger", "fold"]

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


def fold(deployment: Deployment, events: Iterable[Event]) -> PerpLedger:
    """The protocol after `events`, which come in (block, log index) order.

    An event that no rule explains is not dropped: it becomes a note of the ledger.
    """
    context = FoldContext(PerpLedger(), deployment.contracts["insurance_fund"])
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
    return context.ledger
