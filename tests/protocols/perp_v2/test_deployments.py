"""The addresses that ship with the package: their form, never the live chain."""

from __future__ import annotations

import pytest

from analyzer.abi.keccak import checksum
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.protocols.perp_v2.deployments import (
    REQUIRED_CONTRACTS,
    check,
    shipped_deployments,
)
from analyzer.protocols.registry import name_among
from analyzer.runs.scanning.deployments import load_deployment


def test_the_old_name_is_taken_for_the_new_one() -> None:
    assert load_deployment("optimism") == load_deployment("perp-v2-optimism")
    assert load_deployment("optimism").name == "perp-v2-optimism"
    assert name_among("perp-v2-optimism", ["a", "optimism"]) == "optimism"
    assert name_among("optimism", ["perp-v2-optimism"]) == "perp-v2-optimism"
    assert name_among("optimism", ["optimism", "perp-v2-optimism"]) == "optimism"
    assert name_among("mars", ["optimism"]) == "mars"


def test_optimism_ships_with_every_role_and_its_provenance() -> None:
    (optimism,) = shipped_deployments()
    assert (optimism.name, optimism.protocol, optimism.chain_id) == (
        "perp-v2-optimism", "perp-v2", 10,
    )  # fmt: skip
    assert optimism.aliases == ("optimism",)
    assert optimism.from_block > 0
    assert set(REQUIRED_CONTRACTS) <= set(optimism.contracts)
    assert "@perp/curie-deployments" in optimism.source
    assert "never checked against the live chain" in optimism.source


def test_every_shipped_address_is_checksummed_and_used_once() -> None:
    for deployment in shipped_deployments():
        addresses = list(deployment.contracts.values())
        assert addresses == [checksum(address) for address in addresses]
        assert len(set(addresses)) == len(addresses)


def test_a_deployment_without_a_role_is_refused_by_name() -> None:
    contracts = dict.fromkeys(REQUIRED_CONTRACTS, "0x")
    deployment = Deployment("here", "perp-v2", 10, 0, contracts)
    check(deployment)
    del contracts["vault"], contracts["exchange"]
    with pytest.raises(InputError, match=r"missing: exchange, vault$"):
        check(deployment)
