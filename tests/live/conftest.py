"""One small local chain with both protocols, for all tests of proofs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from analyzer.devnet.up import start

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

ACCOUNTS = 60


@pytest.fixture(scope="session")
def chain(seed: int) -> Iterator[DevnetInfo]:
    """A small local chain with both protocols."""
    with start(("perp-v2,aave-v3@10",), accounts=ACCOUNTS, seed=seed) as info:
        yield info
