"""What is indexed, what a log adds to it, and the markets that ship."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aave_market import asset_of
from aave_story import CODE, CONFIGURATOR, DEPLOYMENT, POOL, PROVIDER, ZERO, Story

from analyzer.abi.contract import load_abi
from analyzer.abi.keccak import checksum
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.protocols.aave_v3.deployments import REQUIRED_CONTRACTS, shipped_deployments
from analyzer.protocols.aave_v3.logs.sources import follow, sources
from analyzer.protocols.base import Source


def test_provider_and_pool_are_known_from_the_start() -> None:
    found = sources(DEPLOYMENT)
    assert [(s.role, s.address, s.abi) for s in found] == [
        ("pool_addresses_provider", PROVIDER, "aave_v3/PoolAddressesProvider"),
        ("pool", POOL, "aave_v3/Pool"),
    ]


def test_a_configurator_that_the_deployment_names_is_not_followed_twice() -> None:
    contracts = {**DEPLOYMENT.contracts, "pool_configurator": CONFIGURATOR}
    named = replace(DEPLOYMENT, contracts=contracts)
    creation = Story().begin().events[1]
    assert [s.role for s in sources(named)][-1] == "pool_configurator"
    assert follow(named, creation) == ()
    assert [(s.role, s.address) for s in follow(DEPLOYMENT, creation)] == [
        ("pool_configurator", CONFIGURATOR)
    ]


def test_another_proxy_of_the_provider_is_no_configurator() -> None:
    (event,) = Story().add(
        "pool_addresses_provider", PROVIDER, "ProxyCreated", id=b"POOL".ljust(32, b"\0"),
        proxyAddress=POOL, implementationAddress=CODE,
    ).events  # fmt: skip
    assert follow(DEPLOYMENT, event) == ()


@pytest.mark.parametrize(("stable", "roles"), [(False, 2), (True, 3)])
def test_a_new_reserve_names_its_tokens(stable: bool, roles: int) -> None:
    (event,) = Story().listed("DAI", stable=stable).events
    found = follow(DEPLOYMENT, event)
    assert found[0] == Source(
        "a_token",
        asset_of("aDAI"),
        "aave_v3/AToken",
        ("BalanceTransfer", "Burn", "Mint", "Upgraded"),
        0,
    )
    assert len(found) == roles
    assert ZERO not in {source.address for source in found}


def test_every_indexed_event_is_in_its_abi() -> None:
    everything = [*sources(DEPLOYMENT)]
    for event in [*Story().begin().events, *Story().listed("DAI", stable=True).events]:
        everything += follow(DEPLOYMENT, event)
    assert len(everything) == 6
    for source in everything:
        abi = load_abi(source.abi)
        assert [abi.event(name).name for name in source.events] == list(source.events)


def test_a_deployment_without_a_role_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"missing: pool$"):
        sources(Deployment("here", "aave-v3", 1, 0, {"pool_addresses_provider": PROVIDER}))


def test_every_market_of_the_address_book_ships_with_its_provenance() -> None:
    markets = shipped_deployments()
    assert len(markets) == 34
    assert len({m.name for m in markets}) == 34
    assert {m.protocol for m in markets} == {"aave-v3"}
    keys = {(m.chain_id, m.contracts["pool"]) for m in markets}
    assert len(keys) == 34
    assert {m.chain_id for m in markets} >= {1, 10, 56, 100, 137, 8453, 42161, 43114}
    for market in markets:
        assert set(market.contracts) >= {*REQUIRED_CONTRACTS, "oracle", "data_provider"}
        assert all(address == checksum(address) for address in market.contracts.values())
        assert "@aave-dao/aave-address-book 4.68.1" in market.source
        assert "never checked against a live chain" in market.source


def test_the_core_market_of_ethereum_is_the_published_one() -> None:
    (core,) = [m for m in shipped_deployments() if m.name == "aave-v3-ethereum"]
    assert core.contracts["pool"] == "0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2"
    assert core.contracts["pool_addresses_provider"] == "0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e"
