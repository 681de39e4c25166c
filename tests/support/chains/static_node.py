"""A node on 127.0.0.1 that makes up one contract's logs as they are asked for, always the same ones

Every block has a header with a bloom filter that fits its logs, and `logs_a_block` logs of one
event. `head` may be moved while it serves: blocks above it are not there yet.
"""

from __future__ import annotations

import threading
from collections import Counter
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from blooms import bloom_of

CONTRACT = "0x" + "c1" * 20
TRADERS, MARKETS = 5_000, 8
_GENESIS_TIME = 1_600_000_000
_FINAL_DEPTH = 64


def trader(number: int) -> str:
    """The address of a trader, 40 digits."""
    return sha256(b"trader %d" % number).hexdigest()[:40]


def market(number: int) -> str:
    """The address of a market, 40 digits."""
    return sha256(b"market %d" % number).hexdigest()[:40]


class StaticNode:
    """The node; use it in a `with` statement.

    topic0: of the event (two indexed addresses, `words` 32-byte words of data; every third word is
    negative, every 50th log has one that no 128 bits hold). times: whether logs carry
    `blockTimestamp`. most_logs: of one answer, refused beyond. uneven: one of so many blocks has a
    log more, so that no answer has a round number of them (0 = none). `asked` counts requests by
    method, `sent` bytes.
    """

    def __init__(
        self,
        topic0: str,
        *,
        blocks: int,
        logs_a_block: int = 5,
        words: int = 6,
        chain_id: int = 10,
        times: bool = True,
        most_logs: int = 50_000,
        uneven: int = 0,
    ) -> None:
        self.head = blocks
        self.chain_id = chain_id
        self.asked: Counter[str] = Counter()
        self.sent = 0
        self._topic0, self._a_block, self._words = topic0, logs_a_block, words
        self._times, self._most, self._uneven = times, most_logs, uneven
        self._headers: dict[int, dict[str, Any]] = {}
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it serves."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> StaticNode:
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16

            def do_POST(self) -> None:
                body = node.answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def answer(self, body: bytes) -> bytes:
        """The body of one POST's answer."""
        asked = orjson.loads(body)
        items = asked if isinstance(asked, list) else [asked]
        self.asked.update(item["method"] for item in items)
        members = [self._member(item) for item in items]
        out = b"[" + b",".join(members) + b"]" if isinstance(asked, list) else members[0]
        self.sent += len(out)
        return out

    def _member(self, item: dict[str, Any]) -> bytes:
        head = b'{"jsonrpc":"2.0","id":%d,' % item["id"]
        try:
            return (
                head + b'"result":' + self._result(item["method"], item.get("params") or []) + b"}"
            )
        except LookupError as error:
            return head + b'"error":' + orjson.dumps({"code": -32005, "message": str(error)}) + b"}"

    def _result(self, method: str, params: list[Any]) -> bytes:
        if method == "eth_chainId":
            return orjson.dumps(hex(self.chain_id))
        if method == "eth_blockNumber":
            return orjson.dumps(hex(self.head))
        if method == "eth_getBlockByNumber":
            return orjson.dumps(self._header(self._number(params[0])))
        if method == "eth_getLogs":
            query = params[0]
            first, last = self._number(query["fromBlock"]), self._number(query["toBlock"])
            addresses = query.get("address", CONTRACT)
            addresses = [addresses] if isinstance(addresses, str) else addresses
            if CONTRACT not in {address.lower() for address in addresses}:
                return b"[]"
            return self._logs(max(first, 1), min(last, self.head))
        if method == "eth_getCode":
            return b'"0x60"'
        raise LookupError(f"the method {method} does not exist")

    def _number(self, text: str) -> int:
        tags = {"latest": self.head, "earliest": 0}
        final = max(self.head - _FINAL_DEPTH, 0)
        tags |= {"safe": final, "finalized": final, "pending": self.head}
        return tags[text] if text in tags else int(text, 16)

    def _logs(self, first: int, last: int) -> bytes:
        if (last - first + 1) * self._a_block > self._most:
            raise LookupError(f"query returned more than {self._most} results")
        return b"[" + b",".join(self._block(n) for n in range(first, last + 1)) + b"]"

    def _block(self, number: int) -> bytes:
        """The logs of a block, compact, in order."""
        block_hash = self.hash_of(number).encode()
        time = b'"blockTimestamp":"%#x",' % self.time_of(number) if self._times else b""
        logs = []
        for index in range(self._count(number)):
            seed = number * (self._a_block + 1) + index
            tx = sha256(b"tx %d" % seed).hexdigest().encode()
            data = b"".join(self._word(seed, place) for place in range(self._words))
            logs.append(
                b'{"address":"%s","topics":["%s","0x%s%s","0x%s%s"],"data":"0x%s",'
                b'"blockHash":"%s","blockNumber":"%#x",%s"transactionHash":"0x%s",'
                b'"transactionIndex":"%#x","logIndex":"%#x","removed":false}'
                % (CONTRACT.encode(), self._topic0.encode(), b"0" * 24,
                   trader(seed % TRADERS).encode(), b"0" * 24, market(seed % MARKETS).encode(),
                   data, block_hash, number, time, tx, index, index)
            )  # fmt: skip
        return b",".join(logs)

    def _count(self, number: int) -> int:
        """How many logs a block has."""
        return self._a_block + bool(self._uneven and number % self._uneven == 0)

    @staticmethod
    def _word(seed: int, place: int) -> bytes:
        value = (seed * 0x9E3779B97F4A7C15 + place * 0xC2B2AE3D27D4EB4F) % 10**24
        if place % 3 == 0 and seed % 2:
            value = -value
        if place == 2 and seed % 50 == 0:
            value = 2**200 + value
        return b"%064x" % (value % 2**256)

    @staticmethod
    def time_of(number: int) -> int:
        """The time of a block."""
        return _GENESIS_TIME + 2 * number

    @staticmethod
    def hash_of(number: int) -> str:
        """The hash of a block."""
        return "0x" + sha256(b"block %d" % number).hexdigest()

    def _header(self, number: int) -> dict[str, Any] | None:
        if not 0 <= number <= self.head:
            return None
        if number not in self._headers:
            items = [bytes.fromhex(CONTRACT[2:]), bytes.fromhex(self._topic0[2:])]
            for index in range(self._count(number) if number else 0):
                seed = number * (self._a_block + 1) + index
                names = (trader(seed % TRADERS), market(seed % MARKETS))
                items += [bytes.fromhex("0" * 24 + name) for name in names]
            self._headers[number] = {
                "number": hex(number),
                "hash": self.hash_of(number),
                "parentHash": self.hash_of(number - 1) if number else "0x" + "00" * 32,
                "timestamp": hex(self.time_of(number)),
                "logsBloom": "0x" + (bloom_of(items) if number else bytes(256)).hex(),
                "gasUsed": "0x1c9c380",
                "miner": "0x" + "00" * 20,
                "transactions": [],
            }
        return self._headers[number]
