"""A soak: rounds of faults, lies, kills and reorgs, each of which has to end with the right rows.

    python tests/support/chains/soak.py --minutes 10 --seed 7

A chain of the counted bank grows, and is reorganised. In each round a scan runs over two endpoints
with failover, whose faults, lies and branches are drawn from the seed; some are killed (SIGKILL).
What ends with exit code 0 must have written the rows of a clean scan, and after one more scan
without faults every table of snapshot and index must equal those of a scan with a new index.
It prints one JSON document: seed, rounds, hits by kind, reorgs, kills, and what was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from bank import MOVED, REGISTRY
from counted_bank import BRANCHES, CUSTOMERS, counted_story, use_counted_bank
from database_rows import Rows, database_rows
from fault_stage import PROVIDER, differing
from fault_table import UNNOTICED

from analyzer.chain.pace import Pace
from analyzer.model.integers import WAD
from analyzer.testing import KINDS, Fault, FaultNode, InMemory, MemoryChain

FASTER = 50.0
"""Waiting takes this much less time than it would."""
LIMITS = {"ANALYZER_MAX_ANSWER_SECONDS": "1", "ANALYZER_MAX_ANSWER_MB": "4"}
OPTIONS: dict[str, dict[str, Any]] = {
    "gzip-bomb": {"megabytes": 12},
    "answer-huge": {"megabytes": 12},
    "body-slow": {"every_ms": 50},
    "logs-cut": {"most": 3},
    "logs-start-missing": {"before": 20},
}


Both: TypeAlias = tuple[Rows, Rows]
"""The tables of a snapshot and of its index."""


@dataclass
class Tally:
    """What happened. wrong: what must not have."""

    seed: int
    rounds: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    reorgs: int = 0
    kills: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The tally for people and for notes."""
        return {
            "seed": self.seed, "rounds": self.rounds, "faults": self.hits.total(),
            "kinds": len(self.hits), "reorgs": self.reorgs, "kills": self.kills,
            "exit_codes": dict(sorted(self.codes.items())), "hits": dict(sorted(self.hits.items())),
            "wrong": self.wrong,
        }  # fmt: skip


def run_command(arguments: list[str], folder: str, output: str) -> None:
    """A command in a process of its own; what it prints goes to a file."""
    from analyzer.cli import main

    os.environ.update(LIMITS)
    with (
        pytest.MonkeyPatch.context() as patch,
        Path(output).open("w") as text,
        contextlib.redirect_stdout(text),
        contextlib.redirect_stderr(text),
    ):
        use_counted_bank(patch, Path(folder))
        faster = lambda seconds: time.sleep(seconds / FASTER)  # noqa: E731
        patch.setitem(Pace.__init__.__kwdefaults__, "sleep", faster)
        main(args=arguments, prog_name="analyzer")


