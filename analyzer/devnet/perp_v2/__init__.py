"""Perp V2 on the local chain: the real contracts, and a seeded market in them."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.devnet.part import Story
from analyzer.devnet.perp_v2.scenario import phases, prepare
from analyzer.devnet.world import World, chain_id_of
from analyzer.model.deployment import Deployment

PROTOCOL = "perp-v2"


class PerpV2:
    """The part that Perp V2 has in the local chain; deployed when it is made."""

    def __init__(self, world: World, accounts: int) -> None:
        self._world = world
        self._play, self._falls = prepare(world, accounts)

    def play(self) -> Iterator[str]:
        """Plays the market up to each pinned block; see `part.Part`."""
        return phases(self._play, self._falls)

    def story(self) -> Story:
        """What was done, once `play` is through."""
        play = self._play
        roles: dict[str, list[str]] = {}
        for person in play.people:
            roles.setdefault(person.role, []).append(person.address)
        return Story(
            Deployment(
                f"{PROTOCOL}-devnet-{self._world.seed}",
                PROTOCOL,
                chain_id_of(self._world.seed),
                play.perp.from_block,
                play.perp.contracts(),
                source="deployed on the local chain from the packages of devnet/package.json",
            ),
            tuple(play.liquidations),
            tuple(play.refused),
            {"done": dict(play.done), "reverted": dict(play.reverted)},
            roles,
        )
