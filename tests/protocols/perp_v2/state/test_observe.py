"""Pinned reads: what they give, and what becomes of an answer that does not come."""

from __future__ import annotations

import pytest
from perp_story import (
    ALICE,
    BASE,
    BOB,
    CHAINLINK,
    CONTRACTS,
    DEPLOYMENT,
    E18,
    FEED,
    POOL,
    USDC,
    WETH,
    Story,
    ToldNode,
)

from analyzer.abi.keccak import keccak
from analyzer.model.errors import InputError, UnreadError
from analyzer.model.reads import NotRead, Reverted, Value
from analyzer.model.rows import ImplementationRow
from analyzer.protocols.kit.code import IMPLEMENTATION_SLOT
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.perp_v2.judge.truth import JUDGE_SELECTORS
from analyzer.protocols.perp_v2.logs.fold import PerpLedger
from analyzer.protocols.perp_v2.records import MarketStatus, Order
from analyzer.protocols.perp_v2.state import slots
from analyzer.protocols.perp_v2.state.observe.code import known_code
from analyzer.protocols.perp_v2.state.observe.storage import order_from_words

TIME = 1_700_010_000


def ledger() -> PerpLedger:
    """One market, a maker, a taker and a holder of WETH."""
    story = Story().market().weth().deposit(ALICE, 10**9).deposit(BOB, 10**18, WETH).block()
    story.add_range(ALICE, -200, 200, 10**21, (E18, E18)).block()
    return story.swap(-E18, E18, 1).position(BOB, E18, -E18, open_notional=-E18).fold()


def test_every_answer_lands_in_its_field() -> None:
    node = ToldNode(ledger(), TIME)
    seen = node.drive(ledger())
    assert (seen.schedule.settlement_token, seen.schedule.settlement_decimals) == (USDC, 6)
    assert seen.schedule.config.mark_market_twap_interval_s == 1_800
    assert seen.schedule.config.debt_threshold == 10_000 * 10**6
    token = seen.schedule.collateral[WETH]
    assert (token.price, token.collateral_ratio, token.feed) == (2_000 * E18, 700_000, FEED)
    market = seen.markets[BASE].state
    assert (market.symbol, market.status, market.tick) == ("vETH", MarketStatus.OPEN, 1)
    assert sorted(market.tick_cumulatives) == [0, 15, 900, 1_800]
    assert sorted(market.index_price_e18) == [0, 900]
    assert (market.feed_time, market.feed_timeout_s) == (TIME - 60, 3_600)
    assert seen.accounts[BOB].markets[BASE].size == E18
    assert len(seen.accounts[ALICE].orders) == 1


def test_no_read_is_one_that_a_judge_would_ask() -> None:
    node = ToldNode(ledger(), TIME)
    node.drive(ledger())
    assert {r.data[:10] for r in node.asked if r.kind == "call"} & JUDGE_SELECTORS == set()


def test_a_feed_without_a_dispatcher_is_asked_itself() -> None:
    node = ToldNode(ledger(), TIME)
    del node.calls[FEED, "getChainlinkPriceFeedV3"], node.calls[FEED, "isToUseUniswapV3PriceFeed"]
    node.calls[FEED, "getLatestOrCachedPrice"] = (E18, TIME - 5)
    node.calls[FEED, "getTimeout"] = (7,)
    market = node.drive(ledger()).markets[BASE].state
    assert (market.feed_time, market.feed_timeout_s, market.feed_frozen_reason) == (
        TIME - 5,
        7,
        None,
    )


def test_a_dispatcher_on_its_fallback_has_no_time_to_be_stale_by() -> None:
    node = ToldNode(ledger(), TIME)
    node.calls[FEED, "isToUseUniswapV3PriceFeed"] = (True,)
    market = node.drive(ledger()).markets[BASE].state
    assert (market.feed_time, market.feed_timeout_s) == (None, None)


def test_a_revert_of_one_window_takes_no_other_along() -> None:
    node = ToldNode(ledger(), TIME)
    node.calls[POOL, "observe"] = Reverted(b"", "OLD")
    node.calls[BASE, "getIndexPrice"] = Reverted(b"", "CT_IPWCT")
    market = node.drive(ledger()).markets[BASE].state
    assert market.tick_cumulatives[900] == Unreadable(
        "UniswapV3Pool.observe(vETH, 900 s ago)", "OLD", True
    )
    assert market.index_price_e18[0] == Unreadable(
        "BaseToken.getIndexPrice(vETH, 0)", "CT_IPWCT", True
    )


def test_a_token_that_cannot_be_read_has_no_price() -> None:
    node = ToldNode(ledger(), TIME)
    node.calls[WETH, "decimals"] = NotRead("not recorded")
    price = node.drive(ledger()).schedule.collateral[WETH].price
    assert price == Unreadable(f"ERC20.decimals({WETH})", "not recorded")


def test_a_closed_market_is_valued_at_its_closing_price() -> None:
    told = ledger()
    node = ToldNode(told, TIME)
    node.calls[BASE, "isClosed"] = (True,)
    node.calls[BASE, "getClosedPrice"] = (3 * E18,)
    market = node.drive(told).markets[BASE].state
    assert (market.status, market.closed_price_e18) == (MarketStatus.CLOSED, 3 * E18)
    assert market.index_price_e18 == {}


def test_a_vault_that_is_none_is_wrong_input_in_one_line() -> None:
    node = ToldNode(ledger(), TIME)
    node.calls[CONTRACTS["vault"], "getSettlementToken"] = Value(b"")
    with pytest.raises(InputError, match="does not answer like Perp V2"):
        node.drive(ledger())


