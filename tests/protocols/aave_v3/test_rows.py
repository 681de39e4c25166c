"""Margin rows, the tables beside them, control totals, statements, cautions and backstops."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from aave_market import (
    ALICE,
    BOB,
    E18,
    NOW,
    TREASURY,
    USD,
    account,
    asset_of,
    market,
    reserve,
)
from bare_book import bare_book
from hypothesis import given
from hypothesis import strategies as st

from analyzer.model.integers import WAD
from analyzer.model.rows import (
    AccountRow,
    CollateralRow,
    MarginRow,
    MarketRow,
    PositionRow,
)
from analyzer.model.verdict import Verdict
from analyzer.protocols.aave_v3 import PLUG
from analyzer.protocols.aave_v3.close.backstops import backstops
from analyzer.protocols.aave_v3.judge.cautions import cautions
from analyzer.protocols.aave_v3.logs.fold.ledger import AaveLedger, ReserveLedger, RevisionSpan
from analyzer.protocols.aave_v3.ray_math import RAY
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.records.indexes import ReserveIndexes
from analyzer.protocols.aave_v3.revisions import rules_of
from analyzer.protocols.aave_v3.state.state import AaveState
from analyzer.protocols.aave_v3.value.margin import margin
from analyzer.protocols.aave_v3.value.prices import reference_prices
from analyzer.protocols.aave_v3.value.value import value
from analyzer.protocols.base import Details
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.solvency.verdicts import judge_accounts

WETH, DAI = asset_of("WETH"), asset_of("DAI")
ETH = reserve(0, "WETH", 2_000 * USD)
STABLE = reserve(1, "DAI", ltv_bps=7_500, threshold_bps=7_800)


def state_of(*accounts: Account, revision: int = 10) -> AaveState:
    """A market of WETH at 2,000 and DAI at 1."""
    return market(revision, [ETH, STABLE], accounts)


def debtor(debt: int, address: str = ALICE) -> Account:
    """One WETH as collateral and `debt` DAI."""
    return account(address, supplied={"WETH": E18}, borrowed={"DAI": debt * E18})


def rows_of(state: AaveState) -> list[MarginRow]:
    """The margin rows at the market's own prices."""
    return margin(value(bare_book(state), reference_prices(state)))


def details_of(state: AaveState) -> Details:
    """The tables beside margin."""
    return PLUG.details(value(bare_book(state), reference_prices(state)))


def test_the_columns_of_margin_are_the_ones_of_the_house() -> None:
    (row,) = rows_of(state_of(debtor(1_000)))
    assert row == MarginRow(
        account_id=ALICE,
        owner=ALICE,
        equity_e18=1_000 * WAD,
        margin_equity_e18=1_700 * WAD,
        initial_margin_e18=1_100 * WAD,
        maintenance_margin_e18=1_000 * WAD,
        free_collateral_e18=600 * WAD,
        liquidatable=False,
        closable=True,
        settled_equity_e18=1_000 * WAD,
    )


@pytest.mark.parametrize(
    ("debt", "verdict"),
    [
        (0, Verdict.HEALTHY),
        (1_600, Verdict.HEALTHY),
        (1_601, Verdict.BELOW_INITIAL),
        (1_700, Verdict.BELOW_INITIAL),
        (1_701, Verdict.LIQUIDATABLE),
        (2_000, Verdict.LIQUIDATABLE),
        (2_001, Verdict.INSOLVENT),
    ],
)
def test_the_verdict_goes_from_healthy_to_insolvent_as_debt_grows(
    debt: int, verdict: Verdict
) -> None:
    (judged,) = judge_accounts(rows_of(state_of(debtor(debt))))
    assert judged.verdict is verdict


def test_an_account_that_nobody_can_liquidate_is_blocked_and_says_why() -> None:
    state = state_of(debtor(1_800))
    paused = replace(ETH, config=replace(ETH.config, paused=True))
    (row,) = rows_of(replace(state, reserves={WETH: paused, DAI: STABLE}))
    assert (row.liquidatable, row.status) == (True, "blocked")
    assert row.note == "liquidation reverts for WETH for DAI: ReservePaused"


