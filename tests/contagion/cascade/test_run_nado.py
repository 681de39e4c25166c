"""Cascades over the recorded accounts of Nado, alone and together with Aave V3."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from aave_recording import Recorded as AaveRecorded
from nado_recording import recorded

from analyzer.contagion.cascade.result import CascadeResult
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import AT_ANY_LOSS, Scenario, Step
from analyzer.contagion.trace.attribution import check_attribution
from analyzer.contagion.trace.edges import Channel
from analyzer.market.depth import Exponential
from analyzer.model.book import Book, Prices
from analyzer.protocols.aave_v3 import PLUG as AAVE
from analyzer.protocols.base import Plug
from analyzer.protocols.nado import PLUG as NADO
from analyzer.protocols.simulation import Simulation

DEPTH = Exponential(60e6, "the test")
AAVE_BOOK = Path(__file__).parents[2] / "data" / "aave_v3" / "rev11.zip"


def venue_of(name: str, plug: Plug, book: Book, prices: Prices) -> Venue:
    """A venue that begins again where it is asked to."""

    def restart() -> Simulation:
        return plug.simulate(plug.value(book, prices))

    assets = {asset.asset_id: asset for asset in book.assets}
    return Venue(
        name,
        restart(),
        factors={a: p.factor for a, p in prices.by_asset.items()},
        decimals={a: assets[a].decimals if a in assets else 18 for a in prices.by_asset},
        owners=dict(zip(book.account_ids, book.owners, strict=True)),
        fixed=frozenset(a for a, p in prices.by_asset.items() if p.status == "fixed"),
        restart=restart,
    )


def nado(shared: Path, label: str) -> Venue:
    """The recorded book of a pin."""
    valued = recorded(shared).valued(label)
    return venue_of("nado", NADO, valued.book, valued.prices)


@cache
def aave_book() -> Book:
    """A block of Aave V3 that travels with the clone."""
    found = AaveRecorded(AAVE_BOOK)
    return found.book(found.labels[0])


def aave() -> Venue:
    """That block as a venue."""
    return venue_of("aave", AAVE, aave_book(), AAVE.prices(aave_book()))


def cascade(venues: Sequence[Venue], percent: int) -> CascadeResult:
    """ETH and BTC at so much of their price, and a thin market for each."""
    multiple = Fraction(percent, 100)
    step = Step({"ETH": multiple, "BTC": multiple})
    scenario = Scenario("both", "both move", "the test", (step,), liquidators=AT_ANY_LOSS)
    return run_cascade(venues, scenario, {"ETH": DEPTH, "BTC": DEPTH})


def explained(result: CascadeResult) -> None:
    """Every ledger closes, and every loss is explained by what reached it."""
    losses = {node: failure.loss_e18 for node, failure in result.failures.items()}
    losses |= {n: amount for n, amount in result.absorbed.items() if n not in losses}
    check_attribution(result.edges, losses)
    assert all(round_.closes for round_ in result.rounds)
    assert result.quiet


@pytest.mark.parametrize(("label", "percent"), [("spread", 80), ("depeg", 140)])
def test_the_ledger_closes_and_every_loss_is_explained(
    shared: Path, label: str, percent: int
) -> None:
    result = cascade([nado(shared, label)], percent)
    explained(result)
    assert len(result.failures) > 10
    assert result.bad_debt_e18["nado"] > 0
    channels = {edge.channel for edge in result.edges}
    assert Channel.DEFICIT in channels
    assert {Channel.ADL, Channel.HAIRCUT} & channels


def test_together_with_aave_v3_prices_fall_further_than_in_either_alone(shared: Path) -> None:
    alone = [cascade([nado(shared, "spread")], 80), cascade([aave()], 80)]
    joint = cascade([nado(shared, "spread"), aave()], 80)
    explained(joint)
    after = joint.rounds[-1].price_after["ETH"]
    assert after < min(result.rounds[-1].price_after["ETH"] for result in alone)
    names = {node.partition(":")[2].partition("/")[0] for node in joint.failures}
    assert names == {"nado", "aave"}
    assert joint.total_bad_debt_e18 >= sum(result.total_bad_debt_e18 for result in alone)
