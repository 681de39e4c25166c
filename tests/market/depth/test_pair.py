"""A Uniswap V2 pair: its own formula, in integers, beside the curve."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.abi.codec import encode_values
from analyzer.abi.contract import load_abi
from analyzer.market.depth.choose import choose_curves, read_pools
from analyzer.market.depth.file import UNISWAP_V2, DepthFile, PoolEntry
from analyzer.market.depth.pair import read_pair
from analyzer.market.depth.pool import ConcentratedPool
from analyzer.model.errors import InputError
from analyzer.model.reads import Answer, NotRead, Reading, ReadRequest, Reverted, Value
from analyzer.protocols.kit.unreadable import Unreadable

PAIR, SOLD, USDC = "0x" + "11" * 20, "0x" + "22" * 20, "0x" + "33" * 20
ABI = load_abi("uniswap_v2/Pair")
RESERVES = (5_000 * 10**18, 10_000_000 * 10**6)


def drive(reading: Reading[object], **spoilt: Answer) -> object:
    """Runs a reading against a pair of RESERVES; `spoilt` answers come instead of the pair's."""
    values: dict[str, tuple[tuple[str, ...], tuple[object, ...]]] = {
        ABI.function("getReserves").selector: (("uint112", "uint112", "uint32"), (*RESERVES, 7)),
        ABI.function("token0").selector: (("address",), (SOLD,)),
        ABI.function("token1").selector: (("address",), (USDC,)),
    }
    names = {ABI.function(name).selector: name for name in ("getReserves", "token0", "token1")}

    def answer(request: ReadRequest) -> Answer:
        key = request.data[:10]
        name = names.get(key, "decimals")
        if name in spoilt:
            return spoilt[name]
        decimals = 6 if request.to.lower() == USDC else 18
        return Value(encode_values(*values.get(key, (("uint8",), (decimals,)))))

    try:
        batch = next(reading)
        while True:
            batch = reading.send([answer(request) for request in batch])
    except StopIteration as done:
        return done.value


def amount_out(amount_in: int, reserve_in: int, reserve_out: int) -> int:
    """UniswapV2Library.getAmountOut, in its integers."""
    after_fee = amount_in * 997
    return after_fee * reserve_out // (reserve_in * 1000 + after_fee)


@given(st.integers(10**15, 10**22))
def test_a_sale_is_paid_what_the_library_says(amount: int) -> None:
    curve = drive(read_pair(PAIR, SOLD, quote_usd=1.0))
    assert isinstance(curve, ConcentratedPool)
    price = RESERVES[1] / 10**6 / (RESERVES[0] / 10**18)
    v = amount / 10**18 * price
    paid = amount_out(amount, *RESERVES) / 10**6
    assert curve.average_ratio(0, v) * v == pytest.approx(paid, rel=1e-6, abs=1e-6)


def test_the_other_token_is_sold_into_the_other_reserve() -> None:
    curve = drive(read_pair(PAIR, USDC, quote_usd=2_000.0))
    assert isinstance(curve, ConcentratedPool)
    v = 1_000_000.0
    out = amount_out(10**12, RESERVES[1], RESERVES[0]) / 10**18 * 2_000
    assert curve.average_ratio(0, v) * v == pytest.approx(out, rel=1e-9)


@pytest.mark.parametrize("name", ["getReserves", "token0", "token1", "decimals"])
@pytest.mark.parametrize("answer", [NotRead("gone"), Reverted(b"", "gone")])
def test_what_was_not_read_is_unknown(name: str, answer: Answer) -> None:
    found = drive(read_pair(PAIR, SOLD, quote_usd=1.0), **{name: answer})
    assert isinstance(found, Unreadable)
    assert str(found).endswith(": gone")


def test_an_empty_pair_has_no_depth_and_a_strange_token_is_refused() -> None:
    empty = Value(encode_values(("uint112", "uint112", "uint32"), (0, 0, 0)))
    found = drive(read_pair(PAIR, SOLD, quote_usd=1.0), getReserves=empty)
    assert isinstance(found, Unreadable)
    assert "holds nothing" in str(found)
    with pytest.raises(InputError, match="does not trade 0x4444"):
        drive(read_pair(PAIR, "0x" + "44" * 20, quote_usd=1.0))


def test_a_pair_of_the_depth_file_becomes_the_curve_of_its_factor() -> None:
    file = DepthFile({}, {"SNX": PoolEntry(PAIR, SOLD, 1.0, UNISWAP_V2)})
    curves = drive(read_pools(file.pools, block=9))
    assert isinstance(curves, dict)
    [row] = choose_curves(["SNX"], file, curves).used
    assert (row.origin, row.source) == ("pool", f"Uniswap V2 pool {PAIR} at block 9")