def test_where_rounding_decides_the_note_says_so() -> None:
    """A base unit of debt more than the threshold allows: the health factor still rounds to 1."""
    whole = reserve(0, "WETH", 1, decimals=0, threshold_bps=10_000)
    owed = reserve(1, "DAI", 1, decimals=0)
    debt = 3 * 10**18
    holder = account(supplied={"WETH": debt - 1}, borrowed={"DAI": debt})
    (row,) = rows_of(market(1, [whole, owed], [holder]))
    assert row.margin_equity_e18 is not None
    assert row.maintenance_margin_e18 is not None
    assert row.margin_equity_e18 < row.maintenance_margin_e18
    assert (row.liquidatable, row.note) == (False, "the test rounds the health factor")


def test_an_unknown_account_has_no_amounts() -> None:
    state = replace(state_of(debtor(1)), unreadable={ALICE: Unreadable("a price", "is gone")})
    (row,) = rows_of(state)
    assert (row.equity_e18, row.liquidatable, row.unknown_reason) == (
        None,
        None,
        "a price: is gone",
    )


@given(
    st.integers(min_value=1, max_value=11),
    st.integers(min_value=0, max_value=10**24),
    st.integers(min_value=0, max_value=10**27),
    st.integers(min_value=RAY, max_value=2 * RAY),
)
def test_the_two_identities_hold_and_the_pools_own_numbers_are_in_them(
    revision: int, supplied: int, borrowed: int, index: int
) -> None:
    eth = replace(ETH, income_ray=index)
    holder = account(supplied={"WETH": supplied}, borrowed={"DAI": borrowed})
    (row,) = rows_of(market(revision, [eth, STABLE], [holder]))
    assert row.free_collateral_e18 is not None
    assert row.margin_equity_e18 is not None
    assert row.initial_margin_e18 is not None
    assert row.maintenance_margin_e18 is not None
    assert row.free_collateral_e18 == row.margin_equity_e18 - row.initial_margin_e18
    headroom = row.margin_equity_e18 - row.maintenance_margin_e18
    assert row.liquidatable == (headroom < 0) or row.note != ""


def test_every_supply_and_every_debt_has_a_row() -> None:
    other = account(BOB, supplied={"WETH": 2 * E18}, collateral=())
    found = details_of(state_of(debtor(1_000), other))
    assert found.collateral == [
        CollateralRow(ALICE, WETH, "WETH", 18, E18, 2_000 * WAD, 2_000 * WAD, 1_700 * WAD, 850_000),
        CollateralRow(BOB, WETH, "WETH", 18, 2 * E18, 2_000 * WAD, 4_000 * WAD, 0, 0),
    ]
    assert found.positions == [
        PositionRow(ALICE, DAI, "DAI", -1_000 * E18, None, WAD, -1_000 * WAD, None, None, None, "")
    ]
    assert found.accounts == [
        AccountRow(ALICE, ALICE, "borrower", 1, 2, 3),
        AccountRow(BOB, BOB, "supplier", 1, 2, 3),
    ]
    assert found.markets[0] == MarketRow(
        WETH, "WETH", "WETH", "active", 2_000 * WAD, 2_000 * WAD, 2_000 * WAD, 3 * E18, 0,
        200_000, 150_000,
    )  # fmt: skip
    assert found.markets[1].open_interest_short_e18 == 1_000 * E18


def test_a_liquidatable_debt_says_how_much_of_it_may_be_repaid() -> None:
    found = details_of(state_of(debtor(1_701)))
    assert found.positions[0].liquidatable_size_e18 == -1_701 * E18


def test_the_treasury_and_those_who_left_have_their_kind() -> None:
    gone = account(BOB, supplied={"WETH": 0})
    treasury = account(TREASURY, supplied={"WETH": 1}, collateral=())
    kinds = [row.kind for row in details_of(state_of(gone, treasury)).accounts]
    assert kinds == ["former", "treasury"]


