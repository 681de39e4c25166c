"""A JSON-RPC node under the control of a test: faults on demand, alone or in front of a real node.

    with FakeNode(blocks=20) as node:                       # a small chain of its own
        node.fail_next(2, status=429, headers={"Retry-After": "0"})
        Node([node.url])

    with FakeNode(upstream=anvil.url) as node:              # a proxy
        node.refuse_selectors = {"0x0c8a2bd4"}              # eth_calls that get an error
        node.lies["0x..vault", "0x0c8a2bd4"] = plus_one_wei # these are answered, and changed

Lies and refusals work on plain eth_call. For them to reach every read, the node then refuses state
overrides and hides Multicall3 (`plain_only`, true from the first lie or refusal on).
"""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

MULTICALL3 = "0xca11bde05977b3631167028862be2a173976ca11"
IDENTITY = "0x" + "00" * 19 + "04"

Answer = Callable[[list[Any]], Any]
FORWARD = object()
"""Stands for a result that the node behind has to give."""


class RefusedError(Exception):
    """Raised by a handler: becomes a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.error: dict[str, Any] = {"code": code, "message": message}
        if data is not None:
            self.error["data"] = data


@dataclass
class HttpFault:
    """What one POST gets instead of an answer. `drop`: the connection is closed."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: dict[str, Any] | None = None
    drop: bool = False


def digest(*parts: object) -> str:
    """A 32-byte hash of anything, as 0x text."""
    return "0x" + hashlib.sha256(repr(parts).encode()).hexdigest()


def plus_one_wei(result: str) -> str:
    """The first word of an answer, one larger."""
    return f"0x{(int(result[2:66], 16) + 1) % 2**256:064x}{result[66:]}"


