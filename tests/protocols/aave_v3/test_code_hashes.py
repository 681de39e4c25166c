"""The table of code hashes against the recordings that it was made from."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from aave_code import code_of

from analyzer.protocols.aave_v3.code_hashes import release_of_code
from analyzer.protocols.kit.code import IMPLEMENTATION_SLOT
from analyzer.runs.demo import RECORDING, demo_folder

CASES = [("v300", "3.0.0"), ("v301", "3.0.1"), ("rev7", "3.3.0"), ("rev11", "3.7")]


@pytest.mark.parametrize(("name", "release"), CASES)
def test_the_codes_of_a_recording_are_its_release(shared: Path, name: str, release: str) -> None:
    folder = shared / "recordings" / f"aave_v3_{name}_seedA"
    contracts = json.loads((folder / "meta.json").read_text())["deployments"][0]["contracts"]
    hashes = {row["address"].lower(): row["code_hash"] for row in _rows(folder, "code_hashes")}
    behind = {
        row["address"].lower(): "0x" + row["value"][-40:].lower()
        for row in _rows(folder, "storage")
        if int(row["slot"], 16) == IMPLEMENTATION_SLOT
    }
    for kind in ("pool", "pool_configurator"):
        code = hashes[behind[contracts[kind].lower()]]
        assert release_of_code(kind, code) == release
        assert release_of_code("oracle", code) is None
    registry = hashes[contracts["pool_addresses_provider"].lower()]
    assert release in str(release_of_code("pool_addresses_provider", registry)).split(", ")


def test_every_code_of_every_recording_is_known_for_its_own_kind(shared: Path) -> None:
    kinds: dict[str, set[str]] = {}
    folders = sorted((shared / "recordings").glob("aave_v3_*"))
    for folder in (*folders, demo_folder() / RECORDING):
        for kind, _, code in code_of(folder):
            assert release_of_code(kind, code), (folder.name, kind, code)
            kinds.setdefault(kind, set()).add(code)
    assert len(folders) > 10
    assert len(kinds["pool"]) > 30
    assert kinds.keys() == {
        "a_token",
        "oracle",
        "pool",
        "pool_addresses_provider",
        "pool_configurator",
        "price_oracle_sentinel",
        "stable_debt_token",
        "variable_debt_token",
    }
    for kind, codes in kinds.items():
        others = {other for name, found in kinds.items() if name != kind for other in found}
        assert not codes & others


def test_a_hash_of_nothing_that_was_run_says_nothing() -> None:
    assert release_of_code("pool", "0x" + "ab" * 32) is None
    assert release_of_code("pool", None) is None
    assert release_of_code("provenance", "0x") is None


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    data = gzip.decompress((folder / f"{name}.jsonl.gz").read_bytes())
    return [json.loads(line) for line in data.splitlines()]
