"""The end of a round: what its closures did to everybody, and to the market.

winners pay by policy  ─▶  accounts are measured  ─▶  winners whose profit was cut
     ─▶  sales go to the market  ─▶  holders of claims bear their losses
     ─▶  bad debt is charged to the waterfall
"""

from __future__ import annotations

from fractions import Fraction

from analyzer.contagion.cascade.closing import Closing
from analyzer.contagion.cascade.deleverage import cut_profits
from analyzer.contagion.cascade.measure import Change, change
from analyzer.contagion.cascade.result import Party
from analyzer.contagion.cascade.state import State


def settle(state: State, closing: Closing) -> Change:
    """Everything that follows from a round's closures but for the move of the protocols' prices;
    what the closures changed of all accounts."""
    before = state.equities
    cut_profits(state, closing)
    state.measure()
    closing.settle_winners(state.venues, state.ledger.failures)
    state.ledger.transmission.record_winners(closing.round, closing.winners, before, state.equities)
    state.prices.follow()
    record_sales(state, closing)
    socialise(state, closing)
    charge_absorbers(state, closing)
    return change(state.venues, before, state.equities)


def record_sales(state: State, closing: Closing) -> None:
    """Notes each trade with the account that it was forced from."""
    for node, factor, value in closing.flows:
        state.ledger.transmission.record_sale(closing.round, factor, node, value)


def socialise(state: State, closing: Closing) -> None:
    """Losses that a venue's claim holders bear lower what its receipt tokens are worth."""
    ledger = state.ledger
    for (number, asset), shares in closing.socialised.items():
        issuer, loss = state.venues[number], sum(shares.values())
        key = (issuer.name, asset)
        ledger.borne_e18[key] = ledger.borne_e18.get(key, 0) + loss
        for receipt in issuer.simulation.receipts():
            if receipt.backed_by != asset or receipt.supply_e18 <= 0:
                continue
            left = max(1 - Fraction(loss, receipt.supply_e18), Fraction(0))
            state.prices.write_down(receipt.token, left)
            ledger.issuers[receipt.token] = issuer.name
            ledger.transmission.record_haircut(closing.round, issuer.name, receipt.token, shares)


def charge_absorbers(state: State, closing: Closing) -> None:
    """Adds the round's bad debt to what absorbers and failures carry."""
    ledger = state.ledger
    ledger.transmission.edges.extend(closing.edges)
    for node, amount in closing.charged.items():
        ledger.absorbed_e18[node] = ledger.absorbed_e18.get(node, 0) + amount
    for venue, amount in closing.charged_venues.items():
        ledger.charged_e18[venue] += amount
    for node, amount in closing.short.items():
        ledger.failures[node].deficit_e18 += amount
    if closing.transfers:
        state.take_backstops()


def parties_e18(closing: Closing, closed: Change, moved: Change) -> dict[Party, int]:
    """The round's ledger, which adds up to 0. closed, moved: what the closures and the move of
    prices after them did to accounts."""
    trade = closing.trade_e18
    transferred = closing.to_accounts_e18 + closing.to_funds_e18
    rounding = closed.accounts_e18 + closed.funds_e18 - transferred
    return {
        Party.ACCOUNTS: closed.accounts_e18 + moved.accounts_e18,
        Party.ABSORBERS: closed.funds_e18 + moved.funds_e18 + closing.to_absorbers_e18,
        Party.LIQUIDATORS: closing.to_liquidators_e18 + trade,
        Party.MARKET: closing.to_market_e18 - moved.accounts_e18 - moved.funds_e18 - trade,
        Party.ROUNDING: closing.to_rounding_e18 - rounding,
    }
