"""One deployment of a protocol: which contracts, on which chain, since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NO_CHAIN = 0
"""The chain id of what is on no chain: a book that comes from a table. Its block is number 0 and
has the content's hash."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A protocol at its addresses.

    `contracts`: role -> checksummed address. `factors`: symbol or asset id -> risk factor, as the
    deployment file's `[factors]` table says it (empty = the adapter's defaults).
    `source` says where the addresses come from, for the report. `aliases`: other names by which
    it may be asked for, such as one it had before; no part of what it is.
    """

    name: str
    protocol: str
    chain_id: int
    from_block: int
    contracts: Mapping[str, str]
    factors: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    aliases: tuple[str, ...] = field(default=(), compare=False)
