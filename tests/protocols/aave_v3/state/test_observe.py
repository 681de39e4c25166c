"""Pinned reads: what they give, and what becomes of an answer that does not come."""

from __future__ import annotations

import pytest
from aave_market import ALICE, BOB, E18, NOW, USD, asset_of
from aave_story import (
    ACTIVE_WORD,
    CODE,
    DEPLOYMENT,
    ORACLE,
    POOL,
    PROVIDER,
    TREASURY,
    ZERO,
    Story,
    ToldNode,
    selectors,
)

from analyzer.abi.codec import encode_values
from analyzer.abi.keccak import checksum
from analyzer.model.errors import InputError, UnreadError
from analyzer.model.reads import NotRead, Reverted, Value
from analyzer.protocols.aave_v3.judge.truth import JUDGE_SELECTORS
from analyzer.protocols.aave_v3.logs.fold import AaveLedger, fold
from analyzer.protocols.aave_v3.ray_math import RAY
from analyzer.protocols.aave_v3.state.book import book, rebuild_state
from analyzer.protocols.aave_v3.state.observe import AaveObservation, observe
from analyzer.protocols.aave_v3.state.state import AaveState, Category, PriceFact, state_of
from analyzer.protocols.kit.unreadable import Unreadable

WETH, DAI = asset_of("WETH"), asset_of("DAI")
SOURCE = "0x" + "9" * 40


def story() -> Story:
    """Alice supplies WETH and owes DAI, in category 1."""
    told = Story().begin().listed("WETH", "DAI").block()
    told.updated("WETH").minted("a", "WETH", ALICE, 10 * E18).flagged("WETH", ALICE)
    told.add("pool", POOL, "UserEModeSet", user=ALICE, categoryId=1)
    return told.minted("v", "DAI", ALICE, 5 * E18).updated("DAI").block()


def node(revision: int = 10) -> ToldNode:
    """A node that knows the market."""
    told = ToldNode().market(revision, "WETH", "DAI")
    told.calls |= {
        (CODE, "POOL_REVISION"): (revision,),
        (POOL, "getEModeCategoryData"): ((9_000, 9_300, 10_100, SOURCE, "ETH"),),
        (POOL, "getEModeCategoryCollateralConfig"): ((9_000, 9_300, 10_100),),
        (POOL, "getEModeCategoryCollateralBitmap"): (0b01,),
        (POOL, "getEModeCategoryLtvzeroBitmap"): (0b10,),
        (POOL, "getIsEModeCategoryIsolated"): (True,),
        (POOL, "getEModeCategoryLabel"): ("ETH",),
        (ORACLE, f"getAssetPrice {SOURCE}"): (3 * USD,),
    }
    return told


def seen(told: ToldNode) -> tuple[AaveLedger, AaveObservation]:
    """Ledger and observation."""
    ledger = told.drive(fold(DEPLOYMENT, story().events))
    return ledger, told.drive(observe(DEPLOYMENT, ledger, told.block))


def state(told: ToldNode) -> AaveState:
    """The rebuilt state."""
    ledger, observation = seen(told)
    return rebuild_state(DEPLOYMENT, told.block, ledger, observation)


def test_every_answer_lands_in_its_field() -> None:
    told = node()
    told.calls[PROVIDER, "getAddress"] = (BOB,)
    told.calls[POOL, "getReserveDeficit"] = (77,)
    told.calls[POOL, f"getLiquidationGracePeriod {WETH}"] = (NOW + 5,)
    told.calls[CODE, "latestTimestamp"] = (NOW - 60,)
    found = state(told)
    weth = found.reserves[WETH]
    assert (found.base_unit, found.umbrella, found.sentinel) == (USD, checksum(BOB), "")
    assert (weth.symbol, weth.id, weth.factor) == ("WETH", 0, "ETH")
    assert (weth.config.ltv_bps, weth.config.decimals, weth.config.status) == (8_000, 18, "active")
    assert (weth.deficit, weth.grace_until) == (77, NOW + 5)
    assert weth.price.price == USD
    assert weth.price.updated_at == NOW - 60
    assert weth.treasury == TREASURY
    assert found.contracts["oracle"] == ORACLE


