"""A settings file: what it may say, and what a stranger's file cannot do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analyzer.model.errors import InputError
from analyzer.runs.settings import file as module
from analyzer.runs.settings.file import find, read_settings

WHOLE = """\
deployments = ["perp-v2-optimism", "mine/d.toml"]
exclude = ["bad-oracle"]
fail_on = "critical"

[endpoints]
10 = "env:OPT_RPC"
1 = ["env:A", "https://node.example/v3/key"]

[thresholds]
insolvent-account = 0.5
hidden-bad-debt = 100

[folders]
data = "data"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "analyzer.toml"
    path.write_text(text)
    return path


def test_every_setting_is_read_with_its_line(tmp_path: Path) -> None:
    found = read_settings(written(tmp_path, WHOLE), found=True)
    assert {key: (e.values, e.line) for key, e in found.entries.items()} == {
        "deployments": (("perp-v2-optimism", str(tmp_path / "mine/d.toml")), 1),
        "exclude": (("bad-oracle",), 2),
        "fail_on": (("critical",), 3),
        "endpoints.10": (("env:OPT_RPC",), 6),
        "endpoints.1": (("env:A", "https://node.example/v3/key"), 7),
        "thresholds.insolvent-account": (("0.5",), 10),
        "thresholds.hidden-bad-debt": (("100",), 11),
        "folders.data": ((str(tmp_path / "data"),), 14),
    }


def test_the_nearest_file_counts_alone(tmp_path: Path) -> None:
    outer = written(tmp_path, WHOLE)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find(inner) == outer
    nearer = written(tmp_path / "a", "")
    assert find(inner) == nearer
    assert read_settings(nearer, found=True).entries == {}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("\nexlude = []", 2, "there is no setting 'exlude' (did you mean 'exclude'?)"),
        ("zzz = 1", 1, "there is no setting 'zzz'; there are deployments, detect"),
        ("exclude = 'a'", 1, "exclude has to be a list of names"),
        ("exclude = [1]", 1, "exclude has to be a list of names"),
        ('exclude = ["a\\u0007b"]', 1, "exclude has to be a list of names"),
        ("fail_on = 'bad'", 1, "fail_on is one of low, medium"),
        ("endpoints = 1", 1, "endpoints has to be a table"),
        ("[endpoints]\nmain = 'https://x'", 2, "[endpoints] has chain ids for keys, not 'main'"),
        ("[endpoints]\n10 = 'ftp://x'", 2, "endpoints.10 has to be a URL"),
        ("[endpoints]\n10 = 'env:A B'", 2, "endpoints.10 has to be a URL"),
        ("[endpoints]\n10 = []", 2, "endpoints.10 has to be a URL, env:NAME, or a list"),
        ("[endpoints]\n10 = ['https://x', 3]", 2, "endpoints.10 has to be a URL, env:NAME"),
        ("[thresholds]\nx = true", 2, "thresholds.x has to be an amount"),
        ("[folders]\ndate = 'x'", 2, "[folders] has no 'date' (did you mean 'data'?)"),
        ("[folders]\ndata = 3", 2, "folders.data has to be a folder"),
        ("exclude = [", None, "(at end of document)"),
        ("x = " + "[" * 3000 + "]" * 3000, None, "nested too deep"),
    ],
)
def test_a_wrong_file_is_one_line_with_file_key_and_line(
    tmp_path: Path, text: str, line: int | None, says: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_settings(path, found=True)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(f"{path}, line {line}: " if line else str(path))
    assert says in said


def test_no_value_of_an_endpoint_is_repeated(tmp_path: Path) -> None:
    path = written(tmp_path, "[endpoints]\n10 = 'wrong://node/verysecretkey'")
    with pytest.raises(InputError) as caught:
        read_settings(path, found=True)
    assert "verysecretkey" not in str(caught.value)


@pytest.mark.parametrize("text", ["../x", "/etc", "a/../../x", "link"])
@pytest.mark.parametrize("line", ["deployments = ['{}/d.toml']", "[folders]\ndata = '{}'"])
def test_a_file_that_was_found_names_no_place_outside_its_folder(
    tmp_path: Path, text: str, line: str
) -> None:
    folder = tmp_path / "clone"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    path = written(folder, line.format(text))
    with pytest.raises(InputError, match="only a file that --config names may say so"):
        read_settings(path, found=True)
    assert read_settings(path, found=False).entries


@pytest.mark.parametrize("path", ["../n", "/run/n", "///run/n", "~/n", "link/n", "a/../../n"])
def test_a_file_that_was_found_names_no_nodes_socket_outside_its_folder(
    tmp_path: Path, path: str
) -> None:
    folder = tmp_path / "clone"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    file = written(folder, f"[endpoints]\n10 = ['https://x', 'ipc:{path}']")
    with pytest.raises(InputError, match=r"line 2: .*only a file that --config names may say so"):
        read_settings(file, found=True)
    (socket,) = read_settings(file, found=False).entries["endpoints.10"].values[1:]
    assert socket.startswith("ipc:/")


def test_a_nodes_socket_in_the_folder_is_relative_to_it(tmp_path: Path) -> None:
    file = written(tmp_path, "[endpoints]\n10 = 'ipc:node/geth.ipc'")
    found = read_settings(file, found=True).entries["endpoints.10"]
    assert found.values == (f"ipc:{tmp_path}/node/geth.ipc",)


def test_the_file_of_another_user_is_not_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, WHOLE)
    os.chown(path, 12345, 12345) if os.geteuid() == 0 else monkeypatch.setattr(
        module.os, "geteuid", lambda: 12345
    )
    with pytest.raises(InputError, match="belongs to another user and is not obeyed"):
        read_settings(path, found=True)
    assert read_settings(path, found=False).entries


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no settings file"):
        read_settings(tmp_path / "no.toml", found=False)
