"""Logs to balances, flags, indexes and totals."""

from __future__ import annotations

import pytest
from aave_market import ALICE, BOB, NOW, asset_of
from aave_story import CODE, CONFIGURATOR, DEPLOYMENT, POOL, Story, ToldNode

from analyzer.model.errors import UnreadError
from analyzer.protocols.aave_v3.logs.fold import fold
from analyzer.protocols.aave_v3.ray_math import RAY
from analyzer.protocols.aave_v3.records.accounts import StableLoan
from analyzer.protocols.aave_v3.records.indexes import ReserveIndexes

WETH, DAI = asset_of("WETH"), asset_of("DAI")
YEAR = 31_536_000
NEWER = "0x" + "d" * 40


def told() -> Story:
    """A market with two reserves."""
    return Story().begin().listed("WETH", "DAI").block()


def test_supply_and_borrow_make_scaled_balances_and_sums() -> None:
    story = told().updated("WETH").minted("a", "WETH", ALICE, 100).flagged("WETH", ALICE)
    story.pool("Supply", "WETH", user=ALICE, onBehalfOf=ALICE, amount=100, referralCode=0).block()
    story.minted("v", "DAI", ALICE, 40).updated("DAI")
    ledger = story.pool(
        "Borrow", "DAI", user=ALICE, onBehalfOf=ALICE, amount=40, interestRateMode=2,
        borrowRate=0, referralCode=0,
    ).fold()  # fmt: skip
    alice = ledger.accounts[ALICE]
    assert (alice.supplied, alice.borrowed) == ({WETH: 100}, {DAI: 40})
    assert (alice.collateral_bits, alice.has_debt, alice.borrows(DAI)) == (1, True, True)
    assert (ledger.reserves[WETH].scaled_supply, ledger.reserves[WETH].liquidity) == (100, 100)
    assert (ledger.reserves[DAI].scaled_debt, ledger.reserves[DAI].liquidity) == (40, -40)
    assert ledger.notes == []
    assert ledger.account_ids() == [ALICE]


def test_a_burn_that_interest_outweighs_comes_as_a_mint() -> None:
    """100 at an index of 1; at 1.5 there are 150; 20 are burned: the event mints 30 of 50."""
    index = 3 * RAY // 2
    story = told().updated("WETH").minted("a", "WETH", ALICE, 100).block()
    ledger = story.minted("a", "WETH", ALICE, 30, interest=50, index=index).fold(1)
    assert ledger.accounts[ALICE].supplied[WETH] == 100 - 13
    assert ledger.reserves[WETH].scaled_supply == 87


def test_a_transfer_moves_the_scaled_amount_and_its_interest_mints_move_nothing() -> None:
    index = 3 * RAY // 2
    story = told().updated("WETH").minted("a", "WETH", ALICE, 100).block()
    story.minted("a", "WETH", ALICE, 50, interest=50, index=index)
    ledger = story.token(
        "a", "WETH", "BalanceTransfer", from_=ALICE, to=BOB, value=30, index=index
    ).fold()
    assert ledger.accounts[ALICE].supplied[WETH] == 70
    assert ledger.accounts[BOB].supplied[WETH] == 30
    assert ledger.reserves[WETH].scaled_supply == 100


def test_an_upgrade_changes_the_rounding_from_its_log_on() -> None:
    """98 minted at 1.3 are 75 half up, and 76 under the rule that goes by balances."""
    index = 13 * RAY // 10

    def fold_at(*, upgraded: bool) -> int:
        story = told().updated("WETH", supply=index).minted("a", "WETH", ALICE, 100, index=index)
        if upgraded:
            story.upgrade(NEWER)
        story.block().minted("a", "WETH", ALICE, 98, index=index)
        ledger = story.fold_with({CODE: 8, NEWER: 9})
        return ledger.accounts[ALICE].supplied[WETH]

    assert fold_at(upgraded=False) == 77 + 75
    assert fold_at(upgraded=True) == 77 + 76


