"""What a protocol gives to the local chain: its market, played in steps that all protocols share.

The protocols take turns, a step each, on one chain and one clock, up to each pinned block, so that
the five blocks are the same for all of them and nobody's prices grow old meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field
from typing import Any, ClassVar, Protocol

from analyzer.devnet.feeds import Feed
from analyzer.devnet.tokens import Token
from analyzer.model.deployment import Deployment

BLOCK_LABELS = ("calm", "stressed", "mid_liquidation", "after", "paused")


class Row(Protocol):
    """A dataclass of a protocol's own: a liquidation that was executed, or one that was refused.

    `protocol` says whose. `block`: where it was executed, or on whose state it was refused.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def protocol(self) -> str:
        """Whose liquidation it is."""

    @property
    def block(self) -> int:
        """Where it was executed, or on whose state it was refused."""


@dataclass(frozen=True, slots=True)
class Story:
    """What was done to a protocol on the local chain.

    `actions`: `done` and `reverted` -> action -> how often. `addresses`: role -> accounts.
    """

    deployment: Deployment
    liquidations: Sequence[Row]
    refused: Sequence[Row]
    actions: Mapping[str, Mapping[str, int]]
    addresses: Mapping[str, Sequence[str]]


@dataclass
class Shared:
    """What the protocols on one chain share, by symbol; each adds what it makes.

    `owners`: addresses of people who hold accounts in a protocol that began earlier.
    """

    tokens: dict[str, Token] = field(default_factory=dict)
    feeds: dict[str, Feed] = field(default_factory=dict)
    owners: list[str] = field(default_factory=list)


class Part(Protocol):
    """A protocol on the local chain, deployed when it is made."""

    def play(self) -> Iterator[str]:
        """Plays the market in steps.

        Yields each of BLOCK_LABELS, in order, when the chain is there for this protocol, and the
        name of the step (any other text) after each step in between. Whenever it yields, it has
        queued nothing. Raises UnreadError when a contract refuses what must succeed.
        """
        ...

    def story(self) -> Story:
        """What was done, once `play` is through."""
        ...