@pytest.mark.parametrize(
    ("revision", "category"),
    [
        (1, Category(1, 9_000, 9_300, 10_100, "ETH", price_source=SOURCE, price=3 * USD)),
        (5, Category(1, 9_000, 9_300, 10_100, "ETH", collateral_bitmap=1)),
        (10, Category(1, 9_000, 9_300, 10_100, "ETH", 1, 2)),
        (11, Category(1, 9_000, 9_300, 10_100, "ETH", 1, 2, True)),
    ],
)
def test_a_category_is_read_as_its_revision_has_it(revision: int, category: Category) -> None:
    assert state(node(revision)).categories == {1: category}


@pytest.mark.parametrize("revision", [1, 4, 7, 10, 11])
def test_no_read_of_the_rebuild_is_one_that_a_judge_would_ask(revision: int) -> None:
    told = node(revision)
    seen(told)
    assert len(told.asked) > 20
    assert selectors(told.asked) & JUDGE_SELECTORS == set()


@pytest.mark.parametrize(
    ("revision", "absent", "there"),
    [
        (3, ("getReserveDeficit", "getVirtualUnderlyingBalance", "getLiquidationGracePeriod"), ()),
        (4, ("getReserveDeficit",), ("getVirtualUnderlyingBalance", "getLiquidationGracePeriod")),
        (7, (), ("getReserveDeficit", "getVirtualUnderlyingBalance")),
    ],
)
def test_views_that_a_revision_does_not_have_are_not_asked(
    revision: int, absent: tuple[str, ...], there: tuple[str, ...]
) -> None:
    told = node(revision)
    seen(told)
    labels = {request.label.split("(")[0] for request in told.asked}
    assert not {f"Pool.{name}" for name in absent} & labels
    assert {f"Pool.{name}" for name in there} <= labels


def test_the_sentinel_is_asked_where_there_is_one_and_the_revision_asks_it() -> None:
    sentinel = "0x" + "5" * 40
    for revision, allows in ((1, False), (10, False), (11, True)):
        told = node(revision)
        told.calls[PROVIDER, "getPriceOracleSentinel"] = (sentinel,)
        told.calls[sentinel, "isLiquidationAllowed"] = (False,)
        assert state(told).sentinel_allows is allows


def test_a_sentinel_that_does_not_answer_is_not_taken_for_a_yes() -> None:
    told = node()
    told.calls[PROVIDER, "getPriceOracleSentinel"] = ("0x" + "5" * 40,)
    assert isinstance(state(told).sentinel_allows, Unreadable)


def test_a_price_that_reverts_is_kept_as_a_revert() -> None:
    told = node()
    told.calls[ORACLE, f"getAssetPrice {DAI}"] = Reverted(b"", "no price")
    why = Unreadable(f"AaveOracle.getAssetPrice({DAI})", "no price", True)
    assert state(told).reserves[DAI].price.price == why


def test_an_asset_without_a_source_is_said_to_use_the_fallback() -> None:
    told = node()
    told.calls[ORACLE, "getSourceOfAsset"] = (ZERO,)
    assert state(told).reserves[DAI].price == PriceFact(USD, "", None, "no source: fallback oracle")


def test_a_reserve_that_was_not_read_makes_its_holders_unknown() -> None:
    told = node()
    told.calls[POOL, f"getReserveData {DAI}"] = NotRead("not recorded")
    found = state(told)
    assert list(found.reserves) == [WETH]
    assert str(found.unreadable[ALICE]) == f"Pool.getReserveData({DAI}): not recorded"


def test_a_category_that_was_not_read_makes_its_accounts_unknown() -> None:
    told = node()
    told.calls[POOL, "getEModeCategoryCollateralConfig"] = NotRead("not recorded")
    found = state(told)
    assert found.categories == {}
    assert found.unreadable[ALICE].reason == "not recorded"


def test_a_revision_without_rules_makes_everything_unknown() -> None:
    found = state(node(12))
    assert str(found.problem) == "POOL_REVISION: there are no rules for revision 12"


@pytest.mark.parametrize("unit", [0, 3, 7 * 10**8])
def test_a_base_unit_that_does_not_divide_a_wad_makes_everything_unknown(unit: int) -> None:
    told = node()
    told.calls[ORACLE, "BASE_CURRENCY_UNIT"] = (unit,)
    assert str(state(told).problem) == f"BASE_CURRENCY_UNIT: {unit} does not divide 1e18"


