"""States that the recording does not have: what is said of them, and that nothing breaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from nado_recording import Recorded, recorded

from analyzer.model.reads import Answer, NotRead, ReadRequest, Value
from analyzer.protocols.nado import PLUG
from analyzer.protocols.nado.account_ids import N, key
from analyzer.protocols.nado.records import Account
from analyzer.protocols.nado.state import slots
from analyzer.protocols.nado.value.account import Valuation
from analyzer.protocols.nado.value.liquidation.call import FINALISATION, Call, RefusedError
from analyzer.protocols.nado.value.liquidation.finalise import finalise
from analyzer.protocols.nado.value.liquidation.working import Working
from analyzer.protocols.nado.value.value import NadoValued
from analyzer.solvency.verify import compare


@pytest.fixture(scope="module")
def venue(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


def test_an_isolated_position_that_a_delisting_closes_leaves_the_trades_whole(
    venue: Recorded,
) -> None:
    closed = next(
        event
        for event in venue.events
        if event.name == "CloseIsolatedSubaccount" and event.block_number == 643
    )
    assert bytes(closed.args["isolatedSubaccount"])[-6:-4] == b"\0\x08"
    # The trade that brought it to 0 is taken out with both its sides: then only the delisting of
    # product 8 can have closed it.
    result = venue.rebuilt(
        "after", keep=lambda event: not (event.name == "FillOrder" and event.block_number == 642)
    ).result
    traded = [t for t in result.details.totals if t.name.startswith("traded sizes")]
    assert "traded sizes of perp 8" in {total.name for total in traded}
    assert all(total.holds for total in traded)


def test_a_product_that_was_not_read_is_compared_with_nothing(venue: Recorded) -> None:
    engine = venue.deployment.contracts["PerpEngine"].lower()
    gone = f"0x{slots.of(slots.RISK, 2):064x}"

    def change(request: ReadRequest, answer: Answer) -> Answer:
        same = request.to.lower() == engine and request.data == gone
        return NotRead("not recorded") if same else answer

    rebuilt = venue.rebuilt("calm", change)
    rows = PLUG.margin(rebuilt.valued)
    known = [row.account_id for row in rows if not row.unknown_reason]
    assert 0 < len(known) < len(rows)
    judges = PLUG.truth(rebuilt.valued, rows, known[:3])
    answers = venue.replay.read(rebuilt.result.block, [judge.request for judge in judges])
    checks = compare(judges, answers)
    assert len(checks) > 100
    assert [check for check in checks if check.equal is False] == []


def test_a_balance_of_a_product_that_no_engine_lists_makes_its_account_unknown(
    venue: Recorded,
) -> None:
    name = venue.valued("calm").book.account_ids[0]
    engine = venue.deployment.contracts["PerpEngine"].lower()
    bitmap = f"0x{slots.of(slots.BITMAPS, key(name), 0):064x}"
    balance = slots.of(slots.PERP_BALANCES, 99, key(name))

    def change(request: ReadRequest, answer: Answer) -> Answer:
        if request.to.lower() == engine and request.kind == "slot":
            if request.data == bitmap:
                return Value((1 << 99).to_bytes(32, "big"))
            if request.data in (f"0x{balance:064x}", f"0x{balance + 1:064x}"):
                return Value((1).to_bytes(32, "big"))
        return answer

    rows = PLUG.margin(venue.rebuilt("calm", change).valued)
    unknown = {row.account_id: row.unknown_reason for row in rows if row.unknown_reason}
    assert unknown == {name: "product 99: no engine lists it"}


def test_a_debt_of_all_deposits_cannot_be_shared(venue: Recorded) -> None:
    valued = venue.valued("calm")
    name = valued.book.account_ids[0]
    whole, unit = valued.state, 10**18

    def working(owed: int) -> Working:
        quote = replace(
            whole.spots[0],
            deposits=100 * unit,
            deposit_multiplier=unit,
            borrow_multiplier=unit,
            borrows=owed,
        )
        state = replace(
            whole,
            spots={**whole.spots, 0: quote},
            accounts={**whole.accounts, name: Account(name, {0: -owed})},
            insurance=0,
            last_fees=0,
        )
        return Working(Valuation(state, valued.valuation.prices))

    call = Call(N, name, FINALISATION, False, 0)
    shared = working(99 * unit)
    finalise(shared, call)
    assert shared.spot(0).deposit_multiplier == unit // 100
    with pytest.raises(RefusedError):
        finalise(working(100 * unit), call)


@pytest.mark.parametrize(
    "label", ["SpotEngine bitmap", "PerpEngine balance", "OffchainExchange parent"]
)
def test_an_account_that_was_not_read_is_no_difference_of_the_sums(
    venue: Recorded, label: str
) -> None:
    gone: list[str] = []

    def change(request: ReadRequest, answer: Answer) -> Answer:
        if not gone and request.label.startswith(label):
            gone.append(request.data)
        return NotRead("not recorded") if request.data in gone else answer

    rebuilt = venue.rebuilt("stressed", change)
    assert isinstance(rebuilt.valued, NadoValued)
    assert len(rebuilt.valued.state.unreadable) == 1
    totals = {total.name: total for total in rebuilt.result.details.totals}
    assert [total for total in totals.values() if total.holds is False] == []
    assert totals["open interest of kBTC-PERP"].holds is None
    assert totals["tokens of USDT0"].holds is None


def test_a_perp_without_an_increment_and_a_pair_of_nothing_break_nothing(venue: Recorded) -> None:
    book, whole = venue.valued("stressed").book, venue.valued("stressed").state
    before = PLUG.margin(venue.valued("stressed"))
    perps = {p: replace(perp, size_increment=0) for p, perp in whole.perps.items()}
    for state in (
        replace(whole, perps=perps),
        replace(whole, spreads=(*whole.spreads, (201, 202))),
    ):
        valued = PLUG.value(replace(book, state=state), venue.valued("stressed").prices)
        rows = PLUG.margin(valued)
        assert [row.margin_equity_e18 for row in rows] == [row.margin_equity_e18 for row in before]
        assert [row.liquidatable for row in rows] == [row.liquidatable for row in before]
        due = next(row.account_id for row in rows if row.liquidatable)
        assert PLUG.truth(valued, rows, [due])
        kinds = {closure.kind for row in rows for closure in PLUG.liquidate(valued, row.account_id)}
        assert ("perp" in kinds) == (state.perps is whole.perps)


def test_an_unwinding_ends_where_a_number_no_longer_fits(venue: Recorded) -> None:
    valued = venue.valued("stressed")
    quote = replace(valued.state.spots[0], deposit_multiplier=1)
    state = replace(valued.state, spots={**valued.state.spots, 0: quote})
    simulation = PLUG.simulate(PLUG.value(replace(valued.book, state=state), valued.prices))
    steps = [len(simulation.unwind(account)) for account in valued.book.account_ids[:15]]
    assert any(steps)
