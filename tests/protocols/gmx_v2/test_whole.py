"""Logs of GMX V2 that are missing: what notices it, and what cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from missing_logs import Logs, logs_of

from analyzer.findings.proof import doubts
from analyzer.model.logs import Event
from analyzer.model.rows import Proves
from analyzer.protocols.gmx_v2.logs.fold import HANDLERS
from analyzer.protocols.kit.named_data import named_event
from analyzer.solvency.whole import Lack, shortages

HARMLESS = {"InsolventClose", "InsufficientFundingFeePayment"}
"""What is only counted."""


@pytest.fixture(scope="module")
def venue(shared: Path) -> Iterator[Logs]:
    """Seed A near its end."""
    with logs_of(shared / "recordings" / "gmx_v2_seedA", None, "H") as found:
        yield found


def name_of(event: Event) -> str:
    """The event that a generic one carries."""
    return str(event.args["eventName"])


def test_all_logs_prove_the_venue_whole(venue: Logs) -> None:
    result = venue.scan(lambda _: True)
    assert doubts(result) == ()
    lists = {t.name: t.on_chain for t in result.details.totals if t.proves is Proves.LIST}
    assert lists == {"markets": 4}
    counts = {t.name: t.on_chain for t in result.details.totals if t.proves is Proves.ACCOUNTS}
    assert counts["positions"] == len(result.margin) == 69


def test_without_a_single_log_the_counts_of_the_chain_say_what_is_missing(venue: Logs) -> None:
    result = venue.scan(lambda _: False)
    lacks = {shortage.lack: shortage for shortage in shortages(result)}
    assert lacks.keys() == {Lack.NO_ACCOUNT, Lack.SMALLER}
    sides = {total.name: (total.rebuilt, total.on_chain) for total in lacks[Lack.SMALLER].totals}
    assert sides == {"markets": (0, 4), "positions": (0, 69)}


@pytest.mark.parametrize("share", [0.01, 0.5])
def test_a_first_block_that_is_too_late_is_noticed(venue: Logs, share: float) -> None:
    assert venue.noticed(venue.after(share))


@pytest.mark.parametrize("share", [0.5, 0.999])
def test_an_end_that_is_missing_is_noticed(venue: Logs, share: float) -> None:
    assert venue.noticed(venue.before(share))


@pytest.mark.parametrize("name", sorted(set(HANDLERS) - HARMLESS))
def test_one_log_that_is_missing_is_noticed(venue: Logs, name: str) -> None:
    """One near the end of its kind, alone, that changes something."""
    kind = [event for event in venue.events if name_of(event) == name]
    changing = [event for event in kind if named_event(event).args.get("delta") != 0]
    if not changing:
        assert name == "LentPositionImpactPoolAmountUpdated"
        return
    one = changing[-3:][0]
    assert venue.noticed(lambda event: event is not one), name
