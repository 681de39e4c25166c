"""What a protocol gives to the local chain: its market, played in steps that all protocols share.

Each protocol is played up to the next pinned block in turn, on one chain and one clock, so that
the five blocks are the same for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from analyzer.model.deployment import Deployment

BLOCK_LABELS = ("calm", "stressed", "mid_liquidation", "after", "paused")


@dataclass(frozen=True, slots=True)
class Liquidation:
    """One liquidation that was executed, alone in its block, at the time of the block before.

    The state it met is the state of block `block - 1`, and the block before has the same time, so
    a scan of that block predicts it exactly. `kind`: `position` or `collateral`. `asset`: base
    token or collateral token. `requested`: the size asked for (0 = as much as allowed), or the
    amount of the token, or of USDC where `in_settlement`.
    """

    kind: str
    block: int
    time: int
    tx_hash: str
    trader: str
    asset: str
    liquidator: str
    requested: int
    in_settlement: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A liquidation that the contract would not execute on the state of `block`, and why."""

    kind: str
    block: int
    trader: str
    asset: str
    reason: str


@dataclass(frozen=True, slots=True)
class Story:
    """What was done to a protocol on the local chain.

    `actions`: `done` and `reverted` -> action -> how often. `addresses`: role -> accounts.
    """

    deployment: Deployment
    liquidations: Sequence[Liquidation]
    refused: Sequence[Refused]
    actions: Mapping[str, Mapping[str, int]]
    addresses: Mapping[str, Sequence[str]]


class Part(Protocol):
    """A protocol on the local chain."""

    def play(self) -> Iterator[str]:
        """Plays the market; yields each of BLOCK_LABELS, in order, when the chain is there.

        Raises UnreadError when a contract refuses what must succeed.
        """
        ...

    def story(self) -> Story:
        """What was done, once `play` is through."""
        ...
