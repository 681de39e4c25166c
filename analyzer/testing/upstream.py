"""Another node (anvil, say) as the chain behind a fault-injecting node."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from analyzer.model.errors import UnreadError
from analyzer.testing.rpc import JsonObject, LogQuery, RefusedError
from analyzer.testing.source import CallAnswer

_SECONDS = 120.0
_MOST = 500
"""Requests that are forwarded in one batch."""


class Upstream:
    """A node at an RPC URL of this machine (http). Raises UnreadError when it does not answer."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._path = parts.path or "/"
        self.chain_id = int(str(self.other("eth_chainId", [])), 16)

    def head(self) -> int:
        """Its newest block."""
        return int(str(self.other("eth_blockNumber", [])), 16)

    def header(self, number: int) -> JsonObject | None:
        """Its header of a block."""
        found: Any = self.other("eth_getBlockByNumber", [hex(number), False])
        return found if isinstance(found, dict) else None

    def number_of(self, block_hash: str) -> int | None:
        """The number that it knows a hash by."""
        found: Any = self.other("eth_getBlockByHash", [block_hash, False])
        return int(found["number"], 16) if isinstance(found, dict) else None

    def logs(self, query: LogQuery) -> list[JsonObject]:
        """Its logs."""
        asked: JsonObject = {"fromBlock": hex(query.first), "toBlock": hex(query.last)}
        if query.addresses is not None:
            asked["address"] = sorted(query.addresses)
        if query.topics:
            asked["topics"] = [None if t is None else sorted(t) for t in query.topics]
        found: Any = self.other("eth_getLogs", [asked])
        return list(found)

    def calls(self, number: int, asked: Sequence[tuple[str, str]]) -> list[CallAnswer]:
        """Its answers, asked for in batches."""
        requests = [("eth_call", [{"to": to, "data": data}, hex(number)]) for to, data in asked]
        return [a if isinstance(a, RefusedError) else str(a) for a in self._forward(requests)]

    def storage(self, number: int, address: str, slot: int) -> str:
        """Its word."""
        return str(self.other("eth_getStorageAt", [address, hex(slot), hex(number)]))

    def code(self, number: int, address: str) -> str:
        """Its code."""
        return str(self.other("eth_getCode", [address, hex(number)]))

    def other(self, method: str, params: list[Any]) -> object:
        """Any method, as it answers it."""
        answer = self._forward([(method, params)])[0]
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    def _forward(self, requests: Sequence[tuple[str, list[Any]]]) -> list[object]:
        """Results and errors, in order."""
        out: list[object] = []
        for start in range(0, len(requests), _MOST):
            part = requests[start : start + _MOST]
            body = [
                {"jsonrpc": "2.0", "id": i, "method": method, "params": params}
                for i, (method, params) in enumerate(part)
            ]
            answers = sorted(json.loads(self._post(json.dumps(body))), key=lambda a: int(a["id"]))
            out += [_result(answer) for answer in answers]
        return out

    def _post(self, body: str) -> bytes:
        """The body of one answer."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", self._path, body.encode(), headers)
            return connection.getresponse().read()
        except OSError as error:
            raise UnreadError(f"the node behind does not answer: {error}") from None
        finally:
            connection.close()


def _result(answer: JsonObject) -> object:
    """The result of one answer, or its error."""
    if "error" not in answer:
        return answer["result"]
    error = answer["error"]
    return RefusedError(error.get("code", -32000), error.get("message", ""), error.get("data"))
