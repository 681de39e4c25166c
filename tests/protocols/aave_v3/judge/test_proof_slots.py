"""Which words are named of a reserve, and what is said where none can be."""

from __future__ import annotations

from dataclasses import replace

from aave_market import ALICE, USD, account, market, reserve
from bare_book import bare_book

from analyzer.protocols.aave_v3.judge.proof_slots import proof_slots
from analyzer.protocols.aave_v3.value.prices import reference_prices
from analyzer.protocols.aave_v3.value.value import value
from analyzer.protocols.base import StoredNumbers

FEED = "0x" + "fe" * 20


def numbers(*sources: str) -> StoredNumbers:
    """The words of a market with a reserve for each of these price sources."""
    reserves = []
    for place, source in enumerate(sources):
        found = reserve(place, f"T{place}", USD)
        reserves.append(replace(found, price=replace(found.price, source=source)))
    state = market(10, reserves, [account()], [])
    return proof_slots(value(bare_book(state), reference_prices(state)), [ALICE])


def test_a_reserve_whose_price_source_nobody_named_is_told_as_believed() -> None:
    named = numbers(FEED, "")
    told = [text for text in named.not_in_storage if "none was named or read" in text]
    assert told == ["which source the oracle asks for T1: none was named or read"]
    assert [slot.number for slot in named.slots if slot.what == "assetsSources"] == [int(FEED, 16)]


def test_where_every_reserve_has_a_source_nothing_is_said_of_it() -> None:
    assert not any("none was named" in text for text in numbers(FEED, FEED).not_in_storage)
