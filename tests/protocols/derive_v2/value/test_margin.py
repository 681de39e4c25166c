"""Who can be liquidated, who is blocked, and in which words, by a made-up manager's answers."""

from __future__ import annotations

from typing import Any, cast

import pytest
from derive_house import CASH, PERP, SRM, STORED, House

from analyzer.model.rows import MarginRow
from analyzer.protocols.derive_v2.records.accounts import Holding
from analyzer.protocols.derive_v2.records.auctions import Auction
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.margin import margin_row
from analyzer.protocols.derive_v2.value.startable import startable_scenarios
from analyzer.protocols.kit.unreadable import Unreadable, reverts


def row(**given: Any) -> MarginRow:
    """The row of account 7 of such a house."""
    return margin_row(cast(Valuation, House(**given)), 7)


def said(found: MarginRow) -> tuple[bool | None, str, str]:
    """(liquidatable, status, note)."""
    return found.liquidatable, found.status, found.note


def live(scenario: int = 0, *, insolvent: bool = False, start: int = 900) -> Auction:
    return Auction(7, scenario, insolvent, True, 0, start, 0)


def test_the_columns_are_the_views_numbers() -> None:
    found = row(margins=[-1])
    assert (found.account_id, found.owner) == ("7", "0xOwner")
    assert (found.equity_e18, found.margin_equity_e18) == (50, 50)
    assert (found.initial_margin_e18, found.maintenance_margin_e18) == (80, 51)
    assert found.free_collateral_e18 == -30
    assert found.closable
    assert not row(margins=[-1], holdings=[]).closable


@pytest.mark.parametrize(
    ("margins", "named"),
    [
        ([-1], "0"),
        ([-1, -1, -1, 0, -1], "0-2, 4"),
        ([5, -1, 5, -1, -1], "1, 3-4"),
        ([0, 0, -1], "2"),
    ],
)
def test_an_auction_starts_under_every_scenario_below_zero(margins: list[int], named: str) -> None:
    note = f"startable under scenarios {named}"
    assert said(row(margins=margins)) == (True, "open", note)


def test_interest_that_is_settled_first_takes_an_account_below_or_lifts_it() -> None:
    below = "startable under scenarios 0; below maintenance once interest and perps are settled"
    assert said(row(margins=[0], mm=0, interest=-1)) == (True, "open", below)
    lifted = "above maintenance once interest and perps are settled"
    assert said(row(margins=[-1], mm=-1, interest=1)) == (False, "open", lifted)
    assert said(row(margins=[-1], mm=-1, interest=0))[0] is True
    assert said(row(margins=[0], mm=0)) == (False, "open", "")


def test_the_standard_manager_has_one_scenario_and_names_none() -> None:
    assert said(row(margins=[-1], manager=SRM)) == (True, "open", "")
    settled = "below maintenance once interest and perps are settled"
    assert said(row(margins=[0], manager=SRM, mm=0, interest=-1)) == (True, "open", settled)
    house = cast(Valuation, House(margins=[-1], manager=SRM))
    assert startable_scenarios(house, 7) == [0]


@pytest.mark.parametrize(("mm", "status"), [(-1, "blocked"), (0, "open"), (1, "open")])
def test_a_settlement_that_reverts_blocks_whoever_is_below_maintenance(
    mm: int, status: str
) -> None:
    refusal = reverts("perp", "SF_Stale")
    note = "startAuction reverts SF_Stale"
    assert said(row(margins=[mm], mm=mm, refusal=refusal)) == (False, status, note)


def test_scenarios_that_were_not_read_block_and_are_named() -> None:
    found = row(margins=[-1], scenarios=Unreadable("scenarios of 0xPmrm", "not recorded"))
    assert said(found) == (False, "blocked", "scenarios of 0xPmrm: not recorded")


@pytest.mark.parametrize(
    ("changed", "liquidatable", "kind"),
    [
        ({"margins": [-1, -9], "auction": live(1)}, True, "solvent"),
        ({"margins": [-9, 20], "auction": live(1)}, False, "solvent"),
        ({"margins": [-1], "auction": live(insolvent=True)}, True, "insolvent"),
        ({"margins": [0], "auction": live(insolvent=True)}, False, "insolvent"),
        ({"margins": [-1], "mtm": -1, "auction": live()}, False, "solvent"),
    ],
)
def test_a_live_auction_takes_bids_until_it_can_be_terminated(
    changed: dict[str, Any], liquidatable: bool, kind: str
) -> None:
    found = row(**changed)
    scenario = changed["auction"].scenario_id
    note = f"{kind} auction since 900 under scenario {scenario}"
    if not liquidatable:
        note += "; it can be terminated"
    assert said(found) == (liquidatable, "in_auction", note)


def test_a_live_auction_of_a_disabled_perp_takes_no_bid() -> None:
    held = [Holding(CASH, 0, STORED), Holding(PERP, 0, 1)]
    found = row(margins=[-1], holdings=held, disabled=True, auction=live())
    note = "solvent auction since 900 under scenario 0; a bid reverts BM_AccountUnderLiquidation: "
    assert said(found) == (False, "blocked", note + "it holds a disabled perp")
    assert said(row(margins=[-1], holdings=held, auction=live()))[:2] == (True, "in_auction")


def test_an_ended_auction_is_none() -> None:
    ended = live()
    ended.ongoing = False
    assert row(margins=[-1], auction=ended).status == "open"


@pytest.mark.parametrize("name", ["mm", "im", "mtm"])
def test_an_account_whose_view_reverts_is_unknown_in_the_contracts_words(name: str) -> None:
    found = row(margins=[-1], auction=live(), **{name: reverts("getMargin", "BLF_DataTooOld")})
    amounts = (found.equity_e18, found.margin_equity_e18, found.initial_margin_e18,
               found.maintenance_margin_e18, found.free_collateral_e18, found.settled_equity_e18,
               found.liquidatable, found.closable)  # fmt: skip
    assert set(amounts) == {None}
    assert (found.status, found.unknown_reason) == ("in_auction", "BLF_DataTooOld: getMargin")
