"""The market in motion: what a visit does, what it leaves, and that nothing gets lost."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from aave_market import ALICE, BOB, E18, NOW, TREASURY, USD, account, asset_of, market, reserve
from aave_motion import DAI, USDC, WETH, motion, weth_and_dai
from hypothesis import given
from hypothesis import strategies as st

from analyzer.model.closure import Transfer
from analyzer.model.rows import BackstopKind
from analyzer.protocols.aave_v3.close.simulate import ROUNDING, AaveSimulation
from analyzer.protocols.aave_v3.ray_math import RAY
from analyzer.protocols.aave_v3.records.accounts import StableLoan
from analyzer.protocols.aave_v3.state.state import AaveState, Category, ReserveState
from analyzer.protocols.kit.unreadable import Unreadable


def test_a_visit_goes_on_until_the_account_is_healthy() -> None:
    """0.95 < HF < 1: half of the debt is enough, worked out by hand in `test_liquidate`."""
    moving = motion(weth_and_dai(10))
    (done,) = moving.liquidate(ALICE)
    assert done.sold == {WETH: 4_515 * E18 // 1_000, DAI: -4_300 * E18}
    after = moving.state.accounts[ALICE]
    assert after.supplied[WETH] == 10 * E18 - 4_515 * E18 // 1_000
    assert after.borrowed[DAI] == 4_300 * E18
    assert moving.breaching() == []
    standing = moving.standing(ALICE)
    assert standing is not None
    assert not standing.breaches
    # 5.485 WETH at 1,000 less 4,300 DAI; at the threshold of 85 % it is 362.25.
    assert standing.equity_e18 == 1_185 * E18
    assert standing.headroom_e18 == 362_250_000_000 * 10**9


def test_what_the_reserves_hold_follows_a_liquidation() -> None:
    moving = motion(weth_and_dai(10, fee_bps=1_000))
    moving.liquidate(ALICE)
    eth, dai = moving.state.reserves[WETH], moving.state.reserves[DAI]
    # 4.515 WETH are seized; 0.215 of it is the bonus, a tenth of which stays as aTokens.
    paid_out = 4_515 * E18 // 1_000 - 215 * E18 // 10_000
    assert eth.scaled_supply == eth.virtual_balance == eth.underlying_held == 10 * E18 - paid_out
    assert moving.state.accounts[TREASURY].supplied == {WETH: 215 * E18 // 10_000}
    assert dai.scaled_debt == 4_300 * E18
    assert dai.virtual_balance == dai.underlying_held == 15_700 * E18


@pytest.mark.parametrize("revision", [6, 10])
def test_debt_without_collateral_becomes_a_deficit_or_stays(revision: int) -> None:
    """At 500 the 10 WETH pay for 5,000 / 1.05 = 4,761.90 of 8,600 DAI."""
    moving = motion(weth_and_dai(revision, price=500))
    done = moving.liquidate(ALICE)
    standing = moving.standing(ALICE)
    repaid = sum(-executed.sold[DAI] for executed in done)
    unpaid = 8_600 * E18 - repaid
    assert sum(executed.sold[WETH] for executed in done) == 10 * E18
    assert repaid // 10**16 == 476_190
    assert standing is not None
    bad = [t for e in done for t in e.closure.transfers if t.bad_debt]
    if revision == 6:
        assert bad == []
        assert standing.equity_e18 == -(unpaid // 10**10 * 10**10)
        assert moving.state.reserves[DAI].deficit == 0
    else:
        assert bad == [
            Transfer("suppliers", ALICE, unpaid // 10**10 * 10**10, "DAI deficit", True, DAI)
        ]
        assert standing.equity_e18 == 0
        assert moving.state.reserves[DAI].deficit == unpaid
    assert moving.breaching() == []


def test_the_book_it_was_made_of_stays_as_it_was() -> None:
    state = weth_and_dai(10, price=500, fee_bps=1_000)
    before = replace(state, accounts=dict(state.accounts), reserves=dict(state.reserves))
    moving = motion(state)
    moving.liquidate(ALICE)
    moving.scale_requirements(Fraction(3, 2))
    moving.set_prices({WETH: E18})
    assert (state.accounts, state.reserves) == (before.accounts, before.reserves)
    assert state.accounts[ALICE].borrowed[DAI] == 8_600 * E18


def test_each_collateral_with_each_debt_is_offered_at_what_the_pool_allows() -> None:
    moving = motion(weth_and_dai(10))
    (offer,) = moving.offers(ALICE)
    assert (offer.offer_id, offer.most, offer.choosable) == ("000/001", 4_300 * E18, True)
    assert offer.largest.sold == {WETH: 4_515 * E18 // 1_000, DAI: -4_300 * E18}
    part = moving.preview(offer, 1_000 * E18)
    assert part is not None
    assert part.sold == {WETH: 105 * E18 // 100, DAI: -1_000 * E18}
    # Nothing has happened yet.
    assert moving.state.accounts[ALICE].borrowed[DAI] == 8_600 * E18
    assert moving.breaching() == [ALICE]
    done = moving.execute(offer, 1_000 * E18)
    assert done.sold == part.sold
    assert moving.state.accounts[ALICE].borrowed[DAI] == 7_600 * E18
    assert moving.offers(BOB) == []


def test_less_than_the_pool_lets_stand_is_not_offered() -> None:
    """Below 0.95 all 8,600 may be repaid; 900 of debt may not be left over."""
    moving = motion(weth_and_dai(10, price=950))
    (offer,) = moving.offers(ALICE)
    assert offer.most == 8_600 * E18
    assert moving.preview(offer, 7_700 * E18) is None
    assert moving.preview(offer, 7_500 * E18) is not None
    with pytest.raises(ValueError, match="MustNotLeaveDust"):
        moving.execute(offer, 7_700 * E18)


def test_the_pair_with_the_largest_seized_value_goes_first() -> None:
    holder = account(
        supplied={"WETH": E18, "LINK": 300 * E18},
        borrowed={"DAI": 1_300 * E18, "USDC": 100 * E18},
        collateral=(0, 3),
    )
    reserves = [
        reserve(0, "WETH", 500 * USD),
        reserve(1, "DAI"),
        reserve(2, "USDC"),
        reserve(3, "LINK", 3 * USD),
    ]
    moving = motion(market(10, reserves, [holder]))
    link = asset_of("LINK")
    pairs = [list(executed.sold) for executed in moving.liquidate(ALICE)]
    assert pairs == [[link, DAI], [WETH, DAI], [WETH, USDC]]


def test_an_account_of_which_no_pair_goes_through_is_not_breaching() -> None:
    state = weth_and_dai(10, price=900)
    assert motion(state).breaching() == [ALICE]
    paused = replace(state.reserves[WETH], config=replace(state.reserves[WETH].config, paused=True))
    state.reserves[WETH] = paused
    moving = motion(state)
    standing = moving.standing(ALICE)
    assert moving.breaching() == []
    assert standing is not None
    assert standing.headroom_e18 < 0
    assert not standing.breaches


def test_an_unknown_account_stays_unknown() -> None:
    state = weth_and_dai(10, price=900)
    state.unreadable[ALICE] = Unreadable("a balance", "was not read")
    moving = motion(state)
    assert moving.standing(ALICE) is None
    assert moving.equity_at(ALICE, {}) is None
    assert moving.breaching() == []
    assert list(moving.liquidate(ALICE)) == list(moving.withdraw(ALICE)) == []
    assert list(moving.unwind(ALICE)) == []
    assert moving.account_ids() == [ALICE, BOB]


def test_prices_are_kept_to_the_wei_and_seen_in_the_pools_unit() -> None:
    moving = motion(weth_and_dai(10))
    price = 900 * E18 + 123_456_789_012
    moving.set_prices({WETH: price})
    standing = moving.standing(ALICE)
    assert moving.prices_e18() == {WETH: price, DAI: E18}
    assert standing is not None
    # 10 WETH at 900.00000012 (8 decimals, down).
    assert standing.equity_e18 == (9_000 - 8_600) * E18 + 12 * 10**11
    assert moving.equity_at(ALICE, {WETH: 1_000 * E18}) == 1_400 * E18
    assert moving.prices_e18()[WETH] == price


def test_wrong_prices_are_refused_and_change_nothing() -> None:
    moving = motion(weth_and_dai(10))
    with pytest.raises(KeyError):
        moving.set_prices({"0x" + "9" * 40: E18})
    with pytest.raises(ValueError, match="positive"):
        moving.set_prices({WETH: 0})
    with pytest.raises(ValueError, match="1 or more"):
        moving.scale_requirements(Fraction(1, 2))
    assert moving.prices_e18() == {WETH: 1_000 * E18, DAI: E18}


def test_a_categorys_price_source_has_a_price_of_its_own() -> None:
    source = asset_of("FEED")
    category = Category(1, 9_000, 9_300, 10_100, "stable", price_source=source, price=USD)
    holder = account(supplied={"USDC": 100 * E18}, borrowed={"DAI": 90 * E18}, emode=1)
    reserves = [reserve(0, "USDC", USD, emode_category=1), reserve(1, "DAI", emode_category=1)]
    moving = motion(market(1, reserves, [holder], [category]))
    moving.set_prices({USDC: E18 // 2})
    standing = moving.standing(ALICE)
    assert standing is not None
    assert standing.equity_e18 == 10 * E18
    assert moving.breaching() == []
    moving.set_prices({source: E18 // 2})
    assert moving.prices_e18()[source] == E18 // 2
    assert moving.equity_at(ALICE, {}) == 5 * E18


def test_requirements_are_scaled_from_the_blocks_own_and_categories_too() -> None:
    """A threshold of 85 % is a requirement of 15 %; times 2 it is 30 %, so a threshold of 70 %."""
    moving = motion(weth_and_dai(10, price=1_200))
    assert moving.breaching() == []
    moving.scale_requirements(Fraction(2))
    standing = moving.standing(ALICE)
    assert standing is not None
    assert standing.headroom_e18 == (8_400 - 8_600) * E18
    assert moving.breaching() == [ALICE]
    moving.scale_requirements(Fraction(1))
    assert moving.breaching() == []
    moving.scale_requirements(Fraction(10))
    standing = moving.standing(ALICE)
    assert standing is not None
    assert standing.headroom_e18 == -8_600 * E18


@pytest.mark.parametrize("revision", [1, 10])
def test_a_collateral_stays_one_however_much_is_required(revision: int) -> None:
    moving = motion(weth_and_dai(revision, price=1_200))
    moving.scale_requirements(Fraction(100))
    standing = moving.standing(ALICE)
    assert standing is not None
    assert standing.equity_e18 == 3_400 * E18
    assert moving.breaching() == [ALICE]


def test_a_reserve_that_cannot_pay_out_is_paid_in_its_own_tokens() -> None:
    state = weth_and_dai(10)
    state.reserves[WETH] = replace(state.reserves[WETH], virtual_balance=E18)
    moving = motion(state)
    (done,) = moving.liquidate(ALICE)
    assert done.closure.after["needs_a_token"] == 1
    assert done.sold[WETH] == 4_515 * E18 // 1_000
    eth = moving.state.reserves[WETH]
    assert (eth.virtual_balance, eth.scaled_supply) == (E18, 10 * E18)


def test_receipts_and_backstops_follow_the_book() -> None:
    moving = motion(weth_and_dai(10, price=500))
    before = {r.backed_by: r.supply_e18 for r in moving.receipts()}
    moving.liquidate(ALICE)
    after = {r.backed_by: (r.token, r.supply_e18) for r in moving.receipts()}
    assert before == {WETH: 5_000 * E18, DAI: 20_000 * E18}
    assert after == {WETH: (asset_of("aWETH"), 0), DAI: (asset_of("aDAI"), 20_000 * E18)}
    (own,) = [r for r in moving.backstops() if r.kind is BackstopKind.OWN_COLLATERAL]
    assert own.capacity_e18 == 0
    deficit = moving.state.reserves[DAI].deficit
    assert [str(deficit) in r.rule for r in moving.backstops() if r.asset_id == DAI] == [True]


def test_stable_debt_restarts_when_it_is_liquidated() -> None:
    holder = account(supplied={"WETH": 10 * E18})
    holder = replace(holder, stable={DAI: StableLoan(8_600 * E18, RAY // 10, NOW)})
    state = market(1, [reserve(0, "WETH", 1_000 * USD), reserve(1, "DAI")], [holder])
    moving = motion(state)
    moving.liquidate(ALICE)
    assert moving.state.accounts[ALICE].stable[DAI] == StableLoan(4_300 * E18, RAY // 10, NOW)


def test_the_treasury_that_counts_its_fee_as_collateral_is_a_party_of_it() -> None:
    rich = account(TREASURY, supplied={"WETH": E18})
    moving = motion(weth_and_dai(10, fee_bps=1_000, holders=(rich,)))
    before = moving.equity_at(TREASURY, {})
    (done,) = moving.liquidate(ALICE)
    after = moving.equity_at(TREASURY, {})
    assert before is not None
    assert after is not None
    assert after - before == 215 * E18 // 10 == _net(done.closure.transfers, TREASURY)


def _net(transfers: tuple[Transfer, ...], party: str) -> int:
    """What the party has gained."""
    gained = sum(t.amount_e18 for t in transfers if t.to_party == party)
    return gained - sum(t.amount_e18 for t in transfers if t.from_party == party)


def _balances(limit: int) -> st.SearchStrategy[int]:
    """Scaled balances, none among them."""
    return st.one_of(st.just(0), st.integers(1, limit))


@st.composite
def _markets(draw: st.DrawFn) -> AaveState:
    """Three reserves with odd indexes, prices and decimals, and five accounts."""
    revision = draw(st.integers(1, 11))
    reserves: list[ReserveState] = []
    for number, (symbol, decimals) in enumerate((("WETH", 18), ("WBTC", 8), ("USDC", 6))):
        made = reserve(
            number,
            symbol,
            draw(st.integers(1, 50_000 * USD)),
            income_ray=draw(st.integers(RAY, 2 * RAY)),
            debt_ray=draw(st.integers(RAY, 2 * RAY)),
            decimals=decimals,
            protocol_fee_bps=draw(st.sampled_from([0, 1_000, 5_000])),
            threshold_bps=draw(st.integers(1, 9_500)),
            bonus_bps=draw(st.integers(10_001, 11_500)),
        )
        reserves.append(replace(made, scaled_supply=10**30, scaled_debt=10**30))
    holders = [
        account(
            f"0x{number:040x}",
            supplied={r.symbol: draw(_balances(100 * r.unit)) for r in reserves},
            borrowed={r.symbol: draw(_balances(100 * r.unit)) for r in reserves},
            collateral=[i for i in range(3) if draw(st.booleans())],
        )
        for number in range(1, 6)
    ]
    return market(revision, reserves, holders)


def _equities(moving: AaveSimulation) -> dict[str, int]:
    """The equity of every account."""
    out = {}
    for address in moving.account_ids():
        equity = moving.equity_at(address, {})
        assert equity is not None
        out[address] = equity
    return out


@given(_markets(), st.integers(1, 200_000), st.booleans())
def test_equity_changes_by_exactly_what_is_transferred(
    state: AaveState, price: int, wind_up: bool
) -> None:
    moving = motion(state)
    moving.set_prices({WETH: price * E18})
    before = _equities(moving)
    dearest = max(moving.prices_e18().values())
    for address in list(moving.account_ids() if wind_up else moving.breaching()):
        done = moving.unwind(address) if wind_up else moving.liquidate(address)
        for executed in done:
            rounding = [
                t for t in executed.closure.transfers if ROUNDING in (t.from_party, t.to_party)
            ]
            # Some wei of the tokens and some units of the base currency; the dearest wei is one of
            # WBTC (8 decimals) or USDC (6).
            assert sum(t.amount_e18 for t in rounding) <= 40 * 10**10 + 8 * dearest // 10**6
        moved = tuple(t for executed in done for t in executed.closure.transfers)
        after = _equities(moving)
        assert {a: after[a] - before[a] for a in after} == {a: _net(moved, a) for a in after}
        before = after
    assert wind_up or moving.breaching() == []


@given(_markets(), st.integers(1, 200_000))
def test_the_sieve_loses_nobody(state: AaveState, price: int) -> None:
    """What it lets through, and only that, is looked at in integers."""
    moving = motion(state)
    moving.breaching()
    moving.set_prices({WETH: price * E18})
    by_hand = [a for a in moving.account_ids() if (s := moving.standing(a)) and s.breaches]
    assert list(moving.breaching()) == by_hand


@given(_markets(), st.data())
def test_accounts_are_liquidated_independently_of_the_order(
    state: AaveState, data: st.DataObject
) -> None:
    """At fixed prices nobody's liquidation changes another's amounts (only what is paid in
    aTokens), apart from the treasury's own account, which is not among these."""
    one, other = motion(state), motion(state)
    order = data.draw(st.permutations(list(one.breaching())))
    straight = {a: [e.sold for e in one.liquidate(a)] for a in one.breaching()}
    shuffled = {a: [e.sold for e in other.liquidate(a)] for a in order}
    assert straight == shuffled
    assert one.state.accounts == other.state.accounts
    deficits = {r.asset: r.deficit for r in one.state.reserves.values()}
    assert deficits == {r.asset: r.deficit for r in other.state.reserves.values()}


