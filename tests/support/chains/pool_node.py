"""A Uniswap V3 pool that answers reads as its contract would."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analyzer.abi.codec import decode_values, encode_values
from analyzer.abi.contract import load_abi
from analyzer.market.depth.pool_state import PoolState
from analyzer.model.reads import Answer, Reading, ReadRequest, Value

POOL = load_abi("uniswap_v3/Pool")
NAMES = {function.selector: name for name, function in POOL.functions.items()}


class PoolNode:
    """Answers for one pool as its contract would. spoilt: what is answered otherwise."""

    def __init__(self, state: PoolState) -> None:
        self.state = state
        self.spoilt: dict[str, Answer] = {}
        self.asked: list[str] = []

    def drive(self, reading: Reading[object]) -> object:
        """Runs a reading to its end."""
        try:
            batch = next(reading)
            while True:
                batch = reading.send([self.answer(request) for request in batch])
        except StopIteration as done:
            return done.value

    def answer(self, request: ReadRequest) -> Answer:
        """One answer."""
        data = bytes.fromhex(request.data[2:])
        name = NAMES.get("0x" + data[:4].hex(), "decimals")
        self.asked.append(name)
        if name in self.spoilt:
            return self.spoilt[name]
        function = POOL.functions.get(name)
        args = decode_values(function.input_types, data[4:]) if function else ()
        values = self._values(name, request.to, [int(str(arg)) for arg in args])
        types = function.output_types if function else ("uint8",)
        return Value(encode_values(types, values))

    def _values(self, name: str, to: str, args: Sequence[int]) -> Sequence[object]:
        state = self.state
        tokens = {token.address.lower(): token.decimals for token in (state.token0, state.token1)}
        plain: dict[str, Callable[[], Sequence[object]]] = {
            "slot0": lambda: (state.sqrt_price_x96, state.tick, 0, 1, 1, 0, True),
            "liquidity": lambda: (state.liquidity,),
            "fee": lambda: (state.fee_pips,),
            "tickSpacing": lambda: (state.tick_spacing,),
            "token0": lambda: (state.token0.address,),
            "token1": lambda: (state.token1.address,),
            "decimals": lambda: (tokens[to.lower()],),
            "tickBitmap": lambda: (self._word(args[0]),),
            "ticks": lambda: (1, dict(state.ticks).get(args[0], 0), 0, 0, 0, 0, 0, True),
        }
        return plain[name]()

    def _word(self, number: int) -> int:
        places = [tick // self.state.tick_spacing for tick, _ in self.state.ticks]
        return sum(1 << (place & 255) for place in places if place >> 8 == number)
