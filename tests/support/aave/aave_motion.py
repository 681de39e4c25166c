"""A book of Aave V3 in motion."""

from __future__ import annotations

from dataclasses import replace

from aave_market import BOB, E18, USD, account, asset_of, market, reserve

from analyzer.protocols.aave_v3.close.simulate import AaveSimulation
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.state.state import AaveState
from analyzer.protocols.aave_v3.value.prices import reference_prices

WETH, DAI, USDC = asset_of("WETH"), asset_of("DAI"), asset_of("USDC")


def motion(state: AaveState) -> AaveSimulation:
    """The market in motion, at its own prices."""
    return AaveSimulation(list(state.accounts), state, reference_prices(state))


def weth_and_dai(
    revision: int, price: int = 1_000, *, holders: tuple[Account, ...] = (), fee_bps: int = 0
) -> AaveState:
    """10 WETH against 8,600 DAI (health factor 0.988 at a price of 1,000), and a supplier."""
    eth = reserve(0, "WETH", price * USD, protocol_fee_bps=fee_bps)
    eth = replace(eth, scaled_supply=10 * E18, virtual_balance=10 * E18, underlying_held=10 * E18)
    dai = replace(reserve(1, "DAI"), scaled_supply=20_000 * E18, scaled_debt=8_600 * E18)
    dai = replace(dai, virtual_balance=11_400 * E18, underlying_held=11_400 * E18)
    holder = account(supplied={"WETH": 10 * E18}, borrowed={"DAI": 8_600 * E18})
    supplier = account(BOB, supplied={"DAI": 20_000 * E18}, collateral=())
    return market(revision, [eth, dai], [holder, supplier, *holders])
