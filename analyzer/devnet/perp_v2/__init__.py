"""Perp V2 on the local chain: the real contracts, and a seeded market in them."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.devnet.part import Shared, Story
from analyzer.devnet.perp_v2.scenario import phases, prepare
from analyzer.devnet.roles import of_role
from analyzer.devnet.world import World

PROTOCOL = "perp-v2"


class PerpV2:
    """The part that Perp V2 has in the local chain; deployed when it is made.

    It begins first where there are several: its tokens, feeds and people are shared.
    """

    def __init__(self, world: World, accounts: int, shared: Shared) -> None:
        self._play, self._falls = prepare(world, accounts)
        perp, people = self._play.perp, self._play.people
        shared.tokens |= {"USDC": perp.usdc} | {c.plan.symbol: c.token for c in perp.collaterals}
        shared.feeds |= {symbol: feed.feed for symbol, feed in perp.feeds.items()}
        shared.owners += [p.address for p in of_role(people, "trader", "holder", "maker")]

    def play(self) -> Iterator[str]:
        """Plays the market, step by step; see `part.Part`."""
        return phases(self._play, self._falls)

    def story(self) -> Story:
        """What was done, once `play` is through."""
        play = self._play
        return play.story(
            PROTOCOL,
            from_block=play.perp.from_block,
            contracts=play.perp.contracts(),
            people=play.people,
            liquidations=play.liquidations,
            refused=play.refused,
        )
