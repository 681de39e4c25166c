"""`analyzer devnet up`: builds the local chain, writes down what it is, and serves it.

with start(["perp-v2", "aave-v3@10"], accounts=60, seed=7) as info:
    ...  # info.rpc answers; info.deployments["perp-v2"], info.blocks["stressed"], ...
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from analyzer.devnet.chain import Anvil
from analyzer.devnet.clock import DAY, GENESIS_TIME, Clock
from analyzer.devnet.history import MOST_HISTORY_DAYS
from analyzer.devnet.markets import PROTOCOLS, Performed, perform, wanted
from analyzer.devnet.packages import anvil_binary, fetch
from analyzer.devnet.part import Row
from analyzer.devnet.world import Progress, World, chain_id_of
from analyzer.model.atomic import cannot_write, replace_bytes
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError, UnreadError

DEFAULT_PROTOCOLS = (PROTOCOLS[0],)
DOCUMENT = "devnet.json"
_DOCUMENT_KEYS = frozenset(
    {"rpc", "chain_id", "seed", "accounts", "deployments", "blocks", "state_root", "last_block",
     "liquidations", "refused_liquidations", "actions", "addresses", "feeds"}
)  # fmt: skip
POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class DevnetInfo:
    """A running local chain.

    `deployments`: protocol -> deployment. `blocks`: label -> pinned block. `liquidations` are
    those that were executed, `refused` those that the contract would not execute. `actions`:
    what the scenario did and what the contracts refused, by name, as counts.
    """

    rpc: str
    chain_id: int
    seed: int
    accounts: int
    deployments: Mapping[str, Deployment]
    blocks: Mapping[str, int]
    state_root: str
    last_block: int
    liquidations: Sequence[Row] = ()
    refused: Sequence[Row] = ()
    actions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    addresses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Role -> the addresses of the accounts that play it; with several protocols, the role's name
    begins with the protocol's."""
    feeds: Mapping[str, str] = field(default_factory=dict)
    """Symbol -> the aggregator that reports its price in US dollars."""


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


@contextlib.contextmanager
def start(
    protocols: Sequence[str] = DEFAULT_PROTOCOLS,
    *,
    accounts: int = 300,
    seed: int = 7,
    history_days: int = 0,
    port: int = 0,
    progress: Progress = silent,
) -> Iterator[DevnetInfo]:
    """A local chain with these protocols and their seeded markets, served while the block runs.

    A protocol is a name, for Aave V3 with the revision if it is to be another than the newest
    (`aave-v3@1`); several may stand in one text, with commas. They share tokens, feeds and owners.
    history_days: of daily price rounds, before the story; its times do not depend on them.

    Raises InputError for an unknown protocol, too few accounts, a taken port, or when neither npm
    nor anvil is there; UnreadError when the chain could not be built.
    """
    markets = wanted(protocols, accounts)
    if seed < 0:
        raise InputError(f"a seed is a number from 0 up, not {seed}")
    if not 0 <= history_days <= MOST_HISTORY_DAYS:
        raise InputError(f"days of history are 0 to {MOST_HISTORY_DAYS:,}, not {history_days}")
    progress("fetching the contracts through npm", 0, 1)
    packages = fetch()
    binary = anvil_binary(packages)
    progress("fetching the contracts through npm", 1, 1)
    genesis = GENESIS_TIME - history_days * DAY
    with Anvil(binary, chain_id_of(seed), genesis, port) as anvil:
        world = World(anvil, packages, seed, Clock(genesis), progress)
        yield _info(world, accounts, perform(world, markets, accounts, history_days))


def up(
    protocols: Sequence[str],
    *,
    accounts: int,
    seed: int,
    history_days: int = 0,
    port: int = 0,
    out: Path | None = None,
    progress: Progress = silent,
    ready: Callable[[DevnetInfo], None] | None = None,
) -> DevnetInfo:
    """Builds the chain, writes its files into `out`, and serves it until SIGINT or SIGTERM.

    `ready` is called with the DevnetInfo once everything is written. Returns after a clean stop.
    A `devnet.json` of an earlier chain is removed first: whoever waits for the file gets the new.
    Raises what `start` raises, InputError when `out` cannot be written, KeyboardInterrupt when it
    is stopped while still building, and UnreadError when anvil ends by itself.
    """
    if out is not None:
        _prepare(out, protocols)
    serving, stopped = threading.Event(), threading.Event()
    with (
        _stopping_on_signals(serving, stopped),
        start(
            protocols,
            accounts=accounts,
            seed=seed,
            history_days=history_days,
            port=port,
            progress=progress,
        ) as info,
    ):
        serving.set()
        if out is not None:
            write_files(info, out)
        if ready is not None:
            ready(info)
        while not stopped.wait(POLL_S):
            _require_serving(info)
    return info


