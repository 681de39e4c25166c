"""Reads that the recording does not have: never a zero, and no difference to a view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from gmx_recording import Recorded, recorded

from analyzer.chain.base import Chain
from analyzer.model.block import BlockRef
from analyzer.model.reads import Answer, NotRead, ReadRequest
from analyzer.protocols.gmx_v2 import PLUG
from analyzer.protocols.gmx_v2.state.traders import read_traders
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.solvency.drive import CountedReads

LABEL = "F"


@pytest.fixture(scope="module")
def seed_a(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


class Without:
    """The recording without the reads that `gone` names."""

    def __init__(self, seed_a: Recorded, gone: Callable[[ReadRequest], bool]) -> None:
        self.chain_id = seed_a.replay.chain_id
        self._seed_a, self._gone = seed_a, gone

    def read(self, block: BlockRef, requests: Sequence[ReadRequest]) -> list[Answer]:
        """The answers that are left."""
        answers = self._seed_a.replay.read(block, requests)
        return [
            NotRead("not recorded") if self._gone(request) else answer
            for request, answer in zip(requests, answers, strict=True)
        ]


def test_an_affiliates_tier_that_was_not_read_leaves_its_traders_unknown(seed_a: Recorded) -> None:
    state, block = seed_a.state(LABEL), seed_a.block(LABEL)
    without = Without(seed_a, lambda request: "referrerTiers" in request.label)
    reads = CountedReads(cast("Chain", without), block)
    traders = reads.drive(read_traders(seed_a.deployment, list(state.traders)))
    with_code = {account for account, trader in state.traders.items() if trader.affiliate}
    assert with_code
    book = replace(seed_a.book(LABEL), state=replace(state, traders=traders))
    rows = PLUG.margin(PLUG.value(book, PLUG.prices(book)))
    assert {row.owner for row in rows if row.unknown_reason} == with_code


def test_an_inventory_that_was_not_found_is_compared_with_nothing(seed_a: Recorded) -> None:
    state = seed_a.state(LABEL)
    gone = Unreadable("virtual id", "not recorded")
    markets = {
        address: replace(market, virtual_id=gone, virtual_market_id=gone)
        for address, market in state.markets.items()
    }
    book = replace(seed_a.book(LABEL), state=replace(state, markets=markets))
    checks = seed_a.checks(PLUG.value(book, PLUG.prices(book)), LABEL)  # type: ignore[arg-type]
    assert {c.equal for c in checks if c.field.startswith("virtual.")} == {None}
    assert [check for check in checks if check.equal is False] == []
