"""Logs of an Aave V3 market that are missing: what notices it, and what cannot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from missing_logs import Logs, logs_of

from analyzer.findings.proof import doubts
from analyzer.model.rows import Proves
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.solvency.whole import Lack, shortages


@pytest.fixture(scope="module")
def market() -> Iterator[Logs]:
    """The market of the shipped recording in its calm days: nobody is insolvent."""
    with logs_of(demo_folder() / RECORDING, "aave-v3-devnet-7", "calm") as found:
        yield found


def test_all_logs_prove_the_market_whole(market: Logs) -> None:
    result = market.scan(lambda _: True)
    assert doubts(result) == ()
    proofs = [total for total in result.details.totals if total.proves is not Proves.NOTHING]
    reserves = len(result.book.assets) // 2
    assert [total.name for total in proofs[:3]] == ["reserves", "supply USDC", "debt USDC"]
    assert len(proofs) == 1 + 2 * reserves


def test_without_a_single_log_the_pools_own_list_says_what_is_missing(market: Logs) -> None:
    result = market.scan(lambda _: False)
    assert len(result.margin) == 0
    lacks = {shortage.lack: shortage for shortage in shortages(result)}
    assert lacks.keys() == {Lack.NO_ACCOUNT, Lack.NOTHING_NAMED, Lack.SMALLER}
    (reserves,) = lacks[Lack.SMALLER].totals
    assert (reserves.name, reserves.rebuilt, reserves.on_chain) == ("reserves", 0, 9)
    assert reserves.why.count("0x") == 9


@pytest.mark.parametrize("share", [0.01, 0.34, 0.9])
def test_a_first_block_that_is_too_late_is_noticed(market: Logs, share: float) -> None:
    assert market.noticed(market.after(share))


def test_a_first_block_that_is_late_by_three_blocks_with_logs_is_noticed(market: Logs) -> None:
    assert market.noticed(market.after_blocks(3))


@pytest.mark.parametrize("share", [0.34, 0.67, 0.999])
def test_an_end_that_is_missing_is_noticed(market: Logs, share: float) -> None:
    assert market.noticed(market.before(share))


def test_one_block_of_actions_that_is_missing_is_noticed(market: Logs) -> None:
    acted = sorted({e.block_number for e in market.events if e.name in ("Mint", "Burn")})
    for block in acted[:: len(acted) // 10]:
        assert market.noticed(lambda event, gone=block: event.block_number != gone), block


def test_a_contract_without_its_logs_is_noticed(market: Logs) -> None:
    # The registry's logs name the pool's code: one revision all along is asked of the pool.
    assert market.unnoticed_contracts() == {"pool_addresses_provider"}


def test_an_account_without_its_logs_is_noticed_if_it_has_anything(market: Logs) -> None:
    whole = {row.margin.account_id: row.margin for row in market.scan(lambda _: True).margin}
    for account in market.unnoticed_accounts(every=3):
        assert whole[account].equity_e18 == 0


def test_what_no_total_notices_is_what_the_readme_says(market: Logs) -> None:
    assert market.unnoticed_events() == {
        # Flags and modes: a view has to be asked (--verify). They are in no sum.
        # A flag that nobody took back stands on nothing, and makes its account unknown.
        ("pool", "ReserveUsedAsCollateralEnabled"),
        ("pool", "UserEModeSet"),
        # No number of an account rests on these where the revision never changed.
        ("pool", "IsolationModeTotalDebtUpdated"),
        ("pool_addresses_provider", "PoolUpdated"),
        ("pool_addresses_provider", "PriceOracleUpdated"),
        ("pool_addresses_provider", "ProxyCreated"),
        ("pool_configurator", "EModeCategoryAdded"),
    }