@given(_markets())
def test_withdrawals_leave_nobody_breaching(state: AaveState) -> None:
    moving = motion(state)
    breaching = list(moving.breaching())
    before = _equities(moving)
    moved = tuple(t for a in moving.account_ids() for t in moving.withdraw(a))
    after = _equities(moving)
    assert list(moving.breaching()) == breaching
    assert {a: after[a] - before[a] for a in after} == {a: _net(moved, a) for a in after}


def test_many_accounts_are_sieved_fast() -> None:
    """Ten thousand accounts: after the first look a new price costs no valuation of the healthy."""
    rng = np.random.default_rng(7)
    holders = [
        account(
            f"0x{number:040x}",
            supplied={"WETH": int(10 * E18)},
            borrowed={"DAI": int(rng.uniform(1_000, 8_000) * 1e6) * 10**12},
        )
        for number in range(1, 10_001)
    ]
    moving = motion(market(10, [reserve(0, "WETH", 1_000 * USD), reserve(1, "DAI")], holders))
    assert moving.breaching() == []
    moving.set_prices({WETH: 930 * E18})
    found = moving.breaching()
    assert found == [h.address for h in holders if h.borrowed[DAI] > 7_905 * E18]
    assert len(moving._valuation.known_accounts()) < 2 * len(found)
