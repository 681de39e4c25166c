"""Another package's protocol that cannot be loaded stops nothing that does not need it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from bank import PLUG, forget_plugs
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.model.errors import InputError
from analyzer.protocols import registry
from analyzer.protocols.registry import BrokenProtocolWarning, load_plug, working_plugs
from analyzer.runs.deployments import load_deployment

BROKEN = r"protocol 'wreck' of package an unknown package \(wreck:PLUG\) cannot be loaded: "


class Sound:
    """The entry point of a protocol that works."""

    name = "bank"

    def load(self) -> object:
        return PLUG


@pytest.fixture
def wrecked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """One protocol that works, and one whose module fails when it is imported."""
    (tmp_path / "wreck.py").write_text("raise RuntimeError('no licence key')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    entries = [EntryPoint("wreck", "wreck:PLUG", registry.GROUP), Sound()]
    monkeypatch.setattr(registry, "entry_points", lambda *, group: entries)
    forget_plugs()
    yield
    forget_plugs()
    sys.modules.pop("wreck", None)


@pytest.mark.usefixtures("wrecked")
def test_the_broken_protocol_is_named_and_the_others_are_there() -> None:
    with pytest.warns(BrokenProtocolWarning, match=BROKEN + "RuntimeError: no licence key"):
        assert [plug.name for plug in working_plugs()] == ["bank"]


@pytest.mark.usefixtures("wrecked")
def test_whoever_asks_for_the_broken_protocol_is_told_why_it_is_not_there() -> None:
    with pytest.raises(InputError, match=BROKEN) as caught:
        load_plug("wreck")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("wrecked")
def test_a_deployment_of_another_protocol_is_still_found_by_name() -> None:
    with pytest.warns(BrokenProtocolWarning):
        assert load_deployment("bank-shipped").protocol == "bank"


@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("wrecked")
def test_the_command_goes_on_and_warns_in_one_line() -> None:
    result = CliRunner().invoke(main, ["deployments"])
    assert result.exit_code == 0
    assert "bank-shipped" in result.stdout
    [line] = result.stderr.splitlines()
    assert line.startswith("warning: protocol 'wreck' of package")
