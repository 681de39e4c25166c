"""A cascade over the recorded positions of GMX V2, alone and together with an Aave V3 market that
holds ETH and the token of a GMX market."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

from aave_market import ALICE, BOB, E18, USD, account, asset_of, market, reserve
from gmx_recording import recorded

from analyzer.contagion.cascade.result import CascadeResult, Party
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import Scenario, Step
from analyzer.contagion.trace.edges import Channel, account_node, check_edges
from analyzer.market.depth import Exponential, NoImpact
from analyzer.protocols.aave_v3.close.simulate import AaveSimulation
from analyzer.protocols.aave_v3.value.prices import reference_prices
from analyzer.protocols.gmx_v2 import PLUG

CURVES = {"ETH": Exponential(50e6, "the test"), "BTC": NoImpact(), "SOL": NoImpact()}
FALL = {"ETH": Fraction(7, 10), "BTC": Fraction(8, 10)}


@cache
def gmx(shared: Path) -> Venue:
    """The recorded book after a crash, half of whose liquidations are still to come."""
    recording = recorded(shared)
    valued = recording.valued("E")
    prices = valued.prices.by_asset
    return Venue(
        "gmx",
        PLUG.simulate(valued),
        factors={asset: price.factor for asset, price in prices.items()},
        decimals=dict.fromkeys(prices, 18),
        owners=dict(zip(valued.book.account_ids, valued.book.owners, strict=True)),
        contracts=recording.deployment.contracts,
        restart=lambda: PLUG.simulate(recording.valued("E")),
    )


def gm_token(shared: Path) -> str:
    """A market whose pool bears losses in the fall."""
    state = recorded(shared).state("E")
    return next(m for m in state.markets if state.symbol(m).startswith("WETH/USD [WETH-USDC]"))


def aave(shared: Path) -> Venue:
    """Alice owes DAI against WETH at the recording's price, Bob against tokens of a GMX market."""
    gm = gm_token(shared)
    weth, dai = asset_of("WETH"), asset_of("DAI")
    token = replace(reserve(2, "GM", USD), asset=gm)
    alice = account(ALICE, supplied={"WETH": 100 * E18}, borrowed={"DAI": 80_000 * E18})
    bob = account(BOB, borrowed={"DAI": 8_490 * E18}, collateral=(2,))
    bob = replace(bob, supplied={gm: 10_000 * E18})
    reserves = [reserve(0, "WETH", 1_000 * USD), reserve(1, "DAI"), token]
    state = market(6, reserves, [alice, bob])
    simulation = AaveSimulation([ALICE, BOB], state, reference_prices(state))
    factors = {weth: "ETH", dai: "DAI", gm: "GM"}
    return Venue("aave", simulation, factors, dict.fromkeys((weth, dai, gm), 18))


def fall(shared: Path, *others: Venue) -> CascadeResult:
    """ETH falls by three tenths, BTC by two."""
    step = Step(FALL)
    scenario = Scenario("fall", "coins fall", "the test", (step,))
    depth = {**CURVES, "DAI": NoImpact(), "GM": NoImpact(), "USDC": NoImpact()}
    return run_cascade([gmx(shared).afresh(), *others], scenario, depth)


def test_every_rounds_ledger_adds_up_to_the_last_unit(shared: Path) -> None:
    result = fall(shared)
    assert len(result.failures) > 10
    for round_ in result.rounds:
        assert sum(round_.ledger.values()) == 0
        assert round_.ledger[Party.ROUNDING] == 0
        assert round_.ledger[Party.LIQUIDATORS] == 0
    check_edges(result.edges, {n: f.round or 99 for n, f in result.failures.items()})


def test_keepers_trade_nothing_so_that_no_price_moves(shared: Path) -> None:
    result = fall(shared)
    assert {closed.executed.sold == {} for r in result.rounds for closed in r.closed} == {True}
    assert {edge.channel for edge in result.edges}.isdisjoint({Channel.RECEIPT, Channel.HAIRCUT})


def test_losses_of_pools_reach_who_holds_their_tokens_in_another_protocol(shared: Path) -> None:
    alone, joint = fall(shared), fall(shared, aave(shared))
    ours = {node for node in joint.failures if node.startswith("account:gmx/")}
    assert ours == set(alone.failures)
    # Alice fails of ETH, which both protocols share; Bob of what the pool lost to its traders.
    assert {account_node("aave", ALICE), account_node("aave", BOB)} <= set(joint.failures)
    haircuts = [edge for edge in joint.edges if edge.channel is Channel.HAIRCUT]
    received = [edge for edge in joint.edges if edge.channel is Channel.RECEIPT]
    assert {edge.to_node for edge in received} == {account_node("aave", BOB)}
    assert haircuts
    assert all("pool of WETH/USD [WETH-USDC]" in edge.from_node for edge in haircuts)
    for round_ in joint.rounds:
        assert sum(round_.ledger.values()) == 0
