from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from analyzer.devnet.aave_v3.artifacts import Build, load_build
from analyzer.devnet.packages import Packages
from analyzer.model.errors import InputError

LIBRARY = "0x" + "ab" * 20
HOLE = "__$" + "0" * 34 + "$__"
CALLER: dict[str, Any] = {
    "abi": [
        {"type": "constructor", "inputs": [{"type": "address", "name": "of"}]},
        {"type": "error", "name": "Wrong", "inputs": [{"type": "uint8", "name": "how"}]},
    ],
    "bytecode": f"0x6001{HOLE}6002{HOLE}",
    "linkReferences": {
        "logic.sol": {"Logic": [{"start": 2, "length": 20}, {"start": 24, "length": 20}]}
    },
}
BUILD = Build(10, {"CallerInstance": CALLER})


def quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


def test_every_place_of_a_library_gets_its_address() -> None:
    artifact = BUILD.artifact("Caller", {"Logic": LIBRARY})
    assert artifact.bytecode.hex() == "6001" + "ab" * 20 + "6002" + "ab" * 20
    assert artifact.constructor_types == ("address",)
    assert BUILD.libraries_of("Caller") == ["Logic"]


def test_a_library_without_an_address_is_named() -> None:
    with pytest.raises(InputError, match="Caller calls the library Logic, whose address is not"):
        BUILD.artifact("Caller")


def test_a_contract_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="revision 10 has no Nothing"):
        BUILD.artifact("Nothing")


def test_a_custom_error_is_told_by_its_name_and_another_reason_as_it_is() -> None:
    from analyzer.abi.keccak import selector

    assert BUILD.error_name(selector("Wrong(uint8)")) == "Wrong"
    assert BUILD.error_name("45") == "45"


def test_a_revision_without_contracts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"revision 5 here \(there are: 3.0.0, 1, 10\)"):
        load_build(Packages(tmp_path), "5", quiet, {})


def test_a_package_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hold no @aave/core-v3/artifacts"):
        load_build(Packages(tmp_path), "1", quiet, {})


def test_without_nodejs_the_error_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"compiled with Node\.js, which is not here"):
        load_build(Packages(tmp_path), "10", quiet, {"PATH": str(tmp_path)})


def fake_packages(folder: Path, answer: object) -> Packages:
    """A folder whose `solc` answers every input with `answer`, and counts how often it is asked."""
    solc = folder / "node_modules" / "solc"
    solc.mkdir(parents=True)
    solc.joinpath("index.js").write_text(
        'const fs = require("fs");\n'
        f'exports.version = () => "0.0.0";\n'
        f"exports.compile = () => {{ fs.appendFileSync({str(folder / 'runs')!r}, 'x');"
        f" return {orjson.dumps(orjson.dumps(answer).decode()).decode()}; }};\n"
    )
    from analyzer.devnet.aave_v3 import artifacts

    for entry in artifacts._REVISION_10:
        path = folder / "node_modules" / f"{artifacts._ORIGIN}/{entry}.sol"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return Packages(folder)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_sources_are_compiled_once_and_then_taken_from_the_cache(tmp_path: Path) -> None:
    compiled = {
        "abi": [],
        "evm": {"bytecode": {"object": "6001", "linkReferences": {}}},
    }
    packages = fake_packages(tmp_path, {"contracts": {"a.sol": {"PoolInstance": compiled}}})
    builds = [load_build(packages, "10", quiet, os.environ) for _ in range(2)]
    assert builds[0] == builds[1]
    assert builds[0].artifact("Pool").bytecode == b"\x60\x01"
    assert (tmp_path / "runs").read_text() == "x"
    assert list(tmp_path.glob("compiling-*")) == []


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_what_the_compiler_refuses_is_told_and_nothing_is_kept(tmp_path: Path) -> None:
    problem = {"severity": "error", "formattedMessage": "not like this"}
    packages = fake_packages(tmp_path, {"errors": [problem], "contracts": {}})
    with pytest.raises(InputError, match="the compiler refused Aave V3's sources: not like this"):
        load_build(packages, "10", quiet, os.environ)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["node_modules", "runs"]
