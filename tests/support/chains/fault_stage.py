"""One scan after another of the counted bank, through a node that is given a fault for each.

A fault's outcome is `survived` when the scan under it ends like a clean one and every table of
snapshot and index is the same; else what the command said, and whether an honest run afterwards
brings the index to where a clean one is.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bank import REGISTRY, forget_plugs
from counted_bank import counted_story, use_counted_bank
from database_rows import Rows, database_rows

from analyzer.chain.pace import Pace
from analyzer.testing import Fault, FaultNode, InMemory, MemoryChain

PROVIDER = Fault("range-stated", options={"most": 12})
"""The node of the story gives logs of twelve blocks at most: so there are several questions."""


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True, slots=True)
class Ran:
    """A command: its exit code, all that it printed, and how long it would have waited."""

    code: int
    text: str
    waited_s: float


@dataclass
class FaultStage:
    """The node, the deployment file, and the rows of clean scans by block."""

    folder: Path
    node: FaultNode
    other: FaultNode
    deployment: Path
    clock: Clock
    clean: dict[str, tuple[Rows, Rows]]

    def scan(self, name: str, block: str, *, two: bool = False) -> Ran:
        """Scans into `name`.duckdb and its index, over one endpoint or two."""
        urls = ["--rpc", self.node.url, *(["--rpc", self.other.url] if two else [])]
        return self._run("scan", *urls, "--deployment", str(self.deployment),
                         "--db", str(self.folder / f"{name}.duckdb"), "--block", block,
                         "--verify", "all", "--fail-on", "never")  # fmt: skip

    def index(self, name: str, block: str) -> Ran:
        """Brings the index of `name` up to a block."""
        return self._run("index", "--rpc", self.node.url, "--deployment", str(self.deployment),
                         "--index", str(self.index_path(name)), "--block", block)  # fmt: skip

    def index_path(self, name: str) -> Path:
        """Where the index of `name` lies."""
        return self.folder / f"{name}.index.duckdb"

    def rows(self, name: str) -> tuple[Rows, Rows]:
        """All tables of snapshot and index."""
        return (
            database_rows(self.folder / f"{name}.duckdb"),
            database_rows(self.index_path(name)),
        )

    def clean_rows(self, block: str) -> tuple[Rows, Rows]:
        """All tables of a clean scan, made once for each block."""
        if block not in self.clean:
            self.node.plan([PROVIDER])
            ran = self.scan(f"clean-{block}", block)
            assert ran.code == 0, ran.text
            self.clean[block] = self.rows(f"clean-{block}")
        return self.clean[block]

    def forget(self, name: str) -> None:
        """Removes what a scan wrote."""
        for path in self.folder.glob(f"{name}.*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _run(self, *arguments: str) -> Ran:
        """One command, in this process."""
        from analyzer.cli import main

        out, before, code = io.StringIO(), self.clock.now, 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                main(args=list(arguments), prog_name="analyzer")
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        return Ran(code, out.getvalue(), self.clock.now - before)


def differing(left: Rows, right: Rows) -> dict[str, int]:
    """Tables whose rows differ, with how many rows are in one of the two only."""
    none: Counter[tuple[Any, ...]] = Counter()
    return {
        table: (
            (left.get(table, none) - right.get(table, none))
            + (right.get(table, none) - left.get(table, none))
        ).total()
        for table in sorted(left.keys() | right.keys())
        if left.get(table) != right.get(table)
    }


@contextlib.contextmanager
def fault_stage(folder: Path) -> Iterator[FaultStage]:
    """The stage; waiting takes no time, answers may take one second and four megabytes."""
    clock = Clock()
    chain = counted_story(MemoryChain())
    deployment = folder / "bank.toml"
    deployment.write_text(
        f'protocol = "bank"\nchain_id = {chain.chain_id}\nfrom_block = 1\n'
        f'[contracts]\nregistry = "{REGISTRY}"\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        (folder / "installed").mkdir()
        use_counted_bank(patch, folder / "installed")
        defaults = Pace.__init__.__kwdefaults__
        patch.setitem(defaults, "clock", clock.time)
        patch.setitem(defaults, "sleep", clock.sleep)
        patch.setenv("ANALYZER_MAX_ANSWER_SECONDS", "1")
        patch.setenv("ANALYZER_MAX_ANSWER_MB", "4")
        patch.setenv("COLUMNS", "200")
        source = InMemory(chain)
        try:
            with FaultNode(source) as node, FaultNode(source, [PROVIDER]) as other:
                yield FaultStage(folder, node, other, deployment, clock, {})
        finally:
            forget_plugs()
