"""What a closure pays a liquidator, worked out alone: the same as from everything that it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.contagion.cascade.venue import terms_of
from analyzer.protocols.aave_v3.close.simulate import AaveSimulation
from analyzer.protocols.perp_v2.close.simulate import PerpSimulation
from analyzer.runs.snapshot.reader import read_books


@pytest.mark.parametrize("fall", [100, 82, 61])
def test_terms_are_those_of_the_preview_for_every_offer_and_amount(
    demo_snapshot: Path, fall: int
) -> None:
    """Of both protocols, between closures that change what funds and reserves have."""
    seen = 0
    for scan in read_books(demo_snapshot):
        moving = scan.plug.simulate(scan.valued)
        assert isinstance(moving, PerpSimulation | AaveSimulation)
        moving.set_prices({a: p * fall // 100 or 1 for a, p in moving.prices_e18().items()})
        for number, account in enumerate(moving.breaching()[:60]):
            for offer in moving.offers(account):
                for amount in {offer.most, offer.most // 2, offer.most // 1_000, 1} - {0}:
                    made, found = moving.preview(offer, amount), moving.terms(offer, amount)
                    assert (found is None) == (made is None)
                    if found is None or made is None:
                        continue
                    seen += 1
                    plain = terms_of(made)
                    assert (found.paid_e18, found.value_e18) == (plain.paid_e18, plain.value_e18)
                    assert dict(found.sold) == dict(plain.sold)
            if number % 3 == 0:
                moving.liquidate(account)
    assert seen > 100
