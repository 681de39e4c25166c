from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fault_page import PAGE, page
from fault_stage import PROVIDER, FaultStage, Ran, differing, fault_stage
from fault_table import NOT_NOTICEABLE, ROWS, SURVIVED, Expected, Row

from analyzer.testing import KINDS, Fault

LONGEST_WAIT_S = 60.0
"""So long may a run wait that survives a fault; passing faults cost seconds, not minutes."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStage]:
    with fault_stage(tmp_path_factory.mktemp("faults")) as stage:
        yield stage


def test_every_kind_has_one_row_and_the_page_is_made_of_them() -> None:
    assert sorted(row.kind for row in ROWS) == sorted(KINDS)
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "to write it anew: python tests/support/chains/fault_page.py"
    )


def cases() -> Iterator[Any]:
    """All rows: the first of each pair of outcomes is in a plain run, its like are long."""
    seen = set[tuple[Expected | None, Expected | None]]()
    for row in ROWS:
        known = (row.once, row.always) in seen
        seen.add((row.once, row.always))
        yield pytest.param(row, id=row.kind, marks=[pytest.mark.long] if known else [])


@pytest.mark.parametrize("row", list(cases()))
def test_fault(row: Row, stage: FaultStage) -> None:
    clean = stage.clean_rows(row.block)
    # What is survived for good is survived once.
    if row.once is not None and not (row.always is not None and row.always.outcome == SURVIVED):
        check(row, row.once, stage, times=1)
    if row.always is not None:
        check(row, row.always, stage, times=None)
    assert stage.clean_rows(row.block) == clean


def check(row: Row, expected: Expected, stage: FaultStage, *, times: int | None) -> None:
    """One scan under the fault, and what has to come of it."""
    before = stage.node.hits[row.kind]
    stage.node.plan([PROVIDER, Fault(row.kind, times=times, options=row.options, **row.schedule)])
    stage.forget("scan")
    ran = stage.scan("scan", row.block)
    assert stage.node.hits[row.kind] > before, "the fault did not happen"
    assert "fault of the analyzer" not in ran.text
    if expected.outcome == SURVIVED:
        assert (ran.code, differences(stage, row)) == (0, [{}, {}]), ran.text
        assert ran.waited_s < LONGEST_WAIT_S
    elif expected.outcome == NOT_NOTICEABLE:
        assert ran.code == 0, ran.text
        assert differences(stage, row) != [{}, {}]
    else:
        assert ran.code == expected.code, ran.text
        assert re.search(expected.words, one_line(ran)), ran.text
        heals(stage, row)


def heals(stage: FaultStage, row: Row) -> None:
    """After what was noticed an honest run brings everything to where a clean one is."""
    if stage.index_path("scan").exists():
        stage.node.plan([PROVIDER])
        ran = stage.scan("scan", row.block)
        assert (ran.code, differences(stage, row)) == (0, [{}, {}]), ran.text


def differences(stage: FaultStage, row: Row) -> list[dict[str, int]]:
    """The tables that differ from those of a clean scan, in snapshot and index."""
    found, clean = stage.rows("scan"), stage.clean_rows(row.block)
    return [differing(found[0], clean[0]), differing(found[1], clean[1])]


def one_line(ran: Ran) -> str:
    return " ".join(ran.text.split())
