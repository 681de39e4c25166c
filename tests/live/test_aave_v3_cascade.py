"""Aave V3 in motion against the real contracts: who is liquidated, for what, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aave_hand import Hand, Liquidated, hand, limited, predicted

from analyzer.devnet.world import View
from analyzer.model.closure import Executed
from analyzer.protocols.aave_v3.close.simulate import AaveSimulation
from analyzer.protocols.aave_v3.state.state import AaveState
from analyzer.protocols.aave_v3.value.account import AccountData, Valuation
from analyzer.protocols.aave_v3.value.liquidation_call import pair_outcomes
from analyzer.protocols.aave_v3.value.prices import reference_prices

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = [pytest.mark.chain, pytest.mark.long]

DOWN = {"WETH": 70, "WBTC": 75, "wstETH": 66, "LINK": 65, "MKR": 60, "OP": 55}
DEPEG = {"USDC": 90, "DAI": 112, "WETH": 128, "wstETH": 131, "EURC": 115}
"""Percent of the price before: a stable coin slips, another rises, and ether rises for those who
owe it."""


@dataclass(frozen=True)
class Shocked:
    """One engine run over the whole market."""

    moving: AaveSimulation
    visits: Sequence[str]
    executed: list[Executed]


def run(state: AaveState, ids: Sequence[str], prices: dict[str, int], *, turned: bool) -> Shocked:
    """Everybody who breaches is visited, again until nobody does."""
    moving = AaveSimulation(ids, state, reference_prices(state))
    moving.set_prices(prices)
    visits: list[str] = []
    executed: list[Executed] = []
    while found := list(moving.breaching()):
        for account in reversed(found) if turned else found:
            visits.append(account)
            executed += moving.liquidate(account)
    return Shocked(moving, visits, executed)


def priced(state: AaveState) -> list[str]:
    """Everything that the oracle has a price of: reserves, and price sources of categories."""
    sources = [c.price_source for c in state.categories.values() if c.price is not None]
    return [*state.reserves, *dict.fromkeys(s for s in sources if s and int(s, 16))]


def shock(market: Hand, state: AaveState, percent: dict[str, int]) -> None:
    """The feeds report, in one block."""
    for reserve in state.reserves.values():
        part = percent.get(reserve.symbol)
        if part is not None:
            assert isinstance(reserve.price.price, int)
            market.world.queue(market.report(reserve.asset, reserve.price.price * part // 100))
    market.world.mine(must_succeed=True)


@pytest.mark.parametrize("percent", [DOWN, DEPEG], ids=["down", "depeg"])
def test_a_shock_liquidates_whom_it_should_for_what_it_should(
    aave_devnet: DevnetInfo,
    tmp_path: Path,
    percent: dict[str, int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    for turned in (False, True):
        with hand(aave_devnet, tmp_path / f"turned-{turned}") as market:
            _check(market, percent, capsys, turned=turned)


def _check(
    market: Hand, percent: dict[str, int], capsys: pytest.CaptureFixture[str], *, turned: bool
) -> None:
    """One shock, one order: from the book before it, from the book after it, and on the chain."""
    assets = list(market.state().reserves)
    market.open_everything(assets)
    market.stock(assets)
    before = market.book()
    state = before.state
    assert isinstance(state, AaveState)
    shock(market, state, percent)
    shown = market.shown(priced(state), state.base_unit)
    now = market.world.clock.now
    told = run(state.at_time(now), before.account_ids, shown, turned=turned)
    rescanned = market.book()
    fresh = rescanned.state
    assert isinstance(fresh, AaveState)
    again = run(fresh, rescanned.account_ids, shown, turned=turned)
    assert again.executed == told.executed
    assert again.visits == told.visits
    calls = [predicted(state, one) for one in told.executed]
    assert len(calls) > 5
    done = market.liquidate(calls, limited(calls, told.executed))
    assert done == calls
    _check_what_is_left(market, told)
    with capsys.disabled():
        print(
            f"\naave-v3 rev {state.rules.revision}: {len(set(told.visits))} accounts liquidated in"
            f" {len(calls)} calls as predicted, {sum(len(c.deficits) for c in calls)} deficits,"
            f" {sum(c.took_a_tokens for c in calls)} for aTokens"
        )


def _check_what_is_left(market: Hand, told: Shocked) -> None:
    """Every balance, flag, deficit and liquidity as the simulation left it; nobody left to take."""
    left, moved = market.state(), told.moving.state
    faults = []
    for address, account in moved.accounts.items():
        real = left.accounts[address]
        for asset in moved.reserves:
            pairs = (
                (account.supplied.get(asset, 0), real.supplied.get(asset, 0)),
                (account.borrowed.get(asset, 0), real.borrowed.get(asset, 0)),
            )
            faults += [f"{address} {asset} {pair}" for pair in pairs if pair[0] != pair[1]]
        if account.collateral_bits != real.collateral_bits or account.stable != real.stable:
            faults.append(f"{address}: {account} {real}")
    for asset, reserve in moved.reserves.items():
        real_one = left.reserves[asset]
        names = ("deficit", "virtual_balance", "underlying_held", "scaled_supply", "scaled_debt")
        faults += [
            f"{reserve.symbol} {name}: {getattr(reserve, name)} {getattr(real_one, name)}"
            for name in names
            if getattr(reserve, name) != getattr(real_one, name)
        ]
    assert faults == []
    _check_nobody_is_left(market, left)


def _check_nobody_is_left(market: Hand, left: AaveState) -> None:
    """Whoever the pool still calls unhealthy: it refuses every pair."""
    pool = market.contract("pool", "Pool")
    addresses = list(left.accounts)
    answers = market.world.ask([View(pool, "getUserAccountData", (a,)) for a in addresses])
    valuation = Valuation(left, reference_prices(left))
    for address, answer in zip(addresses, answers, strict=True):
        assert answer is not None
        if int(str(answer[5])) >= 10**18:
            continue
        data = valuation.account_data(address)
        assert isinstance(data, AccountData)
        for collateral, debt, _ in pair_outcomes(valuation, data):
            wanted = Liquidated(
                address, collateral.reserve.asset, debt.reserve.asset, 0, 0, took_a_tokens=True
            )
            assert market.refused(wanted) is not None
