"""Interest and funding of every tick that was recorded, and of a few that were not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nado_past import Past
from nado_recording import recorded

from analyzer.model.integers import WAD
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.nado.records import InterestConfig, PerpProduct, Risk, SpotProduct
from analyzer.protocols.nado.value.ticks import (
    DAY_S,
    LONGEST_S,
    borrow_rate,
    funding_payment,
    perp_tick,
    spot_tick,
)

E = WAD


@pytest.fixture(scope="module")
def past(shared: Path) -> Past:
    """Seed A between its pins."""
    return Past(recorded(shared))


def ticks(past: Past, kind: str) -> Iterator[tuple[dict[str, Any], int]]:
    """(what was sent, seconds since the last tick of that kind; 0 for the first)."""
    last: int | None = None
    for told in past.venue.told("actions"):
        if told["kind"] == "tick" and told[kind]:
            yield told, 0 if last is None else told["time"] - last
            last = told["time"]


def test_every_recorded_tick_moves_spot_products_as_its_logs_and_storage_say(past: Past) -> None:
    events = {
        (event.block_number, event.args["productId"]): event.args
        for event in past.venue.events
        if event.name == "InterestPayment"
    }
    seen = 0
    products = past.venue.valued("calm").state.spots
    for told, seconds in ticks(past, "spot"):
        block = told["block"]
        for product, old in products.items():
            before = past.spot(replace(old, config=past.curve(product, block - 1)), block - 1)
            tick, after = spot_tick(before, seconds), past.spot(before, block)
            if tick is None:
                assert (block, product) not in events
                continue
            said = events[block, product]
            assert said["depositRateMultiplierX18"] == tick.deposit_factor
            assert said["borrowRateMultiplierX18"] == tick.borrow_factor
            assert (said["feeAmount"], said["dt"]) == (tick.fee, seconds)
            stored = (after.deposit_multiplier, after.borrow_multiplier)
            assert (tick.after.deposit_multiplier, tick.after.borrow_multiplier) == stored
            seen += 1
    assert seen == len(events) > 100


def test_every_recorded_tick_moves_perps_as_its_logs_and_storage_say(past: Past) -> None:
    events = {
        (event.block_number, event.args["productId"]): event.args
        for event in past.venue.events
        if event.name == "FundingPayment"
    }
    capped = seen = 0
    products = past.venue.valued("calm").state.perps
    for told, seconds in ticks(past, "perp"):
        block = told["block"]
        for (product, old), sent in zip(products.items(), told["avgPriceDiffs"], strict=True):
            risk = past.risk("PerpEngine", product, block - 1)
            before = past.perp(replace(old, risk=risk), block - 1)
            if before.open_interest:
                paid = funding_payment(risk.price, int(sent), seconds)
                assert events[block, product]["payment"] == paid
                capped += abs(int(sent)) > risk.price // 50
                seen += 1
            assert perp_tick(before, int(sent), seconds) == past.perp(before, block)
    assert seen == len(events) > 50
    assert capped > 5


CURVE = InterestConfig(8 * E // 10, E // 100, 4 * E // 100, E, 0, 0)


def spot(**changes: Any) -> SpotProduct:
    """100 deposited, 40 borrowed, at round multipliers."""
    risk = Risk(E, E, E, E, E)
    made = SpotProduct(1, "a", "a", "A", 18, "A", risk, CURVE, deposits=100 * E, borrows=40 * E)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("utilisation", "rate"),
    [(0, 0), (4, 3 * E // 100), (8, 5 * E // 100), (9, 55 * E // 100), (10, 105 * E // 100)],
)
def test_the_rate_rises_in_two_lines_from_the_floor(utilisation: int, rate: int) -> None:
    assert borrow_rate(CURVE, utilisation * E // 10) == rate


def test_depositors_get_four_fifths_of_what_borrowers_pay() -> None:
    tick = spot_tick(spot(), DAY_S)
    assert tick is not None
    paid = 40 * (tick.borrow_factor - E)
    received = 100 * (tick.deposit_factor - E)
    assert abs(received - paid * 8 // 10) <= 1_000
    assert abs(tick.fee - paid * 2 // 10) <= 1_000


def test_a_yield_without_income_moves_both_sides() -> None:
    curve = replace(CURVE, min_deposit_rate=3 * E // 100)
    plain, more = spot_tick(spot(borrows=0), DAY_S), spot_tick(spot(borrows=0, config=curve), DAY_S)
    assert plain is not None
    assert more is not None
    assert plain.after.deposit_multiplier == E
    assert more.after.deposit_multiplier == more.after.borrow_multiplier > E


def test_funding_is_capped_at_two_percent_of_the_price_a_day_either_way() -> None:
    price = 2_000 * E
    assert funding_payment(price, 10 * E, DAY_S) == 10 * E
    assert funding_payment(price, 41 * E, DAY_S) == 40 * E
    assert funding_payment(price, -41 * E, DAY_S) == -40 * E
    assert funding_payment(price, 41 * E, DAY_S // 2) == 20 * E


def test_a_tick_that_comes_after_a_week_is_refused_where_anybody_holds_anything() -> None:
    risk = Risk(E, E, E, E, 100 * E)
    perp = PerpProduct(2, "2", "P", "P", risk)
    assert perp_tick(perp, E, LONGEST_S) == perp
    with pytest.raises(UnreadableNumberError, match="ITI"):
        perp_tick(replace(perp, open_interest=E), E, LONGEST_S)
    with pytest.raises(UnreadableNumberError, match="ITI"):
        spot_tick(spot(), LONGEST_S)
