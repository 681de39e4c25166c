"""The limits on what strangers send, as options; and a node that answers anything, once through
the command line."""

from __future__ import annotations

import gzip
import itertools
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fake_node import FakeNode, RefusedError
from stream_server import Write, head, stream_server

import analyzer
from analyzer.chain import pace
from analyzer.cli import main

CRASH = Path(analyzer.__file__).parent / "runs" / "recordings" / "crash.zip"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "BACKOFF_FIRST_S", 0.0)
    for name in list(os.environ):
        if name.startswith("ANALYZER_MAX_"):
            monkeypatch.delenv(name)
    # What an option sets in the environment is taken back when the test ends.
    monkeypatch.setattr(os, "environ", os.environ.copy())


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words])
    return result.exit_code, result.stderr + result.stdout


def test_an_option_before_the_verb_limits_an_answer() -> None:
    def bomb(write: Write) -> None:
        packed = gzip.compress(b" " * 3_000_000)
        write(head("Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed)

    with stream_server(bomb) as url:
        code, text = run("--max-answer-mb", 2, "doctor", "--rpc", url)
        assert (code, "more than 2 MB" in text) == (3, True)
        code, text = run("--max-answer-mb", 4, "doctor", "--rpc", url)
        assert (code, "answered no JSON" in text) == (3, True)


@pytest.fixture
def fake() -> Iterator[FakeNode]:
    with FakeNode(blocks=30) as node:
        yield node


@pytest.mark.parametrize("value", ["0", "-1", "x", "9" * 30])
def test_a_limit_that_is_none_is_a_usage_error(value: str) -> None:
    code, text = run("--max-unpacked-mb", value, "doctor")
    assert (code, "--max-unpacked-mb" in text) == (2, True)
    assert len(text.strip().splitlines()) == 1


def test_a_recording_beyond_the_limit_is_wrong_input(tmp_path: Path) -> None:
    with zipfile.ZipFile(CRASH) as archive:
        archive.extractall(tmp_path / "rec")
    (tmp_path / "rec" / "calls.jsonl.gz").write_bytes(gzip.compress(b"\n" * 30_000_000))
    command = ["scan", "--recording", tmp_path / "rec", "--db", tmp_path / "a.duckdb"]
    code, text = run("--max-unpacked-mb", 20, *command)
    assert code == 2
    assert text.startswith(f"error: {tmp_path}/rec/calls.jsonl.gz holds more than 20 MB unpacked")
    shutil.rmtree(tmp_path / "rec")


ODD: list[Any] = [
    None, [], {}, "0x", "0xzz", 5, True, "-0x5", "0x" + "f" * 70, [[]], {"number": "0x" + "9" * 40},
    RefusedError(3, "x", "0x08c379a0ff"), RefusedError(-32000, "header not found", "0x1363"),
]  # fmt: skip


def test_a_node_that_answers_anything_is_told_in_lines_with_exit_2_or_3(
    fake: FakeNode, tmp_path: Path
) -> None:
    file = tmp_path / "one.toml"
    file.write_text(
        'name = "one"\nprotocol = "aave-v3"\nchain_id = 1337\nfrom_block = 1\n\n[contracts]\n'
        f'pool_addresses_provider = "0x{"12" * 20}"\npool = "0x{"13" * 20}"\n'
    )
    methods = ("eth_chainId", "eth_getBlockByNumber", "eth_getLogs", "eth_call", "eth_getCode")
    for number, (method, odd) in enumerate(itertools.product(methods, ODD[::2])):

        def answer(params: list[Any], odd: Any = odd) -> Any:
            if isinstance(odd, RefusedError):
                raise odd
            return odd

        fake.methods = {"eth_getCode": lambda params: "0x6001"} | {method: answer}
        command = ["scan", "--rpc", fake.url, "--deployment", file, "--block", "9"]
        code, text = run(*command, "--db", tmp_path / f"{number}.duckdb")
        assert code in (2, 3, 4), (method, odd, text)
        assert "fault of the analyzer" not in text, (method, odd, text)
        assert "Traceback" not in text
