from __future__ import annotations

from pathlib import Path

import pytest
from eth_utils import keccak

from analyzer.abi import resources
from analyzer.abi.codec import encode_values
from analyzer.abi.contract import EventAbi, EventInput, FunctionAbi, load_abi, parse_abi
from analyzer.abi.errors import DecodeError
from analyzer.model.errors import InputError
from analyzer.model.reads import ReadRequest

HOLDER = "0x" + "11" * 20
ENTRIES = [
    {
        "type": "function",
        "name": "getInfo",
        "inputs": [{"name": "who", "type": "address"}],
        "outputs": [
            {
                "name": "info",
                "type": "tuple",
                "components": [{"name": "size", "type": "int256"}, {"name": "fee", "type": "uint"}],
            },
            {"name": "", "type": "uint24"},
        ],
    },
    {"type": "function", "name": "price", "inputs": [], "outputs": [{"type": "uint256"}]},
    {
        "type": "function",
        "name": "price",
        "inputs": [{"type": "uint256"}],
        "outputs": [{"type": "uint256"}],
    },
    {
        "type": "event",
        "name": "Moved",
        "inputs": [
            {"name": "who", "type": "address", "indexed": True},
            {"name": "", "type": "uint256", "indexed": False},
        ],
    },
    {"type": "error", "name": "Nope", "inputs": []},
]
ABI = parse_abi("Thing", ENTRIES)


def test_functions_and_events_carry_their_canonical_signature() -> None:
    assert ABI.functions["getInfo"] == FunctionAbi(
        "getInfo",
        "getInfo(address)",
        "0x" + keccak(text="getInfo(address)")[:4].hex(),
        ("address",),
        ("(int256,uint256)", "uint24"),
        ("info", ""),
    )
    assert ABI.events["Moved"] == EventAbi(
        "Moved",
        "Moved(address,uint256)",
        "0x" + keccak(text="Moved(address,uint256)").hex(),
        (EventInput("who", "address", True), EventInput("arg1", "uint256", False)),
    )


def test_an_overloaded_function_is_there_by_signature_only() -> None:
    assert sorted(ABI.functions) == ["getInfo", "getInfo(address)", "price()", "price(uint256)"]
    with pytest.raises(InputError, match="full signature"):
        ABI.request(HOLDER, "price")
    assert ABI.request(HOLDER, "price(uint256)", 5).data == "0x26a49e37" + f"{5:064x}"


def test_a_request_is_selector_and_arguments_and_names_itself() -> None:
    request = ABI.request(HOLDER, "getInfo", HOLDER)
    assert request == ReadRequest("call", HOLDER, "0xffdd5cf1" + "00" * 12 + "11" * 20)
    assert request.label == "Thing.getInfo"
    assert ABI.request(HOLDER, "getInfo", HOLDER, label="mine").label == "mine"


def test_an_answer_decodes_with_structs_as_tuples() -> None:
    data = encode_values(["(int256,uint256)", "uint24"], [(-1, 2), 3])
    assert ABI.decode("getInfo", data) == ((-1, 2), 3)


def test_a_bad_answer_names_contract_function_and_field() -> None:
    data = encode_values(["(int256,uint256)", "uint256"], [(-1, 2), 1 << 24])
    with pytest.raises(DecodeError, match=r"^Thing\.getInfo: output 1 \(uint24\): .* uint24$"):
        ABI.decode("getInfo", data)


def test_what_the_abi_does_not_have_is_an_input_error() -> None:
    with pytest.raises(InputError, match="no function 'nope'"):
        ABI.function("nope")
    with pytest.raises(InputError, match="no event 'Nope'"):
        ABI.event("Nope")
    with pytest.raises(InputError, match="no ABI named 'perp_v2/Nothing'"):
        load_abi("perp_v2/Nothing")


def test_shipped_abis_load_from_the_repository(repository: Path) -> None:
    files = sorted((repository / "abis").rglob("*.json"))
    assert files
    for file in files:
        abi = load_abi(str(file.relative_to(repository / "abis").with_suffix("")))
        assert abi.functions or abi.events
        assert abi.name == file.stem


def test_an_installed_package_is_preferred_to_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "analyzer"
    (package / "_abis").mkdir(parents=True)
    (tmp_path / "queries").mkdir()
    monkeypatch.setattr("analyzer.__file__", str(package / "__init__.py"))
    resources.resource_folder.cache_clear()
    try:
        assert resources.abi_folder() == package / "_abis"
        assert resources.queries_folder() == tmp_path / "queries"
        with pytest.raises(InputError, match="lacks its 'nothing' folder"):
            resources.resource_folder("nothing")
    finally:
        resources.resource_folder.cache_clear()
