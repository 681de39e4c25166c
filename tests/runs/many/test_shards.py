from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.model.errors import ExitCode
from analyzer.runs.demo import demo_folder
from analyzer.runs.many.shards import (
    NOTHING,
    Cell,
    Summary,
    Tally,
    account_shard,
    margin_shard,
    merge,
    split_book,
)
from analyzer.runs.scanning.scan import ScanOptions, scan
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books

amounts = st.integers(-(2**200), 2**200)
counts = st.integers(0, 10**9)
tallies = st.builds(
    Tally, counts, counts, counts, counts, counts, counts, amounts, amounts, st.none() | amounts
)
cells: st.SearchStrategy[Cell] = st.tuples(
    st.integers(1, 2), st.sampled_from(["perp-v2", "aave-v3"]), st.just("d"), st.integers(0, 3)
)
summaries = st.builds(
    Summary,
    st.dictionaries(cells, tallies, max_size=4),
    st.frozensets(st.tuples(cells, st.text(max_size=3)), max_size=3),
    st.frozensets(st.sampled_from(list(ExitCode))),
)


@given(summaries, summaries, summaries)
def test_merge_is_associative_and_commutative_and_nothing_is_its_identity(
    a: Summary, b: Summary, c: Summary
) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, b) == merge(b, a)
    assert merge(a, NOTHING) == a == merge(NOTHING, a)


@given(st.lists(summaries, max_size=6), st.randoms())
def test_the_order_of_the_shards_changes_nothing(found: list[Summary], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert reduce(merge, found, NOTHING) == reduce(merge, shuffled, NOTHING)


@given(st.text(max_size=50), st.integers(1, 64))
def test_an_account_is_always_in_the_same_shard_of_those_there_are(account: str, n: int) -> None:
    assert 0 <= account_shard(account, n) < n
    assert account_shard(account, n) == account_shard(account.lower(), n)


def test_the_shard_of_an_account_is_fixed_for_all_time() -> None:
    # The first eight bytes of sha256("abc"), as FIPS 180-4 gives it: ba7816bf8f01cfea.
    assert account_shard("ABC", 2**64) == 0xBA7816BF8F01CFEA


def test_less_than_one_shard_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        account_shard("0x00", 0)


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> list[ScanBook]:
    """Both deployments of the shipped recording after the crash: Perp V2 and Aave V3."""
    from analyzer.protocols import registry

    registry.load_plug.cache_clear()
    registry.protocol_names.cache_clear()
    db = tmp_path_factory.mktemp("shards") / "scan.duckdb"
    options = ScanOptions(
        db=db, recording=demo_folder() / "crash.zip", block="stressed", verify="none"
    )
    scan(options, lambda *_: None)
    return read_books(db)


def cell_of(scan: ScanBook) -> Cell:
    """The cell of an opened scan."""
    deployment = scan.deployment
    return deployment.chain_id, deployment.protocol, deployment.name, scan.block.number


@settings(max_examples=8)
@given(st.integers(1, 40))
def test_margin_of_the_parts_of_a_book_is_margin_of_the_book(
    scans: list[ScanBook], parts: int
) -> None:
    for found in scans:
        book, plug, prices = found.book, found.plug, found.prices
        split = split_book(book, parts)
        assert sorted(a for part in split for a in part.account_ids) == sorted(book.account_ids)
        whole = {row.account_id: row for row in plug.margin(plug.value(book, prices))}
        rows = {r.account_id: r for part in split for r in plug.margin(plug.value(part, prices))}
        assert rows == whole
        legs = {a: part.legs(i) for part in split for i, a in enumerate(part.account_ids)}
        assert legs == {a: book.legs(i) for i, a in enumerate(book.account_ids)}
        cell = cell_of(found)
        merged = reduce(merge, (margin_shard(cell, plug, part, prices) for part in split))
        assert merged == margin_shard(cell, plug, book, prices)


def test_the_tally_counts_what_the_verdicts_say(scans: list[ScanBook]) -> None:
    for found in scans:
        summary = margin_shard(cell_of(found), found.plug, found.book, found.prices)
        tally = summary.tallies[cell_of(found)]
        assert tally.accounts == len(found.book)
        assert tally.insolvent > 0
        parts = (tally.unknown, tally.insolvent, tally.liquidatable)
        assert sum(parts) + tally.below_initial + tally.healthy == tally.accounts
