"""The protocol `bank` as if installed, its small chain, and recordings of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bank import bank, contract_answers, forget_plugs, small_story, use_bank
from memory_chain import MemoryChain

from analyzer.runs.scanning import sources
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    folder = tmp_path / "installed"
    folder.mkdir()
    with monkeypatch.context() as patch:
        use_bank(patch, folder)
        yield
    forget_plugs()


@pytest.fixture
def chain() -> MemoryChain:
    chain = small_story(MemoryChain())
    chain.answer = contract_answers(chain)
    return chain


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch, chain: MemoryChain) -> MemoryChain:
    """The chain behind every RPC URL."""
    honest = sources.open_chain

    def open_chain(rpc: tuple[str, ...], recording: Path | None, **options: object) -> object:
        return chain if rpc and recording is None else honest(rpc, recording)

    monkeypatch.setattr(sources, "open_chain", open_chain)
    return chain


@pytest.fixture
def deployment_file(tmp_path: Path) -> Path:
    """A deployment file of the bank."""
    path = tmp_path / "bank.toml"
    contracts = "\n".join(f'{role} = "{at}"' for role, at in bank().contracts.items())
    path.write_text(
        f'protocol = "bank"\nchain_id = 4242\nfrom_block = 1\n[contracts]\n{contracts}\n'
    )
    return path


@pytest.fixture
def run_scan(
    tmp_path: Path, live: MemoryChain, deployment_file: Path
) -> Callable[..., ScanOutcome]:
    """Scans the live chain into `scan.duckdb`; options may be changed."""

    def run(**changes: object) -> ScanOutcome:
        options: dict[str, object] = {
            "db": tmp_path / "scan.duckdb",
            "rpc": ("http://node.example/v3/0123456789secret",),
            "deployments": (str(deployment_file),),
            **changes,
        }
        return scan(ScanOptions(**options), lambda *_: None)  # type: ignore[arg-type]

    return run


@pytest.fixture
def recording(tmp_path: Path, run_scan: Callable[..., ScanOutcome]) -> Path:
    """A recording of one scan of the live chain, every account verified."""
    path = tmp_path / "evidence.zip"
    run_scan(db=tmp_path / "recorded.duckdb", record=path, verify="all")
    return path
