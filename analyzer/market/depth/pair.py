"""A Uniswap V2 pair at the block as an impact curve: x y = k, with the pair's fee of 0.3 %.

V2 is V3 with one range over every price, whose liquidity times the root of the price is the
reserve of the other token; so the curve, and how it treats the fee, is that of `pool`.

Source: `UniswapV2Pair.sol`, `UniswapV2Library.getAmountOut` (997 / 1000 of the input counts).
"""

from __future__ import annotations

from analyzer.market.depth.impact import MAX_RATIO, MIN_RATIO
from analyzer.market.depth.pool import ConcentratedPool, Segment
from analyzer.model.errors import InputError
from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch
from analyzer.protocols.kit.unreadable import Unreadable

ABIS = "uniswap_v2"
FEE = 0.003


def read_pair(
    address: str, asset: str, *, quote_usd: float, source: str = ""
) -> Reading[ConcentratedPool | Unreadable]:
    """The curve of `asset` in the pair at `address`, or why it is not known.

    quote_usd: USD price of the other token. Raises: InputError when the pair does not trade it.
    """
    first = Batch(ABIS)
    reserves = first.call("Pair", address, "getReserves", about=address)
    tokens = [first.call("Pair", address, name, about=address) for name in ("token0", "token1")]
    replies = yield from first.read()
    held, names = replies.values(reserves), [replies.text(token) for token in tokens]
    if isinstance(held, Unreadable):
        return held
    for name in names:
        if isinstance(name, Unreadable):
            return name
    traded = [str(name).lower() for name in names]
    if asset.lower() not in traded:
        raise InputError(f"pair {address} does not trade {asset}")
    other = 1 - traded.index(asset.lower())
    second = Batch(ABIS)
    ticket = second.call("ERC20", str(names[other]), "decimals", about=str(names[other]))
    decimals = (yield from second.read()).number(ticket)
    if isinstance(decimals, Unreadable):
        return decimals
    if 0 in held[:2]:
        return Unreadable(reserves.what, "the pair holds nothing", True)
    depth = int(str(held[other])) / 10**decimals * quote_usd
    everywhere = Segment(MIN_RATIO**0.5, MAX_RATIO**0.5, depth)
    return ConcentratedPool((everywhere,), FEE, source or f"Uniswap V2 pair {address}")
