"""Rounds of price feeds beside a scan's own logs: taken where they are, never required."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.chain.base import NotRecordedError
from analyzer.chain.replay import Replay
from analyzer.indexer import Index
from analyzer.indexer.past import kept_contracts
from analyzer.model.errors import InputError
from analyzer.protocols.kit.price_feeds import family_of, feeds_of
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.runs.scanning.feed_rounds import index_feed_rounds
from analyzer.runs.scanning.sources import Source
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books

AAVE, PERP = "aave-v3-devnet-7", "perp-v2-devnet-7"


def quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols as they are installed, in the place of the room's made-up one."""


def scan_of(snapshot: Path, name: str) -> ScanBook:
    [scan] = read_books(snapshot, (name,))
    return scan


@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        (PERP, {"ETH", "BTC", "OP", "LINK"}),
        (AAVE, {"ETH", "BTC", "OP", "LINK", "MKR", "USDC", "DAI", "EUR", "wstETH"}),
    ],
)
def test_a_scan_of_the_demo_keeps_every_feed_that_it_prices_by(
    demo_snapshot: Path, name: str, symbols: set[str]
) -> None:
    scan = scan_of(demo_snapshot, name)
    of = scan.deployment
    contracts = kept_contracts(
        demo_snapshot.with_name("demo.index.duckdb"),
        family_of(of), of.chain_id, of.from_block, up_to=scan.block.number,
    )  # fmt: skip
    assert contracts is not None
    meta = Replay(demo_folder() / RECORDING).meta["devnet"]
    assert isinstance(meta, dict)
    found = feeds_of(contracts)
    assert found.keys() == {meta["feeds"][symbol].lower() for symbol in symbols}
    assert {feed.decimals for feeds in found.values() for feed in feeds} == {8}


def test_of_a_deployment_or_block_that_it_does_not_hold_an_index_knows_no_feeds(
    demo_snapshot: Path, tmp_path: Path
) -> None:
    scan = scan_of(demo_snapshot, AAVE)
    index, of = demo_snapshot.with_name("demo.index.duckdb"), scan.deployment
    family, until = family_of(of), scan.block.number
    assert kept_contracts(index, family, of.chain_id, of.from_block, up_to=until + 1) is None
    assert kept_contracts(index, "other", of.chain_id, of.from_block, up_to=until) is None
    with pytest.raises(InputError, match="there is no index"):
        kept_contracts(tmp_path / "no.duckdb", family, of.chain_id, of.from_block, up_to=until)


class WithoutLogs(Replay):
    """The shipped recording as one that was made without the feeds' logs."""

    def logs(self, *_: object) -> object:  # type: ignore[override]
        raise NotRecordedError("not in the recording")


def test_a_recording_without_their_logs_is_scanned_all_the_same(
    demo_snapshot: Path, tmp_path: Path
) -> None:
    scan = scan_of(demo_snapshot, AAVE)
    for replay, added in ((Replay, True), (WithoutLogs, False)):
        chain = replay(demo_folder() / RECORDING)
        source = Source(chain, [scan.deployment], "recording", "r")
        with Index(tmp_path / f"{replay.__name__}.duckdb") as index:
            found = index_feed_rounds(
                source, index, scan.deployment, scan.plug, scan.book,
                block=scan.block, progress=quiet,
            )  # fmt: skip
        assert (found > 1_000) == added
        chain.close()


def test_a_protocol_that_names_no_feed_has_none(demo_snapshot: Path, tmp_path: Path) -> None:
    scan = scan_of(demo_snapshot, AAVE)
    source = Source(Replay(demo_folder() / RECORDING), [scan.deployment], "recording", "r")
    with Index(tmp_path / "i.duckdb") as index:
        found = index_feed_rounds(
            source, index, scan.deployment, object(), scan.book,  # type: ignore[arg-type]
            block=scan.block, progress=quiet,
        )  # fmt: skip
    assert found == 0
