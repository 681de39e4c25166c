"""Streams that are closed, full, narrow or gone: one line at most, the right code, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LIST = [sys.executable, "-m", "analyzer", "query", "list", "--json"]


def run(words: str, command: list[str], **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A command with its streams as a shell sets them; `words`: the redirections."""
    script = f'exec "$@" {words}'
    return subprocess.run(
        ["bash", "-c", script, "bash", *command],
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (">&-", 2, "error: standard output cannot be written: it is closed\n"),
        (">/dev/full", 2, "error: standard output cannot be written: No space left on device\n"),
        ("2>&-", 0, ""),
        ("2>/dev/full", 0, ""),
        ("<&-", 0, ""),
        (">&- 2>&- <&-", 2, ""),
    ],
)
def test_a_stream_that_takes_nothing_is_one_line(words: str, code: int, said: str) -> None:
    ran = run(words, LIST)
    assert (ran.returncode, ran.stderr.decode()) == (code, said)


@pytest.mark.parametrize(
    "asked", [["--help"], ["--version"], ["scan", "--help"], ["query", "--help"]]
)
@pytest.mark.parametrize(
    ("words", "why"), [(">&-", "it is closed"), (">/dev/full", "No space left on device")]
)
def test_help_and_version_that_cannot_be_written_are_one_line(
    asked: list[str], words: str, why: str
) -> None:
    ran = run(words, [*LIST[:3], *asked])
    said = f"error: standard output cannot be written: {why}\n"
    assert (ran.returncode, ran.stderr.decode()) == (2, said)


@pytest.mark.parametrize("words", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_an_error_that_nobody_can_hear_keeps_its_code(words: str, tmp_path: Path) -> None:
    ran = run(words, [*LIST[:3], "sql", "SELECT 1", "--db", str(tmp_path / "none")])
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, b"", b"")


def test_a_file_that_is_opened_does_not_take_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    code = (
        "from analyzer.cli.streams import prepare_streams\n"
        "prepare_streams()\n"
        f"print(open({str(tmp_path / 'x')!r}, 'w').fileno() > 2, file=open('/proc/self/fd/9', 'w'))"
    )
    ran = run("9>&1 >&- 2>&- <&-", [sys.executable, "-c", code])
    assert ran.stdout == b"True\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_what_an_encoding_lacks_is_written_as_escapes_and_stays_json(encoding: str) -> None:
    plain, narrow = run("", LIST), run("", LIST, PYTHONIOENCODING=encoding)
    assert (narrow.returncode, narrow.stderr) == (0, b"")
    assert json.loads(narrow.stdout.decode(encoding)) == json.loads(plain.stdout)


def test_an_escape_beyond_16_bits_is_a_pair_as_json_has_it() -> None:
    code = (
        "from analyzer.cli.streams import prepare_streams\n"
        "prepare_streams()\n"
        "print('\"a\\u00b7\\U0001f600\\udcff\"')"
    )
    ran = run("", [sys.executable, "-c", code], PYTHONIOENCODING="ascii")
    assert ran.stdout == rb'"a\u00b7\ud83d\ude00\udcff"' + b"\n"


def test_a_name_that_is_no_utf8_is_told_with_its_byte(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/n\xff")
    ran = run("", [*LIST[:3], "sql", "SELECT 1", "--db", name])
    assert ran.returncode == 2
    assert ran.stderr.decode().startswith(f"error: there is no snapshot at {tmp_path}/n\\udcff")
    assert ran.stderr.count(b"\n") == 1


def test_a_control_character_in_an_error_is_written_out(tmp_path: Path) -> None:
    ran = run("", [*LIST[:3], "sql", "SELECT 1", "--db", str(tmp_path / "a\x1b]0;b\x07")])
    assert ran.returncode == 2
    assert b"a\\u001b]0;b\\u0007" in ran.stderr
