"""What we wrote down of the contracts against the contracts' own published artifacts."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from analyzer.abi.contract import load_abi
from analyzer.abi.keccak import keccak
from analyzer.devnet.packages import CURIE, ORACLE, UNISWAP, Packages, fetch
from analyzer.protocols.perp_v2.logs.sources import UPGRADED
from analyzer.protocols.perp_v2.state.observe.code import known_code

pytestmark = pytest.mark.chain

CONTRACTS = {
    **dict.fromkeys(
        (
            "AccountBalance",
            "BaseToken",
            "ClearingHouse",
            "ClearingHouseConfig",
            "CollateralManager",
            "Exchange",
            "InsuranceFund",
            "MarketRegistry",
            "OrderBook",
            "Vault",
        ),
        CURIE,
    ),
    "ChainlinkPriceFeedV3": ORACLE,
    "PriceFeedDispatcher": ORACLE,
    "UniswapV3Pool": UNISWAP,
}


@pytest.fixture(scope="module")
def packages() -> Packages:
    """The installed npm packages."""
    return fetch()


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_event_we_index_is_declared_so_by_the_contract(name: str, packages: Packages) -> None:
    theirs = packages.artifact(CONTRACTS[name], name).abi.events
    ours = load_abi(f"perp_v2/{name}").events
    differing = {
        signature
        for signature, event in ours.items()
        if event.name != UPGRADED and theirs.get(signature) != event
    }
    assert differing == set()


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_view_we_know_takes_and_returns_what_the_contract_says(
    name: str, packages: Packages
) -> None:
    theirs = packages.artifact(CONTRACTS[name], name).abi.functions
    ours = load_abi(f"perp_v2/{name}").functions
    wrong = {
        key
        for key, function in ours.items()
        if key not in theirs
        or (theirs[key].selector, theirs[key].output_types)
        != (function.selector, function.output_types)
    }
    assert wrong == set()


def test_the_known_code_hashes_are_those_of_the_published_code(packages: Packages) -> None:
    roles = {role for role, _ in known_code()}
    assert len(roles) == len(known_code()) == 10
    for role, code_hash in known_code():
        name = "".join(part.capitalize() for part in role.split("_"))
        path: Path = packages.folder / "node_modules" / CURIE.format(name)
        code = bytes.fromhex(orjson.loads(path.read_bytes())["deployedBytecode"][2:])
        assert "0x" + keccak(code).hex() == code_hash, role
