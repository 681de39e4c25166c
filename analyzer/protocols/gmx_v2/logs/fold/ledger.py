"""What the fold keeps: markets, open positions, prices and bad debt as the logs say them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.protocols.gmx_v2.records import Logged, MarketLedger, Position
from analyzer.protocols.kit.arguments import FoldNote


@dataclass(frozen=True, slots=True)
class Insolvency:
    """A position that was closed for less than it owed.

    remaining_cost_usd: 1e30, what was not paid at the step where the money ran out; step: which.
    """

    block_number: int
    order_key: str
    collateral_amount: int
    base_pnl_usd: int
    remaining_cost_usd: int
    step: str


@dataclass(slots=True)
class GmxLedger:
    """The protocol as its logs say it.

    positions: the open ones, by key. virtual: virtual token id -> inventory for positions, in
    whatever the balance of markets is counted in (USD, or index tokens).
    virtual_swaps: virtual market id -> `long` or `short` -> shared inventory of that token. priced:
    the tokens whose prices the transaction priced_in has set. closed: positions that are no more.
    passed_over: names of events without an effect here, counted.
    """

    markets: dict[str, MarketLedger] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    prices: dict[str, Logged] = field(default_factory=dict)
    virtual: dict[str, int] = field(default_factory=dict)
    virtual_swaps: dict[str, dict[str, int]] = field(default_factory=dict)
    insolvencies: list[Insolvency] = field(default_factory=list)
    unpaid_funding: list[tuple[int, str, str, int]] = field(default_factory=list)
    """(block, market, token, amount) of funding fees that a closed position could not pay."""
    priced_in: str = ""
    priced: list[str] = field(default_factory=list)
    closed: int = 0
    passed_over: dict[str, int] = field(default_factory=dict)
    events: int = 0
    notes: list[FoldNote] = field(default_factory=list)

    def account_ids(self) -> Sequence[str]:
        """The key of every open position, in order of its opening."""
        return list(self.positions)
