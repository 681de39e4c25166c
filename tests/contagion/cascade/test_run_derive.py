"""A cascade over the recorded accounts of Derive V2: options, perps and auctions."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from derive_recording import recorded

from analyzer.contagion.cascade.result import CascadeResult
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import AT_ANY_LOSS, Scenario, Step
from analyzer.contagion.trace.attribution import check_attribution
from analyzer.market.depth import Exponential
from analyzer.protocols.derive_v2 import PLUG

DEPTH = Exponential(20e6, "the test")


def cascade(shared: Path, label: str, multiple: Fraction) -> CascadeResult:
    """Both coins at so much of their price, and a thin market for each."""
    recording = recorded(shared)
    book = recording.book(label)
    prices = PLUG.prices(book)
    venue = Venue(
        "derive",
        PLUG.simulate(PLUG.value(book, prices)),
        factors={a: p.factor for a, p in prices.by_asset.items()},
        decimals=dict.fromkeys(prices.by_asset, 18),
        funds=frozenset({str(recording.state(label).security_account)}),
        fixed=frozenset(a for a, p in prices.by_asset.items() if p.status == "fixed"),
    )
    step = Step({"ETH": multiple, "BTC": multiple})
    scenario = Scenario("both", "both coins move", "the test", (step,), liquidators=AT_ANY_LOSS)
    return run_cascade([venue], scenario, {"ETH": DEPTH, "BTC": DEPTH})


@pytest.mark.parametrize(("label", "percent"), [("A", 80), ("A", 120), ("H", 80), ("N", 80)])
def test_the_ledger_closes_and_every_loss_is_explained(
    shared: Path, label: str, percent: int
) -> None:
    result = cascade(shared, label, Fraction(percent, 100))
    losses = {node: failure.loss_e18 for node, failure in result.failures.items()}
    losses |= {n: amount for n, amount in result.absorbed.items() if n not in losses}
    check_attribution(result.edges, losses)
    assert all(round_.closes for round_ in result.rounds)
    assert result.quiet
    assert len(result.rounds) > 2
    assert result.bad_debt_e18["derive"] > 0
    fell = result.rounds[-1].price_after["ETH"] < Fraction(percent, 100)
    assert fell == (percent < 100)