@dataclass
class Soak:
    """The chain, its two endpoints, and the files of all rounds."""

    folder: Path
    chain: MemoryChain
    nodes: tuple[FaultNode, FaultNode]
    rng: random.Random
    tally: Tally
    indexed: int = 0
    """The newest block that the index may hold."""

    def round(self) -> None:
        """One round; what was wrong goes into the tally."""
        self.tally.rounds += 1
        self._grow()
        # Never below what is indexed: an index that holds more is no fault.
        block = str(self.rng.randrange(max(self.indexed, self.chain.head - 3), self.chain.head + 1))
        plans = self._plans()
        for node, plan in zip(self.nodes, plans, strict=True):
            node.plan([PROVIDER, *plan], seed=self.rng.randrange(2**32))
        seen = [Counter(node.hits) for node in self.nodes]
        kill = self.rng.random() * 0.9 if self.rng.random() < 0.3 else None
        code, text = self._scan("soak", block, kill=kill)
        clean = self._clean(block)
        hit = Counter[str]()
        for node, before in zip(self.nodes, seen, strict=True):
            hit += node.hits - before
        hit.pop(PROVIDER.kind, None)
        self.tally.hits += hit
        self._judge(code, text, hit, clean)
        self.nodes[0].plan([PROVIDER])
        self.nodes[1].plan([PROVIDER])
        code, text = self._scan("soak", block)
        self.indexed = max(self.indexed, int(block))
        if code != 0:
            self._wrong(f"the honest scan ends with {code}: {text[-300:]}", hit)
        else:
            self._compare("after an honest scan", hit, clean)

    def _judge(self, code: int | None, text: str, hit: Counter[str], clean: Both) -> None:
        """What the run under faults did."""
        if code is None:
            self.tally.kills += 1
            return
        self.tally.codes[code] += 1
        if "fault of the analyzer" in text or "Traceback" in text or code not in (0, 2, 3, 4):
            self._wrong(f"exit {code}: {text[-300:]}", hit)
        elif code == 0 and not hit.keys() & UNNOTICED:
            self._compare("under faults, exit 0", hit, clean)

    def _compare(self, when: str, hit: Counter[str], clean: Both) -> None:
        """All tables but wall-clock columns."""
        found = self._rows("soak")
        tables = {**differing(found[0], clean[0]), **differing(found[1], clean[1])}
        if tables:
            self._wrong(f"{when}: rows differ in {tables}", hit)

    def _wrong(self, what: str, hit: Counter[str]) -> None:
        place = f"round {self.tally.rounds}, hits {dict(hit)}"
        self.tally.wrong.append(f"{place}: {' '.join(what.split())}")
        # What is wrong once would be so in every later round.
        self._forget("soak")
        self.indexed = 0

    def _grow(self) -> None:
        """More blocks and moves; at times other blocks in place of the newest."""
        if self.rng.random() < 0.25 and self.chain.head > 30:
            keep = self.chain.head - self.rng.randrange(1, 12)
            self.tally.reorgs += keep < self.indexed
            self.chain.reorganise(keep)
        salt = f"{self.rng.random()}"
        for _ in range(self.rng.randrange(3, 9) + max(self.indexed - self.chain.head, 0)):
            self.chain.mine(salt=salt)
            for _ in range(self.rng.randrange(3)):
                amount = self.rng.randrange(1, 50) * WAD
                who, branch = self.rng.choice(CUSTOMERS), self.rng.choice(BRANCHES)
                self.chain.emit(branch, MOVED, who, amount, self.rng.randrange(2**64))

    def _plans(self) -> list[list[Fault]]:
        """Faults of both endpoints: some fail now and then, some for good."""
        plans: list[list[Fault]] = []
        for _ in self.nodes:
            names = self.rng.sample(sorted(KINDS.keys() - UNNOTICED), self.rng.randrange(3, 9))
            plans.append([self._fault(name) for name in names])
        if self.rng.random() < 0.4:
            plans[self.rng.randrange(2)] = []
        return plans

    def _fault(self, name: str) -> Fault:
        """One fault with a schedule of its own."""
        options = OPTIONS.get(name, {})
        if name in ("reorg", "two-forks"):
            options = {"depth": self.rng.randrange(1, 10)}
        # The branches of the story are opened in its first block, whose repetition says nothing.
        blocks = (2, 10**9) if name.startswith("log") else None
        return Fault(
            name,
            blocks=blocks,
            first=self.rng.randrange(1, 4),
            chance=self.rng.choice((0.2, 0.5, 1.0)),
            times=self.rng.choice((1, 2, 3, None)),
            options=options,
        )

    def _scan(self, name: str, block: str, *, kill: float | None = None) -> tuple[int | None, str]:
        """A scan; None for the exit code of one that was killed."""
        output = self.folder / f"{name}.txt"
        urls = [part for node in self.nodes for part in ("--rpc", node.url)]
        arguments = ["scan", *urls, "--deployment", str(self.folder / "bank.toml"),
                     "--db", str(self.folder / f"{name}.duckdb"), "--block", block,
                     "--verify", "all", "--fail-on", "never"]  # fmt: skip
        process = _CONTEXT.Process(
            target=run_command, args=(arguments, str(self.folder / "installed"), str(output))
        )
        process.start()
        process.join(kill if kill is not None else 120)
        if process.is_alive():
            process.kill()
            process.join()
            if kill is None:
                self._wrong("a scan did not end within 120 s", Counter())
            return None, ""
        return process.exitcode, output.read_text() if output.exists() else ""

    def _clean(self, block: str) -> Both:
        """The rows of a scan with a new index and no fault."""
        for node in self.nodes:
            node.plan([PROVIDER])
        self._forget("clean")
        code, text = self._scan("clean", block)
        if code != 0:
            raise RuntimeError(f"a clean scan ends with {code}: {text}")
        return self._rows("clean")

    def _rows(self, name: str) -> Both:
        paths = (self.folder / f"{name}.duckdb", self.folder / f"{name}.index.duckdb")
        return database_rows(paths[0]), database_rows(paths[1])

    def _forget(self, name: str) -> None:
        for path in self.folder.glob(f"{name}.*"):
            path.unlink()


_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "soak",
        "web3",
        "requests",
        "analyzer.cli.scan",
        "analyzer.runs.scanning.scan",
        "analyzer.report.table",
    ]
)


def soak(folder: Path, *, seconds: float, seed: int, rounds: int | None = None) -> Tally:
    """Rounds until the time is over, or so many."""
    chain = counted_story(MemoryChain())
    (folder / "installed").mkdir()
    (folder / "bank.toml").write_text(
        f'protocol = "bank"\nchain_id = {chain.chain_id}\nfrom_block = 1\n'
        f'[contracts]\nregistry = "{REGISTRY}"\n'
    )
    tally, source, end = Tally(seed), InMemory(chain), time.monotonic() + seconds
    with FaultNode(source) as first, FaultNode(source) as second:
        work = Soak(folder, chain, (first, second), random.Random(seed), tally)
        while time.monotonic() < end and (rounds is None or tally.rounds < rounds):
            work.round()
    return tally


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="analyzer-soak-") as folder:
        tally = soak(Path(folder), seconds=60 * arguments.minutes, seed=arguments.seed)
    print(json.dumps(tally.document(), indent=1))
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
