"""One-character mutants of what decides, each of which the tests have to catch.

    python tests/support/work/mutants.py [--seed 7] [--each 4] [--area margin]

For every area some places of its modules are drawn: a comparison, a sign, a digit or a boolean word
is changed by one character, in a copy of the repository, and the tests of the area are run there. A
mutant that no test notices is printed as SURVIVED and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import io
import random
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
COPIED = ("analyzer", "abis", "queries", "tests", "docs", "pyproject.toml", "README.md")


@dataclass(frozen=True, slots=True)
class Area:
    """What is mutated, and the tests that have to notice."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


_P = "analyzer/protocols"
_T = "tests/protocols"
AREAS = {
    "margin": Area(
        (f"{_P}/aave_v3/value/account.py", f"{_P}/derive_v2/value/srm.py"),
        (f"{_T}/aave_v3", f"{_T}/derive_v2/value", f"{_T}/derive_v2/test_cut.py"),
    ),
    "liquidation": Area(
        (f"{_P}/perp_v2/close/liquidate.py", f"{_P}/perp_v2/close/liquidate_collateral.py"),
        (f"{_T}/perp_v2/close",),
    ),
    "ledger": Area(
        (f"{_P}/perp_v2/logs/fold/positions.py", f"{_P}/perp_v2/logs/fold/vault.py"),
        (f"{_T}/perp_v2/logs", f"{_T}/perp_v2/state", "tests/solvency"),
    ),
    "identity": Area(("analyzer/model/identity.py",), ("tests/model",)),
    "completeness": Area(
        ("analyzer/chain/completeness.py", "analyzer/chain/bloom.py"),
        ("tests/chain", "tests/indexer"),
    ),
    "reorg": Area(("analyzer/indexer/write.py", "analyzer/indexer/index.py"), ("tests/indexer",)),
    "unknown": Area(
        ("analyzer/solvency/verdicts.py", "analyzer/findings/unknown_account.py"),
        ("tests/solvency", "tests/findings"),
    ),
    "triage": Area(
        ("analyzer/runs/triage/file.py", "analyzer/findings/acceptance.py"),
        ("tests/runs/triage", "tests/findings"),
    ),
    "diff": Area(
        ("analyzer/findings/diff.py", "analyzer/runs/triage/diff.py"),
        ("tests/findings", "tests/runs/triage"),
    ),
    "SARIF": Area(
        ("analyzer/report/sarif.py", "analyzer/report/sarif_places.py"), ("tests/report",)
    ),
}
_SWAPS = {"+": "-", "-": "+", "<": ">", ">": "<", "*": "/"}
_SECOND = {"==": "!=", "!=": "==", "<=": "<", ">=": ">", "//": "/"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one place: the file's text with it, and how it is told."""

    path: str
    line: int
    before: str
    after: str
    text: str


def mutants_of(path: str) -> Iterator[Mutant]:
    """Every one-character mutant of a module's code; texts, comments and imports are left alone."""
    source = (ROOT / path).read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        text = lines[token.start[0] - 1].lstrip()
        if text.startswith(("import ", "from ", "def ", "class ", "@")) or "->" in text:
            continue
        changed = _changed(token)
        if changed is None:
            continue
        start = starts[token.start[0] - 1] + token.start[1]
        end = starts[token.end[0] - 1] + token.end[1]
        mutated = source[:start] + changed + source[end:]
        try:
            compile(mutated, path, "exec")
        except SyntaxError:
            continue
        yield Mutant(path, token.start[0], token.string, changed, mutated)


def _changed(token: tokenize.TokenInfo) -> str | None:
    """The token with one character changed, added or taken away; None for one that stays."""
    if token.type == tokenize.OP:
        return _SECOND.get(token.string) or _SWAPS.get(token.string)
    if token.type == tokenize.NUMBER and token.string.isdigit():
        digit = int(token.string[-1])
        return token.string[:-1] + str((digit + 1) % 10)
    return None


def notices(area: Area, mutant: Mutant, copy: Path) -> bool:
    """Whether the tests of the area fail with the mutant in place."""
    place = copy / mutant.path
    original = place.read_text(encoding="utf-8")
    place.write_text(mutant.text, encoding="utf-8")
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-n0",
        "-m",
        "fast",
    ]
    try:
        done = subprocess.run(
            [*words, *area.tests],
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
    except subprocess.TimeoutExpired:  # a mutant that never ends is noticed by whoever waits
        return True
    finally:
        place.write_text(original, encoding="utf-8")
    if done.returncode not in (0, 1):
        # A collection that fails (2) notices too; no tests at all (5) is a fault of the table.
        assert done.returncode in (2, 3), done.stdout + done.stderr
    return done.returncode != 0


def main() -> int:
    """Draws, runs and tells."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--area", choices=sorted(AREAS), action="append")
    asked = parser.parse_args()
    survived = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        copy.mkdir()
        for name in COPIED:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, copy / name)
        for name in asked.area or AREAS:
            area = AREAS[name]
            drawn = [mutant for path in area.modules for mutant in mutants_of(path)]
            random.Random(f"{asked.seed} {name}").shuffle(drawn)
            for mutant in drawn[: asked.each]:
                caught = notices(area, mutant, copy)
                survived += not caught
                print(
                    f"{'caught  ' if caught else 'SURVIVED'} {name}: {mutant.path}:{mutant.line} "
                    f"{mutant.before} -> {mutant.after}",
                    flush=True,
                )
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
