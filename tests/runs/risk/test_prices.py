"""A profile's prices from the logs of an index: what was told, how stale, what is made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.indexer.past import past_events
from analyzer.model.errors import InputError
from analyzer.runs.risk.inputs import RiskOptions
from analyzer.runs.risk.prices import prices_of
from analyzer.runs.risk.profile import profile
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books

AAVE, PERP = "aave-v3-devnet-7", "perp-v2-devnet-7"


@pytest.fixture(scope="module")
def scans(demo_snapshot: Path) -> list[ScanBook]:
    return list(read_books(demo_snapshot, (AAVE, PERP)))


def test_a_point_has_the_last_swap_before_it(demo_snapshot: Path, scans: list[ScanBook]) -> None:
    found = prices_of(None, demo_snapshot, None, scans)
    assert set(found.history.factors) == {"ETH", "BTC", "OP", "LINK"}
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
    options = RiskOptions(demo_snapshot, "owner", owner_of(demo_snapshot), still=("USDC",))
    document = profile(options, lambda *_: None).document
    assert document.data.feeds
    assert "logs of demo.index.duckdb" in document.sentences[-1]
    # What no pool tells a price of gives its holders no figure.
    assert "DAI" in document.data.missing


def owner_of(snapshot: Path) -> str:
    """An owner of a perp account."""
    [scan] = read_books(snapshot, (PERP,))
    rows = scan.plug.margin(scan.valued)
    return next(row.owner for row in rows if row.maintenance_margin_e18)


def test_where_no_log_tells_a_price_a_file_is_asked_for(
    demo_snapshot: Path, scans: list[ScanBook], tmp_path: Path
) -> None:
    aave = [scan for scan in scans if scan.deployment.name == AAVE]
    with pytest.raises(InputError, match="give --returns FILE"):
        prices_of(None, demo_snapshot, None, aave)
    with pytest.raises(InputError, match=r"there is no index .*none\.duckdb"):
        prices_of(None, demo_snapshot, tmp_path / "none.duckdb", scans)
