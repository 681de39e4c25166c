from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_node import FakeNode

from analyzer.documents.doctor import DoctorDocument
from analyzer.runs.scanning.doctor import doctor
from analyzer.runs.scanning.scan import ScanOutcome


def texts(answer: DoctorDocument) -> dict[str, list[tuple[bool, str]]]:
    out: dict[str, list[tuple[bool, str]]] = {}
    for check in answer.checks:
        out.setdefault(check.name, []).append((check.ok, check.text))
    return out


def test_a_sound_installation_is_ok() -> None:
    answer = doctor()
    found = texts(answer)
    assert answer.run.exit_code == 0
    assert all(ok for checks in found.values() for ok, _ in checks)
    assert found["protocols"] == [(True, "bank")]
    assert found["deployments"] == [(True, "bank-shipped")]
    assert set(found) >= {"python", "web3", "duckdb", "pyarrow", "ABIs", "queries"}


def test_an_endpoint_is_described_without_its_key() -> None:
    with FakeNode(blocks=20) as node:
        answer = doctor(rpc=[node.url + "/v3/0123456789secret"])
    host = next(name for name in texts(answer) if name.startswith("http"))
    checks = texts(answer)[host]
    assert "0123456789secret" not in str(answer)
    assert checks[0][0]
    assert "latest block" in checks[0][1]
    assert any("state" in text for _, text in checks)
    assert any("headers: every one of a block with logs" in text for _, text in checks)
    _, counted = checks[-1]
    assert counted.startswith(f"this took {node.posts} HTTP exchanges")
    assert f"eth_chainId {len(node.asked('eth_chainId'))}" in counted


def test_of_a_long_chain_it_says_which_headers_are_read_by_sample() -> None:
    with FakeNode(blocks=400) as node:
        found = texts(doctor(rpc=[node.url]))
    lines = [text for checks in found.values() for _, text in checks]
    (line,) = [text for text in lines if text.startswith("headers:")]
    assert line.startswith("headers: of blocks with logs up to 271, which is final, one in 256")


def test_a_node_that_does_not_answer_is_exit_code_3(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = doctor(rpc=["http://127.0.0.1:9/0123456789secret"])
    assert answer.run.exit_code == 3
    assert "0123456789secret" not in str(answer)


def test_a_malformed_url_is_exit_code_2() -> None:
    assert doctor(rpc=["ftp://node"]).run.exit_code == 2


def test_files_are_described(
    tmp_path: Path, recording: Path, run_scan: Callable[..., ScanOutcome]
) -> None:
    run_scan()
    found = texts(doctor(recording=recording, db=tmp_path / "scan.duckdb"))
    assert found["recording"] == [(True, "chain 4242: bank (bank); read at block 20")]
    assert found["file"] == [(True, "snapshot: bank at block 20 (3 accounts)")]


def test_a_file_that_is_not_what_it_should_be_is_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("dear diary")
    answer = doctor(recording=tmp_path / "x", db=tmp_path / "x")
    assert answer.run.exit_code == 2
    assert [texts(answer)[name][0][0] for name in ("recording", "file")] == [False, False]