class FakeNode:
    """The node. Every attribute may be changed while it serves.

    blocks: how many blocks its own chain has, 12 s apart from `genesis_time`. upstream: the RPC
    URL behind it; then the own chain is not used. `requests` lists (method, params) as they came,
    `posts` counts HTTP exchanges.
    """

    def __init__(
        self,
        *,
        chain_id: int = 1337,
        blocks: int = 1,
        genesis_time: int = 1_700_000_000,
        upstream: str | None = None,
    ) -> None:
        self.chain_id = chain_id
        self.upstream = upstream
        self.genesis_time = genesis_time
        self.headers: list[dict[str, Any]] = []
        self.logs: list[dict[str, Any]] = []
        self.code: dict[str, str] = {}
        self.storage: dict[tuple[str, int], str] = {}
        self.calls: dict[tuple[str, str], Any] = {}
        """(address, data) in lower case -> hex result, or a RefusedError."""
        self.methods: dict[str, Answer] = {}
        """Handlers that come before everything else; may raise RefusedError."""
        self.refuse_selectors: set[str] = set()
        self.lies: dict[tuple[str, str], Callable[[str], str]] = {}
        self.range_error: Callable[[int, int, int], str | None] = lambda first, last, count: None
        """(first, last, logs found) -> the provider's refusal of eth_getLogs, or None."""
        self.no_state_before = 0
        self.no_overrides = False
        self.no_multicall = False
        self.no_hash_pin = False
        self.largest_batch: int | None = None
        self.gas_cap: int | None = None
        """Gas of every eth_call that goes to the node behind."""
        self.requests: list[tuple[str, list[Any]]] = []
        self.posts = 0
        self._faults: list[HttpFault] = []
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        for _ in range(blocks):
            self.mine()

    @property
    def url(self) -> str:
        """Where it serves."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def plain_only(self) -> bool:
        """Whether bulk calls are refused so that lies and refusals reach every read."""
        return bool(self.lies or self.refuse_selectors)

    def __enter__(self) -> FakeNode:
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # head and body in one packet: else each answer waits for an ACK

            def do_POST(self) -> None:
                node._serve(self)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: a test's output is its own."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def fail_next(
        self,
        times: int = 1,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        error: dict[str, Any] | None = None,
        drop: bool = False,
    ) -> None:
        """The next POSTs get this instead of an answer: an HTTP status, a body, a JSON-RPC error
        for each of their requests, or a dropped connection."""
        self._faults += [HttpFault(status, headers or {}, body, error, drop)] * times

    def mine(self, count: int = 1, *, salt: object = 0) -> None:
        """Adds blocks; another salt gives other hashes."""
        for _ in range(count):
            number = len(self.headers)
            parent = self.headers[-1]["hash"] if self.headers else "0x" + "00" * 32
            self.headers.append(
                {
                    "number": hex(number),
                    "hash": digest("block", number, parent, salt),
                    "parentHash": parent,
                    "timestamp": hex(self.genesis_time + 12 * number),
                }
            )

    def reorg(self, depth: int, *, salt: object = 1) -> None:
        """Replaces the last blocks; their logs are gone."""
        keep = len(self.headers) - depth
        del self.headers[keep:]
        self.logs = [log for log in self.logs if int(log["blockNumber"], 16) < keep]
        self.mine(depth, salt=salt)

    def add_log(
        self, block: int, address: str, topics: list[str], data: str = "0x", **changes: Any
    ) -> dict[str, Any]:
        """A log in a block; log indexes are given in order of addition within a block."""
        index = sum(int(log["blockNumber"], 16) == block for log in self.logs)
        log = {
            "address": address,
            "topics": topics,
            "data": data,
            "blockHash": self.headers[block]["hash"],
            "blockNumber": hex(block),
            "transactionHash": digest("tx", block, index),
            "transactionIndex": hex(index),
            "logIndex": hex(index),
            "removed": False,
        } | changes
        self.logs.append(log)
        return log

    def asked(self, method: str) -> list[list[Any]]:
        """The parameters of every request of a method, in order."""
        return [params for name, params in self.requests if name == method]

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        """One POST."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self._lock:
            self.posts += 1
            fault = self._faults.pop(0) if self._faults else HttpFault()
            if fault.drop:
                handler.close_connection = True
                return
            answer = fault.body or (
                b"" if fault.status != 200 else self._answer(json.loads(body), fault.error)
            )
        handler.send_response(fault.status)
        for name, value in fault.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def _answer(self, asked: Any, error: dict[str, Any] | None) -> bytes:
        """The JSON-RPC answer to a body."""
        items = asked if isinstance(asked, list) else [asked]
        if isinstance(asked, list) and len(items) > (self.largest_batch or len(items)):
            refusal = {"code": -32600, "message": f"batch too large, max {self.largest_batch}"}
            return json.dumps({"jsonrpc": "2.0", "id": None, "error": refusal}).encode()
        self.requests += [(item["method"], item["params"]) for item in items]
        if error is not None:
            answers = [{"error": error} for _ in items]
        else:
            answers = self._answers([(item["method"], item["params"]) for item in items])
        full = [
            {"jsonrpc": "2.0", "id": item["id"]} | answer
            for item, answer in zip(items, answers, strict=True)
        ]
        return json.dumps(full if isinstance(asked, list) else full[0]).encode()

    def _answers(self, asked: list[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
        """The result or error of each request; what goes to the node behind goes as one batch."""
        answers = [self._guarded(lambda m=m, p=p: self._before(m, p)) for m, p in asked]
        behind = [i for i, answer in enumerate(answers) if answer.get("result") is FORWARD]
        for i, answer in zip(behind, self._forward([asked[i] for i in behind]), strict=True):
            answers[i] = answer
        return [
            self._guarded(lambda q=q, a=a: self._after(*q, a["result"])) if "result" in a else a
            for q, a in zip(asked, answers, strict=True)
        ]

    @staticmethod
    def _guarded(work: Callable[[], Any]) -> dict[str, Any]:
        """What `work` gives, or its refusal, as the rest of a JSON-RPC answer."""
        try:
            return {"result": work()}
        except RefusedError as refusal:
            return {"error": refusal.error}

    def _before(self, method: str, params: list[Any]) -> Any:
        """The result of one request, or FORWARD; faults that need no result come first."""
        if method in self.methods:
            return self.methods[method](params)
        if method in ("eth_call", "eth_getStorageAt", "eth_getCode"):
            self._check_state(method, params)
            if self._hides(method, params):
                return "0x"
        if self.upstream is not None:
            return FORWARD
        if method == "eth_chainId":
            return hex(self.chain_id)
        if method == "eth_call":
            return self._own_call(str(params[0]["to"]).lower(), str(params[0]["data"]).lower())
        if method == "eth_getCode":
            return self.code.get(str(params[0]).lower(), "0x")
        if method == "eth_getStorageAt":
            key = (str(params[0]).lower(), int(params[1], 16))
            return self.storage.get(key, "0x" + "00" * 32)
        if method == "eth_getLogs":
            return self._own_logs(params[0])
        if method == "eth_getBlockByNumber":
            return self._header(params[0])
        if method == "eth_getBlockByHash":
            return next((h for h in self.headers if h["hash"] == params[0]), None)
        raise RefusedError(-32601, f"the method {method} does not exist/is not available")

    def _check_state(self, method: str, params: list[Any]) -> None:
        """Raises the refusal of a read of state, if there is one."""
        block = params[2] if method == "eth_getStorageAt" else params[1]
        if isinstance(block, dict) and self.no_hash_pin:
            raise RefusedError(-32602, "invalid argument 1: cannot unmarshal object")
        if method == "eth_call" and len(params) > 2 and (self.no_overrides or self.plain_only):
            raise RefusedError(-32602, "too many arguments, want at most 2")
        if self._number(block) < self.no_state_before:
            raise RefusedError(
                -32000, "missing trie node 5e1f (path ) state 0x5e1f is not available"
            )
        data = str(params[0].get("data", "0x")).lower() if method == "eth_call" else ""
        if data[:10] in self.refuse_selectors:
            raise RefusedError(-32000, f"this node does not answer {data[:10]}")

    def _hides(self, method: str, params: list[Any]) -> bool:
        """Whether this asks about a Multicall3 that is to be absent."""
        to = str(params[0]["to"] if method == "eth_call" else params[0]).lower()
        return to == MULTICALL3 and (self.no_multicall or self.plain_only)

    def _after(self, method: str, params: list[Any], result: Any) -> Any:
        """The result with lies in it; refusals that depend on the result."""
        if method == "eth_call":
            call = (str(params[0]["to"]).lower(), str(params[0].get("data", "0x")).lower()[:10])
            lie = self.lies.get(call)
            return lie(result) if lie is not None else result
        if method == "eth_getLogs":
            first, last = (int(params[0][key], 16) for key in ("fromBlock", "toBlock"))
            refusal = self.range_error(first, last, len(result) if isinstance(result, list) else 0)
            if refusal is not None:
                raise RefusedError(-32005, refusal)
        return result

    def _own_call(self, to: str, data: str) -> Any:
        """An eth_call on the own chain: recorded answers, and the identity precompile."""
        if to == IDENTITY:
            return data
        answer = self.calls.get((to, data), "0x")
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    def _own_logs(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        """eth_getLogs on the own chain."""
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        addresses = query.get("address")
        topics = (query.get("topics") or [None])[0]
        return [
            log
            for log in self.logs
            if first <= int(log["blockNumber"], 16) <= last
            and (addresses is None or log["address"] in addresses)
            and (topics is None or (log["topics"] and log["topics"][0] in topics))
        ]

    def _header(self, name: str) -> dict[str, Any] | None:
        """A header of the own chain by tag or number."""
        tags = {"latest": -1, "safe": -1, "finalized": -1, "earliest": 0}
        number = tags[name] if name in tags else int(name, 16)
        return self.headers[number] if number < len(self.headers) else None

    def _number(self, block: Any) -> int:
        """The number of a block parameter; only looked up where it plays a part."""
        if not isinstance(block, dict):
            header = self._header(block) if self.upstream is None else None
            return int(header["number"], 16) if header is not None else int(block, 16)
        if self.upstream is not None:
            if not self.no_state_before:
                return 0
            asked = ("eth_getBlockByHash", [block["blockHash"], False])
            return int(self._forward([asked])[0]["result"]["number"], 16)
        found = next((h for h in self.headers if h["hash"] == block["blockHash"]), None)
        if found is None:
            raise RefusedError(-32000, "header not found")
        return int(found["number"], 16)

    def _forward(self, asked: list[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
        """What the node behind answers, in order."""
        if not asked:
            return []
        assert self.upstream is not None
        body = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": self._capped(method, params)}
            for i, (method, params) in enumerate(asked)
        ]
        request = urllib.request.Request(
            self.upstream, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            answers = sorted(json.loads(response.read()), key=lambda answer: answer["id"])
        return [{key: a[key] for key in ("result", "error") if key in a} for a in answers]

    def _capped(self, method: str, params: list[Any]) -> list[Any]:
        """The parameters with this node's gas cap in them."""
        if method != "eth_call" or self.gas_cap is None:
            return params
        return [params[0] | {"gas": hex(self.gas_cap)}, *params[1:]]
