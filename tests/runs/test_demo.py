from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from bank import CAROL

from analyzer.documents.encode import to_json
from analyzer.model.errors import ExitCode, InputError
from analyzer.runs.demo import (
    EXPECTED,
    RECORDING,
    cascade_differences,
    demo,
    write_expected,
)


@pytest.fixture
def folder(tmp_path: Path, recording: Path) -> Path:
    """A demo of the bank, with what it should give written beside it."""
    folder = tmp_path / "demo"
    folder.mkdir()
    shutil.copy(recording, folder / RECORDING)
    write_expected(folder, "latest", lambda *_: None)
    return folder


def test_a_demo_that_comes_out_as_it_should_is_exit_code_0_findings_and_all(folder: Path) -> None:
    outcome = demo(lambda *_: None, folder=folder)
    assert (outcome.exit_code, outcome.problems) == (ExitCode.CLEAN, [])
    assert to_json(outcome.document)["verification"]["accounts"] == 3
    assert to_json(outcome.document)["findings"] != []
    assert outcome.statement.account_id == CAROL
    # A bank has no simulation, and a demo without one has no cascade.
    assert outcome.document.contagion is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("accounts", 4), ("margin_sha256", "00"), ("checks", 1), ("worst_account", "0x0")],
)
def test_a_demo_that_comes_out_otherwise_says_what_differs(
    folder: Path, name: str, value: object
) -> None:
    expected = json.loads((folder / EXPECTED).read_text())
    [(deployment, numbers)] = expected["deployments"].items()
    changed = {deployment: {**numbers, name: value}}
    (folder / EXPECTED).write_text(json.dumps({**expected, "deployments": changed}))
    outcome = demo(lambda *_: None, folder=folder)
    assert outcome.exit_code is ExitCode.DIVERGENCE
    assert outcome.problems == [
        f"{deployment}: {name}: {numbers[name]!r} came out, {value!r} was expected"
    ]


def test_a_cascade_that_comes_out_otherwise_says_what_differs() -> None:
    numbers = {"scenario": "flash", "rounds": 5, "bad_debt_usd": {"a": 1}}
    assert cascade_differences(numbers, dict(numbers)) == []
    assert cascade_differences(None, None) == []
    assert cascade_differences(numbers, {**numbers, "rounds": 4}) == [
        "cascade: rounds: 5 came out, 4 was expected"
    ]
    assert len(cascade_differences(None, numbers)) == len(numbers)


def test_an_installation_without_its_demo_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this installation lacks its demo"):
        demo(lambda *_: None, folder=tmp_path)
