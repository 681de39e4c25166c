"""Prices in the logs: every OraclePriceUpdate, by risk factor, with the oracle's time."""

from __future__ import annotations

from pathlib import Path

from gmx_recording import recorded

from analyzer.protocols.gmx_v2.value.rounds import ROUNDS


def test_the_logs_tell_a_price_of_every_factor_and_the_last_is_the_books(shared: Path) -> None:
    seed_a = recorded(shared)
    book, last = seed_a.book("I"), seed_a.block("I").number
    told = [
        found
        for event in seed_a.events
        if event.block_number <= last and event.name == "EventLog1"
        if (found := ROUNDS.price(book, event)) is not None
    ]
    assert len(told) == 523
    newest = {one.factor: (one.price_e18, one.time) for one in told}
    prices = seed_a.valued("I").prices.by_asset.values()
    assert newest == {price.factor: (price.price_e18, price.updated_at) for price in prices}
    assert newest.keys() == {"ETH", "BTC", "SOL", "USDC"}
