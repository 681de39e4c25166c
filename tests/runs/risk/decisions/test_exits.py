"""`analyzer risk exits` on the demo: against withdrawals that the simulation carries out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.documents.decisions import ExitsDocument
from analyzer.protocols.aave_v3.state.state import state_of
from analyzer.risk.exits import run_on
from analyzer.runs.risk.decisions.exits import exits
from analyzer.runs.risk.decisions.inputs import decisions_of
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books

AAVE, PERP = "aave-v3-devnet-7", "perp-v2-devnet-7"


@pytest.fixture(scope="module")
def told(demo_snapshot: Path) -> ExitsDocument:
    return exits(demo_snapshot, AAVE)


@pytest.fixture(scope="module")
def aave(demo_snapshot: Path) -> ScanBook:
    [scan] = read_books(demo_snapshot, (AAVE,))
    return scan


def test_everything_adds_up(told: ExitsDocument, aave: ScanBook) -> None:
    state = state_of(aave.book)
    for pool in told.pools:
        reserve = state.reserves[pool.asset_id]
        assert pool.claims == sum(
            state.supply(account, reserve) for account in state.accounts.values()
        )
        assert pool.withdrawable == min(pool.free, pool.available)
        assert pool.locked == pool.free - pool.withdrawable
        assert pool.free <= pool.claims
        assert list(pool.left_after.values()) == sorted(pool.left_after.values(), reverse=True)


def test_a_run_in_the_predicted_order_ends_where_it_was_predicted(aave: ScanBook) -> None:
    # The house's simulation of withdrawals knows nothing of the order or of the prediction. It
    # takes out all collaterals of an account, so whoever borrows is left out of this run; and the
    # reserve is made to hold half of what is wanted.
    state = state_of(aave.book)
    seen = 0
    for asset, reserve in state.reserves.items():
        pledged = {
            address for address, account in state.accounts.items()
            if not account.has_debt and account.collateral_bits >> reserve.id & 1
        }  # fmt: skip
        wanted = [
            state.supply(state.accounts[a], reserve) for a in pledged
        ]  # fmt: skip
        half = sum(wanted) // 2
        if len(pledged) < 3 or not half:
            continue
        short = replace(reserve, virtual_balance=half, underlying_held=half)
        cut = replace(state, reserves={**state.reserves, asset: short})
        valued = aave.plug.value(replace(aave.book, state=cut), aave.prices)
        pools = decisions_of(aave.plug, valued).exit_pools()
        pool = next(one for one in pools if one.asset_id == asset)
        run = run_on([(c.account_id, c.free) for c in pool.claims if c.account_id in pledged], half)
        assert run.locked > 0
        simulation = aave.plug.simulate(valued)
        for leaver in run.leavers:
            moved = simulation.withdraw(leaver.account_id)
            value = sum(one.amount_e18 for one in moved if one.asset_id == asset)
            expected = leaver.paid * reserve.price.price * 10**10 // 10**pool.decimals
            # Values are told in the base currency's eight decimals.
            assert abs(value - expected) <= 10**10, leaver
        seen += 1
    assert seen


def test_perps_pay_everybody_who_has_something_free(demo_snapshot: Path) -> None:
    document = exits(demo_snapshot, PERP)
    assert {pool.symbol for pool in document.pools} >= {"USDC", "WETH"}
    assert [pool.locked for pool in document.pools] == [0] * len(document.pools)
    # Who has nothing free neither leaves nor waits.
    assert all(pool.paid_in_full == pool.holders > 0 for pool in document.pools)
    assert all(one.wants > 0 for pool in document.pools for one in pool.leavers)
    assert document.sentences == ("Everybody who may leave can be paid now.",)


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_the_command_in_every_form(demo_snapshot: Path, form: str) -> None:
    words = ["risk", "exits", AAVE, "--db", str(demo_snapshot), "--format", form]
    found = CliRunner().invoke(main, words)
    assert found.exit_code == 0, found.output
    assert "LINK" in found.stdout
    assert CliRunner().invoke(main, [*words[:2], "nobody", *words[3:]]).exit_code == 2
