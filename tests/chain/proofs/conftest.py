"""Blocks of every fork as anvil made them, with their receipts and one proof of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from analyzer.chain.wire import parse_header
from analyzer.model.block import BlockRef

BLOCKS = Path(__file__).parents[2] / "data" / "proofs" / "blocks.json"
FORKS = ("berlin", "london", "shanghai", "cancun", "prague", "osaka", "op")


class Vector:
    """One block: raw header, receipts, and the proof of a contract with 42 in slot 7."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.header: dict[str, Any] = raw["header"]
        self.receipts: list[dict[str, Any]] = raw["receipts"]
        self.proof: dict[str, Any] = raw["proof"]

    @property
    def block(self) -> BlockRef:
        """The block with its whole header."""
        return whole(self.header)

    @property
    def nodes(self) -> list[bytes]:
        """The nodes of the proof."""
        texts = list(self.proof["accountProof"])
        for entry in self.proof["storageProof"]:
            texts += entry["proof"]
        return [bytes.fromhex(text[2:]) for text in texts]


def whole(header: dict[str, Any]) -> BlockRef:
    """A raw header as a block that keeps all of it."""
    return parse_header(header, whole=True)


@pytest.fixture(scope="session")
def vectors() -> dict[str, Vector]:
    """Fork -> its block."""
    return {raw["fork"]: Vector(raw) for raw in orjson.loads(BLOCKS.read_bytes())}


@pytest.fixture(params=FORKS)
def vector(request: pytest.FixtureRequest, vectors: dict[str, Vector]) -> Vector:
    """The block of each fork in turn."""
    return vectors[request.param]
