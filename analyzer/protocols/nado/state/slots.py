"""Where the contracts keep what a rebuild needs: storage slots of nadohq/nado-contracts 1.1.0.

Half of it has no getter (the list of accounts, the fees of the sequencer, the fees of the last
liquidation), and a getter that has is a judge. A mapping's entry is at keccak256(key . slot);
struct members follow it. Source: the storage layout as the compiler lays it out; spec section 9.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.abi.codec import mapping_slot
from analyzer.abi.keccak import keccak

RISK = int.from_bytes(keccak(b"nado.protocol.risk"), "big")
"""Of either engine: product -> weights and price."""
PRODUCT_IDS = 103
"""Of either engine: an array of 32-bit ids, eight in a word."""
BITMAPS = 105
"""Of either engine: account -> word -> which of 256 products it has anything of."""

SPOT_CONFIG, SPOT_STATES, SPOT_BALANCES = 106, 107, 108
PERP_STATES, PERP_BALANCES = 106, 107

CLEARING_QUOTE, CLEARING_LIQUIDATOR, CLEARING_ENGINES = 102, 104, 106
CLEARING_INSURANCE, CLEARING_SPREADS = 108, 109

ENDPOINT_ACCOUNTS, ENDPOINT_ACCOUNT_COUNT = 160, 161
ENDPOINT_SUBMISSIONS, ENDPOINT_QUEUE, ENDPOINT_TIMES = 163, 164, 166
ENDPOINT_FEES, ENDPOINT_POOLS, ENDPOINT_PRICES = 167, 170, 173
POOL_WORDS = 4
"""Of one NLP pool: its number, sub-account, owner and weight."""

EXCHANGE_MARKETS, EXCHANGE_QUOTES, EXCHANGE_PARENTS, EXCHANGE_BUILDER_FEES = 155, 163, 165, 171

WORD_IDS = 8
"""Product ids in one word of `PRODUCT_IDS`."""
WORD_BITS = 256
"""Products in one word of `BITMAPS`."""
_HALF = 128
_HALF_MASK = 2**_HALF - 1
_ID_BITS = 32
WEIGHT_BITS = 32
WEIGHT_UNIT = 10**9
"""Weights are stored with 9 decimals."""
MARKET_UNIT = 10**9
"""Sizes of a market are stored with 9 decimals."""


def of(slot: int, *keys: int | bytes) -> int:
    """The slot of `mapping[key][key]...` for a mapping at `slot`."""
    for key in keys:
        slot = mapping_slot(key, slot)
    return slot


def array(slot: int) -> int:
    """Where the elements of the array at `slot` begin."""
    return int.from_bytes(keccak(slot.to_bytes(32, "big")), "big")


def halves(word: int) -> tuple[int, int]:
    """(low, high) signed 128 bits of a word."""
    return signed(word & _HALF_MASK, _HALF), signed(word >> _HALF, _HALF)


def signed(value: int, bits: int) -> int:
    """The two's complement reading of `bits` bits."""
    return value - (1 << bits) if value >> (bits - 1) else value


def ids(words: Sequence[int], count: int) -> list[int]:
    """The first `count` ids of an array of 32-bit numbers."""
    found = [
        word >> _ID_BITS * place & 2**_ID_BITS - 1 for word in words for place in range(WORD_IDS)
    ]
    return found[:count]


def weights(word: int) -> tuple[int, int, int, int]:
    """Long and short initial, long and short maintenance weight of a risk word, 18 decimals."""
    parts = [signed(word >> WEIGHT_BITS * n & 2**WEIGHT_BITS - 1, WEIGHT_BITS) for n in range(4)]
    long_initial, short_initial, long_maintenance, short_maintenance = (
        part * WEIGHT_UNIT for part in parts
    )
    return long_initial, short_initial, long_maintenance, short_maintenance


def spreads(word: int) -> tuple[tuple[int, int], ...]:
    """(spot product, perp product) of every pair of the spread map, lowest first; it ends at 0."""
    found = []
    while word & 0xFFFF:
        found.append((word & 0xFF, word >> 8 & 0xFF))
        word >>= 16
    return tuple(found)


def bits(word: int, first: int) -> list[int]:
    """The products that a bitmap word names; `first`: the product of its lowest bit."""
    return [first + bit for bit in range(word.bit_length()) if word >> bit & 1]
