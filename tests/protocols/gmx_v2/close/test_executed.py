"""Every recorded liquidation, deleveraging and close: worked out before, and as it was executed.

The state is folded up to the logs in which a keeper's transaction has written the indexes; what the
close does to it has to be what the rest of the block's logs say: pools, open interest, impact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from gmx_recording import LABELS, Recorded, recorded

from analyzer.model.logs import Event
from analyzer.protocols.gmx_v2.close.decrease import Decrease, decrease
from analyzer.protocols.gmx_v2.close.motion import apply, in_motion
from analyzer.protocols.gmx_v2.logs.fold import FOLDING, GmxLedger
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.gmx_v2.value.prices import prices_of
from analyzer.protocols.gmx_v2.value.valuation import Valuation
from analyzer.protocols.kit.named_data import named_event

LIQUIDATION = 7
"""The contracts' number of a liquidation order."""
INDEXES = "CumulativeBorrowingFactorUpdated"
"""The last thing that is written before a position is closed."""


@dataclass(frozen=True)
class Case:
    """One close as it was executed. before, after: the ledger around it."""

    event: Event
    others: list[Event]
    before: GmxLedger
    after: GmxLedger


def folded(seed_a: Recorded, ledger: GmxLedger, events: list[Event]) -> None:
    """Goes on with a fold."""
    for _ in FOLDING.go_on(seed_a.deployment, ledger, events):
        raise AssertionError("the fold asks nothing")


def cases(seed_a: Recorded) -> Iterator[Case]:
    """Every block with a decrease after the first pin; one close a block."""
    first = seed_a.block("A").number
    ledger = FOLDING.begin(seed_a.deployment)
    blocks: dict[int, list[Event]] = {}
    for event in seed_a.events:
        blocks.setdefault(event.block_number, []).append(event)
    for number, events in blocks.items():
        named = [named_event(event) for event in events]
        closes = [event for event in named if event.name == "PositionDecrease"]
        if number <= first or len(closes) != 1:
            folded(seed_a, ledger, events)
            continue
        last = max(event.log_index for event in named if event.name == INDEXES)
        folded(seed_a, ledger, [event for event in events if event.log_index <= last])
        before = FOLDING.unpack(FOLDING.pack(ledger))
        folded(seed_a, ledger, [event for event in events if event.log_index > last])
        yield Case(closes[0], named, before, ledger)


def state_before(seed_a: Recorded, case: Case) -> GmxState:
    """The protocol as the transaction found it, its settings those of the last pin before."""
    number = case.event.block_number
    label = [one for one in LABELS if seed_a.block(one).number <= number][-1]
    pin = seed_a.state(label)
    markets = {
        address: replace(market, ledger=case.before.markets[address])
        for address, market in pin.markets.items()
    }
    tokens = {
        address: replace(token, price=case.before.prices[address])
        for address, token in pin.tokens.items()
    }
    return in_motion(
        replace(
            pin,
            block_number=number,
            block_time=case.event.time,
            markets=markets,
            tokens=tokens,
            positions=case.before.positions,
            virtual=case.before.virtual,
            virtual_swaps=case.before.virtual_swaps,
        )
    )


def worked_out(seed_a: Recorded, case: Case) -> tuple[GmxState, Decrease]:
    """The close by the rules, and the state after it."""
    state = state_before(seed_a, case)
    valuation = Valuation(state, prices_of(state, {}).pairs)
    key = "0x" + case.event.args["positionKey"].hex()  # type: ignore[attr-defined]
    found = decrease(
        valuation,
        state.positions[key],
        int(str(case.event.args["sizeDeltaUsd"])),
        liquidation=case.event.args["orderType"] == LIQUIDATION,
    )
    apply(state, found)
    return state, found


@pytest.fixture(scope="module")
def executed(shared: Path) -> list[tuple[Case, GmxState, Decrease]]:
    """Liquidations and deleveraging orders of seed A, those that also took collateral out left
    aside."""
    seed_a = recorded(shared)
    out = []
    for case in cases(seed_a):
        created = [event for event in case.others if event.name == "OrderCreated"]
        if any(event.args["initialCollateralDeltaAmount"] for event in created):
            continue
        if not created:
            continue
        state, found = worked_out(seed_a, case)
        after = FOLDING.unpack(FOLDING.pack(case.after))
        out.append((replace(case, after=after), state, found))
    return out


def test_all_that_were_recorded_are_there(executed: list[tuple[Case, GmxState, Decrease]]) -> None:
    kinds = Counter(case.event.args["orderType"] for case, _, _ in executed)
    assert kinds == {LIQUIDATION: 30, 4: 5}


def test_profit_impact_and_price_are_those_of_the_event(
    executed: list[tuple[Case, GmxState, Decrease]],
) -> None:
    for case, _, found in executed:
        said = case.event.args
        assert said["sizeDeltaInTokens"] == found.tokens
        assert said["basePnlUsd"] == found.profit.capped
        assert said["uncappedBasePnlUsd"] == found.profit.uncapped
        assert said["priceImpactUsd"] == found.execution.impact_usd
        assert said["proportionalPendingImpactUsd"] == found.execution.pending_usd
        assert said["totalImpactUsd"] == found.execution.total_usd
        assert said["values.priceImpactDiffUsd"] == found.execution.left_out_usd
        assert said["executionPrice"] == found.execution.price


def test_where_the_money_ran_out_and_what_was_lost_is_as_it_was(
    executed: list[tuple[Case, GmxState, Decrease]],
) -> None:
    lost = 0
    for case, _, found in executed:
        said = [event for event in case.others if event.name == "InsolventClose"]
        settlement = found.settlement
        assert bool(said) == bool(settlement.at_step), case.event.block_number
        if said:
            assert said[0].args["remainingCostUsd"] == settlement.unpaid_usd
            assert said[0].args["step"] == settlement.at_step
            lost += 1
    assert lost == 26


def test_pools_and_open_interest_are_what_the_logs_say_afterwards(
    executed: list[tuple[Case, GmxState, Decrease]],
) -> None:
    for case, state, found in executed:
        for address, market in case.after.markets.items():
            assert state.markets[address].ledger == market, (case.event.block_number, address)
        assert state.virtual == case.after.virtual
        assert state.virtual_swaps == case.after.virtual_swaps, case.event.block_number
        left, said = state.positions.get(found.position.key), case.after.positions
        if left is None:
            assert found.position.key not in said
        else:
            logged = said[found.position.key]
            same = replace(
                left,
                decreased_at=logged.decreased_at,
                events=logged.events,
                last_block=logged.last_block,
            )
            assert same == logged