def test_each_code_of_the_pool_is_asked_once_for_its_revision() -> None:
    story = told().upgrade(NEWER).upgrade(CODE).upgrade(NEWER)
    node = ToldNode()
    node.calls = {(CODE, "POOL_REVISION"): (8,), (NEWER, "POOL_REVISION"): (9,)}
    ledger = node.drive(fold(DEPLOYMENT, story.events))
    assert [request.to for request in node.asked] == [CODE, NEWER]
    assert [span.revision for span in ledger.revisions] == [8, 9, 8, 9]


def test_where_no_log_names_the_code_the_pool_itself_is_asked() -> None:
    node = ToldNode()
    node.calls = {(POOL, "POOL_REVISION"): (10,), (NEWER, "POOL_REVISION"): (10,)}
    story = Story().listed("WETH").upgrade(NEWER)
    ledger = node.drive(fold(DEPLOYMENT, story.events))
    assert [request.to for request in node.asked] == [POOL, NEWER]
    assert [note.kind for note in ledger.notes] == ["revision"]


def test_a_code_that_does_not_say_its_revision_ends_the_rebuild() -> None:
    with pytest.raises(UnreadError, match=f"the Pool's code at {CODE} is not known"):
        ToldNode().drive(fold(DEPLOYMENT, told().events))


