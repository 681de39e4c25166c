"""What is indexed: known contracts from the start, base tokens and pools as they are added."""

from __future__ import annotations

from dataclasses import replace

import pytest
from perp_story import BASE, CONTRACTS, DEPLOYMENT, POOL, Story

from analyzer.abi.contract import load_abi
from analyzer.model.errors import InputError
from analyzer.protocols.base import Source
from analyzer.protocols.perp_v2.logs.fold import HANDLERS, WITHOUT_EFFECT
from analyzer.protocols.perp_v2.logs.fold.markets import PARAMETERS
from analyzer.protocols.perp_v2.logs.sources import UPGRADED, follow, sources


def test_every_required_contract_is_indexed_from_the_deployments_first_block() -> None:
    found = sources(replace(DEPLOYMENT, from_block=77))
    assert {source.role: source.address for source in found} == CONTRACTS
    assert {source.from_block for source in found} == {77}


def test_every_source_names_events_that_its_abi_has() -> None:
    (added,) = Story().tell("market_registry", "PoolAdded", baseToken=BASE, pool=POOL).events
    for source in (*sources(DEPLOYMENT), *follow(DEPLOYMENT, added)):
        abi = load_abi(source.abi)
        assert [abi.event(name).name for name in source.events] == list(source.events)


def test_a_new_market_brings_its_base_token_and_its_pool_from_the_first_block_on() -> None:
    story = Story(number=50).tell("market_registry", "PoolAdded", baseToken=BASE, pool=POOL)
    token, pool = follow(DEPLOYMENT, story.events[0])
    assert (token.role, token.address, token.from_block) == ("base_token", BASE, 1)
    assert pool == Source(
        "pool", POOL, "perp_v2/UniswapV3Pool", ("Initialize", "Mint", "Burn", "Collect", "Swap"), 1
    )


def test_no_other_event_brings_a_contract() -> None:
    assert follow(DEPLOYMENT, Story().deposit(BASE, 1).events[0]) == ()


def test_a_deployment_without_a_vault_is_refused() -> None:
    contracts = {role: address for role, address in CONTRACTS.items() if role != "vault"}
    with pytest.raises(InputError, match=r"missing: vault$"):
        sources(replace(DEPLOYMENT, contracts=contracts))


def test_every_indexed_event_has_a_rule() -> None:
    (_, added) = Story().market().events
    everything = [*sources(DEPLOYMENT), *follow(DEPLOYMENT, added)]
    indexed = {(source.role, name) for source in everything for name in source.events}
    by_name = {UPGRADED, *PARAMETERS}
    unruled = {pair for pair in indexed if pair[1] not in by_name}
    assert unruled - HANDLERS.keys() - WITHOUT_EFFECT == set()
