"""Aave V3's own contracts, per revision, from npm.

Revision 1 comes compiled (`@aave/core-v3` 1.19.3, and as 3.0.0 the release that says 1 as well,
1.16.2). Revision 10 comes as Solidity sources
(`@aave-dao/aave-v3-origin` 3.6.0), which the compiler from npm turns into code on first use: once
for each version of the manifest and of the compile script, kept beside the packages in the user's
cache folder. Both call libraries whose addresses are filled in (linked) before a contract is made.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.abi.contract import canonical_type
from analyzer.abi.keccak import selector
from analyzer.devnet.packages import INSTALL_HINT, Artifact, Packages, parse_artifact
from analyzer.devnet.world import Progress
from analyzer.model.errors import InputError

MANIFEST = Path(__file__).with_name("package.json")
COMPILE_SCRIPT = Path(__file__).with_name("compile.cjs")
REVISIONS = ("3.0.0", "1", "10")
"""The contracts that can be deployed, the newest last: by POOL_REVISION, the one that shares its
number by release. npm's packages allow no upgrade between them: 3.0.0 and 1 say the same number,
which no proxy takes twice, and 10 lacks the initializers that move the state of those before."""
COMPILE_TIMEOUT_S = 900

_CORE = "@aave/core-v3/artifacts/contracts"
_FIRST_CORE = "@aave/core-v3-first/artifacts/contracts"
_REVISION_1 = {
    "PoolAddressesProvider": "protocol/configuration/PoolAddressesProvider",
    "ACLManager": "protocol/configuration/ACLManager",
    "PriceOracleSentinel": "protocol/configuration/PriceOracleSentinel",
    "AaveOracle": "misc/AaveOracle",
    "AaveProtocolDataProvider": "misc/AaveProtocolDataProvider",
    "DefaultReserveInterestRateStrategy": "protocol/pool/DefaultReserveInterestRateStrategy",
    "Pool": "protocol/pool/Pool",
    "PoolConfigurator": "protocol/pool/PoolConfigurator",
    "AToken": "protocol/tokenization/AToken",
    "StableDebtToken": "protocol/tokenization/StableDebtToken",
    "VariableDebtToken": "protocol/tokenization/VariableDebtToken",
    "BorrowLogic": "protocol/libraries/logic/BorrowLogic",
    "BridgeLogic": "protocol/libraries/logic/BridgeLogic",
    "ConfiguratorLogic": "protocol/libraries/logic/ConfiguratorLogic",
    "EModeLogic": "protocol/libraries/logic/EModeLogic",
    "FlashLoanLogic": "protocol/libraries/logic/FlashLoanLogic",
    "LiquidationLogic": "protocol/libraries/logic/LiquidationLogic",
    "PoolLogic": "protocol/libraries/logic/PoolLogic",
    "SupplyLogic": "protocol/libraries/logic/SupplyLogic",
}
_ORIGIN = "@aave-dao/aave-v3-origin/src/contracts"
_REVISION_10 = (
    "protocol/configuration/PoolAddressesProvider",
    "protocol/configuration/ACLManager",
    "misc/PriceOracleSentinel",
    "misc/AaveOracle",
    "misc/DefaultReserveInterestRateStrategyV2",
    "helpers/AaveProtocolDataProvider",
    "instances/PoolInstance",
    "instances/PoolConfiguratorInstance",
    "instances/ATokenInstance",
    "instances/VariableDebtTokenInstance",
)


@dataclass(frozen=True, slots=True)
class Build:
    """The compiled contracts of one revision, by name, not yet linked. revision: POOL_REVISION."""

    revision: int
    contracts: Mapping[str, Mapping[str, Any]]

    def artifact(self, name: str, libraries: Mapping[str, str] | None = None) -> Artifact:
        """The contract `name` with the addresses of the `libraries` that it calls filled in.

        Raises InputError when the build has no such contract or a library is missing.
        """
        raw = self.contracts.get(name) or self.contracts.get(f"{name}Instance")
        if raw is None:
            raise InputError(f"the build of Aave V3 revision {self.revision} has no {name}")
        return parse_artifact(name, {**raw, "bytecode": _linked(name, raw, libraries or {})})

    def error_name(self, reason: str) -> str:
        """The name of the custom error whose selector `reason` is, else `reason` itself."""
        return self._errors().get(reason, reason)

    def _errors(self) -> dict[str, str]:
        entries = [e for raw in self.contracts.values() for e in raw["abi"] if e["type"] == "error"]
        return {
            selector(f"{e['name']}({','.join(canonical_type(i) for i in e['inputs'])})"): e["name"]
            for e in entries
        }

    def libraries_of(self, name: str) -> list[str]:
        """The names of the libraries that `name` calls."""
        raw = self.contracts.get(name) or self.contracts.get(f"{name}Instance") or {}
        return [library for file in raw["linkReferences"].values() for library in file]


def load_build(
    packages: Packages, revision: str, progress: Progress, environment: Mapping[str, str]
) -> Build:
    """The contracts of that revision; compiles them first where no earlier run has.

    Raises InputError for a revision that is not here, and when the compiler cannot be run.
    """
    if revision in ("3.0.0", "1"):
        core = _CORE if revision == "1" else _FIRST_CORE
        return Build(
            1, {n: _read(packages, f"{core}/{p}.sol/{n}.json") for n, p in _REVISION_1.items()}
        )
    if revision == "10":
        return Build(10, _compiled(packages, progress, environment))
    known = ", ".join(REVISIONS)
    raise InputError(f"no contracts of Aave V3 revision {revision} here (there are: {known})")


def _linked(name: str, raw: Mapping[str, Any], libraries: Mapping[str, str]) -> str:
    """The creation code with each library's 20 bytes in the places the compiler left for it."""
    code = str(raw["bytecode"])
    for file in raw["linkReferences"].values():
        for library, places in file.items():
            if library not in libraries:
                raise InputError(f"{name} calls the library {library}, whose address is not given")
            for place in places:
                at, end = (2 + 2 * p for p in (place["start"], place["start"] + place["length"]))
                code = code[:at] + libraries[library][2:].lower() + code[end:]
    return code