def with_ledger(revision: int = 10, **changes: int) -> AaveState:
    """The market with a ledger that agrees with what was read, but for `changes`."""
    values = {"scaled_supply": E18, "scaled_debt": 1_000 * E18, "liquidity": 5, **changes}
    ledger = AaveLedger(revisions=[RevisionSpan(1, 1, "0xc", revision, "")])
    for symbol, number in (("WETH", 0), ("DAI", 1)):
        asset = asset_of(symbol)
        ledger.reserves[asset] = ReserveLedger(
            asset, number, "", "", "", indexes=ReserveIndexes(RAY, RAY, 0, 0, NOW),
            accrued_to_treasury=changes.get("accrued", 0), deficit=changes.get("deficit", 0),
            liquidity=values["liquidity"],
        )  # fmt: skip
    eth = replace(
        ETH, scaled_supply=values["scaled_supply"], scaled_debt=0, virtual_balance=5,
        underlying_held=7,
    )  # fmt: skip
    dai = replace(
        STABLE, scaled_supply=0, scaled_debt=values["scaled_debt"], virtual_balance=5,
        underlying_held=5,
    )  # fmt: skip
    state = market(revision, [eth, dai], [debtor(1_000)])
    ledger.ids = list(ledger.reserves)
    return replace(state, ledger=ledger, listed=tuple(ledger.reserves))


def test_control_totals_hold_exactly() -> None:
    totals = details_of(with_ledger()).totals
    assert [t.name for t in totals[:9]] == [
        "reserves",
        "supply WETH",
        "debt WETH",
        "supply index WETH",
        "debt index WETH",
        "treasury WETH",
        "deficit WETH",
        "virtual balance WETH",
        "underlying WETH",
    ]
    assert [t.name for t in totals if t.holds is not True] == []
    assert {t.allowed for t in totals} == {0}


@pytest.mark.parametrize(
    ("change", "off"),
    [
        ({"scaled_supply": E18 + 1}, ["supply WETH"]),
        ({"scaled_debt": 1}, ["debt DAI"]),
        ({"accrued": 1}, ["treasury WETH", "treasury DAI"]),
        ({"deficit": 1}, ["deficit WETH", "deficit DAI"]),
        ({"liquidity": 6}, ["virtual balance WETH", "virtual balance DAI", "underlying DAI"]),
    ],
)
def test_a_total_that_is_off_by_one_is_named(change: dict[str, int], off: list[str]) -> None:
    totals = details_of(with_ledger(**change)).totals
    assert [t.name for t in totals if t.holds is False] == off


def test_totals_that_a_revision_does_not_have_are_not_made() -> None:
    names = Counter(t.name.rsplit(" ", 1)[0] for t in details_of(with_ledger(revision=1)).totals)
    assert set(names) == {
        "reserves", "supply", "debt", "supply index", "debt index", "treasury", "stable debt",
        "underlying",
    }  # fmt: skip


def test_symbols_that_stand_twice_carry_the_address() -> None:
    twin = replace(reserve(1, "DAI"), symbol="WETH")
    totals = details_of(market(10, [ETH, twin], [])).totals
    assert f"supply WETH {WETH}" in {t.name for t in totals}
    assert f"supply WETH {DAI}" in {t.name for t in totals}


