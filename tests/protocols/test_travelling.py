"""A clone alone proves every protocol: a recording of each, with its contracts' views, is here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from analyzer.chain.replay import Replay
from analyzer.protocols.registry import protocol_names
from analyzer.runs.demo import RECORDING, demo_folder


def recorded(paths: Iterable[Path]) -> set[str]:
    """The protocols of recordings."""
    return {found.protocol for path in paths for found in Replay(path).deployments()}


def test_every_protocol_has_a_recording_that_travels_with_the_clone(repository: Path) -> None:
    shipped = demo_folder() / RECORDING
    cuts = sorted((repository / "tests" / "data").glob("*/*.zip"))
    assert recorded([shipped]) == {"aave-v3", "perp-v2"}
    assert recorded([shipped, *cuts]) == set(protocol_names()) - {"table"}  # which is of no chain
    assert all(path.stat().st_size <= 300_000 for path in cuts)
