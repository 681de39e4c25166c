"""The days before the story: prices that move as prices do, and end where they began."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from analyzer.chain.replay import Replay
from analyzer.devnet.aave_v3.plans import PRICES_USD as AAVE_PRICES
from analyzer.devnet.clock import DAY, GENESIS_TIME
from analyzer.devnet.feeds import AGGREGATOR_DECIMALS
from analyzer.devnet.history import MOTIONS, deviations
from analyzer.devnet.packages import own_artifact
from analyzer.devnet.perp_v2.deploy import PRICES_USD as PERP_PRICES
from analyzer.devnet.record import record_running
from analyzer.devnet.up import DevnetInfo, start, write_files
from analyzer.model.errors import InputError
from analyzer.model.logs import LogFilter
from analyzer.runs.risk.prices import prices_of
from analyzer.runs.scanning.scan import ScanOptions, scan
from analyzer.runs.snapshot.reader import read_books

MANY_DAYS = 4_000


@pytest.fixture(scope="module")
def returns() -> dict[str, np.ndarray]:
    """Symbol -> daily returns over many days, the days on which a path begins included."""
    paths = deviations(random.Random("returns"), MOTIONS, MANY_DAYS)
    return {symbol: np.diff([0.0, *path]) for symbol, path in paths.items()}


def test_every_feed_of_the_local_chain_moves_in_a_way_that_is_told() -> None:
    assert MOTIONS.keys() == AAVE_PRICES.keys() | PERP_PRICES.keys()


def test_prices_end_where_they_began_and_another_seed_gives_other_paths() -> None:
    one, again, other = (deviations(random.Random(s), MOTIONS, 30) for s in ("a", "a", "b"))
    assert one == again != other
    assert {symbol: path[-1] for symbol, path in one.items()} == dict.fromkeys(MOTIONS, 0.0)
    assert all(len(path) == 30 for path in one.values())


@pytest.mark.parametrize(
    ("symbol", "volatility"),
    # sqrt((beta * 0.03)**2 + own**2) of the table, by hand.
    [("ETH", 0.0358), ("BTC", 0.0288), ("OP", 0.0516), ("LINK", 0.0422), ("MKR", 0.0424)],
)
def test_a_major_has_the_volatility_of_its_beta_and_its_own(
    returns: dict[str, np.ndarray], symbol: str, volatility: float
) -> None:
    assert returns[symbol].std() == pytest.approx(volatility, rel=0.1)


def test_majors_move_together_and_have_fat_tails(returns: dict[str, np.ndarray]) -> None:
    together = np.corrcoef(returns["ETH"], returns["BTC"])[0, 1]
    # beta * beta * market² / (vol * vol) = 0.00089 / (0.0358 * 0.0288), by hand.
    assert together == pytest.approx(0.86, abs=0.05)
    eth = returns["ETH"]
    assert ((eth - eth.mean()) ** 4).mean() / eth.var() ** 2 > 3.5


def test_what_is_pegged_stays_near_its_price_and_a_ratio_moves_slowly() -> None:
    paths = deviations(random.Random("peg"), MOTIONS, MANY_DAYS)
    for symbol in ("USDC", "DAI", "TUSD"):
        assert 0 < np.abs(paths[symbol]).max() < 0.005
    ratio = np.subtract(paths["wstETH"], paths["ETH"])
    assert 0 < np.abs(np.diff(ratio)).max() < 0.005
    assert set(paths["USD"]) == {0.0}


@pytest.mark.parametrize("days", [-1, 2_001])
def test_a_history_of_so_many_days_is_refused(days: int) -> None:
    with (
        pytest.raises(InputError, match="days of history are 0 to 2,000"),
        start(["perp-v2"], accounts=24, history_days=days),
    ):
        pass


@pytest.fixture(scope="module")
def with_days(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[DevnetInfo, Path]]:
    """The small chain with five days before it, and a recording of its calm block."""
    out = tmp_path_factory.mktemp("days") / "r.zip"
    with start(["perp-v2"], accounts=24, seed=7, history_days=5) as info:
        record_running(replace(info, blocks={"calm": info.blocks["calm"]}), out)
        yield info, out


@pytest.mark.chain
def test_a_recording_holds_a_round_of_every_feed_for_each_day(
    with_days: tuple[DevnetInfo, Path],
) -> None:
    info, out = with_days
    replay = Replay(out)
    event = own_artifact("Aggregator").abi.event("AnswerUpdated")
    feeds = LogFilter(tuple(info.feeds.values()), (event.topic0,))
    logs = [log for chunk in replay.logs([feeds], 0, info.blocks["calm"]) for log in chunk.logs]
    assert info.feeds.keys() == PERP_PRICES.keys()
    for address in info.feeds.values():
        rounds = [
            (int.from_bytes(log.data, "big"), int.from_bytes(log.topics[1], "big"))
            for log in logs
            if "0x" + log.address.hex() == address.lower()
        ]
        before = rounds[:6]
        # The first answer at the deployment, then five a day apart; the story begins at its time.
        assert [b[0] - a[0] for a, b in pairwise(before[1:])] == [DAY] * 4
        assert GENESIS_TIME - 5 * DAY < before[0][0] < GENESIS_TIME - 5 * DAY + 120
        assert GENESIS_TIME < before[5][0] < GENESIS_TIME + 120
        assert before[0][1] == before[5][1] != before[1][1]
        assert before[0][1] > 10**AGGREGATOR_DECIMALS // 10


@pytest.mark.chain
@pytest.mark.parametrize("asked", [True, False])
def test_a_scan_of_a_node_indexes_the_rounds_where_it_is_asked_to(
    with_days: tuple[DevnetInfo, Path], tmp_path: Path, asked: bool
) -> None:
    info, _ = with_days
    [of] = write_files(info, tmp_path)[:1]
    db, calm = tmp_path / "s.duckdb", info.blocks["calm"]
    scan(
        ScanOptions(
            db, rpc=(info.rpc,), deployments=(str(of),), block=str(calm), verify="none",
            fail_on="never", feed_rounds=asked,
        ),
        lambda *_: None,
    )  # fmt: skip
    [book] = read_books(db)
    found = prices_of(None, db, None, [book])
    factors = {"ETH", "BTC", "OP", "LINK"}
    assert set(found.history.factors) == factors
    assert ("rounds of price feeds" in found.source) == asked
    # The six answers before the story, and those of its own hours.
    assert all((feed.rounds > 6) for feed in found.feeds)
    told = found.feeds[0]
    assert ((told.last - told.first).days >= 5) == asked


@pytest.mark.chain
def test_the_days_before_change_nothing_of_the_story(
    small: DevnetInfo, with_days: tuple[DevnetInfo, Path]
) -> None:
    info, _ = with_days
    assert {label: block - 5 for label, block in info.blocks.items()} == small.blocks
    assert info.actions == small.actions
    assert info.deployments["perp-v2"].contracts == small.deployments["perp-v2"].contracts
    assert [row.block - 5 for row in info.liquidations] == [r.block for r in small.liquidations]
