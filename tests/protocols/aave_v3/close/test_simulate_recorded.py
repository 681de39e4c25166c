"""The recorded market of the demo in motion: real balances, the contract's own past prices."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from analyzer.protocols.aave_v3.close.simulate import ROUNDING, AaveSimulation, simulate
from analyzer.protocols.aave_v3.value.value import value
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books


@pytest.fixture(scope="module")
def scan(demo_snapshot: Path) -> ScanBook:
    """The demo's Aave V3."""
    (found,) = [one for one in read_books(demo_snapshot) if one.plug.name == "aave-v3"]
    return found


def in_motion(scan: ScanBook) -> AaveSimulation:
    """A simulation of its own."""
    return simulate(value(scan.book, scan.prices))


def test_before_anything_moves_it_says_what_the_margin_table_says(scan: ScanBook) -> None:
    moving = in_motion(scan)
    margin = {row.account_id: row for row in scan.plug.margin(scan.valued)}
    for address in moving.account_ids():
        row, standing = margin[address], moving.standing(address)
        assert standing is not None
        assert standing.equity_e18 == row.equity_e18
        assert row.margin_equity_e18 is not None
        assert row.maintenance_margin_e18 is not None
        assert standing.headroom_e18 == row.margin_equity_e18 - row.maintenance_margin_e18
        assert standing.breaches == (
            bool(row.liquidatable) and bool(row.closable) and row.status == "open"
        )


@pytest.mark.parametrize("percent", [95, 70, 40, 140])
def test_what_accounts_lose_is_what_others_got(scan: ScanBook, percent: int) -> None:
    """Every price but the dollar coins' moves; then everybody is liquidated who can be."""
    moving = in_motion(scan)
    state = moving.state
    moving.set_prices(
        {
            asset: price * percent // 100
            for asset, price in moving.prices_e18().items()
            if asset in state.reserves and state.reserves[asset].factor not in ("USDC", "DAI")
        }
    )
    before = _equity(moving)
    transfers = [
        transfer
        for address in list(moving.breaching())
        for executed in moving.liquidate(address)
        for transfer in executed.closure.transfers
    ]
    ids = set(moving.account_ids())
    got = sum(t.amount_e18 for t in transfers if t.to_party in ids)
    gave = sum(t.amount_e18 for t in transfers if t.from_party in ids)
    assert _equity(moving) - before == got - gave
    rounding = sum(t.amount_e18 for t in transfers if ROUNDING in (t.from_party, t.to_party))
    moved = sum(t.amount_e18 for t in transfers)
    assert rounding * 10**9 <= moved
    assert moving.breaching() == []
    parties = {t.from_party for t in transfers} | {t.to_party for t in transfers}
    assert parties - ids <= {"liquidator", "treasury", "suppliers", ROUNDING}


def test_requirements_that_rise_find_more_accounts(scan: ScanBook) -> None:
    found = []
    for factor in (Fraction(1), Fraction(3, 2), Fraction(2)):
        moving = in_motion(scan)
        moving.scale_requirements(factor)
        found.append(set(moving.breaching()))
    assert found[0] <= found[1] <= found[2]
    assert len(found[0]) < len(found[2])


def _equity(moving: AaveSimulation) -> int:
    """The sum of all accounts' equity."""
    equities = [moving.equity_at(address, {}) for address in moving.account_ids()]
    return sum(equity for equity in equities if equity is not None)
