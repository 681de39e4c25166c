"""What a liquidator may try of an account, the most of it, and less than the most."""

from __future__ import annotations

from collections.abc import Callable

from analyzer.protocols.perp_v2.close.possible import possible_closures, settled
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.prices import reference_prices
from analyzer.protocols.perp_v2.value.valuation import Valuation

E18 = 10**18
USD = 10**6
MakeState = Callable[..., PerpState]
MakeAccount = Callable[..., Account]


def first(state: PerpState) -> AccountMath:
    """The numbers of the state's first account at the state's own prices."""
    account = next(iter(state.accounts.values()))
    return AccountMath(Valuation(state, reference_prices(state)), account)


def test_nothing_may_be_tried_of_a_healthy_account(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    found = first(make_state(make_account(usdc=30 * USD, eth=(100 * E18, -120 * E18))))
    assert list(possible_closures(found)) == []


def test_a_small_position_may_be_taken_whole_or_in_part(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    numbers = first(make_state(make_account(usdc=26 * USD, eth=(100 * E18, -120 * E18))))
    (position,) = possible_closures(numbers)
    assert (position.kind, position.maximum) == ("position", 100 * E18)
    assert settled(position).closure.amount == 100 * E18
    part = settled(position, 40 * E18)
    assert (part.closure.amount, part.closure.reverts) == (40 * E18, None)
    (base,) = part.account.markets
    assert part.account.markets[base].taker_position_size == 60 * E18


def test_a_token_is_offered_after_the_positions_and_more_than_its_maximum_reverts(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=-2_000 * USD, weth=E18, eth=(E18, -E18)))
    position, token = possible_closures(first(state))
    assert (position.kind, token.kind) == ("position", "collateral")
    assert 0 < token.maximum <= E18
    less = settled(token, token.maximum // 2).closure
    assert (less.amount, less.reverts) == (token.maximum // 2, None)
    assert settled(token, token.maximum + 1).closure.reverts == "V_MCAE"


def test_a_paused_contract_offers_nothing(make_state: MakeState, make_account: MakeAccount) -> None:
    state = make_state(make_account(usdc=-2_000 * USD, weth=E18, eth=(E18, -E18)))
    state.clearing_house_paused = state.vault_paused = True
    assert list(possible_closures(first(state))) == []
