"""A cascade over the recorded accounts of Derive V2: options, perps and auctions."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import ceil
from pathlib import Path

import pytest
from derive_recording import recorded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.contagion.cascade.result import CascadeResult, Party
from analyzer.contagion.cascade.revalue import exogenous, revalue
from analyzer.contagion.cascade.run import opened, run_cascade
from analyzer.contagion.cascade.state import State
from analyzer.contagion.cascade.venue import Venue, terms_of
from analyzer.contagion.cascade.visit import best_choice, profit_e18
from analyzer.contagion.scenario import AT_ANY_LOSS, Auctions, Liquidators, Scenario, Step
from analyzer.contagion.trace.attribution import check_attribution
from analyzer.contagion.trace.edges import unsettled_node
from analyzer.market.depth import Exponential, ImpactCurve, NoImpact
from analyzer.model.integers import WAD
from analyzer.protocols.derive_v2 import PLUG
from analyzer.protocols.simulation import Offer, Simulation

DEPTH = Exponential(20e6, "the test")


@cache
def venue_of(shared: Path, label: str) -> Venue:
    """The recorded book of a pin, which begins again where it is asked to."""
    recording = recorded(shared)
    book = recording.book(label)
    prices = PLUG.prices(book)

    def restart() -> Simulation:
        return PLUG.simulate(PLUG.value(book, prices))

    return Venue(
        "derive",
        restart(),
        factors={a: p.factor for a, p in prices.by_asset.items()},
        decimals=dict.fromkeys(prices.by_asset, 18),
        funds=frozenset({str(recording.state(label).security_account)}),
        fixed=frozenset(a for a, p in prices.by_asset.items() if p.status == "fixed"),
        restart=restart,
    )


def scenario_of(multiple: Fraction, liquidators: Liquidators) -> Scenario:
    """Both coins at so much of their price."""
    step = Step({"ETH": multiple, "BTC": multiple})
    return Scenario("both", "both coins move", "the test", (step,), liquidators=liquidators)


def cascade(
    shared: Path,
    label: str,
    multiple: Fraction,
    liquidators: Liquidators = AT_ANY_LOSS,
    depth: ImpactCurve = DEPTH,
) -> CascadeResult:
    """Both coins at so much of their price, and a thin market for each."""
    venue = venue_of(shared, label).afresh()
    scenario = scenario_of(multiple, liquidators)
    return run_cascade([venue], scenario, {"ETH": depth, "BTC": depth})


@pytest.mark.parametrize(("label", "percent"), [("A", 80), ("A", 120), ("H", 80), ("N", 80)])
def test_the_ledger_closes_and_every_loss_is_explained(
    shared: Path, label: str, percent: int
) -> None:
    result = cascade(shared, label, Fraction(percent, 100))
    explained(result)
    assert result.quiet
    assert len(result.rounds) > 2
    assert result.bad_debt_e18["derive"] > 0
    fell = result.rounds[-1].price_after["ETH"] < Fraction(percent, 100)
    assert fell == (percent < 100)


def explained(result: CascadeResult) -> None:
    """Every ledger closes, and every loss is explained by what reached it."""
    losses = {node: failure.loss_e18 for node, failure in result.failures.items()}
    losses |= {n: amount for n, amount in result.absorbed.items() if n not in losses}
    check_attribution(result.edges, losses)
    assert all(round_.closes for round_ in result.rounds)


@pytest.mark.parametrize(("label", "percent"), [("A", 120), ("H", 80)])
def test_rational_bidders_never_lose_and_what_they_leave_is_bad_debt(
    shared: Path, label: str, percent: int
) -> None:
    """Who waits for a better discount takes it from the account and from the insurance; at the
    block's discount alone more is left open, as holes that nobody was charged with."""
    result = cascade(shared, label, Fraction(percent, 100), Liquidators())
    now = cascade(shared, label, Fraction(percent, 100), Liquidators(auctions=Auctions.NOW))
    for found in (result, now):
        explained(found)
        assert found.quiet
        assert all(round_.ledger[Party.LIQUIDATORS] >= 0 for round_ in found.rounds)
        deficits = sum(failure.deficit_e18 for failure in found.failures.values())
        assert deficits == found.total_bad_debt_e18 == sum(found.absorbed.values())
        left = found.after["derive"].bad_debt_e18
        assert found.absorbed.get(unsettled_node("derive"), 0) == left
        assert deficits - left == found.bad_debt_e18["derive"]
    assert now.unprofitable["derive"]
    assert now.after["derive"].bad_debt_e18 > result.after["derive"].bad_debt_e18
    assert len(now.unprofitable["derive"]) > len(result.unprofitable["derive"])
    assert result.bad_debt_e18["derive"] > now.bad_debt_e18["derive"]


