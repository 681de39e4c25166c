"""Another package's protocol that cannot be loaded stops nothing that does not need it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest
from bank import PLUG, forget_plugs
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.model.errors import InputError
from analyzer.protocols import registry
from analyzer.protocols.registry import BrokenProtocolWarning, load_plug, working_plugs
from analyzer.runs.scanning.deployments import load_deployment

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


NO_PLUGS = {
    "a number": "PLUG = 42",
    "nothing": "PLUG = None",
    "no such name": "PLUGIN = 1",
    "a class": "class PLUG:\n    name = 'odd'",
    "SystemExit": "raise SystemExit('boom')",
    "SystemExit 0": "raise SystemExit(0)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "BaseException": "raise BaseException('boom')",
    "GeneratorExit": "raise GeneratorExit",
    "an error without words": (
        "class E(Exception):\n    def __str__(self): raise ValueError\nraise E"
    ),
    "a syntax error": "def (",
    "a property that raises": (
        "class P:\n    name = 'odd'\n    @property\n"
        "    def methodology(self): raise RuntimeError('x')\n"
        "PLUG = P()"
    ),
    "a property that ends the program": (
        "class P:\n    @property\n    def name(self): raise SystemExit(3)\nPLUG = P()"
    ),
    "another name": "from bank import BankPlug\nPLUG = BankPlug(name='bank')",
    "roles that are a text": "from bank import BankPlug\nPLUG = BankPlug('odd', '1', 'abc')",
    "a name that is a list": "from bank import BankPlug\nPLUG = BankPlug(['odd'])",
    "deployments that raise": (
        "from bank import BankPlug\nclass P(BankPlug):\n    __slots__ = ()\n"
        "    def deployments(self): raise SystemExit('boom')\nPLUG = P('odd')"
    ),
    "deployments that are none": (
        "from bank import BankPlug\nclass P(BankPlug):\n    __slots__ = ()\n"
        "    def deployments(self): return None\nPLUG = P('odd')"
    ),
    "a deployment that is a number": (
        "from bank import BankPlug\nclass P(BankPlug):\n    __slots__ = ()\n"
        "    def deployments(self): return [42]\nPLUG = P('odd')"
    ),
    "a deployment without a number": (
        "from bank import BankPlug, bank\nclass P(BankPlug):\n    __slots__ = ()\n"
        "    def deployments(self): return [bank(chain_id='x')]\nPLUG = P('odd')"
    ),
}  # fmt: skip
"""Modules of another package whose entry point `odd` leads to no plug that could be used."""


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Installs entry points of other packages beside the bank's."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def put(source: str, *entries: object) -> None:
        (tmp_path / "oddplug.py").write_text(source + "\n")
        found = [*(entries or [EntryPoint("odd", "oddplug:PLUG", registry.GROUP)]), Sound()]
        monkeypatch.setattr(registry, "entry_points", lambda *, group: found)
        forget_plugs()

    yield put
    forget_plugs()
    for name in set(sys.modules) - before:
        if name == "oddplug":
            del sys.modules[name]


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("source", NO_PLUGS.values(), ids=NO_PLUGS)
def test_whatever_another_package_does_it_is_named_and_everybody_else_goes_on(
    beside: Callable[..., None], source: str
) -> None:
    beside(source)
    for command in (["deployments"], ["doctor"]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 0
        assert "bank-shipped" in result.stdout
        [line] = set(result.stderr.splitlines())
        assert line.startswith("warning: ")
        assert "'odd'" in line
        assert line.endswith(("uninstall that package", "uninstall it"))


def test_whoever_asks_for_what_is_no_plug_is_told(beside: Callable[..., None]) -> None:
    beside("PLUG = 42")
    with pytest.raises(InputError, match=r"'odd' of package .* is no plug: it is a int and has no"):
        load_plug("odd")


def test_a_name_of_ours_stays_ours_and_the_other_package_is_named(
    beside: Callable[..., None],
) -> None:
    ours = EntryPoint("perp-v2", "analyzer.protocols.perp_v2:PLUG", registry.GROUP)
    other = EntryPoint("perp-v2", "a_stranger:PLUG", registry.GROUP)
    beside("PLUG = 42", other, ours, ours)
    with pytest.warns(BrokenProtocolWarning, match=r"a_stranger:PLUG\) has the name of protocol"):
        assert [plug.name for plug in working_plugs()] == ["bank", "perp-v2"]
    assert type(load_plug("perp-v2")).__module__ == "analyzer.protocols.perp_v2.plug"


def test_a_deployment_of_our_name_stays_ours(beside: Callable[..., None]) -> None:
    ours = EntryPoint("perp-v2", "analyzer.protocols.perp_v2:PLUG", registry.GROUP)
    odd = EntryPoint("odd", "oddplug:PLUG", registry.GROUP)
    beside(
        "from bank import BankPlug, bank\nclass P(BankPlug):\n    __slots__ = ()\n"
        "    def deployments(self): return [bank(name='perp-v2-optimism')]\nPLUG = P('odd')",
        odd,
        ours,
    )
    assert load_deployment("perp-v2-optimism").protocol == "perp-v2"
    with pytest.warns(BrokenProtocolWarning, match="ships a deployment 'perp-v2-optimism'"):
        listed = {one.name: one.protocol for one in registry.shipped_deployments()}
    assert listed["perp-v2-optimism"] == "perp-v2"


def test_a_deployment_by_name_is_the_one_of_the_whole_list() -> None:
    listed = registry.shipped_deployments()
    for one in listed:
        assert registry.shipped_deployment(one.name) in (one, None), one.name
    assert registry.shipped_deployment("perp-v2-optimism") in listed
    assert registry.shipped_deployment("optimism") is None  # An alias: the whole list has it.
    assert registry.shipped_deployment("perp-v2-mars") is None


def test_a_users_interrupt_while_our_own_modules_load_is_no_fault_of_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load() -> object:
        raise KeyboardInterrupt

    entry = SimpleNamespace(name="perp-v2", value="analyzer.protocols.perp_v2:PLUG", load=load)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [entry])
    forget_plugs()
    with pytest.raises(KeyboardInterrupt):
        list(working_plugs())
    forget_plugs()


def test_what_a_package_prints_when_it_is_imported_stays_out_of_the_document(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "chatty.py").write_text("print('hello')\nfrom bank import PLUG\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = EntryPoint("bank", "chatty:PLUG", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [entry])
    forget_plugs()
    try:
        assert load_plug("bank") is PLUG
    finally:
        forget_plugs()
        sys.modules.pop("chatty", None)
    assert capsys.readouterr() == ("", "hello\n")
