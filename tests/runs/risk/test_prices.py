"""A profile's prices from the logs of an index: what was told, how stale, what is made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.chain.replay import Replay
from analyzer.indexer.past import past_events
from analyzer.model.errors import InputError
from analyzer.model.logs import LogFilter
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.runs.risk import prices
from analyzer.runs.risk.inputs import RiskOptions
from analyzer.runs.risk.prices import PRESENT, prices_of
from analyzer.runs.risk.profile import profile
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books

AAVE, PERP = "aave-v3-devnet-7", "perp-v2-devnet-7"


@pytest.fixture(scope="module")
def scans(demo_snapshot: Path) -> list[ScanBook]:
    return list(read_books(demo_snapshot, (AAVE, PERP)))


@pytest.fixture
def no_feeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that kept no rounds of feeds."""
    monkeypatch.setattr(prices, "kept_contracts", lambda *_, **__: None)


@pytest.fixture(scope="module")
def told() -> dict[str, list[tuple[int, int]]]:
    """Symbol -> (unix seconds, answer in 8 decimals) of each round in the shipped recording, up to
    the demo's block, taken from the raw logs."""
    replay = Replay(demo_folder() / RECORDING)
    meta = replay.meta["devnet"]
    assert isinstance(meta, dict)
    block = meta["blocks"]["stressed"]
    found = {}
    for symbol, address in meta["feeds"].items():
        logs = [
            log for chunk in replay.logs([LogFilter((address,))], 0, block) for log in chunk.logs
        ]
        found[symbol] = [
            (int.from_bytes(log.data, "big"), int.from_bytes(log.topics[1], "big")) for log in logs
        ]
    replay.close()
    return found


def last_answer(rounds: list[tuple[int, int]], moment: int, step_s: int) -> int | None:
    """The last answer in the step before a moment."""
    within = [answer for time, answer in rounds if moment - step_s < time <= moment]
    return within[-1] if within else None


def test_a_point_has_the_last_round_of_its_feed_before_it(
    demo_snapshot: Path, scans: list[ScanBook], told: dict[str, list[tuple[int, int]]]
) -> None:
    found = prices_of(None, demo_snapshot, None, scans)
    history = found.history
    symbols = {"ETH": "ETH", "BTC": "BTC", "OP": "OP", "LINK": "LINK", "MKR": "MKR",
               "USDC": "USDC", "DAI": "DAI", "EURC": "EUR"}  # fmt: skip
    assert set(history.factors) == {*symbols, "stETH/ETH"}
    assert history.step_s == 86_400
    assert len(history.times) > 120
    for factor, symbol in symbols.items():
        column = history.prices[:, history.factors.index(factor)].tolist()
        expected = [last_answer(told[symbol], at, 86_400) for at in history.times.tolist()]
        # The first answer may be older than the deployment that asks for it, and is not its.
        assert [round(p * 10**8) if p == p else None for p in column][1:] == expected[1:]
    assert "rounds of price feeds (BTC, DAI, ETH" in found.source
    assert "trades" not in found.source
    assert found.source.endswith(PRESENT)


def test_a_ratio_is_its_feed_over_the_last_price_of_its_base(
    demo_snapshot: Path, scans: list[ScanBook], told: dict[str, list[tuple[int, int]]]
) -> None:
    found = prices_of(None, demo_snapshot, None, scans).history
    column = found.prices[:, found.factors.index("stETH/ETH")]
    finite = column[np.isfinite(column)]
    assert finite.size > 110
    # The chain's own plan: 1.147 at first and at the story's start, slow until the crash.
    assert finite[:110] == pytest.approx(1.147, rel=0.005)
    time, answer = told["wstETH"][40]
    base = [a for t, a in told["ETH"] if t <= time][-1]
    point = np.searchsorted(found.times, time)
    assert column[point] == pytest.approx(answer / base, rel=1e-12)


def test_without_rounds_of_feeds_a_point_has_the_last_swap_before_it(
    demo_snapshot: Path, scans: list[ScanBook], no_feeds: None
) -> None:
    found = prices_of(None, demo_snapshot, None, scans)
    assert set(found.history.factors) == {"ETH", "BTC", "OP", "LINK"}
    assert PRESENT not in found.source
    perp = next(scan for scan in scans if scan.deployment.name == PERP)
    index = demo_snapshot.with_name("demo.index.duckdb")
    kinds = (("pool", "Swap"),)
    swaps = past_events(index, perp.deployment, perp.plug, kinds, up_to=perp.block.number).events
    pools = {m.pool: m.symbol for m in perp.book.state.markets.values()}  # type: ignore[attr-defined]
    place = found.history.factors.index("ETH")
    for moment, price in zip(
        found.history.times.tolist(), found.history.prices[:, place].tolist(), strict=True
    ):
        before = [
            e for e in swaps
            if pools[e.address] == "vETH" and moment - found.history.step_s < e.time <= moment
        ]  # fmt: skip
        if not before:
            assert np.isnan(price)
            continue
        root = before[-1].args["sqrtPriceX96"]
        assert isinstance(root, int)
        assert price == pytest.approx((root / 2**96) ** 2, rel=1e-12)
    assert np.isfinite(found.history.prices).any()


def test_feeds_say_how_many_and_how_long_nobody_spoke(
    demo_snapshot: Path, scans: list[ScanBook]
) -> None:
    found = prices_of(None, demo_snapshot, None, scans)
    assert [feed.factor for feed in found.feeds] == list(found.history.factors)
    for feed in found.feeds:
        assert feed.rounds > 0
        assert feed.first <= feed.last
        assert 0 <= feed.longest_silence_s <= (feed.last - feed.first).total_seconds()
        assert 0 <= feed.lag_s <= found.history.step_s
    assert "demo.index.duckdb" in found.source


def test_a_profile_without_a_file_says_what_it_rests_on(demo_snapshot: Path) -> None:
    options = RiskOptions(demo_snapshot, "owner", owner_of(demo_snapshot))
    document = profile(options, lambda *_: None).document
    assert document.data.feeds
    assert "logs of demo.index.duckdb: rounds of price feeds" in document.sentences[-1]
    assert not document.data.missing


def test_what_no_pool_tells_a_price_of_gives_its_holders_no_figure(
    demo_snapshot: Path, no_feeds: None
) -> None:
    options = RiskOptions(demo_snapshot, "owner", owner_of(demo_snapshot), still=("USDC",))
    document = profile(options, lambda *_: None).document
    assert "trades and rounds of its own (BTC, ETH, LINK, OP)" in document.sentences[-1]
    assert "DAI" in document.data.missing


def owner_of(snapshot: Path) -> str:
    """An owner of a perp account."""
    [scan] = read_books(snapshot, (PERP,))
    rows = scan.plug.margin(scan.valued)
    return next(row.owner for row in rows if row.maintenance_margin_e18)


def test_where_no_log_tells_a_price_a_file_is_asked_for(
    demo_snapshot: Path, scans: list[ScanBook], tmp_path: Path, no_feeds: None
) -> None:
    aave = [scan for scan in scans if scan.deployment.name == AAVE]
    with pytest.raises(InputError, match="give --returns FILE"):
        prices_of(None, demo_snapshot, None, aave)
    with pytest.raises(InputError, match=r"there is no index .*none\.duckdb"):
        prices_of(None, demo_snapshot, tmp_path / "none.duckdb", scans)
