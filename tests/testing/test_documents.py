from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

import analyzer
from analyzer.testing import KINDS, Recorded

PAGE = Path(__file__).resolve().parents[2] / "docs" / "testing.md"
RECORDING = Path(analyzer.__file__).parent / "runs" / "recordings" / "crash.zip"
PRINTED = ["6 3 {'http-503': 1, 'head-lags': ", "the node does not give the header of block 10"]


def test_the_example_of_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzer.chain.pace import Pace

    monkeypatch.setitem(Pace.__init__.__kwdefaults__, "sleep", lambda _seconds: None)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, str(PAGE), "exec"), {})
    lines = out.getvalue().splitlines()
    assert [line.startswith(start) for line, start in zip(lines, PRINTED, strict=True)] == [
        True,
        True,
    ], lines


def module(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "analyzer.testing", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_module_lists_every_kind() -> None:
    lines = module("kinds").stdout.splitlines()
    assert [re.split("[: ]", line)[0] for line in lines] == list(KINDS)


def test_the_module_serves_a_recording_and_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    served = module(
        "serve", "--recording", str(RECORDING), "--fault", "logs-empty", "--seconds", "0"
    )
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+\n", served.stdout)
    for arguments, words in (
        (("--fault", "logs-empty"), "give --recording or --upstream, one of them"),
        (("--recording", str(tmp_path)), "has no meta.json"),
        (("--recording", str(RECORDING), "--fault", "logs"), "there is no fault 'logs'"),
    ):
        refused = module("serve", *arguments)
        assert refused.returncode == 2
        assert words in refused.stderr.splitlines()[-1]


def test_a_recording_gives_what_was_recorded_and_links_headers_that_were_not() -> None:
    source = Recorded(RECORDING)
    headers = [source.header(number) for number in range(source.head() + 1)]
    known = [header for header in headers if header is not None]
    assert [int(h["number"], 16) for h in known] == list(range(source.head() + 1))
    assert [h["parentHash"] for h in known[1:]] == [h["hash"] for h in known[:-1]]
    assert all(source.number_of(h["hash"]) == int(h["number"], 16) for h in known)
    assert source.header(source.head() + 1) is None
