"""Every account of the recording at every pinned block, against what the contracts answered.

The rebuild reads logs and parameters; the numbers compared here were written down from the
contracts' own views and from calls of startAuction that were not sent.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bare_book import bare_book
from derive_recording import LABELS, Recorded, recorded

from analyzer.model.rows import MarginRow
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.margin import margin
from analyzer.protocols.derive_v2.value.prices import at_prices, reference_prices
from analyzer.protocols.derive_v2.value.startable import (
    live,
    scenario_count,
    startable,
    startable_scenarios,
)
from analyzer.protocols.derive_v2.value.value import value
from analyzer.protocols.kit.unreadable import Unreadable


@pytest.fixture(scope="module")
def recording(shared: Path) -> Recorded:
    return recorded(shared)


def number(value: int | Unreadable) -> str | None:
    """A number as the file writes it; None where the view reverts."""
    return None if isinstance(value, Unreadable) else str(value)


def rebuilt(valuation: Valuation, row: dict[str, Any]) -> dict[str, Any]:
    """What the rebuild says, in the file's own names."""
    account = row["account"]
    found = valuation.numbers(account)
    count = scenario_count(valuation, account)
    errors = {startable(valuation, account, scenario) for scenario in range(count)} - {None}
    out: dict[str, Any] = {
        "MtM": number(found.mtm),
        "MM": number(found.mm),
        "IM": number(found.im),
        "cash_stored": str(found.cash_stored),
        "cash_with_interest": number(found.cash_with_interest),
        "auction_live": live(valuation, account),
        "startable_scenarios": startable_scenarios(valuation, account),
        "start_errors": sorted(error for error in errors if error),
    }
    if found.problem is not None:
        out["view_error"] = found.problem.reason
    if "worst_scenario_mm" in row:
        out |= {"worst_scenario_mm": found.worst_mm, "worst_scenario_im": found.worst_im}
    return out


def expected(row: dict[str, Any]) -> dict[str, Any]:
    """The same fields as recorded."""
    names = ("MtM", "MM", "IM", "cash_stored", "cash_with_interest", "auction_live")
    out = {name: row[name] for name in names}
    out["startable_scenarios"] = row.get("startable_scenarios", [])
    out["start_errors"] = sorted(row.get("start_errors", []))
    extra = ("view_error", "worst_scenario_mm", "worst_scenario_im")
    return out | {name: row[name] for name in extra if name in row}


@pytest.mark.parametrize("label", LABELS)
def test_every_account_is_what_the_contracts_said(recording: Recorded, label: str) -> None:
    valuation = Valuation(recording.state(label))
    rows = recording.truth(label)
    assert len(rows) == 125
    assert [rebuilt(valuation, row) for row in rows] == [expected(row) for row in rows]


@pytest.mark.parametrize("label", LABELS)
def test_verdicts_of_the_rows_are_the_recorded_ones(recording: Recorded, label: str) -> None:
    state = recording.state(label)
    rows = margin(value(bare_book(state), reference_prices(state, {})))
    truth = {str(row["account"]): row for row in recording.truth(label)}

    def liquidatable(row: MarginRow) -> bool | None:
        return None if row.status == "in_auction" else row.liquidatable

    for row in rows:
        known = truth[row.account_id]
        assert (row.unknown_reason is not None) == (known["MtM"] is None)
        if row.unknown_reason is None and not known["auction_live"]:
            assert liquidatable(row) == known["liquidatable"], row


def test_one_wei_of_cash_is_one_wei_of_every_number(recording: Recorded) -> None:
    state = recording.state("G")
    account = next(a for a in state.accounts.values() if len(a.balances) > 3)
    before = Valuation(state).numbers(account.number)
    cash = state.cash.address
    balances = [
        replace(held, balance=held.balance + (held.asset == cash)) for held in account.balances
    ]
    richer = replace(account, balances=balances)
    changed = replace(state, accounts={**state.accounts, account.number: richer})
    after = Valuation(changed).numbers(account.number)
    known = (before.mtm, before.mm, before.im)
    assert all(isinstance(value, int) for value in known)
    assert (after.mtm, after.mm, after.im) == tuple(int(str(value)) + 1 for value in known)


def test_the_reference_prices_are_the_state_itself(recording: Recorded) -> None:
    state = recording.state("G")
    assert at_prices(state, reference_prices(state, {})) is state


def test_a_stale_feed_hides_accounts_and_says_so(recording: Recorded) -> None:
    state = recording.state("L")
    rows = margin(value(bare_book(state), reference_prices(state, {})))
    hidden = [row for row in rows if row.unknown_reason]
    assert len(hidden) == 115
    assert {str(row.unknown_reason).split(":")[0] for row in hidden} == {"BLF_DataTooOld"}
