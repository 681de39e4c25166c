"""Headers: what is null once, what stays null, and numbers that cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from fake_node import FakeNode, RefusedError

from analyzer.model.errors import InputError, UnreadError


def null_at_first(node: FakeNode, times: int, answer: Any = None) -> None:
    """The first answers for a header are null, or another one."""
    left = [times]

    def header(params: list[Any]) -> Any:
        if left[0]:
            left[0] -= 1
            if isinstance(answer, RefusedError):
                raise answer
            return answer
        return node._header(params[0])

    node.methods["eth_getBlockByNumber"] = header


@pytest.mark.parametrize(
    "answer",
    [
        None,
        RefusedError(-32000, "header not found"),
        RefusedError(-32001, "Resource not found"),
        {},
        "0x",
        [],
    ],
    ids=str,
)
@pytest.mark.parametrize("text", ["latest", "9", "-3", "2023-11-14T22:14"])
def test_a_header_that_is_missing_once_is_asked_again(
    fake: FakeNode, open_node: Any, text: str, answer: Any
) -> None:
    honest = open_node(fake.url).resolve(text)
    node = open_node(fake.url)
    null_at_first(fake, 2, answer)
    assert node.resolve(text) == honest
    null_at_first(fake, 2, answer)
    assert [h.number for h in node.headers([5, 6])] == [5, 6]


def test_what_stays_null_below_the_head_is_not_read(fake: FakeNode, open_node: Any) -> None:
    node = open_node(fake.url)
    fake.methods["eth_getBlockByNumber"] = lambda params: (
        None if params[0] == "0x9" else fake._header(params[0])
    )
    with pytest.raises(UnreadError, match="does not give block '9': it answers null"):
        node.resolve("9")
    with pytest.raises(UnreadError, match="does not give the header of block 9: it answers null"):
        node.headers([8, 9])


def test_a_block_beyond_the_head_that_the_node_names_is_wrong_input(
    fake: FakeNode, open_node: Any
) -> None:
    with pytest.raises(InputError, match="no block '500' on this chain yet: latest is 29"):
        open_node(fake.url).resolve("500")


@pytest.mark.parametrize("tag", ["latest", "safe", "finalized", "earliest"])
def test_a_tag_that_is_null_is_not_read(fake: FakeNode, open_node: Any, tag: str) -> None:
    node = open_node(fake.url)
    fake.methods["eth_getBlockByNumber"] = lambda params: None
    with pytest.raises(UnreadError, match=f"does not give block '{tag}': it answers null"):
        node.resolve(tag)


def test_a_hash_that_nobody_knows_is_wrong_input(fake: FakeNode, open_node: Any) -> None:
    with pytest.raises(InputError, match="there is no block"):
        open_node(fake.url).resolve("0x" + "ab" * 32)


def test_a_replica_that_lags_is_left_for_another_endpoint(
    fake: FakeNode, other: FakeNode, open_node: Any
) -> None:
    node = open_node(fake.url, other.url)
    other.mine(10)
    assert [h.number for h in node.headers([35])] == [35]


ODD: list[Any] = [
    {"number": hex(2**70)},
    {"number": "-0x5"},
    {"number": 9},
    {"number": "0x08"},
    {"timestamp": hex(2**200)},
    {"timestamp": "-0x1"},
    {"timestamp": None},
    {"hash": "0x1234"},
    {"parentHash": []},
]


@pytest.mark.parametrize("change", ODD, ids=str)
def test_a_header_that_cannot_be_is_asked_elsewhere_and_else_named(
    fake: FakeNode, other: FakeNode, open_node: Any, change: dict[str, Any]
) -> None:
    other.headers = [dict(header) for header in fake.headers]
    fake.headers[9] |= change
    assert open_node(fake.url, other.url).resolve("9").number == 9
    with pytest.raises(UnreadError, match="block"):
        open_node(fake.url).resolve("9")
    with pytest.raises(UnreadError, match="block 9"):
        open_node(fake.url).headers([9])
