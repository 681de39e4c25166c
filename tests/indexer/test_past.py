"""Events read back from an index without a chain: those asked for, in order, up to the block."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from analyzer.indexer.past import past_events
from analyzer.model.errors import InputError
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books

TRADES = (("clearing_house", "PositionChanged"),)
PERP = "perp-v2-devnet-7"


@pytest.fixture(scope="module")
def perp(demo_snapshot: Path) -> ScanBook:
    [scan] = read_books(demo_snapshot, (PERP,))
    return scan


@pytest.fixture(scope="module")
def index(demo_snapshot: Path) -> Path:
    return demo_snapshot.with_name("demo.index.duckdb")


def counted(index: Path, up_to: int) -> int:
    """How many trades the decoded table has."""
    with duckdb.connect(str(index), read_only=True) as connection:
        sql = "SELECT count(*) FROM event_clearing_house_position_changed WHERE block_number <= ?"
        [(count,)] = connection.execute(sql, [up_to]).fetchall()
    return int(count)


def test_all_events_of_a_kind_come_in_order_and_end_at_the_block(
    perp: ScanBook, index: Path
) -> None:
    block = perp.block.number
    found = past_events(index, perp.deployment, perp.plug, TRADES, up_to=block)
    places = [(event.block_number, event.log_index) for event in found.events]
    assert len(places) == counted(index, block) > 0
    assert places == sorted(places)
    assert {event.name for event in found.events} == {"PositionChanged"}
    assert found.since <= found.events[0].time <= perp.block.time
    middle = places[len(places) // 2][0]
    earlier = past_events(index, perp.deployment, perp.plug, TRADES, up_to=middle)
    assert len(earlier.events) == counted(index, middle) < len(places)


def test_a_kind_that_never_happened_has_no_events(perp: ScanBook, index: Path) -> None:
    kinds = (("clearing_house", "NoSuchEvent"), ("nobody", "PositionChanged"))
    found = past_events(index, perp.deployment, perp.plug, kinds, up_to=perp.block.number)
    assert found.events == ()


def test_what_holds_no_such_deployment_is_wrong_input(
    perp: ScanBook, index: Path, demo_snapshot: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="does not hold"):
        past_events(index, perp.deployment, perp.plug, TRADES, up_to=perp.block.number + 10**6)
    with pytest.raises(InputError, match="there is no index"):
        past_events(tmp_path / "none", perp.deployment, perp.plug, TRADES, up_to=1)
    with pytest.raises(InputError, match=r"demo\.duckdb"):
        past_events(demo_snapshot, perp.deployment, perp.plug, TRADES, up_to=1)
