"""Where the contracts keep what has no getter: storage slots of `@perp/curie-contract` 2.8.4.

A mapping's entry is at keccak256(key word . slot word); struct members follow it.
Source: `storage/*.sol` of that package, laid out by the compiler; the fold's own numbers, compared
with these slots at every scan, are the check.
"""

from __future__ import annotations

from analyzer.abi.codec import mapping_slot

EXCHANGE_FIRST_TRADED = 209
EXCHANGE_LAST_SETTLED = 210
EXCHANGE_GROWTH = 211
ORDER_BOOK_ORDER_IDS = 206
ORDER_BOOK_ORDERS = 207
ORDER_BOOK_GROWTH_OUTSIDE = 208
ORDER_BOOK_FEE_GROWTH = 209
ACCOUNT_OWED_PNL = 157
ACCOUNT_BASE_TOKENS = 158
ACCOUNT_MARKETS = 159
VAULT_BALANCES = 311

ORDER_WORDS = 7
"""liquidity and ticks, fee growth inside, premium inside, premium below, premium over sqrt
price inside, base debt, quote debt."""


def of(slot: int, *keys: int | str | bytes) -> int:
    """The slot of `mapping[key][key]...` for a mapping at `slot`."""
    for key in keys:
        slot = mapping_slot(key, slot)
    return slot