def test_a_settlement_token_that_was_not_recorded_is_unread() -> None:
    node = ToldNode(ledger(), TIME)
    node.calls[CONTRACTS["vault"], "getSettlementToken"] = NotRead("not recorded")
    with pytest.raises(UnreadError, match=r"getSettlementToken.*not recorded"):
        node.drive(ledger())


def rows(node: ToldNode, told: PerpLedger) -> dict[str, ImplementationRow]:
    """Implementation rows by role."""
    return {row.role: row for row in node.drive(told).implementations}


def test_an_implementation_is_known_by_the_hash_of_its_code() -> None:
    told = ledger()
    node = ToldNode(told, TIME)
    (code_hash,) = [h for role, h in known_code() if role == "vault"]
    node.slots[CONTRACTS["vault"], IMPLEMENTATION_SLOT] = 0x1234
    node.code["0x" + "0" * 36 + "1234"] = bytes.fromhex(code_hash[2:])
    node.code[CONTRACTS["exchange"]] = keccak(b"something else")
    found = rows(node, told)
    assert (found["vault"].status, found["vault"].code_hash) == ("known", code_hash)
    assert found["vault"].implementation == "0x" + "0" * 36 + "1234"
    assert (found["exchange"].status, found["exchange"].implementation) == ("unknown", None)
    assert found["base_token vETH"].status == "not recorded"


def test_without_its_slot_an_implementation_comes_from_the_upgraded_log() -> None:
    story = Story().market()
    story.tell("vault", "Upgraded", implementation=ALICE).tell(
        "pool", "Collect", POOL, amount0=0, amount1=0
    )
    told = story.fold()
    node = ToldNode(told, TIME)
    for role in ("vault", "exchange"):
        node.slots[CONTRACTS[role], IMPLEMENTATION_SLOT] = NotRead("not recorded")
    node.code[ALICE] = keccak(b"code")
    found = rows(node, told)
    assert found["vault"].implementation == ALICE
    assert found["vault"].note == "implementation from its last Upgraded log"
    assert found["exchange"] == ImplementationRow(
        "exchange",
        CONTRACTS["exchange"],
        None,
        None,
        "not recorded",
        "EIP-1967 implementation[exchange]: not recorded",
    )


def test_an_order_is_unpacked_from_its_words() -> None:
    told = ledger()
    (order,) = told.accounts[ALICE].account.markets[BASE].orders.values()
    node = ToldNode(told, TIME)
    first = slots.of(slots.ORDER_BOOK_ORDERS, bytes.fromhex(order.order_id[2:]))
    words = [node.slots[CONTRACTS["order_book"], first + i] for i in range(slots.ORDER_WORDS)]
    unsigned = [word % 2**256 for word in words if isinstance(word, int)]
    assert order_from_words(order.order_id, list(unsigned)) == order
    assert isinstance(order_from_words("0x", [Unreadable("a", "b")]), Unreadable)
    assert isinstance(order, Order)


def test_the_feed_behind_a_dispatcher_is_asked_not_the_dispatcher() -> None:
    node = ToldNode(ledger(), TIME)
    node.calls[CHAINLINK, "getFreezedReason"] = (5,)
    assert node.drive(ledger()).markets[BASE].state.feed_frozen_reason == 5


def test_the_deployment_of_the_story_names_every_role() -> None:
    assert set(DEPLOYMENT.contracts) == set(CONTRACTS)


def test_accounts_are_read_in_batches_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    told = ledger()
    whole = ToldNode(told, TIME).drive(told).accounts
    monkeypatch.setattr("analyzer.protocols.perp_v2.state.observe.storage.ACCOUNTS_AT_ONCE", 1)
    assert ToldNode(told, TIME).drive(told).accounts == whole


def test_a_proxy_that_had_run_before_and_gets_other_code_is_an_upgrade() -> None:
    """Its first code, named before anything else it logs, is none."""
    story = Story().market().tell("exchange", "Upgraded", implementation=ALICE)
    story.tell("vault", "Upgraded", implementation=ALICE)
    assert story.fold().upgrades == {}
    story.tell("vault", "Upgraded", implementation=ALICE)
    story.tell("vault", "Upgraded", implementation=BOB)
    assert list(story.fold().upgrades) == ["vault"]


@pytest.mark.parametrize(
    ("of", "getter", "role"),
    [
        ("clearing_house", "getInsuranceFund", "insurance_fund"),
        ("clearing_house", "getVault", "vault"),
        ("clearing_house", "getClearingHouseConfig", "clearing_house_config"),
        ("vault", "getCollateralManager", "collateral_manager"),
        ("exchange", "getMarketRegistry", "market_registry"),
    ],
)
def test_a_contract_of_another_market_is_wrong_input(of: str, getter: str, role: str) -> None:
    node = ToldNode(ledger(), TIME)
    node.calls[CONTRACTS[of], getter] = (CONTRACTS[role].lower(),)
    node.drive(ledger())
    node.calls[CONTRACTS[of], getter] = ("0x" + "00" * 20,)
    node.drive(ledger())
    node.calls[CONTRACTS[of], getter] = (WETH,)
    with pytest.raises(InputError, match=f"the {of} .* names {WETH} as its {role}, not"):
        node.drive(ledger())


def test_neighbours_that_were_not_recorded_change_nothing() -> None:
    node = ToldNode(ledger(), TIME)
    node.calls[CONTRACTS["clearing_house"], "getInsuranceFund"] = NotRead("not recorded")
    assert node.drive(ledger()).schedule.settlement_token == USDC
