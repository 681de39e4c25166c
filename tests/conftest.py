"""What every test shares: profiles, the shared folder, the seed, and the local chain.

Environment: ANALYZER_SHARED (folder with reference data, default `../shared` beside the clone),
REQUIRE_SHARED=1 and REQUIRE_CHAIN=1 (a test that would be skipped fails instead), ANALYZER_SEED
(the seed of the local chain), HYPOTHESIS_PROFILE (`dev` or `ci`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from demands import missing
from hypothesis import HealthCheck, settings
from made_once import made_once
from slow_tests import LIST, listed, name_of

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_SEED = 7
ACCEPTANCE_SEEDS = (11, 23, 47)
"""Seeds of `pytest -m acceptance`: all of them, or the one that ANALYZER_SEED names."""
ACCOUNTS = 300
AAVE_ACCOUNTS = 200
AAVE_REVISIONS = ("1", "10")

# No deadline: the machines that run this are shared, and a slow example is no wrong one.
settings.register_profile(
    "dev",
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "ci",
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

# A developer's own endpoint must play no part in any test.
os.environ.pop("ANALYZER_RPC", None)
# Two more cascades a scenario: whoever tests them asks for them.
os.environ["ANALYZER_ORDER_RANGE"] = "never"


@cache
def chain_problem() -> str | None:
    """Why no local chain can be started here, or None. Fetches the contracts on first use."""
    from analyzer.devnet.packages import anvil_binary, fetch
    from analyzer.model.errors import InputError

    try:
        anvil_binary(fetch())
    except InputError as error:
        return str(error)
    return None


WORKERS = 2
"""Processes of a run of everything: most of it waits for local chains, DuckDB and npm."""
OUTSIDE = ("chain", "browser", "acceptance", "benchmark", "long")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """A run of all tests goes to two processes, a file at a time each, unless `-n` or `--pdb` says
    otherwise; single files and folders run in this one, where they start sooner."""
    if hasattr(config, "workerinput"):  # one of the two: it starts no others
        return
    whole = config.args_source is not pytest.Config.ArgsSource.ARGS
    options = config.option
    if whole and options.numprocesses is None and not options.usepdb and not options.collectonly:
        options.numprocesses = WORKERS
    if options.numprocesses and options.dist in ("no", "load"):
        options.dist, options.loadscopereorder = "loadfile", False


SLOW = listed(LIST.read_text(encoding="utf-8"))
"""Tests that take long, as they were measured."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Marks what is slow, and what is fast."""
    if name_of(item.nodeid) in SLOW:
        item.add_marker(pytest.mark.slow)
    if is_fast(item):
        item.add_marker(pytest.mark.fast)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with what is long: the tests of chains."""
    items.sort(key=lambda item: item.get_closest_marker("chain") is None)


def is_fast(item: pytest.Item) -> bool:
    """Whether a test needs nothing outside the clone and is not marked as slow."""
    if any(item.get_closest_marker(name) for name in (*OUTSIDE, "slow")):
        return False
    return "shared" not in getattr(item, "fixturenames", ())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests of the local chain are skipped, loudly, where it cannot run."""
    if item.get_closest_marker("chain") is not None:
        problem = chain_problem()
        if problem is not None:
            missing(f"needs the local chain: {problem}", "REQUIRE_CHAIN")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the clone."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with reference data that is not part of this repository."""
    folder = Path(os.environ.get("ANALYZER_SHARED") or REPOSITORY.parent / "shared")
    if not folder.is_dir():
        missing(f"needs the reference data: no folder {folder} (ANALYZER_SHARED)", "REQUIRE_SHARED")
    return folder.resolve()


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of the local chain: ANALYZER_SEED, else one that never changes."""
    return int(os.environ.get("ANALYZER_SEED") or DEFAULT_SEED)


@pytest.fixture(scope="session")
def demo_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snapshot that the demo makes of the shipped recording, with its index beside it, alone
    in a folder. Made once for all processes of a run. Read-only for every test."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    return made_once(folder / "demo", make_demo) / "demo.duckdb"


def make_demo(folder: Path) -> None:
    """Makes the demo's snapshot in a folder."""
    from analyzer.runs.demo import demo

    outcome = demo(lambda _what, _done, _total: None, db=folder / "demo.duckdb")
    assert list(outcome.problems) == []


@pytest.fixture(scope="session")
def perp_devnet(seed: int) -> Iterator[DevnetInfo]:
    """The local chain with the real Perp V2 contracts: one for the whole run.

    Whoever changes it (mines, moves time, makes a reorg) takes an evm_snapshot first and reverts
    to it: every pinned block must stay as it was for the next test.
    """
    from analyzer.devnet.up import start

    with start(("perp-v2",), accounts=ACCOUNTS, seed=seed) as info:
        yield info


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for a chain of the acceptance seeds is run once for each of them, with
    Aave V3 once for each revision too."""
    named = os.environ.get("ANALYZER_SEED")
    seeds = [int(named)] if named else list(ACCEPTANCE_SEEDS)
    if "acceptance_devnet" in metafunc.fixturenames:
        metafunc.parametrize("acceptance_devnet", seeds, indirect=True, scope="session")
    if "aave_acceptance_devnet" in metafunc.fixturenames:
        chains = [(seed, revision) for seed in seeds for revision in AAVE_REVISIONS]
        metafunc.parametrize("aave_acceptance_devnet", chains, indirect=True, scope="session")


@pytest.fixture(scope="session")
def acceptance_devnet(request: pytest.FixtureRequest) -> Iterator[DevnetInfo]:
    """The local chain of one acceptance seed; tests are ordered so that each is built once."""
    from analyzer.devnet.up import start

    with start(("perp-v2",), accounts=ACCOUNTS, seed=request.param) as info:
        yield info


@pytest.fixture(scope="session")
def aave_acceptance_devnet(request: pytest.FixtureRequest) -> Iterator[DevnetInfo]:
    """The local chain of one acceptance seed and one revision of Aave V3."""
    from analyzer.devnet.up import start

    seed, revision = request.param
    with start((f"aave-v3@{revision}",), accounts=AAVE_ACCOUNTS, seed=seed) as info:
        yield info


@pytest.fixture(scope="session", params=AAVE_REVISIONS)
def aave_devnet(seed: int, request: pytest.FixtureRequest) -> Iterator[DevnetInfo]:
    """The local chain with the real Aave V3 contracts, once for each revision that can be run."""
    from analyzer.devnet.up import start

    with start((f"aave-v3@{request.param}",), accounts=AAVE_ACCOUNTS, seed=seed) as info:
        yield info
