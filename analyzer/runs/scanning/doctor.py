"""`doctor`: what works here, what a node can do, what a file is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer import __version__
from analyzer.abi.resources import abi_folder, queries_folder
from analyzer.chain.base import SAMPLE, Chain
from analyzer.documents.doctor import DoctorDocument, LookedAt
from analyzer.documents.envelope import Run
from analyzer.model.block import BlockRef
from analyzer.model.errors import AnalyzerError, ExitCode, InputError, UnreadError, worst_exit
from analyzer.model.reads import ReadRequest, Value
from analyzer.protocols.registry import protocol_names, shipped_deployments

if TYPE_CHECKING:
    from analyzer.chain.node import Node

if TYPE_CHECKING:
    from analyzer.chain.node import Node

OLDEST_PYTHON = (3, 11)
PACKAGES = ("web3", "duckdb", "pyarrow", "numpy", "orjson")
PROBED_DEPTHS = (128, 10_000, 1_000_000)
"""Blocks before latest at which a node is asked for state: a full node keeps about 128."""
_ZERO_ADDRESS = "0x" + "00" * 20
_ZERO_SLOT = "0x" + "00" * 32


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. code: what it says to the shell when it is not ok."""

    name: str
    ok: bool
    text: str
    code: ExitCode = ExitCode.BAD_INPUT


def doctor(
    *, rpc: Sequence[str] = (), recording: Path | None = None, db: Path | None = None
) -> DoctorDocument:
    """The installation, and what was named.

    Raises nothing for what is wrong with the things it looks at: that is its answer. Endpoint
    keys are in no text.
    """
    checks = list(_installation())
    for url in rpc:
        checks += _endpoint(url)
    if recording is not None:
        checks.append(_attempt("recording", lambda: _recording(recording)))
        checks.append(_attempt("proofs", lambda: _bundle_proofs(recording)))
    if db is not None:
        checks.append(_attempt("file", lambda: _file(db)))
    code = worst_exit(*(check.code for check in checks if not check.ok))
    looked = tuple(LookedAt(check.name, check.ok, check.text) for check in checks)
    return DoctorDocument(Run(__version__, int(code)), looked)


def _attempt(name: str, look: Callable[[], str]) -> Check:
    """A check whose text is what `look` says, or the error that it raises."""
    try:
        return Check(name, True, look())
    except AnalyzerError as error:
        return Check(name, False, str(error), error.exit_code)


def _installation() -> Iterator[Check]:
    """Python, packages, protocols and the data that ships with the package."""
    running = ".".join(map(str, sys.version_info[:3]))
    wanted = ".".join(map(str, OLDEST_PYTHON))
    yield Check("analyzer", True, __version__)
    yield Check("python", sys.version_info >= OLDEST_PYTHON, f"{running} ({wanted} or newer)")
    for package in PACKAGES:
        try:
            yield Check(package, True, version(package))
        except PackageNotFoundError:
            advice = "run pip install -e . in the folder of the clone"
            yield Check(package, False, f"not installed: {advice}")
    yield _attempt("protocols", lambda: ", ".join(protocol_names()))
    yield _attempt("deployments", lambda: ", ".join(d.name for d in shipped_deployments()))
    yield _attempt("ABIs", lambda: f"{len(list(abi_folder().rglob('*.json')))} files")
    yield _attempt("queries", lambda: f"{len(list(queries_folder().glob('*.sql')))} files")


def _endpoint(url: str) -> Iterator[Check]:
    """One endpoint: chain, head, way of reading in bulk, and how far back its state goes."""
    from analyzer.chain.endpoint import mask_url
    from analyzer.chain.node import Node

    try:
        name = mask_url(url)
        node = Node([url])
    except AnalyzerError as error:
        yield Check("endpoint", False, str(error), error.exit_code)
        return
    try:
        latest = node.resolve("latest")
        yield Check(name, True, f"chain {node.chain_id}, latest block {latest.number}")
        for _, strategy, details in node.capabilities():
            ok = strategy not in ("refused", "unreachable")
            yield Check(name, ok, f"{strategy}: {details}", ExitCode.NOT_FULLY_READ)
        yield Check(name, True, _state_depth(node, latest.number))
        yield Check(name, True, _proofs(node, latest))
        yield Check(name, True, _headers_read(node))
        yield Check(name, True, _counted(node))
    except AnalyzerError as error:
        yield Check(name, False, str(error), error.exit_code)
    finally:
        node.close()


def _headers_read(node: Node) -> str:
    """Which headers the index would read of this node, in words."""
    settled = node.settled()
    if settled < 0:
        return "headers: every one of a block with logs (nothing is final well below the head)"
    return (
        f"headers: of blocks with logs up to {settled}, which is final, one in {SAMPLE} where logs"
        " carry blockTimestamp; every one above"
    )


def _counted(node: Node) -> str:
    """What this look at the node cost, in words."""
    asked = ", ".join(f"{method} {count}" for method, count in sorted(node.asked.items()))
    return (
        f"this took {node.requests} HTTP exchanges, {node.bytes_sent:,} bytes sent,"
        f" {node.bytes_received:,} received: {asked}"
    )


def _state_depth(chain: Chain, latest: int) -> str:
    """How far back the node answers with state, in words."""
    reached = -1
    for depth in (0, *(d for d in PROBED_DEPTHS if d < latest), latest):
        if not _has_state(chain, latest - depth):
            return f"state: {reached} blocks back, not {depth}"
        reached = depth
    return f"state: all the way back ({reached} blocks)"


def _has_state(chain: Chain, number: int) -> bool:
    """Whether a storage slot can be read at a block."""
    try:
        block = chain.headers([number])[0]
        answers = chain.read(block, [ReadRequest("slot", _ZERO_ADDRESS, _ZERO_SLOT)])
    except UnreadError:
        return False
    return isinstance(answers[0], Value)


def _proofs(node: Node, latest: BlockRef) -> str:
    """Whether an endpoint gives what proves, and at what cost."""
    try:
        from analyzer.runs.scanning.proof_cost import endpoint_cost

        return endpoint_cost(node, latest, node.chain_id)
    except InputError as error:
        return f"no proofs here: {error}"


def _bundle_proofs(path: Path) -> str:
    """What it takes to prove again what a recording carries of proofs."""
    from analyzer.runs.scanning.proof_cost import bundle_cost

    return bundle_cost(path)


def _recording(path: Path) -> str:
    """What a recording holds."""
    from analyzer.chain.replay import Replay

    replay = Replay(path)
    names = ", ".join(f"{d.name} ({d.protocol})" for d in replay.deployments()) or "no deployment"
    pins = ", ".join(f"{label or 'block'} {number}" for number, label, _ in replay.pins())
    return f"chain {replay.chain_id}: {names}; read at {pins or 'no block'}"


def _file(path: Path) -> str:
    """What a snapshot holds."""
    from analyzer.store.reader import open_snapshot

    with open_snapshot(path) as snapshot:
        _, rows = snapshot.query(
            "SELECT deployment, block_number, accounts FROM scans ORDER BY deployment"
        )
    scans = ", ".join(f"{name} at block {block} ({n} accounts)" for name, block, n in rows)
    return f"snapshot: {scans or 'no scan'}"