def write_files(info: DevnetInfo, out: Path) -> list[Path]:
    """Writes a deployment file a protocol, then `devnet.json`; each is renamed into place."""
    import orjson

    out.mkdir(parents=True, exist_ok=True)
    files = []
    for protocol, deployment in info.deployments.items():
        path = out / f"{protocol}.toml"
        _write(path, deployment_toml(deployment).encode())
        files.append(path)
    document = {
        "rpc": info.rpc,
        "chain_id": info.chain_id,
        "seed": info.seed,
        "accounts": info.accounts,
        "deployments": [path.name for path in files],
        "blocks": dict(info.blocks),
        "state_root": info.state_root,
        "last_block": info.last_block,
        "liquidations": [_json_row(asdict(row)) for row in info.liquidations],
        "refused_liquidations": [_json_row(asdict(row)) for row in info.refused],
        "actions": info.actions,
        "addresses": info.addresses,
        "feeds": info.feeds,
    }
    path = out / DOCUMENT
    _write(path, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    return [*files, path]


def deployment_toml(deployment: Deployment) -> str:
    """The deployment as the file that `analyzer scan --deployment` reads."""
    lines = [
        f'name = "{deployment.name}"',
        f'protocol = "{deployment.protocol}"',
        f"chain_id = {deployment.chain_id}",
        f"from_block = {deployment.from_block}",
        "",
        "[contracts]",
        *(f'{role} = "{address}"' for role, address in deployment.contracts.items()),
    ]
    return "\n".join(lines) + "\n"


def _prepare(out: Path, protocols: Sequence[str]) -> None:
    """Makes the folder and removes what announces an earlier chain.

    Raises: InputError when a file is in the way that no local chain wrote; it is left alone.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in (DOCUMENT, *(f"{protocol}.toml" for protocol in protocols)):
            if (out / name).exists() and not _is_own(out / name):
                raise InputError(f"{out / name} is there and is not ours: name another folder")
        (out / DOCUMENT).unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(out, error) from error


def _is_own(path: Path) -> bool:
    """Whether a local chain wrote a file: its document, or the deployment of one."""
    import orjson

    data = path.read_bytes()
    if path.name != DOCUMENT:
        return data.startswith(b'name = "') and b"-devnet-" in data.split(b"\n", 1)[0]
    try:
        found = orjson.loads(data)
    except ValueError:
        return False
    return isinstance(found, dict) and set(found) <= _DOCUMENT_KEYS


def _info(world: World, accounts: int, performed: Performed) -> DevnetInfo:
    stories = performed.stories
    last = world.anvil.last_header()
    return DevnetInfo(
        rpc=world.anvil.url,
        chain_id=chain_id_of(world.seed),
        seed=world.seed,
        accounts=accounts,
        deployments={story.deployment.protocol: story.deployment for story in stories},
        blocks=performed.blocks,
        state_root=last.state_root,
        last_block=last.number,
        liquidations=tuple(row for story in stories for row in story.liquidations),
        refused=tuple(row for story in stories for row in story.refused),
        actions=_merged([story.actions for story in stories]),
        addresses={
            role if len(stories) == 1 else f"{story.deployment.protocol} {role}": addresses
            for story in stories
            for role, addresses in story.addresses.items()
        },
        feeds={symbol: feed.aggregator.address for symbol, feed in performed.feeds.items()},
    )


def _merged(rows: Sequence[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    """The sum of all protocols' counts of actions."""
    out: dict[str, Counter[str]] = {"done": Counter(), "reverted": Counter()}
    for row in rows:
        for kind, counts in row.items():
            out[kind].update(counts)
    return {kind: dict(counts) for kind, counts in out.items()}


def _require_serving(info: DevnetInfo) -> None:
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(info.rpc)
    try:
        socket.create_connection((parts.hostname, parts.port or 0), timeout=10).close()
    except OSError as error:
        raise UnreadError(f"anvil at {info.rpc} ended by itself") from error


@contextlib.contextmanager
def _stopping_on_signals(serving: threading.Event, stopped: threading.Event) -> Iterator[None]:
    """While inside, SIGINT and SIGTERM set `stopped`; before it serves, they end the building."""

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()
        if not serving.is_set():
            raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _json_row(row: dict[str, Any]) -> dict[str, Any]:
    """Amounts (which may exceed 64 bits) as decimal text."""
    return {k: str(v) if k == "requested" else v for k, v in row.items()}


def _write(path: Path, content: bytes) -> None:
    replace_bytes(path, content)
