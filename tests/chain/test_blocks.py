from __future__ import annotations

from typing import Any

import pytest
from fake_node import FakeNode
from hypothesis import given
from hypothesis import strategies as st

from analyzer.chain.blocks import BlockName, block_at, is_range, parse_block, resolve_range
from analyzer.model.block import BlockRef
from analyzer.model.errors import InputError

HASH = "0x" + "AB" * 32


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("latest", BlockName("tag", "latest")),
        ("Finalized", BlockName("tag", "finalized")),
        ("safe", BlockName("tag", "safe")),
        ("19000000", BlockName("number", "19000000", 19_000_000)),
        ("1_000", BlockName("number", "1_000", 1_000)),
        ("15M", BlockName("number", "15M", 15_000_000)),
        ("1.5k", BlockName("number", "1.5k", 1_500)),
        ("0x10", BlockName("number", "0x10", 16)),
        (HASH, BlockName("hash", HASH.lower())),
        ("-1000", BlockName("before_latest", "-1000", 1_000)),
        ("-1k", BlockName("before_latest", "-1k", 1_000)),
        ("2024-05-01", BlockName("time", "2024-05-01", 1_714_521_600)),
        ("2024-05-01T12:00", BlockName("time", "2024-05-01T12:00", 1_714_564_800)),
        ("2024-05-01 12:00:30Z", BlockName("time", "2024-05-01 12:00:30Z", 1_714_564_830)),
    ],
)
def test_block_texts_mean_what_people_write(text: str, name: BlockName) -> None:
    assert parse_block(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "1.5",
        "1.0001k",
        "--5",
        "15G",
        "0x",
        "0xzz",
        "2024-13-01",
        "1-2-3",
        "٣",
        "٣M",
    ],
)
def test_what_is_no_block_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(InputError, match=f"'{text}' is no"):
        parse_block(text)


@pytest.mark.parametrize("text", ["1" * 5_000, "-" + "9" * 5_000, "1" * 5_000 + "M", "x" * 9_999])
def test_a_text_of_any_length_is_refused_in_a_short_line(text: str) -> None:
    with pytest.raises(InputError, match="is no block: give a number") as refused:
        parse_block(text)

    assert len(str(refused.value)) < 250


def test_a_node_resolves_every_form(fake: FakeNode, open_node: Any) -> None:
    node = open_node(fake.url)
    start = fake.genesis_time
    forms = {
        "latest": 29,
        "safe": 29,
        "5": 5,
        "-29": 0,
        "-4": 25,
        "0x1d": 29,
        fake.headers[7]["hash"].upper().replace("0X", "0x"): 7,
        "2023-11-14T22:13:20": 0,
        "2023-11-14T22:14:20": 5,
    }
    assert start == 1_700_000_000  # 2023-11-14 22:13:20 UTC
    assert {text: node.resolve(text).number for text in forms} == forms
    assert node.resolve("5") == BlockRef(
        5, fake.headers[5]["hash"], fake.headers[4]["hash"], start + 60
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("30", "there is no block '30' on this chain"),
        ("-30", "is before the first block: latest is 29"),
        ("2023-11-14T22:13:19", "the chain began at 2023-11-14 22:13:20 UTC, after that date"),
        ("2030-01-01", "the latest block 29 is of 2023-11-14 22:19:08 UTC, before that date"),
        ("0x" + "99" * 32, "there is no block"),
    ],
)
def test_a_block_that_is_not_there_is_an_input_error(
    fake: FakeNode, open_node: Any, text: str, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        open_node(fake.url).resolve(text)


@given(
    gaps=st.lists(st.integers(0, 1000), min_size=1, max_size=200),
    offset=st.integers(0, 300_000),
)
def test_the_block_of_a_date_is_the_last_one_at_or_before_it(gaps: list[int], offset: int) -> None:
    times = [100]
    for gap in gaps:
        times.append(times[-1] + gap)
    blocks = [BlockRef(i, f"0x{i:064x}", "", t) for i, t in enumerate(times)]
    asked: list[int] = []

    def header(number: int) -> BlockRef:
        asked.append(number)
        return blocks[number]

    moment = 100 + offset % (times[-1] - 100 + 1)
    found = block_at(moment, blocks[0], blocks[-1], header)
    assert found == [b for b in blocks if b.time <= moment][-1]
    assert len(asked) <= 2 * len(blocks).bit_length() + 2


def test_ranges_name_first_and_last_block(fake: FakeNode, open_node: Any) -> None:
    node = open_node(fake.url)
    forms = {
        "5:9": (5, 9),
        "5:+10": (5, 14),
        "5:": (5, 29),
        ":9": (0, 9),
        "-10:latest": (19, 29),
        "2023-11-14T22:13:20:2023-11-14T22:14:20": (0, 5),
    }
    found = {text: resolve_range(node, text) for text in forms}
    assert {text: (a.number, b.number) for text, (a, b) in found.items()} == forms


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("5", "is no block range"),
        ("9:5", "runs backwards: 9 to 5"),
        ("5:+0", "no number of blocks"),
        ("5:+" + "9" * 5_000, "no number of blocks"),
    ],
)
def test_what_is_no_range_is_refused(
    fake: FakeNode, open_node: Any, text: str, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        resolve_range(open_node(fake.url), text)


def test_a_range_is_told_from_a_time_of_day() -> None:
    texts = (
        "15M:+1000",
        "5:",
        ":9",
        "2024-05-01T12:00:+5",
        "2024-05-01T12:00",
        "2024-05-01",
        "15M",
    )
    assert [is_range(text) for text in texts] == [True, True, True, True, False, False, False]
    with pytest.raises(InputError, match=r"'15M:\+1000' is a range of blocks"):
        parse_block("15M:+1000")
