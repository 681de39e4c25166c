"""The table of code hashes against the recordings that it was made from."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from analyzer.protocols.aave_v3.code_hashes import release_of_code
from analyzer.protocols.aave_v3.observe.code import IMPLEMENTATION_SLOT

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


def test_a_hash_of_nothing_that_was_run_says_nothing() -> None:
    assert release_of_code("pool", "0x" + "ab" * 32) is None
    assert release_of_code("pool", None) is None
    assert release_of_code("provenance", "0x") is None


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    data = gzip.decompress((folder / f"{name}.jsonl.gz").read_bytes())
    return [json.loads(line) for line in data.splitlines()]
