"""Typical mistakes, injected one by one: each is caught by a view, a tick or a liquidation."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nado_past import Past, names_of
from nado_recording import Recorded, recorded

from analyzer.model.integers import WAD, clamp
from analyzer.protocols.kit.arguments import integer
from analyzer.protocols.nado import PLUG, arithmetic
from analyzer.protocols.nado.account_ids import N
from analyzer.protocols.nado.records import Risk
from analyzer.protocols.nado.state import balances
from analyzer.protocols.nado.state.state import QUOTE
from analyzer.protocols.nado.value import health, ticks
from analyzer.protocols.nado.value.account import Valuation
from analyzer.protocols.nado.value.health import HealthType
from analyzer.protocols.nado.value.liquidation import call as calls
from analyzer.protocols.nado.value.liquidation import finalise as finalising
from analyzer.protocols.nado.value.liquidation.call import FINALISATION, Call
from analyzer.protocols.nado.value.liquidation.working import Working
from analyzer.solvency.rebuild import verify
from analyzer.solvency.verify import VerifyMode

HOME = "analyzer.protocols.nado"
Patch = Callable[[object, object], None]


@pytest.fixture(scope="module")
def venue(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


@pytest.fixture
def inject(monkeypatch: pytest.MonkeyPatch) -> Patch:
    """Puts something in the place of a function or number wherever this protocol uses it."""

    def everywhere(old: object, new: object) -> None:
        found = 0
        for name, module in list(sys.modules.items()):
            for attribute, value in list(vars(module).items()) if name.startswith(HOME) else ():
                if value is old:
                    monkeypatch.setattr(module, attribute, new)
                    found += 1
        assert found, f"nothing uses {old}"

    return everywhere


def differing(venue: Recorded, label: str) -> set[str]:
    """The kinds of number that differ from the contracts' views at a pin."""
    result = verify(PLUG, venue.rebuilt(label), VerifyMode.ALL)
    return {check.field.partition(".")[0] for check in result.mismatches}


def wrong_liquidations(venue: Recorded, chosen: Callable[[dict[str, Any]], bool]) -> int:
    """How many executed liquidations come out with another insurance or other healths."""
    past, wrong = Past(venue), 0
    for told in filter(chosen, venue.told("liquidations")):
        label, names = past.label_before(told["block"]), names_of(told)
        state = past.state(told["block"] - 1, names, label)
        working = Working(Valuation(state, venue.valued(label).valuation.prices))
        call = Call(*names, told["productId"], told["isEncodedSpread"], int(told["amount"]))
        final = call.product == FINALISATION
        if call.sender != N and not final:
            working.add_spot(call.sender, QUOTE, -WAD)
        try:
            (finalising.finalise if final else calls.close_part)(working, call)
        except calls.RefusedError:
            wrong += 1
            continue
        insurance = working.insurance == int(told["insurance_after"])
        health_left = working.health(call.liquidated, HealthType.PNL)
        wrong += not (insurance and health_left == int(told["health_after"][2]))
    return wrong


def is_final(told: dict[str, Any]) -> bool:
    """Whether it is a finalisation."""
    return bool(told["productId"] == FINALISATION)


def test_without_a_mistake_nothing_differs(venue: Recorded) -> None:
    assert differing(venue, "stressed") == set()
    assert wrong_liquidations(venue, lambda told: told["block"] < 185 or is_final(told)) == 0


def test_floor_instead_of_truncation(venue: Recorded, inject: Patch) -> None:
    inject(arithmetic.mul, lambda x, y: x * y // WAD)
    assert {"health", "balance"} <= differing(venue, "stressed")


def test_one_multiplier_for_both_sides(venue: Recorded, inject: Patch) -> None:
    inject(balances.spot_multiplier, lambda product, amount: product.deposit_multiplier)
    assert {"health", "balance"} <= differing(venue, "stressed")


def test_one_funding_index_for_both_sides(venue: Recorded, inject: Patch) -> None:
    inject(balances.funding_index, lambda product, amount: product.funding_long)
    # The two part with the first loss that holders share.
    assert {"health", "balance", "perp"} <= differing(venue, "socialised_perp")


def test_no_credit_of_spreads(venue: Recorded, inject: Patch) -> None:
    inject(health.spread_term, lambda market, held, pair, kind: 0)
    assert "health" in differing(venue, "spread")


def test_no_cap_of_a_spreads_weight(
    venue: Recorded, inject: Patch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (HealthType.INITIAL, HealthType.MAINTENANCE):
        monkeypatch.setitem(health._SPREAD_CAPS, kind, WAD)
    assert "health" in differing(venue, "spread")


def test_weight_2_as_an_ordinary_weight(venue: Recorded, inject: Patch) -> None:
    inject(health.NOT_BORROWABLE, 3 * WAD)
    assert "health" in differing(venue, "stressed")


def test_long_and_short_weights_swapped(venue: Recorded, inject: Patch) -> None:
    def swapped(risk: Risk, amount: int, kind: HealthType) -> int:
        if kind is HealthType.PNL:
            return WAD
        initial = kind is HealthType.INITIAL
        if amount >= 0:
            return risk.short_initial if initial else risk.short_maintenance
        return risk.long_initial if initial else risk.long_maintenance

    inject(health.weight, swapped)
    assert "health" in differing(venue, "calm")


def test_no_minimum_of_a_penalty(
    venue: Recorded, inject: Patch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "_LEAST_PENALTY", 0)
    monkeypatch.setattr(calls, "_LEAST_SPREAD_PENALTY", 0)
    assert wrong_liquidations(venue, lambda told: not is_final(told)) > 10


def test_the_last_fees_counted_in_a_finalisation(
    venue: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted(working: Working, call: Call) -> Any:
        working.last_fees = 0
        return finalise(working, call)

    finalise = finalising.finalise
    monkeypatch.setattr(finalising, "finalise", counted)
    assert wrong_liquidations(venue, is_final) > 5


def test_no_cap_of_funding(venue: Recorded, inject: Patch) -> None:
    inject(clamp, lambda value, low, high: value)
    past = Past(venue)
    sent = {
        told["block"]: dict(
            zip(venue.valued("calm").state.perps, told["avgPriceDiffs"], strict=True)
        )
        for told in venue.told("actions")
        if told["kind"] == "tick" and told["perp"]
    }
    wrong = 0
    for event in venue.events:
        if event.name == "FundingPayment":
            product, block = integer(event, "productId"), event.block_number
            price = past.risk("PerpEngine", product, block - 1).price
            difference, seconds = int(sent[block][product]), integer(event, "dt")
            paid = ticks.funding_payment(price, difference, seconds)
            wrong += paid != integer(event, "payment")
    assert wrong > 5
