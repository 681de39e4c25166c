"""A local chain: an anvil process of our own, with explicit blocks at explicit times.

Nothing is mined unless asked. Transactions are sent in JSON-RPC batches from impersonated
addresses with explicit nonces, and a descending gas price fixes their order within a block (anvil
orders equal prices by hash), so that the same calls give the same chain. The base fee is 0 and
every sender is given ether, so fees play no other part.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from analyzer.model.errors import InputError, UnreadError
from analyzer.model.scratch import Scratch

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

HOST = "127.0.0.1"
START_TIMEOUT_S = 20.0
RPC_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 5.0
BATCH_CALLS = 200
BLOCK_GAS_LIMIT = 30_000_000_000
TRANSACTION_GAS = 12_000_000
"""Above the most expensive transaction here (a contract creation, about 5.5 million)."""
ETHER = 10**18
HARDFORK = "cancun"
"""A fork without the history contract of Prague, which would put block hashes into the state."""
TOO_LATE_BLOCKS = 4_500
"""anvil answers about the last ~5,300 blocks only; a chain of ours must stay below."""


class RpcRefusedError(UnreadError):
    """The node answered with an error. `code` and `data` are its own."""

    def __init__(self, method: str, error: dict[str, Json]) -> None:
        self.code = error.get("code")
        self.data = error.get("data")
        self.message = str(error.get("message"))
        super().__init__(f"anvil refused {method}: {self.message}")


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction to send, or a call to make. `to` is None for a contract creation."""

    sender: str
    to: str | None
    data: bytes
    label: str = ""
    gas: int = TRANSACTION_GAS


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a mined transaction did. `contract`: the address that a creation made."""

    call: Call
    tx_hash: str
    block: int
    ok: bool
    contract: str | None


@dataclass(frozen=True, slots=True)
class Mined:
    """A block that was just mined, with its transactions in the order in which they were given."""

    number: int
    time: int
    state_root: str
    receipts: tuple[Receipt, ...]


@dataclass
class Anvil:
    """One anvil process. Use it in a `with` statement, or call `stop`.

    `port` 0 lets the system choose. Raises InputError when the port is taken or anvil does not
    start; the process that answers is checked to be our own child with our chain id.
    """

    binary: str
    chain_id: int
    genesis_time: int
    port: int = 0
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _cache: Scratch | None = field(default=None, repr=False)
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)
    _nonces: dict[str, int] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def url(self) -> str:
        """The endpoint that serves this chain."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Anvil:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts anvil and waits until it answers. Raises InputError."""
        if self.port:
            self._require_free(self.port)
        else:
            self.port = _free_port()
        self._cache = Scratch("anvil")
        self._child = subprocess.Popen(
            self._command(self._cache.name),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # A Ctrl-C in the terminal is for us; we then stop anvil ourselves.
            start_new_session=True,
            preexec_fn=_die_with_parent(),
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the process and removes its history folder. May be called twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._child is not None:
            self._child.terminate()
            try:
                self._child.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
            if self._child.stderr is not None:
                self._child.stderr.close()
            self._child = None
        if self._cache is not None:
            self._cache.cleanup()
            self._cache = None

    def alive(self) -> bool:
        """Whether our process still runs."""
        return self._child is not None and self._child.poll() is None

    def rpc(self, method: str, *params: Json) -> Json:
        """One JSON-RPC call. Raises RpcRefusedError, UnreadError."""
        (answer,) = self.batch([(method, list(params))])
        if isinstance(answer, RpcRefusedError):
            raise answer
        return answer

    def batch(self, requests: Sequence[tuple[str, list[Json]]]) -> list[Json | RpcRefusedError]:
        """Several JSON-RPC calls, in order; a refused one is its own answer. Raises UnreadError."""
        out: list[Json | RpcRefusedError] = []
        for at in range(0, len(requests), BATCH_CALLS):
            out += self._post(requests[at : at + BATCH_CALLS])
        return out

    def block_number(self) -> int:
        """The number of the last block."""
        return _int(self.rpc("eth_blockNumber"))

    def last_header(self) -> Mined:
        """The last block, without its transactions."""
        header = _dict(self.rpc("eth_getBlockByNumber", "latest", False))
        number, when = _int(header["number"]), _int(header["timestamp"])
        return Mined(number, when, str(header["stateRoot"]), ())

    def nonce(self, sender: str) -> int:
        """The nonce that the next transaction of `sender` will have."""
        return self._nonces.get(sender, 0)

    def fund(self, addresses: Sequence[str]) -> None:
        """Gives each address a hundred ether: a sender must be able to pay for its gas."""
        hundred = hex(100 * ETHER)
        for answer in self.batch([("anvil_setBalance", [a, hundred]) for a in addresses]):
            _raise_if_refused(answer)

    @contextlib.contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever is mined inside has never been, in the end. They may be nested."""
        nonces, snapshot = dict(self._nonces), self.rpc("evm_snapshot")
        try:
            yield
        finally:
            self._nonces = nonces
            self.rpc("evm_revert", snapshot)

    def mine(self, timestamp: int, calls: Sequence[Call] = ()) -> Mined:
        """Mines one block at `timestamp` (>= the last block's) with these transactions, in order.

        A transaction that reverts is mined and its receipt says so. Raises UnreadError when a
        transaction was not accepted or the block is not what was asked for.
        """
        hashes = self._send(calls)
        header = self._mine_at(timestamp)
        mined = header["transactions"]
        number = _int(header["number"])
        if mined != hashes:
            raise UnreadError(
                f"anvil block {number} holds {len(_list(mined))} transactions of {len(hashes)},"
                " or in another order"
            )
        if number > TOO_LATE_BLOCKS:
            raise UnreadError(
                f"the local chain grew to {number} blocks: too long for anvil's history"
            )
        return Mined(
            number,
            _int(header["timestamp"]),
            str(header["stateRoot"]),
            self._receipts(calls, hashes, number),
        )

    def call(
        self, calls: Sequence[Call], block: int | None = None
    ) -> list[bytes | RpcRefusedError]:
        """The return data of each call at `block` (default: the last one); a revert is its own
        answer."""
        tag = "latest" if block is None else hex(block)
        requests: list[tuple[str, list[Json]]] = [
            ("eth_call", [{"from": c.sender, "to": c.to, "data": "0x" + c.data.hex()}, tag])
            for c in calls
        ]
        return [
            a if isinstance(a, RpcRefusedError) else bytes.fromhex(str(a)[2:])
            for a in self.batch(requests)
        ]

    def _send(self, calls: Sequence[Call]) -> list[str]:
        requests: list[tuple[str, list[Json]]] = []
        for price, call in zip(range(len(calls), 0, -1), calls, strict=True):
            nonce = self._nonces.get(call.sender, 0)
            self._nonces[call.sender] = nonce + 1
            transaction: dict[str, Json] = {
                "from": call.sender,
                "nonce": hex(nonce),
                "gas": hex(call.gas),
                "gasPrice": hex(price),
                "data": "0x" + call.data.hex(),
            }
            if call.to is not None:
                transaction["to"] = call.to
            requests.append(("eth_sendTransaction", [transaction]))
        answers = self.batch(requests)
        for call, answer in zip(calls, answers, strict=True):
            if isinstance(answer, RpcRefusedError):
                raise UnreadError(
                    f"anvil did not take '{call.label}': {answer.message}"
                ) from answer
        return [str(a) for a in answers]

    def _mine_at(self, timestamp: int) -> dict[str, Json]:
        for answer in self.batch([("evm_setNextBlockTimestamp", [timestamp])]):
            _raise_if_refused(answer)
        self.rpc("evm_mine")
        header = _dict(self.rpc("eth_getBlockByNumber", "latest", False))
        if _int(header["timestamp"]) != timestamp:
            raise UnreadError(f"anvil mined at {header['timestamp']} instead of {timestamp}")
        return header

    def _receipts(
        self, calls: Sequence[Call], hashes: Sequence[str], number: int
    ) -> tuple[Receipt, ...]:
        if not calls:
            return ()
        rows = [_dict(r) for r in _list(self.rpc("eth_getBlockReceipts", hex(number)))]
        return tuple(
            Receipt(
                call,
                tx_hash,
                number,
                row["status"] == "0x1",
                None if row["contractAddress"] is None else str(row["contractAddress"]),
            )
            for call, tx_hash, row in zip(calls, hashes, rows, strict=True)
        )

    def _command(self, cache: str) -> list[str]:
        return [
            self.binary,
            *("--host", HOST, "--port", str(self.port)),
            *("--chain-id", str(self.chain_id), "--timestamp", str(self.genesis_time)),
            *("--hardfork", HARDFORK, "--cache-path", cache, "--accounts", "1"),
            *("--gas-limit", str(BLOCK_GAS_LIMIT), "--base-fee", "0", "--gas-price", "0"),
            *("--order", "fees", "--no-mining", "--auto-impersonate", "--silent"),
        ]

    def _require_free(self, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise InputError(f"port {port} cannot be used: {error.strerror}") from error

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            self._require_alive()
            try:
                found = _int(self.rpc("eth_chainId"))
                break
            except UnreadError as error:
                if time.monotonic() > deadline:
                    raise InputError(f"anvil did not answer in {START_TIMEOUT_S:.0f} s") from error
                time.sleep(0.05)
        # Another program may have taken the port between our choice and anvil's start; then our
        # child is dead, or what answers has another chain id.
        self._require_alive()
        if found != self.chain_id:
            raise InputError(f"another node (chain id {found}) answers at {self.url}")

    def _require_alive(self) -> None:
        if self._child is None:
            raise InputError("anvil was not started")
        code = self._child.poll()
        if code is not None:
            text = b"" if self._child.stderr is None else self._child.stderr.read()
            last = (text.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
            raise InputError(f"anvil ended with code {code}: {last}")

    def _post(self, requests: Sequence[tuple[str, list[Json]]]) -> list[Json | RpcRefusedError]:
        import orjson

        body = orjson.dumps(
            [
                {"jsonrpc": "2.0", "id": i, "method": method, "params": params}
                for i, (method, params) in enumerate(requests)
            ]
        )
        with self._lock:
            rows = orjson.loads(self._exchange(body))
        if not isinstance(rows, list) or len(rows) != len(requests):
            raise UnreadError("anvil did not answer a batch in full")
        rows.sort(key=lambda row: row["id"])
        return [
            RpcRefusedError(method, row["error"]) if "error" in row else row["result"]
            for (method, _), row in zip(requests, rows, strict=True)
        ]

    def _exchange(self, body: bytes) -> bytes:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(HOST, self.port, timeout=RPC_TIMEOUT_S)
        try:
            self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
            return self._connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            raise UnreadError(f"anvil at {self.url} does not answer: {error}") from error


def _free_port() -> int:
    """A port that the system says is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux, what a child runs first so that it ends when our process is killed outright.

    The signal follows the thread that started the child, so only the main thread asks for it.
    """
    if not sys.platform.startswith("linux"):
        return None
    if threading.current_thread() is not threading.main_thread():
        return None
    import ctypes

    libc = ctypes.CDLL(None)
    parent = os.getpid()
    pr_set_pdeathsig = 1

    def before_exec() -> None:
        libc.prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def _raise_if_refused(answer: Json | RpcRefusedError) -> None:
    if isinstance(answer, RpcRefusedError):
        raise answer


def _int(value: Json) -> int:
    return int(str(value), 16)


def _dict(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise UnreadError(f"anvil answered {value!r:.80} where an object was due")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise UnreadError(f"anvil answered {value!r:.80} where a list was due")
    return value
