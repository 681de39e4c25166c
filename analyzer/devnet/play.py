"""What the scenarios of all protocols on the local chain have in common.

A scenario takes turns with others: it is a generator that plays a step and yields. What it yields
is one of BLOCK_LABELS when its part of the chain is ready for that pin, else the name of the step.
Whenever it yields, it has queued nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from analyzer.devnet.chain import Call, Mined, Receipt
from analyzer.devnet.feeds import Feed
from analyzer.devnet.tokens import Token
from analyzer.devnet.world import BLOCK_SECONDS, World

BLOCK_LABELS = ("calm", "stressed", "mid_liquidation", "after", "paused")
"""The pinned blocks, in the order in which every scenario reaches them."""


@dataclass
class Shared:
    """What the protocols on one chain share, by symbol; each adds what it makes.

    `owners`: addresses of people who hold accounts in a protocol that began earlier.
    """

    tokens: dict[str, Token] = field(default_factory=dict)
    feeds: dict[str, Feed] = field(default_factory=dict)
    owners: list[str] = field(default_factory=list)


@dataclass
class BasePlay:
    """A scenario in progress: what was done and what the contracts refused, by label."""

    world: World
    done: Counter[str] = field(default_factory=Counter, kw_only=True)
    reverted: Counter[str] = field(default_factory=Counter, kw_only=True)

    def mine(self, seconds: int = BLOCK_SECONDS) -> Mined:
        """Mines what is queued and counts what was done and what the contracts refused."""
        mined = self.world.mine(seconds)
        for receipt in mined.receipts:
            (self.done if receipt.ok else self.reverted)[receipt.call.label] += 1
        return mined

    def execute_alone(self, call: Call) -> tuple[Mined, Receipt]:
        """Mines a call that `World.refusal` lets pass, alone, at the time of the last block.

        anvil allows blocks of equal time. The last block is then exactly the state that the call
        meets, so what a scan of it predicts must happen.
        """
        self.world.queue(call)
        mined = self.mine(0)
        (receipt,) = mined.receipts
        assert receipt.ok, "what eth_call accepts at the same time and state is executed"
        return mined, receipt
