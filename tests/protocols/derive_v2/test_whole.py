"""Logs of Derive V2 that are missing: what notices it, and what cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from missing_logs import Logs, logs_of

from analyzer.findings.proof import doubts
from analyzer.model.rows import Proves
from analyzer.solvency.whole import Lack, shortages

BLOCK = "1430"
"""Near the end of the recording: insolvent auctions run, and nobody is unknown."""


@pytest.fixture(scope="module")
def venue(shared: Path) -> Iterator[Logs]:
    """Seed A."""
    with logs_of(shared / "recordings" / "derive_v2_seedA", None, BLOCK) as found:
        yield found


def test_all_logs_prove_the_venue_whole(venue: Logs) -> None:
    result = venue.scan(lambda _: True)
    assert doubts(result) == ()
    lists = [t.name for t in result.details.totals if t.proves is Proves.LIST]
    assert lists == ["markets", "assets"]
    counts = {t.name: t.on_chain for t in result.details.totals if t.proves is Proves.ACCOUNTS}
    assert counts["accounts"] == len(result.margin) == 125
    assert {"CashAsset.totalSupply", "CashAsset.totalBorrow", "positions in ETH_Perp"} <= set(
        counts
    )


def test_without_a_single_log_the_counts_of_the_chain_say_what_is_missing(venue: Logs) -> None:
    result = venue.scan(lambda _: False)
    assert len(result.margin) == 0
    lacks = {shortage.lack: shortage for shortage in shortages(result)}
    assert lacks.keys() == {Lack.NO_ACCOUNT, Lack.SMALLER}
    sides = {total.name: (total.rebuilt, total.on_chain) for total in lacks[Lack.SMALLER].totals}
    assert sides["accounts"] == (0, 125)
    assert sides["markets"] == (0, 3)
    assert sides["assets"] == (0, 7)


@pytest.mark.parametrize("share", [0.01, 0.34, 0.9])
def test_a_first_block_that_is_too_late_is_noticed(venue: Logs, share: float) -> None:
    assert venue.noticed(venue.after(share))


def test_a_first_block_that_is_late_by_three_blocks_with_logs_is_noticed(venue: Logs) -> None:
    assert venue.noticed(venue.after_blocks(3))


@pytest.mark.parametrize("share", [0.34, 0.67, 0.999])
def test_an_end_that_is_missing_is_noticed(venue: Logs, share: float) -> None:
    assert venue.noticed(venue.before(share))


def test_a_contract_without_its_logs_is_noticed(venue: Logs) -> None:
    # Collateral of the portfolio managers is named twice, by manager and library; the security
    # module's payments are shown and change no account.
    assert venue.unnoticed_contracts() == {"PMRM_2", "PMRMLib_2", "SecurityModule"}


def test_an_account_without_its_logs_is_noticed(venue: Logs) -> None:
    assert venue.unnoticed_accounts(every=5) == set()


def test_the_last_price_of_a_feed_that_is_missing_is_noticed(venue: Logs) -> None:
    for role, name in (
        ("SpotFeed", "SpotPriceUpdated"),
        ("SpotDiffFeed", "SpotDiffUpdated"),
        ("ForwardFeed", "ForwardDataUpdated"),
        ("VolFeed", "VolDataUpdated"),
        ("RateFeed", "RateUpdated"),
    ):
        last = [e for e in venue.events if (e.contract, e.name) == (role, name)][-1]
        totals = venue.scan(lambda event, gone=last: event is not gone).details.totals
        off = {total.name for total in totals if total.holds is False}
        assert off == {"signed differences" if role == "SpotDiffFeed" else "signed prices"}, role


def test_what_no_total_notices_is_what_the_readme_says(venue: Logs) -> None:
    assert venue.unnoticed_events() == {
        # What a perp keeps of each account, what a bid reserved, whose an account is: a view has
        # to be asked (--verify).
        ("PerpAsset", "FundingAppliedOnAccount"),
        ("PerpAsset", "PositionCleared"),
        ("PerpAsset", "PositionSettled"),
        ("DutchAuction", "Bid"),
        ("DutchAuction", "ScenarioIdUpdated"),
        ("SubAccounts", "Transfer"),
        # Said twice, read from a view at the block, or of no effect.
        ("CashAsset", "SmFeeSet"),
        ("CashAsset", "WithdrawFeeDisabled"),
        ("CashAsset", "WithdrawFeeEnabled"),
        ("PMRMLib_2", "CollateralParametersUpdated"),
        ("PMRM_2", "CollateralSpotFeedUpdated"),
        ("PMRM_2", "OptionSettled"),
        ("PMRM_2", "PerpSettled"),
        ("PMRM_2", "Upgraded"),
        ("SecurityModule", "SecurityModulePaidOut"),
        ("StandardManager", "OptionSettled"),
        ("StandardManager", "PerpSettled"),
    }
