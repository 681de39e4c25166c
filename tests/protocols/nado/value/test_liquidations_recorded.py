"""Every liquidation and finalisation that was executed comes out as it was: balances of both
accounts, products, insurance, shared losses, to the wei."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nado_past import Past, names_of
from nado_recording import recorded

from analyzer.protocols.nado.account_ids import N
from analyzer.protocols.nado.records import Account
from analyzer.protocols.nado.state.state import QUOTE
from analyzer.protocols.nado.value.account import Valuation
from analyzer.protocols.nado.value.health import HealthType
from analyzer.protocols.nado.value.liquidation.call import (
    FINALISATION,
    Call,
    Mode,
    check_after,
    check_call,
    close_part,
)
from analyzer.protocols.nado.value.liquidation.finalise import finalise
from analyzer.protocols.nado.value.liquidation.working import Working

FEE = 10**18
"""What a liquidator pays the sequencer first; the NLP, and a finalisation, pay nothing."""


@pytest.fixture(scope="module")
def past(shared: Path) -> Past:
    """Seed A between its pins."""
    return Past(recorded(shared))


@pytest.fixture(scope="module")
def executed(past: Past) -> list[tuple[dict[str, Any], Working, Any]]:
    """Each liquidation, the balances that the rules make of it, and its outcome."""
    return list(_executed(past))


def _executed(past: Past) -> Iterator[tuple[dict[str, Any], Working, Any]]:
    for told in past.venue.told("liquidations"):
        block, names = told["block"], names_of(told)
        label = past.label_before(block)
        state = past.state(block - 1, names, label)
        working = Working(Valuation(state, past.venue.valued(label).valuation.prices))
        call = Call(*names, told["productId"], told["isEncodedSpread"], int(told["amount"]))
        if call.sender != N and call.product != FINALISATION:
            working.add_spot(call.sender, QUOTE, -FEE)
        check_call(working, call)
        execute = finalise if call.product == FINALISATION else close_part
        outcome = execute(working, call)
        check_after(working, call)
        yield told, working, outcome


def test_both_accounts_have_what_is_stored_after_it(
    past: Past, executed: list[tuple[dict[str, Any], Working, Any]]
) -> None:
    assert len(executed) == len(past.venue.told("liquidations"))
    for told, working, _ in executed:
        for name in names_of(told):
            stored = past.account(working.valuation.state, name, told["block"])
            found = working.account(name)
            assert found.spot == stored.spot, told["tx"]
            assert _perps(found) == _perps(stored), told["tx"]


def _perps(account: Account) -> dict[int, tuple[int, int, int]]:
    """Size, quote and index of each perp; of one without a size the index says nothing."""
    return {
        product: (held.amount, held.v_quote, held.last_funding if held.amount else 0)
        for product, held in account.perps.items()
    }


def test_products_and_insurance_are_what_is_stored_after_it(
    past: Past, executed: list[tuple[dict[str, Any], Working, Any]]
) -> None:
    for told, working, _ in executed:
        state, block = working.valuation.state, told["block"]
        for product in state.spots:
            assert working.spot(product) == past.spot(working.spot(product), block), told["tx"]
        for product in state.perps:
            assert working.perp(product) == past.perp(working.perp(product), block), told["tx"]
        assert working.insurance == int(told["insurance_after"])
        assert working.last_fees == int(told["last_fees_after"])


def test_payments_fees_and_healths_are_those_of_the_recordings_own_file(
    executed: list[tuple[dict[str, Any], Working, Any]],
) -> None:
    for told, working, outcome in executed:
        if outcome.mode is not Mode.FINALISATION:
            # Of a spread the log has what the perp leg went at.
            paid = outcome.perp_payment if told["isEncodedSpread"] else outcome.payment
            assert paid == int(told["payment"]), told["tx"]
            assert outcome.fee == int(told["fee_to_insurance"])
        healths = [working.health(told["liquidatee"], kind) for kind in HealthType]
        assert healths == [int(health) for health in told["health_after"]]


def test_every_kind_of_step_and_of_shared_loss_was_executed(
    executed: list[tuple[dict[str, Any], Working, Any]],
) -> None:
    modes = Counter(outcome.mode for _, _, outcome in executed)
    assert min(modes[mode] for mode in Mode) > 10
    assert sum(bool(outcome.top_up) for *_, outcome in executed) > 0
    shared = [outcome for *_, outcome in executed if outcome.perp_losses]
    cuts = [outcome for *_, outcome in executed if outcome.deposit_losses]
    assert len(shared) > 5
    assert {loss.product for outcome in cuts for loss in outcome.deposit_losses} == {0, 1}
