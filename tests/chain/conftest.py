"""A fake node, a Node over it that does not wait, and an anvil with a contract of a few lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fake_node import FakeNode
from log_ranges import T1, T2, A, B

from analyzer.chain.node import Node
from analyzer.chain.pace import Pace

OpenNode = Callable[..., Node]


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake() -> Iterator[FakeNode]:
    with FakeNode(blocks=30) as node:
        yield node


@pytest.fixture
def other() -> Iterator[FakeNode]:
    with FakeNode(blocks=30) as node:
        yield node


@pytest.fixture
def open_node(clock: Clock) -> Iterator[OpenNode]:
    """Opens a Node whose waiting takes no time, and closes it after the test."""
    nodes: list[Node] = []

    def open_(*urls: str, **options: object) -> Node:
        pace = lambda: Pace(clock=clock.time, sleep=clock.sleep)  # noqa: E731
        nodes.append(Node(urls, pace=pace, **options))  # type: ignore[arg-type]
        return nodes[-1]

    yield open_
    for node in nodes:
        node.close()


@pytest.fixture
def busy(fake: FakeNode) -> FakeNode:
    """400 blocks; block n has n % 4 logs."""
    fake.mine(370)
    for block in range(400):
        for index in range(block % 4):
            fake.add_log(block, (A, B)[index % 2], [(T1, T2)[block % 2]], f"0x{block:064x}")
    return fake
