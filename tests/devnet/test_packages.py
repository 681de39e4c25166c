from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from demands import missing

from analyzer.devnet import packages
from analyzer.devnet.aave_v3 import artifacts
from analyzer.devnet.packages import MANIFEST, OWN_CONTRACTS, Packages, anvil_binary, fetch
from analyzer.model.errors import InputError


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def environment(tmp_path: Path, npm: str | None) -> dict[str, str]:
    """A home of its own whose only program is `npm`, a script (or no program at all)."""
    programs = tmp_path / "programs"
    programs.mkdir()
    if npm is not None:
        program(programs, "npm", f"PATH=/usr/bin:/bin\n{npm}")
    return {"PATH": str(programs), "XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.mark.parametrize("path", [MANIFEST, artifacts.MANIFEST], ids=["devnet", "aave_v3"])
def test_every_package_has_an_exact_version_and_no_host_is_named(path: Path) -> None:
    manifest = json.loads(path.read_text())
    versions = list(manifest["dependencies"].values())
    assert versions
    # A second version of a package has a name of its own: `npm:NAME@VERSION`.
    exact = r"(npm:@?[\w./-]+@)?\d+\.\d+\.\d+(-[\w.-]+)?"
    assert [v for v in versions if not re.fullmatch(exact, v)] == []
    for name in ("package.json", ".npmrc"):
        assert "://" not in path.with_name(name).read_text()


def test_the_cache_folder_follows_the_environment_and_the_manifest(tmp_path: Path) -> None:
    first = packages.cache_folder({"XDG_CACHE_HOME": str(tmp_path)})
    other = tmp_path / "package.json"
    other.write_text("{}")
    second = packages.cache_folder({"XDG_CACHE_HOME": str(tmp_path)}, other)
    assert first.parent == second.parent == tmp_path / "analyzer" / "devnet"
    assert first.name != second.name


def test_without_npm_the_error_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"npm, which is not here: install Node\.js with npm"):
        fetch(environment(tmp_path, None))


def test_what_npm_says_is_told_in_one_line_and_nothing_is_left_behind(tmp_path: Path) -> None:
    env = environment(tmp_path, "echo 'no such version' >&2; echo more >&2; exit 1")
    with pytest.raises(InputError) as caught:
        fetch(env)
    said = "npm install of the local chain's contracts failed: no such version"
    assert str(caught.value) == said
    assert list((tmp_path / "cache" / "analyzer" / "devnet").iterdir()) == []


def test_packages_are_installed_once_and_then_found(tmp_path: Path) -> None:
    env = environment(tmp_path, f"mkdir node_modules; echo x >> {tmp_path}/runs")
    assert fetch(env) == fetch(env) == Packages(packages.cache_folder(env))
    assert (tmp_path / "runs").read_text() == "x\n"


def test_two_processes_that_fetch_at_once_agree_on_one_installation(tmp_path: Path) -> None:
    env = environment(tmp_path, f"mkdir node_modules; sleep 0.5; echo x >> {tmp_path}/runs")
    code = (
        "import sys; from analyzer.devnet.packages import fetch;"
        "print(fetch({'PATH': sys.argv[1], 'XDG_CACHE_HOME': sys.argv[2]}).folder)"
    )
    command = [sys.executable, "-c", code, env["PATH"], env["XDG_CACHE_HOME"]]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0].strip() for process in running]
    folder = packages.cache_folder(env)
    assert said == [str(folder), str(folder)]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert (folder / "node_modules").is_dir()


def test_the_anvil_that_the_environment_names_comes_first(tmp_path: Path) -> None:
    env = environment(tmp_path, None)
    named = program(tmp_path, "named", "exit 0")
    on_path = program(tmp_path / "programs", "anvil", "exit 0")
    assert anvil_binary(None, env | {"ANALYZER_ANVIL": str(named)}) == str(named)
    assert anvil_binary(None, env) == str(on_path)


def test_a_named_anvil_that_is_no_program_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="which is no program"):
        anvil_binary(None, {"ANALYZER_ANVIL": str(tmp_path / "nothing")})


def test_without_any_anvil_the_error_says_where_one_may_come_from(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"set ANALYZER_ANVIL, put anvil on PATH, or install"):
        anvil_binary(Packages(tmp_path), environment(tmp_path, None))


def test_a_contract_that_is_not_in_the_packages_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"hold no Nothing\.json"):
        Packages(tmp_path).artifact(packages.CURIE, "Nothing")


def test_our_contracts_can_be_read() -> None:
    token = packages.own_artifact("Token")
    assert token.constructor_types == ("string", "string", "uint8")
    assert token.abi.function("mint").input_types == ("address", "uint256")
    assert packages.own_artifact("Aggregator").constructor_types == ("string", "uint8")


@pytest.mark.chain
def test_our_contracts_are_what_their_sources_compile_to(tmp_path: Path) -> None:
    compiler = json.loads((OWN_CONTRACTS / "Token.json").read_text())["compiler"].split("+")[0]
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        missing("needs npm and node to fetch the Solidity compiler", "REQUIRE_CHAIN")
    install = [npm, "install", "--prefix", str(tmp_path), "--ignore-scripts", "--no-audit"]
    subprocess.run([*install, f"solc@{compiler}"], check=True, capture_output=True)
    script = str(OWN_CONTRACTS / "compile.cjs")
    subprocess.run([node, script, str(tmp_path), str(tmp_path)], check=True, env=dict(os.environ))
    for name in ("Token.json", "Aggregator.json"):
        assert (tmp_path / name).read_text() == (OWN_CONTRACTS / name).read_text()
