"""What the Clearinghouse holds of each token against all that is owed in it."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model.integers import WAD, ceil_div
from analyzer.model.rows import Proves, TotalRow
from analyzer.protocols.nado.state.balances import spot_amount
from analyzer.protocols.nado.state.evidence import Evidence
from analyzer.protocols.nado.state.state import NLP, QUOTE, NadoState

E18 = "e18"
_DECIMALS = 18


def token_totals(state: NadoState, evidence: Evidence) -> Iterator[TotalRow]:
    """Every product but the NLP token, of which nothing is deposited."""
    for product in state.spots:
        if product != NLP and product not in state.problems:
            yield _token(state, evidence, product)
            if product != QUOTE:
                yield _paid_in(state, evidence, product)


def _paid_in(state: NadoState, evidence: Evidence, product: int) -> TotalRow:
    """No log of a deposit or withdrawal is missing. Of the quote product nothing is said: what the
    insurance was paid and paid back has no log."""
    spot, held, pending = state.spots[product], evidence.held.get(product), evidence.pending
    paid = evidence.ledger.paid_in.get(product, 0)
    return TotalRow(
        name=f"deposits less withdrawals of {spot.symbol}",
        identity="deposits - withdrawals + deposits that wait = tokens of the Clearinghouse",
        unit=E18,
        rebuilt=None if pending is None else paid + pending.get(product, 0),
        on_chain=None if held is None else held * 10 ** (_DECIMALS - spot.decimals),
        allowed=0,
        why="tokens come and go with a log each; more than that is a gift",
        surplus_ok=True,
        proves=Proves.LIST,
    )


def _token(state: NadoState, evidence: Evidence, product: int) -> TotalRow:
    """One product's tokens.

    A product whose depositors get a yield that nobody pays owes more than it holds, and the more
    the longer: that is told by its name, and allowed by what the yield has come to.
    """
    spot, held = state.spots[product], evidence.held.get(product)
    owed = _owed(state, evidence, product)
    funded = spot.config.min_deposit_rate == 0
    ticks = evidence.ledger.interest.get(product)
    steps = 1 if ticks is None else ticks.steps + 1
    dust = ceil_div(spot.deposits + spot.borrows, WAD) * 2 * (steps + len(evidence.ledger.accounts))
    promised = 0 if funded else _promised(state, product)
    why = "truncations of multipliers, each tick and cut; more than is owed is a gift"
    if not funded:
        why = f"{why}; its yield is promised and not funded ({promised} at most)"
    return TotalRow(
        name=f"tokens of {spot.symbol}",
        identity="balances + fees + deposits that wait"
        + (" + insurance + what winners may settle" if product == QUOTE else "")
        + " = tokens of the Clearinghouse",
        unit=E18,
        rebuilt=owed,
        on_chain=None if held is None else held * 10 ** (_DECIMALS - spot.decimals),
        allowed=dust + promised,
        why=why,
        surplus_ok=True,
        proves=Proves.NOTHING,
    )


def _promised(state: NadoState, product: int) -> int:
    """What the yield without income can have come to: deposits less borrows, by the part of the
    multipliers that is above 1."""
    spot = state.spots[product]
    grown = max(spot.deposit_multiplier, spot.borrow_multiplier) - WAD
    return ceil_div(spot.deposits * max(grown, 0), WAD)


def _owed(state: NadoState, evidence: Evidence, product: int) -> int | None:
    """All that is owed in a product; None where a part of it was not read."""
    spot, pending = state.spots[product], evidence.pending
    claims = evidence.builder_fees.get(product, 0)
    if spot.sequencer_fees is None or pending is None or claims is None:
        return None
    if state.problems or not state.is_whole():
        return None
    owed = sum(
        spot_amount(spot, account.spot[product])
        for account in state.accounts.values()
        if product in account.spot
    )
    owed += spot.sequencer_fees + pending.get(product, 0) + claims
    owed += sum(
        market.collected_fees for market in state.spots.values() if market.quote_id == product
    )
    if product == QUOTE:
        charged = sum(
            fee for number, fee in evidence.ledger.builder_fees.items() if number in state.perps
        )
        owed += state.insurance - charged
        owed += sum(perp.available for perp in state.perps.values())
    return owed
