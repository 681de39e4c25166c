from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from memory_chain import MemoryChain

from analyzer.chain.replay import Replay
from analyzer.model.errors import InputError, UnreadError
from analyzer.runs.scanning import freshness
from analyzer.runs.scanning.freshness import DEFAULT_AGES, check_head, check_heads, parse_age
from analyzer.runs.scanning.index import IndexOptions, index
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome
from analyzer.runs.scanning.sources import Source
from analyzer.runs.schedule.watch import live_head

RunScan = Callable[..., ScanOutcome]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch, live: MemoryChain) -> Callable[[int], None]:
    """Sets the clock to so many seconds after the head of the chain."""

    def set_clock(seconds: int) -> None:
        monkeypatch.setattr(freshness.time, "time", lambda: live.ref(live.head).time + seconds)

    set_clock(3_700)
    return set_clock


def test_ages_are_written_as_people_write_them() -> None:
    ages = {"90": 90, "90s": 90, "15m": 900, "2h": 7_200, "1d": 86_400, "0": 0, "none": None}
    assert {text: parse_age(text) for text in ages} == ages
    assert parse_age(None) is None


@pytest.mark.parametrize(
    "text", ["", "h", "1w", "-5m", "1.5h", "9" * 12, "none of it", "\u0661h", "1\u2003h"]
)
def test_what_is_no_age_is_wrong_input(text: str) -> None:
    with pytest.raises(InputError, match="is no age: write 90s, 15m, 2h, 1d or none"):
        parse_age(text)


def test_every_limit_has_a_reason_and_allows_for_finality() -> None:
    for age in DEFAULT_AGES.values():
        assert len(age.why) > 20
        assert 60 <= age.latest_s <= age.final_s


def test_a_stale_head_is_not_read(run_scan: RunScan, later: Callable[[int], None]) -> None:
    with pytest.raises(UnreadError) as caught:
        run_scan(max_age="1h")
    assert str(caught.value) == (
        "the latest block of the endpoint, 20, is of 2023-11-14 22:17:20 UTC, 1 h 1 min ago, and"
        " may be 1 h old: the node lags or the chain stands; name another endpoint, or --max-age"
        " none"
    )
    run_scan(max_age="62m")
    later(3_600)
    run_scan(max_age="1h")


@pytest.mark.parametrize(("max_age", "ahead_s"), [("1h", 3_600), ("1s", 120), ("0", 120)])
def test_a_head_of_the_future_is_not_read_either(
    run_scan: RunScan, later: Callable[[int], None], max_age: str, ahead_s: int
) -> None:
    later(-ahead_s)
    run_scan(max_age=max_age)
    later(-ahead_s - 60)
    with pytest.raises(UnreadError, match="ahead of this machine's clock: one of the two is wrong"):
        run_scan(max_age=max_age)
    run_scan(max_age="none")


def test_a_block_by_number_is_as_old_as_it_is(
    run_scan: RunScan, later: Callable[[int], None]
) -> None:
    run_scan(block="20", max_age="1s")


def test_a_recording_is_of_its_day(
    run_scan: RunScan, recording: Path, later: Callable[[int], None]
) -> None:
    run_scan(rpc=(), recording=recording, max_age="1s")
    replayed = Source(Replay(recording), (), "recording", recording.name)
    for text in ("a label", "latest"):
        check_head(replayed, text, replayed.chain.resolve("latest"), "1s")
    check_heads(replayed, ["a label", "latest"], "1s")


@pytest.mark.parametrize(
    ("block", "tag"),
    [("latest", "latest"), ("1:", "latest"), ("1:latest", "latest"), (":finalized", "finalized")],
)
@pytest.mark.parametrize("chain_id", [1, 31_337])
def test_the_head_is_judged_by_what_is_usual_for_the_chain(
    live: MemoryChain, later: Callable[[int], None], chain_id: int, block: str, tag: str
) -> None:
    live.chain_id = chain_id
    source = Source(live, (), "rpc", "http://node.example")
    later(24 * 3_600)
    if chain_id == 1:
        with pytest.raises(UnreadError, match=f"the {tag} block of the endpoint"):
            check_head(source, block, live.ref(20), None)
    check_head(source, block, live.ref(20), "none")
    later(20 * 60)
    if (chain_id, tag) == (1, "latest"):
        with pytest.raises(UnreadError, match="20 min ago, and may be 10 min old"):
            check_head(source, block, live.ref(20), None)
    else:
        check_head(source, block, live.ref(20), None)


@pytest.mark.parametrize("block", ["20", "-3", "1:20", "1:+5", "earliest", "2023-11-14", ":20"])
def test_what_was_not_named_by_the_endpoint_is_not_judged(
    live: MemoryChain, later: Callable[[int], None], block: str
) -> None:
    live.chain_id = 1
    later(10**7)
    check_head(Source(live, (), "rpc", "http://node.example"), block, live.ref(3), "1s")


@pytest.mark.parametrize("blocks", [("1:latest:5",), ("3", "latest"), ("1::5",)])
def test_a_backfill_up_to_the_head_judges_it(
    live: MemoryChain, later: Callable[[int], None], blocks: tuple[str, ...]
) -> None:
    source = Source(live, (), "rpc", "http://node.example")
    with pytest.raises(UnreadError, match="the latest block of the endpoint"):
        check_heads(source, blocks, "1h")
    check_heads(source, ("3", "1:20:5"), "1s")


def test_index_and_watch_judge_the_head_too(
    tmp_path: Path, deployment_file: Path, later: Callable[[int], None]
) -> None:
    rpc, files = ("http://node.example",), (str(deployment_file),)
    options = IndexOptions(tmp_path / "i", rpc=rpc, deployments=files, max_age="1h")
    with pytest.raises(UnreadError, match="the latest block of the endpoint"):
        index(options, lambda *_: None)
    index(replace(options, max_age=None), lambda *_: None)
    look = ScanOptions(db=tmp_path / "s", rpc=rpc, deployments=files, max_age="1h")
    with pytest.raises(UnreadError, match="the latest block of the endpoint"):
        live_head(look)(None)