def test_a_provider_of_another_pool_is_wrong_input() -> None:
    told = node()
    told.calls[PROVIDER, "getPool"] = (BOB,)
    with pytest.raises(InputError, match="is of the pool 0x"):
        seen(told)


def test_a_pool_that_is_none_is_wrong_input() -> None:
    told = node()
    told.calls[PROVIDER, "getPriceOracle"] = Reverted(b"", "execution reverted")
    with pytest.raises(InputError, match="does not answer like Aave V3"):
        seen(told)


def test_a_node_that_does_not_say_the_oracle_ends_the_scan() -> None:
    told = node()
    told.calls[PROVIDER, "getPriceOracle"] = NotRead("node is down")
    with pytest.raises(UnreadError, match="node is down"):
        seen(told)


def test_old_tokens_with_symbols_of_32_bytes_have_a_name() -> None:
    told = node()
    told.calls[DAI, "symbol"] = Value(encode_values(("bytes32",), (b"MKR".ljust(32, b"\0"),)))
    assert state(told).reserves[DAI].symbol == "MKR"
    told.calls[DAI, "symbol"] = Reverted(b"", "execution reverted")
    assert state(told).reserves[DAI].symbol == DAI


def discounted(revision: int) -> ToldNode:
    """A node whose DAI debt has a discount of 20 % for everybody."""
    told, debt = node(revision), asset_of("vDAI")
    told.calls |= {
        (debt, "getDiscountToken"): (BOB,),
        (debt, "getDiscountPercent"): (2_000,),
    }
    told.reserve(0, "WETH", word=ACTIVE_WORD | 1 << 252)
    return told


@pytest.mark.parametrize(("revision", "percents"), [(2, 2_000), (6, 2_000), (7, 2_000), (8, None)])
def test_percentages_of_discounts_are_read_debtor_by_debtor_before_revision_8(
    revision: int, percents: int | None
) -> None:
    told = discounted(revision)
    ledger, observation = seen(told)
    found = rebuild_state(DEPLOYMENT, told.block, ledger, observation)
    assert found.discounts == ({} if percents is None else {DAI: {ALICE: percents}})
    assert selectors(told.asked) & JUDGE_SELECTORS == set()


def test_a_discounted_debtor_that_was_not_read_is_unknown() -> None:
    told = discounted(7)
    told.calls[asset_of("vDAI"), "getDiscountPercent"] = NotRead("not recorded")
    assert state(told).unreadable[ALICE].reason == "not recorded"


def test_implementations_tell_the_revision_and_whether_it_was_ever_run() -> None:
    for revision, words in (
        (10, "revision 10 (3.6.0), compared with real contracts"),
        (9, "revision 9 (3.5.0), compared with real contracts"),
    ):
        rows = seen(node(revision))[1].implementations
        assert [row.role for row in rows] == [
            "pool",
            "pool_addresses_provider",
            "oracle",
            "pool_configurator",
            "a_token WETH",
            "variable_debt_token WETH",
            "price_feed WETH",
            "a_token DAI",
            "variable_debt_token DAI",
            "price_feed DAI",
        ]
        # The code of this node was never compared, whatever revision it says it is.
        assert (rows[0].note, {row.status for row in rows}) == (words, {"unknown"})


def test_known_code_of_a_revision_without_rules_is_not_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "analyzer.protocols.aave_v3.state.observe.code.release_of_code",
        lambda kind, code: "3.9" if (kind, code) == ("pool", "0x" + "11" * 32) else None,
    )
    for revision, status in ((10, "known"), (12, "unknown")):
        rows = seen(node(revision))[1].implementations
        assert {row.status for row in rows if row.role == "pool"} == {status}
        assert {row.status for row in rows if row.role != "pool"} == {"unknown"}


def test_the_book_has_a_leg_for_what_is_supplied_and_one_for_what_is_owed() -> None:
    told = node()
    ledger, observation = seen(told)
    found = book(DEPLOYMENT, told.block, ledger, observation)
    assert list(found.account_ids) == [ALICE]
    assert [(a.symbol, a.kind.value, a.factor, n) for a, n in found.legs(0)] == [
        ("WETH", "collateral", "ETH", 10 * E18),
        ("DAI", "position", "DAI", -5 * E18),
    ]
    assert state_of(found).reserves[WETH].income_ray == RAY
