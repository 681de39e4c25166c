from __future__ import annotations

from pathlib import Path

import pytest
from bank import REGISTRY, bank

from analyzer.documents.encode import to_json
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.runs.scanning.deployments import (
    list_deployments,
    load_deployment,
    read_deployment,
    shipped_deployments,
)

GOOD = f"""
name = "my bank"
protocol = "bank"
chain_id = 4242
from_block = 3
[contracts]
registry = "{REGISTRY.lower()}"
[factors]
COIN = "ETH"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "bank.toml"
    path.write_text(text)
    return path


def test_a_file_gives_the_deployment_with_checksummed_addresses(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    assert read_deployment(path) == Deployment(
        "my bank", "bank", 4242, 3, {"registry": REGISTRY}, {"COIN": "ETH"},
        "deployment file bank.toml",
    )  # fmt: skip


def test_a_file_without_a_name_is_named_after_itself(tmp_path: Path) -> None:
    assert read_deployment(write(tmp_path, GOOD.replace('name = "my bank"', ""))).name == "bank"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("chain_id = 4242", 'chain_id = "10"', "chain_id has to be a whole number, it is '10'"),
        ("chain_id = 4242", "", "chain_id has to be a whole number, it is None"),
        ("from_block = 3", "from_block = -1", "from_block has to be a whole number"),
        ('protocol = "bank"', "", "protocol has to be a text"),
        ('protocol = "bank"', 'protocol = "casino"', "protocol 'casino' is not installed"),
        ("registry =", "office =", "names no registry"),
        ("[factors]", "[factor]", "has a key 'factor': there are only chain_id, contracts, fac"),
        (REGISTRY.lower(), "0x1234", "contract registry is no address: '0x1234'"),
        (REGISTRY.lower(), REGISTRY.swapcase().replace("0X", "0x"), "has a wrong checksum"),
        ("[contracts]", "[contracts", "is no deployment file"),
        ('[factors]\nCOIN = "ETH"', "", None),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, old: str, new: str, said: str | None) -> None:
    path = write(tmp_path, GOOD.replace(old, new))
    if said is None:
        assert read_deployment(path).factors == {}
        return
    with pytest.raises(InputError, match=said):
        read_deployment(path)


def test_names_are_looked_up_in_the_recording_first_then_among_the_shipped(
    tmp_path: Path,
) -> None:
    recorded = [bank(7, name="bank-shipped")]
    assert load_deployment("bank-shipped", recorded).from_block == 7
    assert load_deployment("bank-shipped").from_block == 1
    assert [deployment.name for deployment in shipped_deployments()] == ["bank-shipped"]


def test_a_name_that_nobody_has_lists_those_there_are() -> None:
    with pytest.raises(InputError, match=r"no deployment 'x', nor such a file \(known: bank-s"):
        load_deployment("x")
    with pytest.raises(InputError, match=r"there is no deployment file nowhere\.toml"):
        load_deployment("nowhere.toml")


def test_what_ships_is_listed_with_its_addresses_and_their_source() -> None:
    assert to_json(list_deployments())["deployments"] == [
        {
            "name": "bank-shipped",
            "protocol": "bank",
            "chain_id": 4242,
            "from_block": 1,
            "contracts": {"registry": REGISTRY},
            "source": "test",
            "aliases": [],
        }
    ]
