"""Only events that a protocol says name contracts do: of all others no object is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.chain.replay import Replay
from analyzer.indexer import Index
from analyzer.indexer.batch import may_name
from analyzer.protocols.kit.staged import StagedPlug
from analyzer.protocols.registry import load_plug

RECORDINGS = (
    "analyzer/runs/recordings/crash.zip",
    "tests/data/aave_v3/upgrades_main.zip",
    "tests/data/derive_v2/fresh_book.zip",
)


@pytest.mark.parametrize("recording", RECORDINGS)
def test_an_event_that_is_not_said_to_name_contracts_names_none(
    repository: Path, tmp_path: Path, recording: str
) -> None:
    chain = Replay(repository / recording)
    others = 0
    with Index(tmp_path / "i", source=recording) as index:
        for one in chain.deployments():
            plug, to = load_plug(one.protocol), chain.resolve("latest")
            assert isinstance(plug, StagedPlug)
            assert plug.naming_events is not None
            index.advance(chain, one, plug, to=to, progress=lambda *_: None)
            events = list(index.events(one, plug, up_to=to.number))
            naming = {event.name for event in events if plug.follow(one, event)}
            assert naming <= plug.naming_events
            others += len(events)
    assert others > 500


def test_a_protocol_that_says_nothing_is_asked_about_every_event() -> None:
    class Silent:
        pass

    class_named = type("Named", (), {"naming_events": frozenset({"PoolAdded"})})()

    def of(name: str) -> object:
        return type("Event", (), {"name": name})()

    assert may_name(Silent(), of("Anything"))  # type: ignore[arg-type]
    assert may_name(class_named, of("PoolAdded"))
    assert not may_name(class_named, of("PositionChanged"))
