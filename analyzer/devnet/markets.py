"""Which protocols' markets can be made on the local chain, alone or together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from analyzer.devnet.aave_v3 import artifacts as aave_artifacts
from analyzer.devnet.aave_v3 import play as aave_play
from analyzer.devnet.aave_v3 import population as aave_population
from analyzer.devnet.aave_v3 import scenario as aave_scenario
from analyzer.devnet.packages import fetch
from analyzer.devnet.perp_v2 import play as perp_play
from analyzer.devnet.perp_v2 import population as perp_population
from analyzer.devnet.perp_v2 import scenario as perp_scenario
from analyzer.devnet.play import BLOCK_LABELS, Shared
from analyzer.devnet.world import World, chain_id_of
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError, UnreadError

PERP_V2 = "perp-v2"
AAVE_V3 = "aave-v3"
PROTOCOLS = (PERP_V2, AAVE_V3)
"""In the order in which they begin on one chain: the first makes what the others share."""
MIN_ACCOUNTS = {
    PERP_V2: perp_population.MIN_ACCOUNTS,
    AAVE_V3: aave_population.MIN_ACCOUNTS,
}
REVISIONS = {PERP_V2: (), AAVE_V3: aave_artifacts.REVISIONS}

Liquidation: TypeAlias = perp_play.Liquidation | aave_play.Liquidation
Refused: TypeAlias = perp_play.Refused | aave_play.Refused


@dataclass(frozen=True, slots=True)
class Wanted:
    """A protocol to make, in the newest revision unless another is named."""

    protocol: str
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One protocol's part on the chain: where it is, what goes on, and the steps to come."""

    deployment: Deployment
    play: perp_play.Play | aave_play.Play
    steps: Iterator[str]


def wanted(protocols: Sequence[str], accounts: int) -> list[Wanted]:
    """The protocols that the texts name (`perp-v2,aave-v3@1`), in the order in which they begin.

    Raises InputError for an unknown protocol or revision, one named twice, none at all, and for
    fewer accounts than one of them needs.
    """
    texts = [text.strip() for joined in protocols for text in joined.split(",")]
    found = [_parse(text) for text in texts or [""]]
    names = [w.protocol for w in found]
    if len(set(names)) < len(names):
        raise InputError(f"no protocol twice on one chain: '{','.join(texts)}'")
    least = max(MIN_ACCOUNTS[name] for name in names)
    if accounts < least:
        raise InputError(f"the local market needs at least {least} accounts, not {accounts}")
    return sorted(found, key=lambda w: PROTOCOLS.index(w.protocol))


def perform(
    world: World, markets: Sequence[Wanted], accounts: int
) -> tuple[list[Act], dict[str, int]]:
    """Begins every market and plays their scenarios in turn, a step each, from pin to pin.

    Returns the acts and, by label, the pinned blocks. Raises InputError when contracts cannot be
    had and UnreadError when the chain could not be built.
    """
    shared = Shared()
    acts = [_begin(world, market, accounts, shared) for market in markets]
    blocks = {}
    for label in BLOCK_LABELS:
        waiting = list(acts)
        while waiting:
            waiting = [act for act in waiting if _step(act) != label]
        blocks[label] = world.anvil.block_number()
    return acts, blocks


def _step(act: Act) -> str:
    step = next(act.steps, None)
    if step is None:
        raise UnreadError(f"the scenario of {act.deployment.protocol} ended before its last pin")
    return step


def _parse(text: str) -> Wanted:
    name, at, revision = text.partition("@")
    if name not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        raise InputError(f"unknown protocol '{text}'; the local chain has: {known}")
    if not at:
        return Wanted(name)
    known = ", ".join(str(r) for r in REVISIONS[name]) or "one"
    if not revision.isdecimal() or int(revision) not in REVISIONS[name]:
        raise InputError(f"no revision '{revision}' of {name} here; there are: {known}")
    return Wanted(name, int(revision))


def _begin(world: World, market: Wanted, accounts: int, shared: Shared) -> Act:
    if market.protocol == PERP_V2:
        perp = perp_scenario.begin(world, accounts, shared)
        made = _deployment(world, PERP_V2, perp.perp.from_block, perp.perp.contracts())
        return Act(made, perp, perp_scenario.run(perp))
    packages = fetch(manifest=aave_artifacts.MANIFEST)
    revision = market.revision or aave_artifacts.DEFAULT_REVISION
    build = aave_artifacts.load_build(packages, revision, world.progress, os.environ)
    aave = aave_scenario.begin(world, accounts, shared, build)
    made = _deployment(world, AAVE_V3, aave.aave.from_block, aave.aave.contracts())
    return Act(made, aave, aave_scenario.run(aave))


def _deployment(
    world: World, protocol: str, from_block: int, contracts: dict[str, str]
) -> Deployment:
    return Deployment(
        f"{protocol}-devnet-{world.seed}",
        protocol,
        chain_id_of(world.seed),
        from_block,
        contracts,
        source="deployed on the local chain from the npm packages of devnet's package.json",
    )