def test_indexes_and_the_treasurys_share_are_followed_through_time() -> None:
    """100,000 owed at 10 % for a year; supply earns 4 %; a tenth of the interest is accrued."""
    story = told().configured("ReserveFactorChanged", "DAI", oldReserveFactor=0,
                              newReserveFactor=1_000)  # fmt: skip
    story.updated("DAI", rates=(RAY // 25, RAY // 10)).minted("v", "DAI", BOB, 100_000)
    story.block(YEAR)
    debt = 1_105_166_666_666_666_666_666_666_667
    supply = 104 * RAY // 100
    ledger = story.updated("DAI", supply=supply, debt=debt).fold(10)
    reserve = ledger.reserves[DAI]
    assert reserve.indexes == ReserveIndexes(supply, debt, 0, 0, NOW + 12 + YEAR)
    assert ledger.notes == []
    # 10,516 of interest, a tenth is 1,052 (half up), over 1.04 is 1,011 (down).
    assert reserve.accrued_to_treasury == 1_011


def test_half_up_revisions_accrue_the_difference_of_rounded_debts() -> None:
    story = told().configured("ReserveFactorChanged", "DAI", oldReserveFactor=0,
                              newReserveFactor=1_000)  # fmt: skip
    story.updated("DAI", rates=(RAY // 25, RAY // 10)).minted("v", "DAI", BOB, 100_000)
    debt = 1_105_162_042_821_782_412_575_504_000
    story.block(YEAR).updated("DAI", supply=104 * RAY // 100, debt=debt)
    # 110,516.2 - 100,000 = 10,516; a tenth 1,052; over 1.04 is 1,011.5, half up 1,012.
    assert story.fold(1).reserves[DAI].accrued_to_treasury == 1_012


def test_stable_debt_accrues_to_the_treasury_too() -> None:
    story = Story().begin().listed("DAI", stable=True).block()
    story.configured("ReserveFactorChanged", "DAI", oldReserveFactor=0, newReserveFactor=1_000)
    story.updated("DAI")
    story.token(
        "s", "DAI", "Mint", user=BOB, onBehalfOf=BOB, amount=100_000, currentBalance=0,
        balanceIncrease=0, newRate=RAY // 10, avgStableRate=RAY // 10, newTotalSupply=100_000,
    ).block(YEAR).updated("DAI")  # fmt: skip
    ledger = story.fold(1)
    assert ledger.accounts[BOB].stable[DAI] == StableLoan(100_000, RAY // 10, NOW + 12)
    assert ledger.reserves[DAI].accrued_to_treasury == 1_052


def test_a_stable_debt_that_is_repaid_forgets_its_rate() -> None:
    story = Story().begin().listed("DAI", stable=True).block()
    story.token(
        "s", "DAI", "Mint", user=BOB, onBehalfOf=BOB, amount=100, currentBalance=0,
        balanceIncrease=0, newRate=5, avgStableRate=5, newTotalSupply=100,
    ).block()  # fmt: skip
    story.token(
        "s", "DAI", "Burn", from_=BOB, amount=100, currentBalance=100, balanceIncrease=0,
        avgStableRate=0, newTotalSupply=3,
    )  # fmt: skip
    ledger = story.fold(1)
    assert ledger.accounts[BOB].stable[DAI] == StableLoan(0, 0, 0)
    assert ledger.accounts[BOB].has_debt is False
    # The token zeroes its total when the average comes out as 0, whatever the event says.
    assert ledger.reserves[DAI].stable.principal == 0


@pytest.mark.parametrize(("revision", "touched"), [(8, False), (9, True), (10, True)])
def test_a_liquidation_for_a_tokens_updates_the_collateral_without_an_event(
    revision: int, touched: bool
) -> None:
    story = told().updated("WETH", rates=(RAY // 25, 0)).block(YEAR)
    story.updated("DAI").add(
        "pool", POOL, "LiquidationCall", collateralAsset=WETH, debtAsset=DAI, user=ALICE,
        debtToCover=50, liquidatedCollateralAmount=60, liquidator=BOB, receiveAToken=True,
    )  # fmt: skip
    ledger = story.fold(revision)
    weth, dai = ledger.reserves[WETH], ledger.reserves[DAI]
    assert weth.indexes.supply_ray == (104 * RAY // 100 if touched else RAY)
    assert (weth.liquidity, dai.liquidity, ledger.liquidations) == (0, 50, 1)


@pytest.mark.parametrize(("revision", "shares"), [(8, 1), (9, 2), (10, 2), (11, 1)])
def test_where_debt_and_collateral_are_one_reserve_the_treasury_gets_its_share_twice(
    revision: int, shares: int
) -> None:
    """The pool copies the reserve for both sides before it updates it for the first."""
    story = told().configured("ReserveFactorChanged", "DAI", oldReserveFactor=0,
                              newReserveFactor=1_000)  # fmt: skip
    story.updated("DAI", rates=(0, RAY // 10)).minted("v", "DAI", ALICE, 100_000).block(YEAR)
    index = 1_105_166_666_666_666_666_666_666_667
    story.burned("v", "DAI", ALICE, 39_482, interest=10_517, index=index)
    story.updated("DAI", debt=index).add(
        "pool", POOL, "LiquidationCall", collateralAsset=DAI, debtAsset=DAI, user=ALICE,
        debtToCover=50_000, liquidatedCollateralAmount=52_500, liquidator=BOB, receiveAToken=False,
    )  # fmt: skip
    assert story.fold(revision).reserves[DAI].accrued_to_treasury == shares * 1_052


def test_flash_loans_feed_the_treasury_alone_from_revision_8_on() -> None:
    def accrued(revision: int) -> tuple[int, int]:
        story = told()
        story.add(
            "pool_configurator", "0x3", "FlashloanPremiumToProtocolUpdated",
            oldFlashloanPremiumToProtocol=0, newFlashloanPremiumToProtocol=3_000,
        ).updated("DAI")  # fmt: skip
        story.add(
            "pool", POOL, "FlashLoan", target=BOB, initiator=BOB, asset=DAI, amount=10_000,
            interestRateMode=0, premium=50, referralCode=0,
        )  # fmt: skip
        reserve = story.fold(revision).reserves[DAI]
        return reserve.accrued_to_treasury, reserve.liquidity

    assert accrued(7) == (15, 50)
    assert accrued(8) == (50, 50)
    assert accrued(10) == (50, 50)


def test_deficits_grow_and_are_covered() -> None:
    story = told().add("pool", POOL, "DeficitCreated", user=ALICE, debtAsset=DAI, amountCreated=70)
    story.pool("DeficitCovered", "DAI", caller=BOB, amountCovered=30)
    assert story.fold().reserves[DAI].deficit == 40


def test_what_the_treasury_minted_is_no_longer_owed_to_it() -> None:
    story = told().updated("DAI")
    story.add(
        "pool", POOL, "FlashLoan", target=BOB, initiator=BOB, asset=DAI, amount=1,
        interestRateMode=0, premium=9, referralCode=0,
    )  # fmt: skip
    assert story.fold().reserves[DAI].accrued_to_treasury == 9
    story.pool("MintedToTreasury", "DAI", amountMinted=9)
    assert story.fold().reserves[DAI].accrued_to_treasury == 0


def test_repayment_with_a_tokens_brings_no_underlying() -> None:
    story = told()
    for with_a_tokens in (True, False):
        story.pool("Repay", "DAI", user=ALICE, repayer=ALICE, amount=5, useATokens=with_a_tokens)
    assert story.fold().reserves[DAI].liquidity == 5


def test_a_dropped_reserves_id_goes_to_the_next_that_is_listed() -> None:
    story = told().configured("ReserveDropped", "WETH").listed("LINK", "MKR")
    ledger = story.fold()
    assert ledger.ids == [asset_of("LINK"), DAI, asset_of("MKR")]
    assert [r.id for r in ledger.reserves.values()] == [1, 0, 2]


def test_modes_and_flags_follow_their_events() -> None:
    story = told().add("pool", POOL, "UserEModeSet", user=ALICE, categoryId=3)
    story.flagged("WETH", ALICE).flagged("DAI", ALICE).flagged("WETH", ALICE, on=False)
    ledger = story.fold()
    alice = ledger.accounts[ALICE]
    assert (alice.emode, alice.collateral_bits, alice.events) == (3, 0b10, 4)
    assert ledger.categories == {3}


def test_what_no_rule_explains_becomes_a_note() -> None:
    story = told().updated("WETH", supply=2 * RAY).updated("MKR")
    story.burned("a", "WETH", ALICE, 5, index=2 * RAY)
    story.token("a", "MKR", "Mint", onBehalfOf=BOB, value=1, balanceIncrease=0, index=RAY)
    story.minted("v", "DAI", ALICE, 5, index=3 * RAY)
    story.add("pool", POOL, "Nonsense")
    notes = [note.kind for note in story.fold().notes]
    assert notes == [
        "reserve indexes",
        "unknown reserve",
        "inexplicable change",
        "negative balance",
        "unknown token",
        "debt index",
        "inexplicable change",
        "unhandled event",
    ]


@pytest.mark.parametrize(
    ("revision", "supply", "debt", "notes"),
    [
        (7, RAY, RAY, 0),
        (7, RAY + 1, RAY, 0),  # a premium may be that small
        (7, RAY - 1, RAY, 1),
        (7, RAY + 1, RAY + 1, 1),
        (7, RAY, RAY - 1, 1),
        (8, RAY + 1, RAY, 1),
        (8, RAY, RAY, 0),
    ],
)
def test_only_a_premium_raises_the_supply_index_beyond_its_rule(
    revision: int, supply: int, debt: int, notes: int
) -> None:
    story = told().updated("WETH", supply=supply, debt=debt)
    kinds = [note.kind for note in story.fold(revision).notes]
    assert kinds == ["reserve indexes"] * notes


def test_a_proxys_code_is_remembered_from_its_creation_and_its_upgrades() -> None:
    story = told().token("a", "WETH", "Upgraded", implementation=NEWER)
    first = {POOL: CODE, CONFIGURATOR: CODE}
    assert story.fold().implementations == {**first, asset_of("aWETH"): NEWER}
    later = story.upgrade(NEWER).fold_with({CODE: 8, NEWER: 9})
    assert later.implementations[POOL] == NEWER
