"""A history is folded with the rules of its own time: each fault is one that came back without
its cure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from aave_market import ALICE, BOB, NOW, account, asset_of, market, reserve
from aave_recording import recorded
from aave_story import CODE, POOL, Story, ToldNode
from bare_book import bare_book

from analyzer.model.reads import NotRead
from analyzer.protocols.aave_v3.close.simulate import simulate
from analyzer.protocols.aave_v3.judge.cautions import cautions
from analyzer.protocols.aave_v3.logs.fold import code, fold
from analyzer.protocols.aave_v3.logs.fold.ledger import AaveLedger, Anchor, TransferUnit
from analyzer.protocols.aave_v3.ray_math import RAY
from analyzer.protocols.aave_v3.records.indexes import ReserveIndexes, updated
from analyzer.protocols.aave_v3.revisions import rules_of
from analyzer.protocols.aave_v3.state.state import AaveState
from analyzer.protocols.aave_v3.value import details as details_module
from analyzer.protocols.aave_v3.value.account import Valuation
from analyzer.protocols.aave_v3.value.liquidation_call import TAKES_TOO_MUCH, Call, Liquidation
from analyzer.protocols.aave_v3.value.prices import reference_prices
from analyzer.protocols.aave_v3.value.value import value
from analyzer.protocols.kit.unreadable import Unreadable

WETH, DAI, GHO = asset_of("WETH"), asset_of("DAI"), asset_of("GHO")
NEWER = "0x" + "d" * 40
NOBODY = "0x" + "0" * 40
HALF_MORE = 3 * RAY // 2
CUTS = Path(__file__).parents[2] / "data" / "aave_v3"


@pytest.fixture
def as_3_0_0(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every code hash is one of 3.0.0."""
    monkeypatch.setattr(code, "release_of_code", lambda kind, code_hash: "3.0.0")


def told(*symbols: str) -> Story:
    """A market with these reserves."""
    return Story().begin().listed(*symbols).block()


# 1. Discounts on GHO's debt: burned without an event.


def test_what_a_discount_takes_off_interest_is_burned_in_silence() -> None:
    """1,000 at an index of 1; at 1.5 there are 500 of interest, of which 100 (20 %) are taken off:
    400 are said, and 100 / 1.5 = 66.67 scaled are burned, to 933."""
    story = told("GHO").minted("v", "GHO", ALICE, 1_000).block()
    ledger = story.minted("v", "GHO", ALICE, 400, interest=400, index=HALF_MORE).fold(7)
    assert ledger.accounts[ALICE].borrowed[GHO] == 1_000 - 67
    assert ledger.reserves[GHO].scaled_debt == 1_000 - 67
    assert ledger.reserves[GHO].discounted
    assert ledger.unknown == {}


