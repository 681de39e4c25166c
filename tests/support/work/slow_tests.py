"""Measures which tests are slow, in seconds of CPU, and writes `tests/slow.txt`.

    python tests/support/work/slow_tests.py -m 'not chain and not browser' tests/model

A test is slow when one of its cases takes LONGEST_S, or all of them ALL_S, with child processes, or
when it shares a fixture that takes LONGEST_S with others: whoever came first would pay for all.
What a run leaves out stays listed as it was. Seconds of CPU, not of a clock: they mean the same on
a busy machine.
"""

from __future__ import annotations

import resource
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

LONGEST_S = 0.2
ALL_S = 1.5
LIST = Path(__file__).resolve().parents[2] / "slow.txt"


def listed(text: str) -> frozenset[str]:
    """The tests that the list names: `tests/x/test_y.py::test_z`, a line each."""
    return frozenset(text.split())


def name_of(node_id: str) -> str:
    """A test without its case."""
    return node_id.partition("[")[0]


def slow(seconds: Mapping[str, Iterable[float]]) -> set[str]:
    """The slow ones of tests with the seconds of their cases."""
    return {
        name
        for name, cases in ((name, list(cases)) for name, cases in seconds.items())
        if max(cases) >= LONGEST_S or sum(cases) >= ALL_S
    }


def cpu_s() -> float:
    """CPU seconds of this process and of its children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Meter:
    """A plugin of pytest. seconds: test -> those of each of its cases; costly: the tests that share
    a fixture which takes long."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.costly: set[str] = set()
        self._long: set[tuple[str, str]] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
        """One fixture; those of one test alone are in its own seconds."""
        before = cpu_s()
        done = yield
        if fixturedef.scope != "function" and cpu_s() - before >= LONGEST_S:
            self._long.add((fixturedef.baseid, fixturedef.argname))
        return done

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Set-up, call and teardown of one case."""
        before = cpu_s()
        done = yield
        name, used = name_of(item.nodeid), getattr(item, "fixturenames", ())
        self.seconds[name].append(cpu_s() - before)
        if any(name.startswith(base) and fixture in used for base, fixture in self._long):
            self.costly.add(name)
        return done


def main(arguments: list[str]) -> int:
    """Runs pytest with the arguments, in one process, and writes the list anew."""
    meter = Meter()
    code = pytest.main(["-q", "-n0", *arguments], plugins=[meter])
    kept = listed(LIST.read_text(encoding="utf-8")) - meter.seconds.keys()
    LIST.write_text(
        "\n".join(sorted(kept | slow(meter.seconds) | meter.costly)) + "\n", encoding="utf-8"
    )
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
