"""A node spoken to over plain HTTP: questions, logs, calls that are only simulated, and sending.

For programs that must know nothing but the chain: nothing of the analyzer is imported.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from eth_abi import decode, encode
from eth_utils import keccak, to_checksum_address

MOST_GAS = 12_000_000
AT_ONCE = 100
"""Questions in one batch."""


def selector(signature: str) -> bytes:
    """The first four bytes of a function's hash: `balanceOf(address)`."""
    return keccak(text=signature)[:4]


def topic(signature: str) -> str:
    """The first topic of an event."""
    return "0x" + keccak(text=signature).hex()


def address_of(word: str) -> str:
    """The address in a topic."""
    return to_checksum_address("0x" + word[-40:])


@dataclass(frozen=True)
class Function:
    """A function of some contract. signature: `balanceOf(address)`; returns: ABI types."""

    signature: str
    returns: tuple[str, ...] = ()

    def data(self, *args: object) -> str:
        """The call's input."""
        kinds = self.signature.partition("(")[2][:-1]
        body = encode(kinds.split(",") if kinds else [], args)
        return "0x" + (selector(self.signature) + body).hex()


@dataclass(frozen=True)
class Ask:
    """One question."""

    to: str
    function: Function
    args: tuple[object, ...] = ()


@dataclass(frozen=True)
class Log:
    """One event. data: what is not indexed."""

    address: str
    topics: tuple[str, ...]
    data: bytes

    def values(self, *kinds: str) -> tuple[object, ...]:
        """What is not indexed."""
        return tuple(decode(kinds, self.data))


@dataclass
class Eyes:
    """One node, seen by one sender, at its last block and at that block's time."""

    url: str
    sender: str
    simulated: int = field(default=0, init=False)
    """How many calls were tried out."""
    _connection: http.client.HTTPConnection | None = field(default=None, init=False, repr=False)

    def ask(self, questions: Sequence[Ask]) -> list[tuple[object, ...] | None]:
        """The answers, None for a revert."""
        requests = [
            ("eth_call", [{"to": q.to, "data": q.function.data(*q.args)}, "latest"])
            for q in questions
        ]
        return [
            None if answer is None else tuple(decode(q.function.returns, bytes.fromhex(answer[2:])))
            for q, answer in zip(questions, self._batch(requests, may_fail=True), strict=True)
        ]

    def one(self, question: Ask) -> object:
        """The first value of an answer that there has to be."""
        (found,) = self.ask([question])
        assert found is not None, question
        return found[0]

    def logs(self, address: str, event: str) -> list[Log]:
        """All events of a kind that a contract ever made."""
        wanted = {"address": address, "topics": [event], "fromBlock": "0x0", "toBlock": "latest"}
        (rows,) = self._batch([("eth_getLogs", [wanted])])
        return [_log(row) for row in rows]

    def simulate(self, tries: Sequence[Sequence[tuple[str, str]]]) -> list[list[Trial]]:
        """Each try is some transactions (to, input) one after another, from the last block's state
        at its time. Nothing of it happens."""
        (header,) = self._batch([("eth_getBlockByNumber", ["latest", False])])
        requests = [
            (
                "eth_simulateV1",
                [
                    {
                        "blockStateCalls": [
                            {
                                "blockOverrides": {"time": header["timestamp"]},
                                "calls": [
                                    {"from": self.sender, "to": to, "input": data}
                                    for to, data in calls
                                ],
                            }
                        ]
                    },
                    "latest",
                ],
            )
            for calls in tries
        ]
        self.simulated += len(requests)
        return [[_trial(row) for row in block["calls"]] for (block,) in self._batch(requests)]

    def send(self, to: str, data: str) -> list[Log]:
        """It happens, alone in a block at the last block's time. Raises: AssertionError when it
        reverts."""
        (header,) = self._batch([("eth_getBlockByNumber", ["latest", False])])
        deal = {
            "from": self.sender,
            "to": to,
            "data": data,
            "gas": hex(MOST_GAS),
            "gasPrice": "0x1",
        }
        (sent,) = self._batch([("eth_sendTransaction", [deal])])
        self._batch([("evm_setNextBlockTimestamp", [header["timestamp"]])])
        self._batch([("evm_mine", [])])
        (receipt,) = self._batch([("eth_getTransactionReceipt", [sent])])
        assert receipt["status"] == "0x1", f"{data} reverted"
        return [_log(row) for row in receipt["logs"]]

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            self._connection.close()

    def _batch(self, requests: Sequence[tuple[str, list]], *, may_fail: bool = False) -> list:
        """The results, in order; None for a refusal that may be."""
        out = []
        for at in range(0, len(requests), AT_ONCE):
            rows = self._post(requests[at : at + AT_ONCE])
            for row in sorted(rows, key=lambda row: row["id"]):
                assert may_fail or "error" not in row, row
                out.append(row.get("result"))
        return out

    def _post(self, requests: Sequence[tuple[str, list]]) -> list[dict]:
        """One batch."""
        if self._connection is None:
            where = urlsplit(self.url)
            assert where.hostname is not None
            self._connection = http.client.HTTPConnection(where.hostname, where.port, timeout=300)
        body = json.dumps(
            [
                {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
                for number, (method, params) in enumerate(requests)
            ]
        )
        self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
        return json.loads(self._connection.getresponse().read())


@dataclass(frozen=True)
class Trial:
    """What a simulated transaction would do."""

    ok: bool
    returned: bytes
    logs: tuple[Log, ...]


def _trial(row: dict) -> Trial:
    """One of a simulated block."""
    logs = tuple(_log(log) for log in row["logs"])
    return Trial(row["status"] == "0x1", bytes.fromhex(row["returnData"][2:]), logs)


def _log(row: dict) -> Log:
    """An event as a node tells it."""
    data = bytes.fromhex(row["data"][2:])
    return Log(to_checksum_address(row["address"]), tuple(row["topics"]), data)