def _read(packages: Packages, path: str) -> Mapping[str, Any]:
    import orjson

    try:
        raw: Mapping[str, Any] = orjson.loads(
            (packages.folder / "node_modules" / path).read_bytes()
        )
    except FileNotFoundError as error:
        raise InputError(
            f"the npm packages hold no {path}; remove {packages.folder} and try again"
        ) from error
    return raw


def _compiled(
    packages: Packages, progress: Progress, environment: Mapping[str, str]
) -> Mapping[str, Any]:
    """The compiler's output for revision 10, from the cache or made now."""
    import orjson

    digest = hashlib.sha256(COMPILE_SCRIPT.read_bytes() + "".join(_REVISION_10).encode())
    cached = packages.folder / f"revision-10-{digest.hexdigest()[:16]}.json"
    if not cached.is_file():
        progress("compiling Aave V3 (once, about half a minute)", 0, 1)
        _compile(packages, cached, environment)
    contracts: Mapping[str, Any] = orjson.loads(cached.read_bytes())["contracts"]
    return contracts


def _compile(packages: Packages, output: Path, environment: Mapping[str, str]) -> None:
    node = shutil.which("node", path=environment.get("PATH", os.defpath))
    if node is None:
        raise InputError(f"Aave V3 is compiled with Node.js, which is not here: {INSTALL_HINT}")
    # Written aside and renamed, so that a killed run leaves no half file and two runs may compile.
    handle, aside = tempfile.mkstemp(prefix="compiling-", dir=output.parent)
    os.close(handle)
    try:
        command = [node, str(COMPILE_SCRIPT), str(packages.folder / "node_modules"), aside]
        command += [f"{_ORIGIN}/{entry}.sol" for entry in _REVISION_10]
        done = subprocess.run(
            command,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=COMPILE_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[0]
            raise InputError(f"the compiler refused Aave V3's sources: {last}")
        Path(aside).replace(output)
    except subprocess.TimeoutExpired as error:
        raise InputError(f"compiling took longer than {COMPILE_TIMEOUT_S} s") from error
    finally:
        Path(aside).unlink(missing_ok=True)
