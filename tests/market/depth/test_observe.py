"""Reading a pool: every tick of the band, and unknown as soon as one word is missing."""

from __future__ import annotations

import pytest
from pool_node import POOL, PoolNode
from recorded_pools import recorded_swaps

from analyzer.abi.codec import encode_values
from analyzer.market.depth.choose import read_pools
from analyzer.market.depth.file import PoolEntry
from analyzer.market.depth.impact import ImpactCurve
from analyzer.market.depth.observe import read_pool
from analyzer.market.depth.pool_state import PoolState, pool_curve
from analyzer.model.errors import InputError
from analyzer.model.reads import Answer, NotRead, Reverted, Value
from analyzer.protocols.kit.ticks import MAX_TICK, MIN_TICK
from analyzer.protocols.kit.unreadable import Unreadable


@pytest.fixture
def node() -> PoolNode:
    """The last pool of the shipped recording that crossed a tick."""
    return PoolNode([s for s in recorded_swaps() if s.liquidity != s.before.liquidity][-1].before)


def test_what_is_read_is_the_pool_of_the_logs(node: PoolNode) -> None:
    state = node.drive(read_pool(node.state.address, source="here"))
    assert isinstance(state, PoolState)
    assert state.ticks == node.state.ticks
    assert (state.sqrt_price_x96, state.tick) == (node.state.sqrt_price_x96, node.state.tick)
    assert (state.liquidity, state.fee_pips) == (node.state.liquidity, node.state.fee_pips)
    assert (state.token0.address.lower(), state.token0.decimals) == (node.state.token0.address, 18)
    assert state.low_tick <= state.tick - 48_000
    assert state.high_tick >= state.tick + 48_000
    assert state.source == "here"


def test_the_band_decides_which_words_are_read_and_never_leaves_the_range_of_ticks(
    node: PoolNode,
) -> None:
    narrow = node.drive(read_pool(node.state.address, band_ticks=1))
    assert isinstance(narrow, PoolState)
    assert node.asked.count("tickBitmap") == 1
    assert narrow.high_tick - narrow.low_tick == 255 * node.state.tick_spacing
    whole = node.drive(read_pool(node.state.address, band_ticks=10**7))
    assert isinstance(whole, PoolState)
    assert (whole.low_tick, whole.high_tick) == (MIN_TICK, MAX_TICK)


@pytest.mark.parametrize(
    "name", ["slot0", "liquidity", "fee", "token0", "token1", "decimals", "tickBitmap", "ticks"]
)
@pytest.mark.parametrize("answer", [NotRead("no state there"), Reverted(b"", "no state there")])
def test_one_read_that_is_missing_makes_the_whole_depth_unknown(
    node: PoolNode, name: str, answer: Answer
) -> None:
    node.spoilt[name] = answer
    state = node.drive(read_pool(node.state.address))
    assert isinstance(state, Unreadable)
    contract = "ERC20" if name == "decimals" else "Pool"
    assert str(state).startswith(f"{contract}.{name}(")
    assert str(state).endswith(": no state there")


def test_a_pool_that_was_never_initialised_has_no_depth(node: PoolNode) -> None:
    types = POOL.function("slot0").output_types
    node.spoilt["slot0"] = Value(encode_values(types, (0, 0, 0, 0, 0, 0, False)))
    state = node.drive(read_pool(node.state.address))
    assert isinstance(state, Unreadable)
    assert "has no price yet" in str(state)


def test_pools_become_curves_by_factor_or_the_reason_why_not(node: PoolNode) -> None:
    entry = PoolEntry(node.state.address, node.state.token0.address, 1.0)
    curves = node.drive(read_pools({"ETH": entry}, block=7))
    assert isinstance(curves, dict)
    curve: ImpactCurve = curves["ETH"]
    assert curve.source == f"Uniswap V3 pool {node.state.address} at block 7"
    whole = pool_curve(node.state, node.state.token0.address, quote_usd=1.0)
    for v in (-1e4, 1e3, 2e5):
        assert curve.price_ratio(v) == pytest.approx(whole.price_ratio(v), rel=1e-12)
    node.spoilt["tickBitmap"] = NotRead("not in the recording")
    curves = node.drive(read_pools({"ETH": entry}, block=7))
    assert isinstance(curves, dict)
    assert isinstance(curves["ETH"], Unreadable)


def test_a_pool_that_does_not_trade_the_asset_is_refused(node: PoolNode) -> None:
    entry = PoolEntry(node.state.address, "0x" + "12" * 20, 1.0)
    with pytest.raises(InputError, match="does not trade 0x1212"):
        node.drive(read_pools({"ETH": entry}, block=7))
