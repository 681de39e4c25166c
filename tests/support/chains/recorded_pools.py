"""The Uniswap V3 pools of the shipped recording, swap by swap, from the contract's own logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from analyzer.abi.contract import load_abi
from analyzer.abi.events import decode_log
from analyzer.abi.keccak import checksum
from analyzer.chain.recording import RecordingFiles
from analyzer.chain.wire import parse_log
from analyzer.market.depth.pool_state import PoolState, Token
from analyzer.model.logs import RawLog
from analyzer.protocols.kit.ticks import MAX_TICK, MIN_TICK, tick_at_sqrt_ratio
from analyzer.runs.demo import RECORDING, demo_folder

SPACING_OF_FEE = {500: 10, 3_000: 60, 10_000: 200}
"""Uniswap's factory: fee -> tick spacing."""
BASE, QUOTE = Token("0x" + "aa" * 20, 18), Token("0x" + "bb" * 20, 18)
"""Stand-ins for the market's two tokens: the pool's logs do not name them."""


@dataclass(frozen=True, slots=True)
class RecordedSwap:
    """One Swap of the real contract: the pool before it, and what the event says."""

    before: PoolState
    amount0: int
    amount1: int
    sqrt_price_x96: int
    liquidity: int
    tick: int


def recorded_swaps() -> Iterator[RecordedSwap]:
    """Every swap of every pool of the shipped recording, in the order of the chain."""
    abi = load_abi("perp_v2/UniswapV3Pool")
    names = {bytes.fromhex(event.topic0[2:]): event for event in abi.events.values()}
    pools: dict[bytes, PoolState] = {}
    gross: Counter[tuple[bytes, int]] = Counter()
    logs = _logs()
    fees = _fees(logs)
    for log in logs:
        event = names.get(log.topics[0]) if log.topics else None
        if event is None:
            continue
        args = decode_log(log, event)
        if event.name == "Initialize":
            pools[log.address] = _new(log, args, fees[log.address])
        elif event.name in ("Mint", "Burn"):
            sign = 1 if event.name == "Mint" else -1
            for tick in (_number(args, "tickLower"), _number(args, "tickUpper")):
                gross[log.address, tick] += sign * _number(args, "amount")
            moved = _moved(pools[log.address], args, sign)
            # A tick stays initialised where what begins and what ends there cancel.
            kept = tuple(t for t in moved.ticks if gross[log.address, t[0]])
            pools[log.address] = replace(moved, ticks=kept)
        elif event.name == "Swap":
            swap = _swap(pools[log.address], args)
            yield swap
            pools[log.address] = replace(
                swap.before,
                sqrt_price_x96=swap.sqrt_price_x96,
                liquidity=swap.liquidity,
                tick=swap.tick,
            )


def _logs() -> list[RawLog]:
    """All logs of the recording, in order."""
    files = RecordingFiles(demo_folder() / RECORDING)
    logs: list[RawLog] = []
    for _ in files.rows("logs", lambda row: logs.append(parse_log(row))):
        pass
    files.close()
    return sorted(logs, key=lambda log: (log.block_number, log.log_index))


def _number(args: Mapping[str, object], name: str) -> int:
    """An integer argument."""
    value = args[name]
    assert isinstance(value, int)
    return value


def _fees(logs: Sequence[RawLog]) -> dict[bytes, int]:
    """Pool -> fee, as the market registry's PoolAdded has it."""
    event = load_abi("perp_v2/MarketRegistry").event("PoolAdded")
    topic = bytes.fromhex(event.topic0[2:])
    added = [decode_log(log, event) for log in logs if log.topics and log.topics[0] == topic]
    return {bytes.fromhex(str(a["pool"])[2:]): _number(a, "feeRatio") for a in added}


def _new(log: RawLog, args: Mapping[str, object], fee: int) -> PoolState:
    """A pool without liquidity, whose every tick is known."""
    price = _number(args, "sqrtPriceX96")
    return PoolState(
        address=checksum("0x" + log.address.hex()),
        token0=BASE,
        token1=QUOTE,
        fee_pips=fee,
        tick_spacing=SPACING_OF_FEE[fee],
        sqrt_price_x96=price,
        tick=tick_at_sqrt_ratio(price),
        liquidity=0,
        ticks=(),
        low_tick=MIN_TICK,
        high_tick=MAX_TICK,
        source="recorded pool",
    )


def _moved(pool: PoolState, args: Mapping[str, object], sign: int) -> PoolState:
    """The pool after a Mint (+1) or Burn (-1) of a range."""
    low, high = _number(args, "tickLower"), _number(args, "tickUpper")
    amount = sign * _number(args, "amount")
    nets = dict(pool.ticks)
    nets[low] = nets.get(low, 0) + amount
    nets[high] = nets.get(high, 0) - amount
    inside = amount if low <= pool.tick < high else 0
    return replace(pool, ticks=tuple(sorted(nets.items())), liquidity=pool.liquidity + inside)


def _swap(pool: PoolState, args: Mapping[str, object]) -> RecordedSwap:
    """The event beside the pool as it was."""
    names = ("amount0", "amount1", "sqrtPriceX96", "liquidity", "tick")
    return RecordedSwap(pool, *(_number(args, name) for name in names))
