"""Withdrawals: the recorded tries, and the most that goes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from nado_recording import Recorded, recorded

from analyzer.protocols.nado.close.withdraw import largest_withdrawal, withdrawn
from analyzer.protocols.nado.value.liquidation.working import Working


@pytest.fixture(scope="module")
def venue(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


def test_every_recorded_try_passes_or_is_refused_as_it_was(venue: Recorded) -> None:
    seen: set[str] = set()
    for label in venue.labels:
        valuation = venue.valued(label).valuation
        for said in venue.truth(label):
            tried = said["withdraw_dry_run"]
            if tried is None:
                continue
            product = tried["productId"]
            raw = int(tried["amount"])
            amount = raw * 10 ** (18 - valuation.state.spots[product].decimals)
            found = withdrawn(valuation, said["account"], product, amount)
            answer = found if isinstance(found, str) else "ok"
            assert answer == tried["result"], (label, said["account"], tried)
            seen.add(answer)
    assert seen == {"ok", "SH"}


def test_the_most_that_goes_out_passes_and_a_unit_more_does_not(venue: Recorded) -> None:
    valuation, bounded = venue.valued("warning").valuation, 0
    for name in venue.book("warning").result.book.account_ids:
        for product, held in valuation.state.accounts[name].spot.items():
            found = largest_withdrawal(valuation, name, product) if held > 0 else None
            if found is None:
                continue
            amount, _ = found
            spot = valuation.state.spots[product]
            unit = 10 ** (18 - spot.decimals)
            fee = spot.config.withdraw_fee
            assert amount % unit == 0
            assert isinstance(withdrawn(valuation, name, product, amount + fee), Working)
            there = Working(valuation).spot_amount(name, product)
            if amount + unit + fee <= there:
                bounded += 1
                assert withdrawn(valuation, name, product, amount + unit + fee) == "SH"
    assert bounded > 3


def test_more_than_there_is_of_a_product_is_refused_for_its_utilisation(venue: Recorded) -> None:
    valuation = venue.valued("calm").valuation
    name = max(
        valuation.state.accounts, key=lambda one: valuation.state.accounts[one].spot.get(0, 0)
    )
    assert withdrawn(valuation, name, 9, 10**30) == "MU"
