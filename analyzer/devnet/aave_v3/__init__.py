"""Aave V3 on the local chain: the real contracts of three releases, and a seeded market in them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from analyzer.devnet.aave_v3.artifacts import MANIFEST, REVISIONS, load_build
from analyzer.devnet.aave_v3.scenario import phases, prepare
from analyzer.devnet.packages import fetch
from analyzer.devnet.part import Shared, Story
from analyzer.devnet.world import World

PROTOCOL = "aave-v3"


class AaveV3:
    """The part that Aave V3 has in the local chain; deployed when it is made.

    Its contracts are fetched and compiled first where no earlier run has; raises InputError when
    they cannot be had. `revision` "" is the newest.
    """

    def __init__(self, world: World, accounts: int, shared: Shared, revision: str = "") -> None:
        packages = fetch(manifest=MANIFEST)
        build = load_build(packages, revision or REVISIONS[-1], world.progress, os.environ)
        self._play = prepare(world, accounts, shared, build)

    def play(self) -> Iterator[str]:
        """Plays the market, step by step; see `part.Part`."""
        return phases(self._play)

    def story(self) -> Story:
        """What was done, once `play` is through."""
        play = self._play
        return play.story(
            PROTOCOL,
            from_block=play.aave.from_block,
            contracts=play.aave.contracts(),
            people=play.people,
            liquidations=play.liquidations,
            refused=play.refused,
        )