def test_a_rebalancing_does_not_touch_the_reserve() -> None:
    story = told("GHO").minted("v", "GHO", ALICE, 1_000).updated("GHO", rates=(0, RAY // 10))
    before = story.fold(7).reserves[GHO].indexes
    story.block(86_400).token(
        "v", "GHO", "Mint", caller=NOBODY, onBehalfOf=ALICE, value=0, balanceIncrease=0, index=RAY
    )
    ledger = story.fold(7)
    assert ledger.reserves[GHO].indexes == before
    assert ledger.notes == []


def test_a_whole_repayment_leaves_nothing_and_a_part_burns_the_discount_too() -> None:
    """1,500 are owed, 100 are taken off: 1,400 is everything; 700 leave 1,000 - 467 - 67."""
    story = told("GHO").minted("v", "GHO", ALICE, 1_000).minted("v", "GHO", BOB, 1_000).block()
    story.burned("v", "GHO", ALICE, 1_000, interest=400, index=HALF_MORE)
    ledger = story.burned("v", "GHO", BOB, 300, interest=400, index=HALF_MORE).fold(7)
    assert ledger.accounts[ALICE].borrowed[GHO] == 0
    assert ledger.accounts[BOB].borrowed[GHO] == 1_000 - 467 - 67


def test_interest_that_no_percentage_explains_makes_the_account_unknown() -> None:
    story = told("GHO").minted("v", "GHO", ALICE, 10**9).block()
    ledger = story.minted("v", "GHO", ALICE, 123, interest=600_000_000, index=HALF_MORE).fold(7)
    assert "interest of 600000000 in the event" in ledger.unknown[ALICE].reason
    assert [note.kind for note in ledger.notes][-1] == "interest"


def discounted(revision: int, *, debt: int = 1_000) -> AaveState:
    """Alice owes `debt` scaled GHO at an index of 1.5, last settled at 1, with a discount of 20 %
    on its interest; 2 WETH at 1,000 stand behind it."""
    rows = [reserve(0, "WETH", 500 * 10**8), reserve(1, "GHO", 10**8, debt_ray=HALF_MORE)]
    alice = account(supplied={"WETH": 2 * 10**18}, borrowed={"GHO": debt})
    alice.debt_indexes[GHO] = RAY
    return replace(market(revision, rows, [alice]), discounts={GHO: {ALICE: 2_000}})


@pytest.mark.parametrize(("revision", "counted"), [(3, 1_500), (6, 1_500), (7, 1_400)])
def test_account_data_count_a_discount_in_revision_7_and_liquidations_always(
    revision: int, counted: int
) -> None:
    state = discounted(revision, debt=1_000 * 10**18)
    data = Valuation(state, reference_prices(state)).account_data(ALICE)
    assert data.debt_base == counted * 10**8  # type: ignore[union-attr]
    outcome = Liquidation(Valuation(state, reference_prices(state)), data).execute(  # type: ignore[arg-type]
        Call(WETH, GHO)
    )
    assert outcome.reverts is None
    assert outcome.debt_repaid <= 1_400 * 10**18


# 2. The virtual balance that 3.1 begins with.


def upgraded() -> tuple[Story, ToldNode]:
    """100 of 150 supplied DAI were borrowed; interest by rule makes claims of 40 on flows of 50.
    Then the pool becomes 3.1, and 7 more come in."""
    story = told("DAI").minted("a", "DAI", ALICE, 150).minted("v", "DAI", BOB, 100).updated("DAI")
    story.pool("Supply", "DAI", user=ALICE, onBehalfOf=ALICE, amount=150, referralCode=0)
    story.pool(
        "Borrow", "DAI", user=BOB, onBehalfOf=BOB, amount=100, interestRateMode=2, borrowRate=0,
        referralCode=0,
    )  # fmt: skip
    story.updated("DAI", debt=11 * RAY // 10).block().upgrade(NEWER).block()
    story.pool("Supply", "DAI", user=ALICE, onBehalfOf=ALICE, amount=7, referralCode=0)
    node = ToldNode()
    node.calls |= {(CODE, "POOL_REVISION"): (3,), (NEWER, "POOL_REVISION"): (4,)}
    return story, node


def folded(story: Story, node: ToldNode) -> AaveLedger:
    """The ledger of a told market."""
    from aave_story import DEPLOYMENT

    return node.drive(fold(DEPLOYMENT, story.events))


def test_the_upgrade_to_3_1_is_an_anchor_by_the_initializer_s_rule() -> None:
    story, node = upgraded()
    node.calls[POOL, "getVirtualUnderlyingBalance"] = NotRead("not recorded")
    dai = folded(story, node).reserves[DAI]
    assert dai.anchors == [Anchor(3, 4, flows=50, claims=40, start=40)]
    assert dai.virtual_balance(None) == 47
    assert dai.liquidity == 57


def test_what_the_chain_says_at_the_upgrade_goes_before_the_rule() -> None:
    story, node = upgraded()
    node.calls[POOL, "getVirtualUnderlyingBalance"] = (39,)
    ledger = folded(story, node)
    assert ledger.reserves[DAI].anchors == [Anchor(3, 4, 50, 40, start=39, read_at=3)]
    assert ledger.reserves[DAI].virtual_balance(None) == 46
    asked = {r.block for r in node.asked if "getVirtual" in r.label}
    assert asked == {3}, "an anchor is read at the upgrade"
    state = replace(market(4, [reserve(0, "DAI")], []), ledger=ledger)
    changes = details_module.details(
        value(bare_book(state), reference_prices(state))
    ).silent_changes
    (said,) = [change for change in changes if not change.kind.startswith("log: ")]
    assert (said.kind, said.market_id) == ("upgrade: virtual balance", DAI)
    assert "50 by the logs became 39, read at the end of block 3" in said.detail


def test_an_anchor_that_gifts_may_have_raised_is_not_guessed() -> None:
    """Claims above the flows: what the aToken held decides, and nobody says what that was."""
    story, node = upgraded()
    story.events = [e for e in story.events if e.name != "Borrow" or e.args["amount"] != 100]
    node.calls[POOL, "getVirtualUnderlyingBalance"] = NotRead("not recorded")
    story.minted("a", "DAI", ALICE, 1_000)
    node.calls[CODE, "POOL_REVISION"] = (3,)
    dai = folded(story, node).reserves[DAI]
    dai.anchors[-1] = replace(dai.anchors[-1], claims=dai.anchors[-1].flows + 1, start=None)
    assert dai.virtual_balance(None) is None
    assert dai.virtual_balance(dai.liquidity + 3) is None
    assert dai.virtual_balance(dai.liquidity) == dai.liquidity


def test_an_upgrade_to_3_1_and_past_it_in_one_block_begins_by_3_1_s_rule() -> None:
    """The configuration of the block before knows no virtual accounting yet: it is not asked."""
    story, node = upgraded()
    at = next(n for n, event in enumerate(story.events) if event.args.get("newAddress") == NEWER)
    newest = "0x" + "e" * 40
    args = {"oldAddress": NEWER, "newAddress": newest}
    story.events.insert(at + 1, replace(story.events[at], args=args))
    node.calls[newest, "POOL_REVISION"] = (8,)
    node.reserve(0, "DAI")
    dai = folded(story, node).reserves[DAI]
    assert [(anchor.revision, anchor.start) for anchor in dai.anchors] == [(4, 40)]
    assert dai.virtual_balance(None) == 47


# 3. The unit of BalanceTransfer in 3.0.0.


@pytest.mark.usefixtures("as_3_0_0")
def test_3_0_0_says_underlying_in_a_transfer_and_its_successor_says_scaled() -> None:
    """30 at an index of 1.5 are 20 scaled; after the aToken's upgrade 30 are 30."""
    story = told("WETH").updated("WETH").minted("a", "WETH", ALICE, 100).block()
    story.token("a", "WETH", "BalanceTransfer", from_=ALICE, to=BOB, value=30, index=HALF_MORE)
    assert story.fold(1).accounts[BOB].supplied == {WETH: 20}
    story.token("a", "WETH", "Upgraded", implementation=NEWER)
    story.token("a", "WETH", "BalanceTransfer", from_=ALICE, to=BOB, value=30, index=HALF_MORE)
    assert story.fold(1).accounts[BOB].supplied == {WETH: 50}


def test_where_no_hash_tells_the_logs_do() -> None:
    """Interest was due and no Mint settled it: 3.0.0. A Mint of interest alone: its successors."""
    story = told("WETH", "DAI").updated("WETH").minted("a", "WETH", ALICE, 100)
    story.minted("a", "DAI", ALICE, 100).block()
    story.token("a", "WETH", "BalanceTransfer", from_=ALICE, to=BOB, value=30, index=HALF_MORE)
    story.minted("a", "DAI", ALICE, 50, interest=50, index=HALF_MORE)
    story.token("a", "DAI", "BalanceTransfer", from_=ALICE, to=BOB, value=30, index=HALF_MORE)
    ledger = story.fold(1)
    assert ledger.reserves[WETH].transfers is TransferUnit.UNDERLYING
    assert ledger.reserves[DAI].transfers is TransferUnit.SCALED
    assert ledger.accounts[BOB].supplied == {WETH: 20, DAI: 30}
    assert ledger.unknown == {}


def test_a_transfer_whose_unit_nothing_tells_makes_both_sides_unknown() -> None:
    story = told("WETH").updated("WETH").minted("a", "WETH", ALICE, 100, index=HALF_MORE).block()
    story.token("a", "WETH", "BalanceTransfer", from_=ALICE, to=BOB, value=30, index=HALF_MORE)
    ledger = story.fold(1)
    assert set(ledger.unknown) == {ALICE, BOB}
    assert "the unit of BalanceTransfer is not known" in ledger.unknown[BOB].reason


def test_a_transfer_that_waited_is_moved_once_the_unit_is_shown() -> None:
    story = told("WETH").updated("WETH").minted("a", "WETH", ALICE, 90, index=HALF_MORE).block()
    story.token("a", "WETH", "BalanceTransfer", from_=ALICE, to=BOB, value=30, index=HALF_MORE)
    story.minted("a", "WETH", TREASURY_LIKE, 60).block()
    story.token("a", "WETH", "BalanceTransfer", from_=TREASURY_LIKE, to=BOB, value=3,
                index=HALF_MORE)  # fmt: skip
    ledger = story.fold(1)
    assert ledger.accounts[BOB].supplied == {WETH: 22}
    assert ledger.accounts[ALICE].supplied == {WETH: 40}
    assert ledger.unknown == {}


TREASURY_LIKE = "0x" + "7" * 40


def test_a_market_of_3_0_0_with_unknown_code_comes_out_as_the_contracts_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing but its logs tells that it is 3.0.0's aTokens; the pool's rules are not known."""
    monkeypatch.setattr(code, "release_of_code", lambda kind, code_hash: None)
    cut = recorded.__wrapped__(CUTS / "v300.zip")
    (label,) = cut.labels
    assert [check for check in cut.checks(label) if check.equal is not True] == []
    state = cut.state(label)
    reasons = [why.reason for why in state.unreadable.values()]
    assert len(reasons) <= 4, "the sides of two transfers that nothing tells"
    assert all("the unit of BalanceTransfer" in reason for reason in reasons)
    kinds = [c.kind for c in cautions(value(bare_book(state), reference_prices(state)), [])]
    assert "revision_not_run" in kinds


# 4. 3.0.0's indexes and fee.


def test_3_0_0_stores_the_debt_index_only_where_the_supply_rate_is_not_0() -> None:
    before = ReserveIndexes(RAY, RAY, 0, RAY // 10, NOW)
    later = NOW + 31_536_000
    assert updated(rules_of(1, "3.0.0"), before, later, scaled_debt=1).debt_ray == RAY
    assert updated(rules_of(1), before, later, scaled_debt=1).debt_ray > RAY
    both = replace(before, supply_rate_ray=RAY // 20)
    assert updated(rules_of(1, "3.0.0"), both, later, scaled_debt=1).debt_ray > RAY


def test_3_0_0_s_fee_is_not_shrunk_to_what_is_left(shared: Path) -> None:
    recording = recorded(shared / "recordings" / "aave_v3_v300_seedA")
    reasons = [row["reason"] for row in recording.truth["refused"]]
    assert TAKES_TOO_MUCH in reasons, "or the words of test_recordings would prove nothing"


def test_3_0_0_leaves_the_flag_where_the_fee_took_the_rest() -> None:
    rules = rules_of(1, "3.0.0")
    weth = reserve(0, "WETH", 10**8, protocol_fee_bps=1_000)
    rows = [weth, reserve(1, "DAI", 10**8)]
    people = [account(supplied={"WETH": 100 * 10**18}, borrowed={"DAI": 100 * 10**18})]
    found = []
    for one in (rules, rules_of(1)):
        state = replace(market(1, rows, people), rules=one)
        valuation = Valuation(state, reference_prices(state))
        data = valuation.account_data(ALICE)
        outcome = Liquidation(valuation, data).execute(Call(WETH, DAI))  # type: ignore[arg-type]
        assert outcome.scaled_collateral_after == 0
        found.append(outcome.collateral_flag_after)
    assert found == [True, False]


# 5. Simulation of a reserve that does not count its underlying.


@pytest.mark.parametrize("revision", [4, 5, 6, 7])
def test_a_reserve_without_virtual_accounting_keeps_its_0_in_motion(revision: int) -> None:
    """Read as 0 by the pool: `observe` says None, and a liquidation moves what the aToken holds."""
    told = ToldNode().market(revision, "WETH", "DAI")
    told.calls[CODE, "POOL_REVISION"] = (revision,)
    from aave_story import DEPLOYMENT

    from analyzer.protocols.aave_v3.state.book import book
    from analyzer.protocols.aave_v3.state.observe import observe

    story = Story().begin().listed("WETH", "DAI").block()
    story.updated("WETH").minted("a", "WETH", ALICE, 10 * 10**18).flagged("WETH", ALICE)
    ledger = told.drive(
        fold(DEPLOYMENT, story.updated("DAI").minted("v", "DAI", ALICE, 9 * 10**18).events)
    )
    found = book(
        DEPLOYMENT, told.block, ledger, told.drive(observe(DEPLOYMENT, ledger, told.block))
    )
    state = found.state
    assert isinstance(state, AaveState)
    assert state.reserves[DAI].virtual_balance is None
    moving = simulate(value(found, reference_prices(state)))
    assert moving.liquidate(ALICE)
    assert moving.state.reserves[DAI].virtual_balance is None
    assert moving.state.reserves[DAI].underlying_held != 0


# What no state of the contracts can be has no verdict.


def test_a_negative_balance_makes_the_account_unknown() -> None:
    ledger = told("WETH").burned("a", "WETH", ALICE, 5).fold()
    assert "negative by the logs" in ledger.unknown[ALICE].reason


def test_a_flag_without_a_balance_makes_the_account_unknown() -> None:
    ledger = told("WETH").flagged("WETH", ALICE).fold()
    assert "collateral flag stands" in ledger.unknown[ALICE].reason


def test_a_flag_that_the_code_leaves_on_nothing_does_not() -> None:
    """At an index of 2 the half of the last wei is all of the scaled balance, half up."""
    story = told("WETH").minted("a", "WETH", ALICE, 2, index=2 * RAY).flagged("WETH", ALICE)
    ledger = story.burned("a", "WETH", ALICE, 1, index=2 * RAY).fold(8)
    assert ledger.accounts[ALICE].supplied[WETH] == 0
    assert ledger.accounts[ALICE].collateral_bits == 1
    assert ledger.unknown == {}


def test_where_the_fee_stops_the_maximum_a_little_less_passes_and_is_what_asking_for_it_gives() -> (
    None
):
    cut = recorded(CUTS / "v300.zip")
    (label,) = cut.labels
    state = cut.state(label)
    valuation, stopped = Valuation(state, reference_prices(state)), 0
    for address in state.accounts:
        data = valuation.account_data(address)
        assert not isinstance(data, Unreadable)
        liquidation = Liquidation(valuation, data)
        for collateral in liquidation.collaterals():
            for debt in liquidation.debts():
                call = Call(collateral.reserve.asset, debt.reserve.asset)
                if liquidation.execute(call).reverts != TAKES_TOO_MUCH:
                    continue
                found = liquidation.largest(call)
                assert found.reverts is None
                asked = replace(call, debt_to_cover=found.debt_repaid)
                assert liquidation.execute(asked) == found
                stopped += 1
    assert stopped > 0
