"""The action, the workflow and the issue templates name commands that there are."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import click
import pytest
from sarif_check import validate

from analyzer.cli import main

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
COMMAND = re.compile(r"\b(analyzer [a-z][^\"`\n]*)")


def scan_script() -> str:
    """The script of the action's step that scans."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    return textwrap.dedent(text.split("run: |\n")[1])


def run_action(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Runs the scan step of the action in `folder`, as the runner does."""
    tools = str(Path(sys.executable).parent)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "ANALYZER_RPC"},
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "TRIAGE": "",
        "FAIL_ON": "high",
        **inputs,
    }
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", scan_script()]
    return subprocess.run(
        script, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_action_scans_a_bundle_and_leaves_valid_sarif_and_a_summary(tmp_path: Path) -> None:
    recording = str(ROOT / "analyzer" / "runs" / "recordings" / "crash.zip")
    done = run_action(tmp_path, RECORDING=recording)
    assert done.returncode == 1, done.stderr
    log = json.loads((tmp_path / "solvency" / "findings.sarif").read_text())
    validate(log)
    findings = json.loads((tmp_path / "solvency" / "findings.json").read_text())["findings"]
    assert len(log["runs"][0]["results"]) == len(findings) > 0
    assert (tmp_path / "summary.md").read_text().startswith("## aave-v3 · ")


def test_the_action_fails_on_wrong_input_and_leaves_no_sarif(tmp_path: Path) -> None:
    done = run_action(tmp_path, RECORDING="none.zip", TRIAGE="")
    assert done.returncode == 2
    assert "there is no recording at none.zip" in done.stderr
    assert not (tmp_path / "solvency" / "findings.sarif").exists()


def test_the_workflow_uses_the_action_and_what_it_gives() -> None:
    action = (ROOT / "action.yml").read_text(encoding="utf-8")
    workflow = (ROOT / ".github" / "workflows" / "solvency.yml").read_text(encoding="utf-8")
    inputs = set(re.findall(r"^  ([a-z-]+):\n    description", action.split("outputs:")[0], re.M))
    used = set(re.findall(r"^          ([a-z-]+): \$\{\{ (?:inputs|hash)", workflow, re.M))
    assert "uses: ./\n" in workflow
    assert used <= inputs
    assert used, "the workflow uses no input of the action"
    assert "sarif_file: solvency/findings.sarif" in workflow
    assert "value: solvency/findings.sarif" in action


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_an_issue_template_asks_for_commands_that_there_are(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if "\t" in line] == []
    commands = [match[1].strip() for match in COMMAND.finditer(text)]
    assert commands
    for command in commands:
        check_command(command)


def check_command(command: str) -> None:
    """Sees that a command line names a verb of ours, with arguments that it takes."""
    program, *words = shlex.split(command)
    group: click.Command = main
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        found = group.get_command(click.Context(group), words[0])
        assert found is not None, command
        group, words = found, words[1:]
    group.make_context(program, words).close()


def test_a_template_that_asks_for_what_there_is_not_would_be_seen() -> None:
    with pytest.raises(AssertionError, match="analyzer solve"):
        check_command("analyzer solve")
    with pytest.raises(click.NoSuchOption):
        check_command("analyzer demo --loud")


def test_there_is_a_template_for_a_missed_account_and_for_a_wrong_number() -> None:
    assert [path.stem for path in TEMPLATES] == ["missed-account", "wrong-number"]
