"""Reading a StableSwap pool at the block: whole, or unknown with the reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analyzer.abi.codec import decode_values, encode_values
from analyzer.abi.contract import load_abi
from analyzer.market.depth import StablePool
from analyzer.market.depth.choose import read_pools
from analyzer.market.depth.file import STABLESWAP_POOL, PoolEntry
from analyzer.market.depth.stable_observe import NATIVE, read_stable_pool
from analyzer.market.depth.stable_swap import StableState
from analyzer.model.reads import Answer, NotRead, Reading, ReadRequest, Reverted, Value
from analyzer.protocols.kit.unreadable import Unreadable

POOL, ABI = "0x" + "99" * 20, load_abi("stableswap/Pool")
USDC, STETH = "0x" + "22" * 20, "0x" + "33" * 20
NAMES = {function.selector: name for name, function in ABI.functions.items()}
REFUSED = Reverted(b"", "execution reverted")


class Node:
    """A pool of ETH and a staking token. spoilt: name -> what is answered instead."""

    def __init__(self, *coins: str) -> None:
        self.coins = coins
        self.values: dict[str, object] = {"A_precise": 3_000, "A": 30, "fee": 4_000_000}
        self.decimals = 18
        self.balances = [1_000 * 10**18, 2_000 * 10**6, 10**18]
        self.spoilt: dict[str, Answer] = {}

    def drive(self, reading: Reading[object]) -> object:
        """Runs a reading to its end."""
        try:
            batch = next(reading)
            while True:
                batch = reading.send([self.answer(request) for request in batch])
        except StopIteration as done:
            return done.value

    def answer(self, request: ReadRequest) -> Answer:
        """One answer, as a contract would give it."""
        data = bytes.fromhex(request.data[2:])
        name = NAMES.get("0x" + data[:4].hex(), "decimals")
        if name in self.spoilt:
            return self.spoilt[name]
        if name == "decimals":
            places = 6 if request.to.lower() == USDC else self.decimals
            return Value(encode_values(("uint8",), (places,)))
        function = ABI.function(name)
        args = decode_values(function.input_types, data[4:])
        place = int(str(args[0])) if args else 0
        if name == "coins" and place < len(self.coins):
            return Value(encode_values(("address",), (self.coins[place],)))
        if name == "balances":
            return Value(encode_values(("uint256",), (self.balances[place],)))
        if name in self.values:
            return Value(encode_values(function.output_types, (self.values[name],)))
        return REFUSED


@pytest.fixture
def node() -> Node:
    """ETH, a coin of six decimals and a staking token."""
    return Node(NATIVE, USDC, STETH)


def test_everything_of_a_pool_is_read(node: Node) -> None:
    state = node.drive(read_stable_pool(POOL, source="here"))
    assert isinstance(state, StableState)
    assert [coin.lower() for coin in state.coins] == [NATIVE, USDC, STETH]
    assert state.balances == (1_000 * 10**18, 2_000 * 10**6, 10**18)
    assert (state.amplification, state.precision, state.fee) == (3_000, 100, 4_000_000)
    assert state.decimals == (18, 6, 18)
    assert state.rates == (10**18, 10**30, 10**18)
    assert state.source == "here"


def test_a_pool_that_does_not_know_precise_amplifications_has_the_plain_one(node: Node) -> None:
    del node.values["A_precise"]
    state = node.drive(read_stable_pool(POOL))
    assert isinstance(state, StableState)
    assert (state.amplification, state.precision) == (30, 1)


def test_a_pools_own_rates_win_over_par(node: Node) -> None:
    node.values["stored_rates"] = [10**18, 10**30, 11 * 10**17]
    state = node.drive(read_stable_pool(POOL))
    assert isinstance(state, StableState)
    assert state.rates == (10**18, 10**30, 11 * 10**17)
    node.values["stored_rates"] = [10**18]
    refused = node.drive(read_stable_pool(POOL))
    assert "has no rate of every coin" in str(refused)


@pytest.mark.parametrize(
    "name",
    ["coins", "A_precise", "fee", "stored_rates", "base_pool", "underlying_coins", "balances",
     "decimals"],
)  # fmt: skip
def test_one_read_that_is_missing_makes_the_depth_unknown(node: Node, name: str) -> None:
    node.spoilt[name] = NotRead("no state there")
    state = node.drive(read_stable_pool(POOL))
    assert isinstance(state, Unreadable)
    assert state.reason == "no state there"


@pytest.mark.parametrize("name", ["coins", "A_precise", "fee", "balances", "decimals"])
def test_a_contract_that_refuses_what_every_pool_answers_is_unknown(node: Node, name: str) -> None:
    node.spoilt[name] = REFUSED
    node.values.pop("A", None)
    assert isinstance(node.drive(read_stable_pool(POOL)), Unreadable)


@pytest.mark.parametrize("name", ["base_pool", "underlying_coins"])
def test_a_pool_over_another_pools_tokens_is_unknown(node: Node, name: str) -> None:
    node.values[name] = USDC
    state = node.drive(read_stable_pool(POOL))
    assert isinstance(state, Unreadable)
    assert state.reason == "the pool holds tokens of another pool"


def test_a_pool_without_anything_in_it_is_unknown(node: Node) -> None:
    node.balances[1] = 0
    state = node.drive(read_stable_pool(POOL))
    assert isinstance(state, Unreadable)
    assert state.reason == "the pool holds nothing"


MOST = 2**256 - 1


def dust(node: Node) -> None:
    """A balance that is less than a unit at par."""
    node.balances[2], node.values["stored_rates"] = 1, [10**18, 10**30, 10**17]


def back_and_forth(node: Node) -> None:
    """Balances so far apart that the contract's iteration never ends."""
    node.coins, node.balances = (NATIVE, STETH), [1_164_115_433_906_158_533, 126_614_243]
    node.values["A_precise"] = 100


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda node: setattr(node, "decimals", 37), "a coin has more decimals than it can"),
        (lambda node: setattr(node, "decimals", 255), "a coin has more decimals than it can"),
        (lambda node: node.values.update(fee=10**10), "its fee is all that it pays"),
        (lambda node: node.values.update(fee=MOST), "its fee is all that it pays"),
        (lambda node: node.values.update(A_precise=0), "the pool holds nothing"),
        (lambda node: node.values.update(A_precise=MOST), "beyond those of any pool"),
        (lambda node: node.balances.__setitem__(0, MOST), "beyond those of any pool"),
        (lambda node: node.values.update(stored_rates=[0, 10**30, 10**18]), "holds nothing"),
        (dust, "the pool holds nothing"),
        (lambda node: node.values.update(stored_rates=[MOST] * 3), "beyond those of any pool"),
        (lambda node: setattr(node, "coins", (STETH, USDC, STETH)), "a coin is in it twice"),
        (lambda node: node.values.update(A_precise=1), "its invariant does not settle"),
        (back_and_forth, "its invariant does not settle"),
    ],
)
def test_what_no_pool_can_be_is_unknown_with_the_reason(
    node: Node, spoil: Callable[[Node], None], reason: str
) -> None:
    spoil(node)
    state = node.drive(read_stable_pool(POOL))
    assert isinstance(state, Unreadable)
    assert reason in state.reason


def test_a_pool_of_the_depth_file_becomes_a_curve_that_names_it(node: Node) -> None:
    node.balances = [1_000 * 10**18, 2_000 * 10**6, 900 * 10**18]
    entry = PoolEntry(POOL, STETH, 2_000.0, STABLESWAP_POOL, NATIVE)
    found = node.drive(read_pools({"stETH/ETH": entry}, block=7))
    assert isinstance(found, dict)
    curve = found["stETH/ETH"]
    assert isinstance(curve, StablePool)
    assert curve.balances_usd == pytest.approx((1.8e6, 2e6, 4e6))
    assert curve.source == f"StableSwap pool {POOL} at block 7"
    node.spoilt["fee"] = REFUSED
    again = node.drive(read_pools({"stETH/ETH": entry}, block=7))
    assert isinstance(again, dict)
    assert isinstance(again["stETH/ETH"], Unreadable)
