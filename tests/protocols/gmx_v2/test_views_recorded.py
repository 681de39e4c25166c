"""Every position of every pinned block against the Reader's recorded answers, at three price sets.

The prices that a call was asked with are in the call: an answer at other prices is another one.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from gmx_recording import LABELS, Recorded, recorded


@pytest.fixture(scope="module")
def seed_a(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


def compared(seed_a: Recorded, prices: str) -> Counter[bool | None]:
    """How many fields were equal, different or not compared, over all pins; the first that
    differ fail the test by name."""
    counts: Counter[bool | None] = Counter()
    for label in LABELS:
        checks = seed_a.checks(seed_a.valued(label, prices), label)
        assert [check for check in checks if check.equal is False][:3] == []
        asked = [c for c in checks if c.expected != "not rebuilt"]
        assert [c for c in asked if c.equal is None][:3] == []
        counts.update(check.equal for check in asked)
    return counts


def test_every_view_at_the_blocks_own_prices_is_met_to_the_wei(seed_a: Recorded) -> None:
    counts = compared(seed_a, "base")
    assert counts[True] >= 25_000


def test_every_view_that_was_recorded_at_other_prices_is_met_to_the_wei(seed_a: Recorded) -> None:
    up, down = compared_at(seed_a, "up10"), compared_at(seed_a, "down10")
    assert up + down >= 50_000


def compared_at(seed_a: Recorded, prices: str) -> int:
    """How many fields were equal at a price set; what was not recorded at it is left out."""
    equal = 0
    for label in LABELS:
        checks = seed_a.checks(seed_a.valued(label, prices), label)
        assert [check for check in checks if check.equal is False][:3] == []
        equal += sum(check.equal is True for check in checks)
    return equal


def test_the_price_sets_are_what_the_recording_says_they_are(seed_a: Recorded) -> None:
    sets, state = seed_a.price_sets("A"), seed_a.state("A")
    for token in state.tokens.values():
        assert token.price is not None
        logged = (token.price.low, token.price.high)
        moved = (10, 10, 10) if token.symbol == "USDC" else (10, 11, 9)
        for name, times in zip(("base", "up10", "down10"), moved, strict=True):
            for asked, bound in zip(sets[name][token.address], logged, strict=True):
                assert abs(asked - bound * times // 10) * 10**10 < bound, (token.symbol, name)


def test_a_liquidation_that_was_tried_comes_out_as_the_rule_says(seed_a: Recorded) -> None:
    tried = 0
    for label in LABELS:
        valued, dry = seed_a.valued(label), seed_a.dry_run[label]
        assert dry.keys() == set(valued.book.account_ids)
        for key, answer in dry.items():
            numbers = valued.valuation.numbers(key)
            test = numbers.keeper  # type: ignore[union-attr]
            assert bool(test.reason) == answer["ok"], key
            if not answer["ok"]:
                said = [str(n) for n in (test.remaining, test.min_usd, test.min_for_leverage)]
                assert answer["args"] == ["", *said], key
            tried += 1
    assert tried == 709


def test_the_recordings_own_numbers_are_met_at_all_three_price_sets(seed_a: Recorded) -> None:
    for label in LABELS:
        for prices in ("base", "up10", "down10"):
            valued = seed_a.valued(label, prices)
            for key, found in seed_a.truth[label]["positions"].items():
                numbers, said = valued.valuation.numbers(key), found[prices]
                test, view = numbers.keeper, numbers.view  # type: ignore[union-attr]
                assert str(test.remaining) == said["remainingCollateralUsd_with_pending_fees"]
                assert bool(test.reason) == said["liquidatable_with_pending_fees"]
                assert str(view.remaining) == said["remainingCollateralUsd"]
                assert (bool(view.reason), view.reason) == (said["liquidatable"], said["reason"])
