"""One-character mutants of what decides, each of which the tests have to catch.

    python tests/support/work/mutants.py                        four of each area
    python tests/support/work/mutants.py --area margin --each 9 --seed 3
    python tests/support/work/mutants.py --at analyzer/chain/bloom.py:68
    python tests/support/work/mutants.py --area reorg --list    what would be drawn, nothing is run

For every area some places of its modules are drawn, in turn from each module: a comparison, a sign,
a digit or a key is changed by one character, and the tests that belong to the module are run, the
closest first, until one fails. All of this happens in a copy of the repository: the clone stays as
it is whatever stops the run, Ctrl-C too. Tests that need reference data take part where
ANALYZER_SHARED names it.

A mutant that no test notices is printed as SURVIVED and makes the exit code 1. Either a test is
missing, or the mutant is equivalent: nothing that can be seen changes by it. Then say why where you
report it, or write the line so that the question does not arise. The same seed draws the same
mutants as long as the modules stay as they are.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
COPIED = (
    *("analyzer", "abis", "queries", "tests", "docs"),
    *("pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "action.yml"),
)
LEFT_OUT = "not (chain or browser or acceptance or benchmark or long)"
"""Tests that need more than the clone, or more time than a mutant is worth."""


@dataclass(frozen=True, slots=True)
class Place:
    """A module, and the tests that have to notice what changes in it, the closest first."""

    module: str
    tests: tuple[str, ...]


def places(modules: str, tests: str, under: str = "") -> tuple[Place, ...]:
    """The same tests for some modules; names are separated by spaces, `under` heads all of them."""
    below = [f"tests/{under}{test}" for test in tests.split()]
    return tuple(Place(f"analyzer/{under}{name}.py", tuple(below)) for name in modules.split())


_AAVE, _DERIVE, _PERP = "protocols/aave_v3/", "protocols/derive_v2/", "protocols/perp_v2/"
AREAS: dict[str, tuple[Place, ...]] = {
    "margin": (
        *places("value/account value/margin", "value test_rows.py test_recordings.py", _AAVE),
        *places("value/srm value/pmrm value/margin", "value test_cut.py test_rows.py", _DERIVE),
        *places("value/margin value/funding", "value test_rows.py test_whole.py", _PERP),
    ),
    "liquidation": (
        *places("value/liquidation_call", "close/test_liquidate.py value close", _AAVE),
        *places("value/close_factor", "value close/test_liquidate.py", _AAVE),
        *places("close/liquidate", "close/test_liquidate.py close", _AAVE),
        *places("value/auction", "value/test_auction.py value close", _DERIVE),
        *places("value/startable", "value/test_margin.py close", _DERIVE),
        *places("close/liquidate", "close/test_bid.py close", _DERIVE),
        *places("close/liquidate", "close/test_liquidate.py close", _PERP),
        *places("close/liquidate_collateral", "close/test_liquidate_collateral.py close", _PERP),
        *places("close/possible", "close/test_possible.py close", _PERP),
    ),
    "ledger": (
        *places("logs/fold/tokens logs/fold/reserves", "logs state test_recordings.py", _AAVE),
        *places("logs/fold/ledger logs/fold/cash", "logs test_cut.py", _DERIVE),
        *places("logs/fold/positions logs/fold/vault", "logs state test_whole.py", _PERP),
    ),
    "identity": places("model/identity", "model runs/scanning/test_scan.py"),
    "completeness": (
        *places("chain/completeness", "chain/test_completeness.py indexer/test_reorg.py"),
        *places("chain/bloom", "chain/test_bloom.py"),
        *places("solvency/whole", "solvency/test_whole.py runs/test_whole_sets.py"),
        *places("findings/proof findings/incomplete_set", "findings runs/test_whole_sets.py"),
    ),
    "reorg": (
        *places("indexer/reorg", "indexer/test_reorg.py indexer/test_index_forks.py indexer"),
        *places("chain/header_links", "chain/test_header_links.py indexer"),
    ),
    "unknown": (
        *places("solvency/verdicts", "solvency/test_verdicts.py solvency"),
        *places("solvency/rebuild", "solvency/test_rebuild.py solvency"),
        *places("findings/unknown_account", "findings"),
        *places("protocols/kit/unreadable", "protocols/kit/test_unreadable.py protocols/kit"),
    ),
    "triage": (
        *places("findings/acceptance", "findings/test_acceptance.py runs/triage"),
        *places("runs/triage/file", "runs/triage/test_file.py runs/triage"),
        *places("runs/triage/triage", "runs/triage/test_triage.py runs/triage"),
    ),
    "diff": (
        *places("findings/diff", "findings/test_diff.py runs/triage/test_diff.py"),
        *places("runs/triage/diff", "runs/triage/test_diff_reasons.py runs/triage/test_diff.py"),
    ),
    "SARIF": places("report/sarif report/sarif_places", "report/test_sarif.py"),
}
_OTHERS = dict(
    pair.split(" ", 1)
    for pair in (
        *("+ -", "- +", "* /", "// /", "% /", "<< <", "| &", "& |", "+= -=", "-= +="),
        *("< > <=", "> < >=", "<= < >=", ">= > <=", "== !=", "!= =="),
    )
)
"""What an operator becomes, one after another."""
_KEY = re.compile(r"""b?(["'])[^\s"'\\]+\1""")
"""A text without a space: a key, a name, a kind; sentences are for people."""


CAUGHT, SURVIVED, SLOW = "caught  ", "SURVIVED", "slow    "


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one place: the module's text with it, and how it is told."""

    place: Place
    line: int
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        return f"{self.place.module}:{self.line}  {self.before} -> {self.after}"


def mutants_of(place: Place) -> Iterator[Mutant]:
    """Every one-character mutant of a module's code; sentences, comments and imports stay."""
    source = (ROOT / place.module).read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.start[0] > len(lines):
            continue
        line = lines[token.start[0] - 1].lstrip()
        if line.startswith(("import ", "from ", "def ", "class ", "@")) or "->" in line:
            continue
        if re.match(r"\w+: ", line) and " = " not in line:  # a parameter or a field
            continue
        if token.string == "|" and re.match(r"\w+: .* = ", line):  # a type, which nobody runs
            continue
        if line == "*,\n" or "TypeVar(" in line:  # how a name is passed, how a type is called
            continue
        start = starts[token.start[0] - 1] + token.start[1]
        end = starts[token.end[0] - 1] + token.end[1]
        for changed in _changed(token):
            mutated = source[:start] + changed + source[end:]
            try:
                compile(mutated, place.module, "exec")
            except SyntaxError:
                continue
            yield Mutant(place, token.start[0], token.string, changed, mutated)


def _changed(token: tokenize.TokenInfo) -> list[str]:
    """The token with one character changed, added or taken away, in each way that is tried."""
    text = token.string
    if token.type == tokenize.OP:
        return _OTHERS.get(text, "").split()
    if token.type == tokenize.NUMBER and text.replace("_", "").isdigit():
        return [text[:-1] + str((int(text[-1]) + 1) % 10)]
    if token.type == tokenize.STRING and _KEY.fullmatch(text):
        return [text[:-2] + ("y" if text[-2] == "x" else "x") + text[-1]]
    return []


def drawn(area: str, each: int, seed: int) -> list[Mutant]:
    """The area's first mutants in the order of a seed, in turn from each of its modules."""
    shuffled = []
    for place in AREAS[area]:
        found = list(mutants_of(place))
        random.Random(f"{seed} {place.module}").shuffle(found)
        shuffled.append(found)
    turns = chain.from_iterable(zip_longest(*shuffled))
    return [mutant for mutant in turns if mutant is not None][:each]


def _of_line(area: str, line: str) -> list[Mutant]:
    """Every mutant of one line, where the area has it."""
    found = chain.from_iterable(map(mutants_of, AREAS[area]))
    return [mutant for mutant in found if f"{mutant.place.module}:{mutant.line}" == line]


class Bench:
    """A copy of the repository in which one mutant after another is put to the tests."""

    def __init__(self, folder: Path, limit_s: float) -> None:
        self.copy, self.limit_s = folder / "copy", limit_s
        self.copy.mkdir()
        for name in COPIED:
            copied = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copied(ROOT / name, self.copy / name)
        self.passes = cache(self._passes)

    def caught_by(self, mutant: Mutant) -> str | None:
        """The test that fails with the mutant in place; None where none does.

        Raises: TimeoutExpired where they do not end, SystemExit where that test fails without the
        mutant too.
        """
        path = self.copy / mutant.place.module
        original = path.read_text(encoding="utf-8")
        self._write(path, mutant.text)
        try:
            found = next(filter(None, map(self._failing, mutant.place.tests)), None)
        finally:
            self._write(path, original)
        if found is not None and not self.passes(found):
            sys.exit(f"without a mutant {found} fails, too")
        return found

    def _failing(self, tests: str) -> str | None:
        """The first test that fails; the module where none of it can even be imported."""
        code, output = self._run(tests)
        if code == 0:
            return None
        failed = re.search(r"^(?:FAILED|ERROR) (\S+(?:\[.*?\])?)(?: - |$)", output, re.MULTILINE)
        return failed[1] if failed else tests

    def _passes(self, test: str) -> bool:
        """Whether a test passes without a mutant."""
        return self._run(test)[0] == 0

    def _run(self, tests: str) -> tuple[int, str]:
        words = ["-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", "-m", LEFT_OUT, tests]
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.copy,
            capture_output=True,
            text=True,
            check=False,
            timeout=self.limit_s,
            env={**os.environ, "COLUMNS": "400"},
        )
        return done.returncode, done.stdout + done.stderr

    def _write(self, path: Path, text: str) -> None:
        """Writes a module; its compiled form goes, which knows it by length and second only."""
        path.write_text(text, encoding="utf-8")
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


def _benched(
    mutants: Sequence[tuple[str, Mutant]], limit_s: float
) -> Iterator[tuple[Bench, str, Mutant]]:
    """Each mutant with the bench for all of them, which ends with the last."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        bench = Bench(Path(folder), limit_s)
        for area, mutant in mutants:
            yield bench, area, mutant


def _tell(area: str, mutant: Mutant, bench: Bench) -> str:
    """Prints what became of a mutant; the word for it."""
    by = ""
    try:
        found = bench.caught_by(mutant)
        word, by = (SURVIVED, "") if found is None else (CAUGHT, f"  by {found}")
    except subprocess.TimeoutExpired:
        word, by = SLOW, f"  (more than {bench.limit_s:g} s: look at it, or raise --limit)"
    print(f"{word} {area}: {mutant}{by}", flush=True)
    return word


def main() -> int:
    """Draws, runs and tells."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("--area", choices=list(AREAS), action="append", help="default: all")
    words.add_argument("--each", type=int, default=4, help="mutants an area (default 4)")
    words.add_argument("--seed", type=int, default=7, help="which are drawn (default 7)")
    words.add_argument("--skip", type=int, default=0, help="leave out the first N of each area")
    words.add_argument("--limit", type=float, default=300, help="seconds a test folder may take")
    words.add_argument("--at", metavar="FILE:LINE", help="every mutant of a line, not a draw")
    words.add_argument("--list", action="store_true", help="print what is drawn, run nothing")
    asked = words.parse_args()
    mutants = [
        (area, mutant)
        for area in asked.area or AREAS
        for mutant in (
            drawn(area, asked.skip + asked.each, asked.seed)[asked.skip :]
            if asked.at is None
            else _of_line(area, asked.at)
        )
    ]
    if asked.list:
        print(*(f"{area}: {mutant}" for area, mutant in mutants), sep="\n")
        return 0
    told = Counter(
        _tell(area, mutant, bench) for bench, area, mutant in _benched(mutants, asked.limit)
    )
    print(", ".join(f"{count} {word.lower().strip()}" for word, count in sorted(told.items())))
    return 1 if told[SURVIVED] else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped; the clone is as it was")
