"""Accounts that may be closed at the block and that no rational liquidator would close: dust, whose
closure pays less than its gas, and collateral whose market takes more than the bonus.

Prices stand still and every account is looked at as if it came first. A protocol's own keeper may
close them all the same; if nobody does, what they lack becomes bad debt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analyzer.contagion.cascade.run import at_the_block
from analyzer.contagion.cascade.state import State
from analyzer.contagion.cascade.venue import Venue, terms_of
from analyzer.contagion.cascade.visit import best_choice, profit_e18
from analyzer.contagion.scenario import Liquidators, Scenario, Step
from analyzer.market.depth.quote import depth_usd
from analyzer.market.depth.route import Market
from analyzer.protocols.simulation import Offer

NO_MARKET = Market(assumed=False)
"""Everything trades at one price."""


@dataclass(frozen=True, slots=True)
class Depth:
    """What one pair takes. moves, against: its sides; depth_usd: sales that take the price of the
    first down by ten percent, None where none do. kind, source: of its curve."""

    moves: str
    against: str
    depth_usd: float | None
    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class Unpaid:
    """An account whose closure pays nobody; 18 decimals, None where it is not known.

    equity_e18: of the account. value_e18: of the offer that loses least, whole. gain_e18: what that
    would bring a liquidator, below 0; None where the market does not have what has to be bought.
    dust: whether it would not pay without any price impact either. pairs: what would be traded.
    """

    account_id: str
    equity_e18: int | None
    value_e18: int
    gain_e18: int | None
    dust: bool
    pairs: Sequence[Depth]


def unpaid(
    venue: Venue, market: Market, accounts: Iterable[str], terms: Liquidators | None = None
) -> list[Unpaid]:
    """Those of `accounts` that can be closed at the block and that nobody is paid to close, in
    their order. terms: gas and required return, the defaults where none are given."""
    scenario = Scenario(
        "block", "the block", "the block", (Step(),), liquidators=terms or Liquidators()
    )
    state, free = (at_the_block([venue], scenario, depth) for depth in (market, NO_MARKET))
    found = []
    for account in accounts:
        offers = venue.simulation.offers(account)
        if offers and best_choice(state, 0, account) is None:
            dust = best_choice(free, 0, account) is None
            found.append(_unpaid(state, account, offers, dust=dust))
    return found


def _unpaid(state: State, account_id: str, offers: Sequence[Offer], *, dust: bool) -> Unpaid:
    """The account, by the offer that loses least when it is taken whole (ties: the lower id)."""
    gains = [(profit_e18(state, 0, terms_of(offer.largest)), offer) for offer in offers]
    gain, offer = min(gains, key=lambda g: (g[0] is None, -(g[0] or 0), g[1].offer_id))
    standing = state.venues[0].simulation.standing(account_id)
    trade, curves = state.prices.quote(0, offer.largest.sold), state.prices.pairs.curves
    return Unpaid(
        account_id=account_id,
        equity_e18=None if standing is None else standing.equity_e18,
        value_e18=offer.largest.closure.value_e18,
        gain_e18=gain,
        dust=dust,
        pairs=[
            Depth(*pair, depth_usd(curves[pair]), curves[pair].name, curves[pair].source)
            for pair in sorted(trade.volumes_e18)
        ],
    )
