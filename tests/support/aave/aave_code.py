"""Which code of which kind a recording of Aave V3 ran: from its files, not by the plug."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from analyzer.abi.codec import decode_values
from analyzer.abi.contract import load_abi
from analyzer.chain.recording import RecordingFiles
from analyzer.protocols.kit.code import IMPLEMENTATION_SLOT

SLOT = f"0x{IMPLEMENTATION_SLOT:064x}"
NOBODY = "0x" + "00" * 20
ROLES = ("pool_addresses_provider", "oracle", "price_oracle_sentinel")
PROXIES = ("pool", "pool_configurator")
TOKENS = ("a_token", "stable_debt_token", "variable_debt_token")
Row = dict[str, Any]


class _Recorded:
    """The rows of one recording."""

    def __init__(self, folder: Path) -> None:
        files = RecordingFiles(folder)
        self.meta = files.meta()
        self.rows: dict[str, list[Row]] = {
            name: list(files.rows(name, dict)) if files.has(name) else []
            for name in ("logs", "calls", "storage", "code_hashes")
        }
        files.close()
        self.codes = {(r["block"], r["address"].lower()): r["code_hash"] for r in self.code_rows()}

    def code_rows(self) -> Sequence[Row]:
        """The recorded hashes."""
        return self.rows["code_hashes"]

    def contracts(self) -> Mapping[str, str]:
        """Role -> address of the Aave deployment."""
        for entry in self.meta.get("deployments") or [self.meta]:
            if entry["protocol"] == "aave-v3":
                return {str(k): str(v).lower() for k, v in entry["contracts"].items()}
        return {}


def code_of(folder: Path) -> Iterator[tuple[str, int, str]]:
    """(kind, the pool's revision at the block, code hash) of everything that was recorded."""
    found = _Recorded(folder)
    contracts = found.contracts()
    kinds = {contracts[role]: role for role in ROLES if role in contracts}
    kinds |= {contracts[role]: role for role in PROXIES if role in contracts}
    kinds |= _tokens(found)
    revisions = _revisions(found, contracts)
    behind = {
        (r["block"], r["address"].lower()): "0x" + r["value"][-40:].lower()
        for r in found.rows["storage"]
        if r["slot"].lower() == SLOT and int(r["value"], 16)
    }
    for block, revision in revisions.items():
        for address, kind in kinds.items():
            code = found.codes.get((block, behind.get((block, address), address)))
            if code is not None:
                yield kind, revision, code


def _tokens(found: _Recorded) -> dict[str, str]:
    """Every token of a reserve -> its kind."""
    event = load_abi("aave_v3/PoolConfigurator").event("ReserveInitialized")
    out = {}
    for log in found.rows["logs"]:
        if log["topics"] and log["topics"][0] == event.topic0:
            data = bytes.fromhex(log["data"][2:])
            stable, variable, _ = decode_values(("address", "address", "address"), data)
            for kind, at in zip(
                TOKENS, ("0x" + log["topics"][2][-40:], stable, variable), strict=True
            ):
                out[str(at).lower()] = kind
    out.pop(NOBODY, None)
    return out


def _revisions(found: _Recorded, contracts: Mapping[str, str]) -> dict[int, int]:
    """Pinned block -> the Pool's revision."""
    selector = load_abi("aave_v3/Pool").function("POOL_REVISION").selector
    return {
        row["block"]: int(row["result"], 16)
        for row in found.rows["calls"]
        if row["data"] == selector and row["to"].lower() == contracts["pool"] and row.get("result")
    }
