"""Logs of a Perp V2 deployment that are missing: what notices it, and what cannot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from missing_logs import Logs, logs_of

from analyzer.findings.proof import doubts
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.solvency.whole import Lack, shortages


@pytest.fixture(scope="module")
def venue() -> Iterator[Logs]:
    """The venue of the shipped recording in its calm days: nobody is insolvent."""
    with logs_of(demo_folder() / RECORDING, "perp-v2-devnet-7", "calm") as found:
        yield found


def test_all_logs_prove_the_venue_whole(venue: Logs) -> None:
    assert doubts(venue.scan(lambda _: True)) == ()


def test_without_a_single_log_the_vault_and_the_quote_token_say_what_is_missing(
    venue: Logs,
) -> None:
    result = venue.scan(lambda _: False)
    assert [row.margin.account_id for row in result.margin] == [
        venue.deployment.contracts["insurance_fund"]
    ]
    lacks = {shortage.lack: shortage for shortage in shortages(result)}
    assert lacks.keys() == {Lack.NO_ACCOUNT, Lack.SMALLER}
    names = [total.name for total in lacks[Lack.SMALLER].totals]
    assert names == ["quote in all pools", "USDC in the Vault"]


@pytest.mark.parametrize("share", [0.01, 0.34, 0.9])
def test_a_first_block_that_is_too_late_is_noticed(venue: Logs, share: float) -> None:
    assert venue.noticed(venue.after(share))


def test_a_first_block_that_is_late_by_three_blocks_with_logs_is_noticed(venue: Logs) -> None:
    assert venue.noticed(venue.after_blocks(3))


@pytest.mark.parametrize("share", [0.34, 0.67, 0.999])
def test_an_end_that_is_missing_is_noticed(venue: Logs, share: float) -> None:
    assert venue.noticed(venue.before(share))


def test_a_market_of_which_every_log_is_missing_is_noticed_by_the_quote_token(venue: Logs) -> None:
    (base, pool) = next(
        (str(event.args["baseToken"]), str(event.args["pool"]))
        for event in venue.events
        if event.name == "PoolAdded"
    )

    def of_others(event: object) -> bool:
        args = event.args  # type: ignore[attr-defined]
        return base not in args.values() and event.address not in (base, pool)  # type: ignore[attr-defined]

    result = venue.scan(of_others)
    short = [t.name for s in shortages(result) if s.lack is Lack.SMALLER for t in s.totals]
    assert "quote in all pools" in short


def test_a_contract_without_its_logs_is_noticed(venue: Logs) -> None:
    # Their values are read from getters at the block, or change no account.
    assert venue.unnoticed_contracts() == {"clearing_house_config", "order_book"}


def test_an_account_without_its_logs_is_noticed_if_it_ever_traded(venue: Logs) -> None:
    unnoticed = venue.unnoticed_accounts(every=4)
    whole = {row.margin.account_id: row.margin for row in venue.scan(lambda _: True).margin}
    for account in unnoticed:
        # Only who did no more than deposit and withdraw: what he has is a gift to the Vault, by
        # all that the chain says, and it is below a hundredth of it. He cannot owe anything.
        kinds = {event.name for event in venue.events if account in event.args.values()}
        assert kinds <= {"Deposited", "Withdrawn"}
        assert (whole[account].equity_e18 or 0) >= 0


def test_deposits_of_more_than_a_hundredth_are_no_gift(venue: Logs) -> None:
    whole = venue.scan(lambda _: True)
    richest = max(
        (row.margin for row in whole.margin),
        key=lambda margin: margin.equity_e18 or 0,
    ).account_id

    def without_deposits(event: object) -> bool:
        return event.name != "Deposited" or richest not in event.args.values()  # type: ignore[attr-defined]

    assert venue.noticed(without_deposits)


def test_what_no_total_notices_is_what_the_readme_says(venue: Logs) -> None:
    assert venue.unnoticed_events() == {
        ("clearing_house_config", "MaxFundingRateChanged"),
        ("clearing_house_config", "SettlementTokenBalanceCapChanged"),
        ("collateral_manager", "CLInsuranceFundFeeRatioChanged"),
        ("collateral_manager", "CollateralValueDustChanged"),
        ("collateral_manager", "DebtNonSettlementTokenValueRatioChanged"),
        ("collateral_manager", "DebtThresholdChanged"),
        ("collateral_manager", "LiquidationRatioChanged"),
        ("collateral_manager", "MmRatioBufferChanged"),
        ("order_book", "ExchangeChanged"),
    }
