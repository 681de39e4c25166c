"""A small chain with two branches, for the tests of the index."""

from __future__ import annotations

import pytest
from bank import small_story
from memory_chain import MemoryChain


@pytest.fixture
def chain() -> MemoryChain:
    return small_story(MemoryChain())
