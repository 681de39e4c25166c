"""What the event handlers share: the ledger, the events of the present transaction, small verbs."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from analyzer.model.logs import Event
from analyzer.protocols.kit.arguments import integer, text
from analyzer.protocols.kit.folding import at_first, count_event, listed, note
from analyzer.protocols.perp_v2.growth import range_growth
from analyzer.protocols.perp_v2.logs.fold.ledger import (
    AccountLedger,
    MarketLedger,
    PerpLedger,
)
from analyzer.protocols.perp_v2.records import Account, AccountMarket

__all__ = [
    "BurnMove",
    "FoldContext",
    "Pending",
    "SwapMove",
    "integer",
    "settle",
    "swap_remove",
    "text",
]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class SwapMove:
    """A pool swap whose PositionChanged is still to come; amounts signed, seen from the pool.

    net_base, net_quote: what the pool received, less its own fee on what came in. came_in: whether
    quote came in. roundings: steps of the pool's loop at most, each of which rounds once.
    """

    net_base: int
    net_quote: int
    came_in: bool
    roundings: int
    price_rounding: int


@dataclass(slots=True)
class BurnMove:
    """A pool burn whose LiquidityChanged is still to come. applied: its order already shrank."""

    lower_tick: int
    upper_tick: int
    liquidity: int
    applied: bool = False


@dataclass(slots=True)
class Pending:
    """Events of one transaction that later events of it refer to, by base token."""

    tx_hash: str = ""
    swaps: dict[str, SwapMove] = field(default_factory=dict)
    burns: dict[str, BurnMove] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class FoldContext:
    """The ledger under construction. insurance_fund: its account, which two events pay into. ran:
    the contracts that logged anything so far."""

    ledger: PerpLedger
    insurance_fund: str
    pending: Pending = field(default_factory=Pending)
    ran: set[str] = field(default_factory=set)

    def account(self, address: str, event: Event) -> AccountLedger:
        """The account, created at its first event; counts this event for it."""
        accounts, first = self.ledger.accounts, event.block_number
        found = at_first(
            accounts, address, lambda: AccountLedger(Account(address, first_block=first))
        )
        count_event(found.account, event)
        return found

    def market(self, base_token: str, event: Event) -> MarketLedger | None:
        """The market of a base token; None, with a note, when the registry never added it."""
        ledger = self.ledger
        return listed(ledger.markets, base_token, "market", event=event, notes=ledger.notes)

    def note(self, kind: str, event: Event, text: str) -> None:
        """Keeps what the rules do not explain."""
        note(self.ledger.notes, kind, event, text)


def swap_remove(items: dict[K, V], key: K) -> None:
    """Removes `key` and puts the last item in its place, as the contracts' lists do."""
    keys = list(items)
    position, last = keys.index(key), keys[-1]
    if key == last:
        del items[key]
        return
    keys[position] = last
    values = [items[k] for k in keys[:-1]]
    items.clear()
    items.update(zip(keys[:-1], values, strict=True))


def settle(record: AccountMarket, market: MarketLedger) -> None:
    """The account's snapshots as a funding settlement in this market leaves them.

    A swap between the settlement and its event does not matter: with the same global growth,
    crossing a tick changes nothing of what is inside or below a range.
    """
    record.last_tw_premium_growth_global_x96 = market.growth.tw_premium_x96
    for order in record.orders.values():
        seen = range_growth(market.outside, market.growth, order, market.pool.tick)
        order.last_tw_premium_growth_inside_x96 = seen.inside
        order.last_tw_premium_growth_below_x96 = seen.below
        order.last_tw_premium_div_by_sqrt_price_growth_inside_x96 = seen.inside_div
