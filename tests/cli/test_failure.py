"""How a command ends, whatever happens inside it."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

from analyzer.cli.failure import end_with, keep_secret, mask
from analyzer.model.errors import ExitCode, InputError, UnreadError

KEY = "s3cr3tAPIkey0123456789"


def ended(error: BaseException | int, *, debug: bool = False) -> int:
    """The exit code of a command that raises `error`, or returns it."""

    def run() -> int:
        if isinstance(error, BaseException):
            raise error
        return error

    with pytest.raises(SystemExit) as ending:
        end_with(run, debug=debug)
    assert isinstance(ending.value.code, int)
    return ending.value.code


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("no contract at 0x1"), 2, "error: no contract at 0x1"),
        (UnreadError("node does not answer"), 3, "error: node does not answer"),
        (click.UsageError("Missing option '--db'."), 2, "error: Missing option '--db'"),
        (
            click.BadParameter("no number", param_hint="-p"),
            2,
            "error: Invalid value for -p: no number",
        ),
        (KeyboardInterrupt(), 130, "error: interrupted"),
        (InputError("two\nlines"), 2, "error: two lines"),
        (
            RuntimeError("odd"),
            3,
            "error: RuntimeError: odd (this is a fault of the analyzer; --debug shows where)",
        ),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(error) == code
    assert capsys.readouterr() == ("", f"{line}\n")


@pytest.mark.parametrize("code", list(ExitCode))
def test_a_command_ends_with_the_code_that_it_returns(code: ExitCode) -> None:
    assert ended(code) == code


def test_debug_shows_the_traceback_of_an_unexpected_error_without_keys(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended(RuntimeError(f"https://node.example/v2/{KEY}"), debug=True) == 3
    text = capsys.readouterr().err
    assert "Traceback" in text
    assert text.splitlines()[-1] == "error: RuntimeError: https://node.example/***"
    assert KEY not in text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://node.example/v2/{KEY}", "https://node.example/***"),
        (f"https://user:{KEY}@node.example:8545", "https://node.example:8545"),
        (f"wss://node.example/?key={KEY}", "wss://node.example/***"),
        (f"https://node.example?key={KEY}", "https://node.example/***"),
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("http://127.0.0.1:8545/", "http://127.0.0.1:8545/"),
    ],
)
def test_a_url_in_a_message_keeps_its_host_and_loses_its_key(url: str, shown: str) -> None:
    assert mask(f"cannot reach {url}, giving up") == f"cannot reach {shown}, giving up"


def test_a_key_is_masked_where_a_library_repeats_it_without_its_host() -> None:
    keep_secret([f"https://node.example/v2/{KEY}"])
    text = f"HTTPSConnectionPool(host='node.example'): Max retries exceeded with url: /v2/{KEY}"
    assert KEY not in mask(text)


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("https://user:pa55@node.example", "pa55"),
        ("https://node.example/rpc?apikey=abcdef", "abcdef"),
        ("https://node.example/abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwx"),
        ("https://node.example/a%2Fb0123456", "a/b0123456"),
        ("https://[node/secret0123", "secret0123"),
    ],
)
def test_every_part_of_a_url_that_may_be_a_key_is_masked(url: str, secret: str) -> None:
    keep_secret([url])
    assert secret not in mask(f"failed: {url} and again {secret if '[' not in url else url}")


def test_an_ordinary_word_in_a_url_does_not_garble_messages() -> None:
    keep_secret(["https://rpc.example/optimism/v2"])
    assert mask("deployment optimism, v2") == "deployment optimism, v2"


def test_a_nodes_socket_is_shown_without_its_folders() -> None:
    keep_secret(["ipc:/srv/alice-of-the-long-name-2/geth-node-1.ipc"])
    said = mask(
        "no ipc:/srv/alice-of-the-long-name-2/geth-node-1.ipc, no ipc:///run/n, ipc: none/a"
    )
    assert said == "no ipc:geth-node-1.ipc, no ipc:n, ipc: none/a"


def test_a_closed_pipe_ends_quietly() -> None:
    script = (
        "import os, sys\n"
        "from analyzer.cli.failure import end_with\n"
        "def run():\n"
        "    for _ in range(100000): print('x' * 100)\n"
        "    return 0\n"
        "end_with(run, debug=False)\n"
    )
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)
    os.read(reader, 100)
    os.close(reader)
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (141, b"")