def test_a_statement_leads_from_balances_to_the_health_factor() -> None:
    lines = details_of(state_of(debtor(1_000))).statements
    assert [(x.section, x.label, x.amount, x.unit) for x in lines] == [
        ("collateral", "WETH balance", E18, "raw, 18 decimals"),
        ("collateral", "WETH price", 2_000 * WAD, "e18"),
        ("collateral", "WETH value", 2_000 * WAD, "e18"),
        ("collateral", "WETH liquidation threshold", 8_500, "bps"),
        ("collateral", "WETH LTV", 8_000, "bps"),
        ("debt", "DAI variable debt", 1_000 * E18, "raw, 18 decimals"),
        ("debt", "DAI price", WAD, "e18"),
        ("debt", "DAI debt value", 1_000 * WAD, "e18"),
        ("result", "total collateral", 2_000 * WAD, "e18"),
        ("result", "total debt", 1_000 * WAD, "e18"),
        ("result", "available to borrow", 600 * WAD, "e18"),
        ("result", "average liquidation threshold", 8_500, "bps"),
        ("result", "average LTV", 8_000, "bps"),
        ("result", "health factor", 17 * WAD // 10, "wad"),
    ]
    assert all(line.source for line in lines)


def test_the_statement_of_an_unknown_account_says_why() -> None:
    state = replace(state_of(debtor(1)), unreadable={ALICE: Unreadable("a price", "is gone")})
    lines = details_of(state).statements
    assert [(x.section, x.label, x.amount) for x in lines] == [
        ("collateral", f"{WETH} scaled balance", E18),
        ("debt", f"{DAI} scaled balance", E18),
        ("result", "unknown", None),
    ]
    assert lines[-1].source == "a price: is gone"


def kinds_of(state: AaveState) -> list[tuple[str, str | None]]:
    """(kind, market) of the cautions."""
    prices = reference_prices(state)
    rows = margin(value(bare_book(state), prices))
    return [(c.kind, c.market_id) for c in cautions(value(bare_book(state), prices), rows)]


def test_a_quiet_market_of_a_revision_that_was_run_needs_no_caution() -> None:
    assert kinds_of(state_of(debtor(1_000))) == []


def test_a_revision_that_was_never_run_is_declared_in_every_result() -> None:
    state = replace(state_of(debtor(1_000), revision=9), rules=rules_of(1, None))
    assert kinds_of(state) == [("revision_not_run", "Pool")]


def test_pauses_deficits_prices_and_the_sentinel_are_told() -> None:
    gone = Unreadable("AaveOracle.getAssetPrice(DAI)", "reverted", True)
    state = market(
        10,
        [
            replace(ETH, deficit=3, config=replace(ETH.config, paused=True)),
            replace(STABLE, price=replace(STABLE.price, price=gone)),
        ],
        [debtor(1_800), account(BOB, supplied={"WETH": E18})],
        sentinel_allows=False,
    )
    assert kinds_of(state) == [
        ("paused_market", WETH),
        ("liquidation_reverts", "PriceOracleSentinel"),
        ("reserve_deficit", WETH),
        ("invalid_oracle", DAI),
    ]


def test_a_blocked_account_is_told_with_the_reverts() -> None:
    state = market(10, [replace(ETH, grace_until=NOW), STABLE], [debtor(1_800), debtor(100, BOB)])
    prices = reference_prices(state)
    rows = margin(value(bare_book(state), prices))
    (caution,) = cautions(value(bare_book(state), prices), rows)
    assert (caution.kind, caution.account_id) == ("liquidation_reverts", ALICE)
    assert caution.evidence["reverts"] == "LiquidationGraceSentinelCheckFailed"


def test_the_waterfall_ends_with_the_suppliers_of_each_reserve() -> None:
    umbrella = "0x" + "8" * 40
    treasury = account(TREASURY, supplied={"WETH": 2 * E18}, collateral=())
    state = market(
        10,
        [
            replace(ETH, scaled_supply=4 * E18, accrued_to_treasury=E18),
            replace(STABLE, scaled_supply=9 * E18),
        ],
        [debtor(3_000), treasury, account(umbrella, supplied={"DAI": 5 * E18}, collateral=())],
    )
    state = replace(state, umbrella=umbrella)
    found = [
        (r.order, r.name, r.capacity_e18)
        for r in backstops(value(bare_book(state), reference_prices(state)))
    ]
    assert found == [
        (1, "collateral of the accounts in debt", 2_000 * WAD),
        (2, "umbrella", 5 * WAD),
        (3, "treasury", 6_000 * WAD),
        (4, "suppliers of WETH", 8_000 * WAD),
        (5, "suppliers of DAI", 9 * WAD),
    ]


def test_a_layer_whose_price_is_gone_has_no_capacity() -> None:
    gone = replace(STABLE, price=replace(STABLE.price, price=Unreadable("price", "gone", True)))
    state = market(1, [replace(ETH, scaled_supply=1), replace(gone, scaled_supply=1)], [debtor(1)])
    found = {
        r.name: r.capacity_e18 for r in backstops(value(bare_book(state), reference_prices(state)))
    }
    assert found["collateral of the accounts in debt"] is None
    assert found["suppliers of DAI"] is None
