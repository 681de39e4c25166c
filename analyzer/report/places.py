"""Where and when a scan is of: a block of a chain, or a table, which has neither."""

from __future__ import annotations

from datetime import UTC, datetime

from analyzer.documents.scan import Block
from analyzer.model.deployment import NO_CHAIN

AS_THE_TABLE_SAYS = "as the table says; nothing was compared with a chain"
"""How complete a book is that comes from a table."""


def is_table(chain_id: int) -> bool:
    """Whether a scan is of a table, and so of no chain."""
    return chain_id == NO_CHAIN


def chain_text(chain_id: int) -> str:
    """The chain in words."""
    return "no chain" if is_table(chain_id) else f"chain {chain_id}"


def place_text(chain_id: int, block: Block) -> str:
    """The chain and block in words, without the time."""
    if is_table(chain_id):
        return "a table: no chain, no block"
    return f"{chain_text(chain_id)} · block {block.number:,}"


def moment_text(chain_id: int, block: Block) -> str:
    """The time in words; of a table that does not say when it was taken, that."""
    if is_table(chain_id) and not block.time:
        return "time not said"
    return datetime.fromtimestamp(block.time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
