"""A JSON-RPC node under the control of a test: faults on demand, alone or in front of a real node.

    with FakeNode(blocks=20) as node:                       # a small chain of its own
        node.fail_next(2, status=429, headers={"Retry-After": "0"})
        Node([node.url])

    with FakeNode(upstream=anvil.url) as node:              # a proxy
        node.refuse_selectors = {"0x0c8a2bd4"}              # these eth_calls are answered by an error
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


class Refusal(Exception):
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
        """(address, data) in lower case -> hex result, or a Refusal."""
        self.methods: dict[str, Answer] = {}
        """Handlers that come before everything else; may raise Refusal."""
        self.refuse_selectors: set[str] = set()
        self.lies: dict[tuple[str, str], Callable[[str], str]] = {}
        self.range_error: Callable[[int, int, int], str | None] = lambda first, last, count: None
        """(first, last, logs found) -> the provider's refusal of eth_getLogs, or None."""
        self.no_state_before = 0
        self.no_overrides = False
        self.no_multicall = False
        self.no_hash_pin = False
        self.largest_batch: int | None = None
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
        if isinstance(asked, list):
            if self.largest_batch is not None and len(asked) > self.largest_batch:
                refusal = {"code": -32600, "message": f"batch too large, max {self.largest_batch}"}
                return json.dumps({"jsonrpc": "2.0", "id": None, "error": refusal}).encode()
            return json.dumps([self._one(item, error) for item in asked]).encode()
        return json.dumps(self._one(asked, error)).encode()

    def _one(self, item: dict[str, Any], error: dict[str, Any] | None) -> dict[str, Any]:
        """The answer to one request."""
        method, params = item["method"], item["params"]
        self.requests.append((method, params))
        head = {"jsonrpc": "2.0", "id": item["id"]}
        if error is not None:
            return head | {"error": error}
        try:
            return head | {"result": self._result(method, params)}
        except Refusal as refusal:
            return head | {"error": refusal.error}

    def _result(self, method: str, params: list[Any]) -> Any:
        """The result of one request, after the faults that concern its content."""
        if method in self.methods:
            return self.methods[method](params)
        if method == "eth_chainId":
            return hex(self.chain_id) if self.upstream is None else self._forward(method, params)
        if method in ("eth_call", "eth_getStorageAt", "eth_getCode"):
            return self._state(method, params)
        if method == "eth_getLogs":
            found = self._forward(method, params) if self.upstream else self._own_logs(params[0])
            first, last = (int(params[0][key], 16) for key in ("fromBlock", "toBlock"))
            refusal = self.range_error(first, last, len(found))
            if refusal is not None:
                raise Refusal(-32005, refusal)
            return found
        if self.upstream is not None:
            return self._forward(method, params)
        if method == "eth_getBlockByNumber":
            return self._header(params[0])
        if method == "eth_getBlockByHash":
            return next((h for h in self.headers if h["hash"] == params[0]), None)
        raise Refusal(-32601, f"the method {method} does not exist/is not available")

    def _state(self, method: str, params: list[Any]) -> Any:
        """A read of state, with lies and refusals."""
        block = params[2] if method == "eth_getStorageAt" else params[1]
        if isinstance(block, dict) and self.no_hash_pin:
            raise Refusal(-32602, "invalid argument 1: cannot unmarshal object into Go value")
        if method == "eth_call" and len(params) > 2 and (self.no_overrides or self.plain_only):
            raise Refusal(-32602, "too many arguments, want at most 2")
        hidden = self.no_multicall or self.plain_only
        to = str(params[0]["to"] if method == "eth_call" else params[0]).lower()
        if hidden and to == MULTICALL3:
            return "0x"
        if self.no_state_before and self._number(block) < self.no_state_before:
            raise Refusal(-32000, "missing trie node 5e1f (path ) state 0x5e1f is not available")
        if method != "eth_call":
            return self._own_state(method, params)
        data = str(params[0].get("data", "0x")).lower()
        if data[:10] in self.refuse_selectors:
            raise Refusal(-32000, f"this node does not answer {data[:10]}")
        result = self._forward(method, params) if self.upstream else self._own_call(to, data)
        lie = self.lies.get((to, data[:10]))
        return lie(result) if lie is not None else result

    def _own_state(self, method: str, params: list[Any]) -> Any:
        """Code and storage of the own chain, or of the one behind."""
        if self.upstream is not None:
            return self._forward(method, params)
        address = str(params[0]).lower()
        if method == "eth_getCode":
            return self.code.get(address, "0x")
        return self.storage.get((address, int(params[1], 16)), "0x" + "00" * 32)

    def _own_call(self, to: str, data: str) -> Any:
        """An eth_call on the own chain: recorded answers, and the identity precompile."""
        if to == IDENTITY:
            return data
        answer = self.calls.get((to, data), "0x")
        if isinstance(answer, Refusal):
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
        """The number of a block parameter of the own chain or of the one behind."""
        if isinstance(block, dict):
            if self.upstream is not None:
                return int(
                    self._forward("eth_getBlockByHash", [block["blockHash"], False])["number"], 16
                )
            found = next((h for h in self.headers if h["hash"] == block["blockHash"]), None)
            if found is None:
                raise Refusal(-32000, "header not found")
            return int(found["number"], 16)
        header = self._header(block) if self.upstream is None else None
        return int(header["number"], 16) if header is not None else int(block, 16)

    def _forward(self, method: str, params: list[Any]) -> Any:
        """What the node behind answers."""
        assert self.upstream is not None
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(
            self.upstream, body, {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.loads(response.read())
        if "error" in answer:
            error = answer["error"]
            raise Refusal(error["code"], error["message"], error.get("data"))
        return answer["result"]
