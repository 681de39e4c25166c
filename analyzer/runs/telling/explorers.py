"""Where the addresses of a chain can be looked up: a table by chain id, and what a user sets.

A local chain has none, and neither has one that nobody names: its addresses are no links.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from analyzer.model.errors import InputError
from analyzer.model.toml_file import shown

VARIABLE = "ANALYZER_EXPLORERS"
"""Environment variable: `CHAIN_ID=URL`, several separated by commas or white space."""
EXPLORERS: Mapping[int, str] = {
    1: "https://etherscan.io/address/",
    10: "https://optimistic.etherscan.io/address/",
    56: "https://bscscan.com/address/",
    100: "https://gnosisscan.io/address/",
    137: "https://polygonscan.com/address/",
    146: "https://sonicscan.org/address/",
    250: "https://ftmscan.com/address/",
    324: "https://explorer.zksync.io/address/",
    957: "https://explorer.derive.xyz/address/",
    1088: "https://andromeda-explorer.metis.io/address/",
    1868: "https://soneium.blockscout.com/address/",
    8453: "https://basescan.org/address/",
    42161: "https://arbiscan.io/address/",
    42220: "https://celoscan.io/address/",
    43114: "https://snowtrace.io/address/",
    59144: "https://lineascan.build/address/",
    534352: "https://scrollscan.com/address/",
    11155111: "https://sepolia.etherscan.io/address/",
}
"""Chain id -> what stands before an address. A link is a help for people: nothing rests on it."""
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/?=&%#+-]*)?")


def explorers(texts: Iterable[str] = ()) -> dict[int, str]:
    """Chain id -> address of its explorer: the table, over it what the environment sets, over it
    `texts` (`10=https://example.org/address/`; an empty address takes a chain's away).

    Raises: InputError for what is no chain id with an address.
    """
    said = [text for text in re.split(r"[,\s]+", os.environ.get(VARIABLE, "")) if text]
    found = dict(EXPLORERS)
    for text in (*said, *texts):
        chain, equals, url = text.partition("=")
        if not equals or not chain.isdecimal() or (url and not _URL.fullmatch(url)):
            raise InputError(
                f"explorer {shown(text)}: it has to be CHAIN_ID=URL, such as"
                " 10=https://optimistic.etherscan.io/address/ (the address is put behind it)"
            )
        found[int(chain)] = url
    return found