def shocked(shared: Path, terms: Liquidators, depth: ImpactCurve, percent: int = 100) -> State:
    """Pin G, of whose accounts 50 can be auctioned, with the market at so much of its price."""
    scenario = scenario_of(Fraction(percent, 100), terms)
    state = opened([venue_of(shared, "G").afresh()], scenario, {"ETH": depth, "BTC": depth})
    state.prices.apply(scenario.steps[0])
    revalue(state, exogenous)
    return state


def test_the_discount_that_pays_for_gas_is_the_closed_form(shared: Path) -> None:
    """Without impact a share x of a solvent account gains (1 - d) x MtM, d from 95 % by 25 % in
    900 s, then from 70 % to nothing in 43,200 s; an insolvent one gains (MtM - MM) t / 3,600."""
    gas = 3_000
    state = shocked(shared, Liquidators(gas_usd=Fraction(gas)), NoImpact())
    simulation = state.venues[0].simulation
    waited = [0, 0, 0]
    for account in simulation.breaching():
        (offer,) = simulation.offers(account)
        mtm, mm = (Fraction(offer.largest.closure.after[key], WAD) for key in ("mtm", "mm"))
        choice = best_choice(state, 0, account)
        if mtm <= 0:
            found = ceil(Fraction(3_600 * gas) / (mtm - mm)) if mtm - mm >= gas else None
        else:
            needed = Fraction(gas) / (mtm * Fraction(offer.most, WAD))
            fast = ceil((needed - Fraction(5, 100)) / Fraction(25, 100) * 900)
            gone = ceil((needed - Fraction(30, 100)) * 43_200)  # 0.7 t, in whole numbers
            slow = 900 + ceil(gone / Fraction(70, 100))
            found = max(fast if fast <= 900 else slow, 0) if needed < 1 else None
        if found is not None:
            assert choice is not None
            assert choice.offer.waited_s == found
            waited[0 if mtm <= 0 else 1 if found <= 900 else 2] += 1
        elif mtm <= 0:
            assert choice is None
    assert min(waited) >= 2


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.integers(70, 130),
    st.floats(1e6, 1e8),
    st.integers(0, 200).map(Fraction),
    st.integers(0, 20).map(lambda n: Fraction(n, 1000)),
)
def test_a_bid_pays_and_the_same_bid_a_second_earlier_does_not(
    shared: Path, percent: int, depth_usd: float, gas: Fraction, required: Fraction
) -> None:
    terms = Liquidators(gas_usd=gas, required_return=required)
    state = shocked(shared, terms, Exponential(depth_usd, "the test"), percent)
    simulation = state.venues[0].simulation
    for account in list(simulation.breaching())[::5]:
        (offer,) = simulation.offers(account)
        assert offer.waiting is not None
        last = offer.waiting.at(offer.waiting.longest_s)
        choice = best_choice(state, 0, account)
        if choice is None:
            gained = profit_of(state, last, offer.most)
            assert gained is None or gained < 0
            continue
        assert choice.profit_e18 >= 0
        assert choice.amount <= choice.offer.most
        waited = choice.offer.waited_s
        if waited == 0:
            continue
        earlier = profit_of(state, offer.waiting.at(waited - 1), offer.most)
        assert earlier is None or earlier < 0
        if waited < offer.waiting.longest_s:
            assert choice.amount >= offer.most


def profit_of(state: State, offer: Offer | None, amount: int) -> int | None:
    """What an amount of an offer gains; None where there is none."""
    executed = offer and state.venues[0].simulation.preview(offer, amount)
    return profit_e18(state, 0, terms_of(executed)) if executed else None


@pytest.mark.parametrize("mode", list(Auctions))
def test_without_impact_gas_and_return_rational_bids_are_the_contracts_largest(
    shared: Path, mode: Auctions
) -> None:
    free = Liquidators(gas_usd=Fraction(0), auctions=mode)
    rational, whole = (
        cascade(shared, "G", Fraction(1), t, NoImpact()) for t in (free, AT_ANY_LOSS)
    )
    assert rational.bad_debt_e18 == whole.bad_debt_e18
    assert [round_.closed for round_ in rational.rounds] == [r.closed for r in whole.rounds]
    assert rational.unprofitable == {"derive": ()}
