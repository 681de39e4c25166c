"""The npm packages that the local chain needs: anvil, and the protocols' own contracts.

`package.json` beside this file names them with exact versions. The npm client fetches them once
into the user's cache folder, under the hash of that file, and knows the user's own registry: no
registry address is written anywhere in this project. Two processes may fetch at once; each
installs into a folder of its own and the first to rename it into place wins.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from analyzer.abi.contract import ContractAbi, parse_abi
from analyzer.model.errors import InputError

MANIFEST = Path(__file__).with_name("package.json")
OWN_CONTRACTS = Path(__file__).with_name("contracts")
CURIE = "@perp/curie-contract/artifacts/contracts/{0}.sol/{0}.json"
ORACLE = "@perp/perp-oracle-contract/artifacts/contracts/{0}.sol/{0}.json"
UNISWAP = "@uniswap/v3-core/artifacts/contracts/{0}.sol/{0}.json"
OPENZEPPELIN = "@openzeppelin/contracts/build/contracts/{0}.json"
INSTALL_TIMEOUT_S = 600
INSTALL_HINT = (
    "install Node.js with npm (https://nodejs.org or the system's packages nodejs and npm)"
)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract: its ABI, its creation code and the types of its constructor."""

    name: str
    abi: ContractAbi
    bytecode: bytes
    constructor_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Packages:
    """The folder into which npm installed the packages of `package.json`."""

    folder: Path

    def artifact(self, pattern: str, name: str) -> Artifact:
        """The compiled contract `name` of the npm package that `pattern` points into."""
        return read_artifact(self.folder / "node_modules" / pattern.format(name))


def cache_folder(environment: Mapping[str, str] = os.environ, manifest: Path = MANIFEST) -> Path:
    """Where the packages of this version of the `manifest` (a package.json) are, or will be."""
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest()[:16]
    return Path(base) / "analyzer" / "devnet" / digest


def fetch(environment: Mapping[str, str] = os.environ, manifest: Path = MANIFEST) -> Packages:
    """The packages of the `manifest` (a package.json), installed by npm on first use.

    Raises InputError saying what to install.
    """
    folder = cache_folder(environment, manifest)
    if (folder / "node_modules").is_dir():
        return Packages(folder)
    npm = shutil.which("npm", path=environment.get("PATH"))
    if npm is None:
        raise InputError(
            f"the local chain's contracts come from npm, which is not here: {INSTALL_HINT}"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix="installing-", dir=folder.parent))
    try:
        for name in ("package.json", ".npmrc"):
            shutil.copy(manifest.with_name(name), temporary)
        _install(npm, temporary, environment)
        # A folder with content is never replaced: the process that comes second keeps the first's.
        with contextlib.suppress(OSError):
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if not (folder / "node_modules").is_dir():
        raise InputError(f"the contracts cannot be kept in {folder}")
    return Packages(folder)


def _install(npm: str, folder: Path, environment: Mapping[str, str]) -> None:
    command = [npm, "install", "--omit=dev", "--no-package-lock", "--loglevel=error"]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=INSTALL_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(f"npm install took longer than {INSTALL_TIMEOUT_S} s") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[0]
        raise InputError(f"npm install of the local chain's contracts failed: {last}")


def anvil_binary(packages: Packages | None, environment: Mapping[str, str] = os.environ) -> str:
    """The anvil to run: $ANALYZER_ANVIL, else PATH, else npm's package for this platform.

    Raises InputError when there is none.
    """
    named = environment.get("ANALYZER_ANVIL")
    if named:
        if not os.access(named, os.X_OK):
            raise InputError(f"ANALYZER_ANVIL names '{named}', which is no program")
        return named
    on_path = shutil.which("anvil", path=environment.get("PATH"))
    if on_path is not None:
        return on_path
    if packages is not None:
        system = {"Windows": "win32"}.get(platform.system(), platform.system().lower())
        machine = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}.get(
            platform.machine(), platform.machine()
        )
        bundled = packages.folder / "node_modules" / "@foundry-rs" / f"anvil-{system}-{machine}"
        for name in ("anvil", "anvil.exe"):
            if (bundled / "bin" / name).is_file():
                return str(bundled / "bin" / name)
    raise InputError("no anvil here: set ANALYZER_ANVIL, put anvil on PATH, or " + INSTALL_HINT)


def own_artifact(name: str) -> Artifact:
    """One of our own small contracts (`Token`, `Aggregator`), compiled and committed."""
    return read_artifact(OWN_CONTRACTS / f"{name}.json")


@lru_cache(maxsize=64)
def read_artifact(path: Path) -> Artifact:
    """A contract from its JSON artifact (Hardhat's and Truffle's layouts agree on what is used).

    Raises InputError when the file is missing.
    """
    import orjson

    try:
        raw = orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(
            f"the npm packages hold no {path.name}; remove {cache_folder()} and try again"
        ) from error
    return parse_artifact(path.stem, raw)


def parse_artifact(name: str, raw: Mapping[str, Any]) -> Artifact:
    """A contract from the object in an artifact: its `abi` and its linked `bytecode`."""
    entries = raw["abi"]
    # The constructor is parsed as if it were a function, to get its canonical types.
    constructor = [
        {**e, "type": "function", "name": "new"} for e in entries if e["type"] == "constructor"
    ]
    types = parse_abi(name, constructor).functions["new"].input_types if constructor else ()
    return Artifact(name, parse_abi(name, entries), bytes.fromhex(raw["bytecode"][2:]), types)
