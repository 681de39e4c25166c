"""A small local chain for all tests of this folder, and a way to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
import pytest

from analyzer.abi.contract import load_abi
from analyzer.devnet.up import DevnetInfo, start

SMALL_ACCOUNTS = 24
SMALL_SEED = 7


@dataclass(frozen=True)
class Asker:
    """Plain JSON-RPC to a running chain, by nothing that the devnet itself uses."""

    url: str

    def rpc(self, method: str, *params: object) -> object:
        from urllib.request import Request, urlopen

        body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        request = Request(self.url, body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=60) as answer:
            row = orjson.loads(answer.read())
        assert "error" not in row, row["error"]
        return row["result"]

    def view(self, contract: str, address: str, name: str, *args: object, block: int) -> object:
        abi = load_abi(f"perp_v2/{contract}")
        request = abi.request(address, name, *args)
        raw = self.rpc("eth_call", {"to": request.to, "data": request.data}, hex(block))
        values = abi.decode(name, bytes.fromhex(str(raw)[2:]))
        return values[0] if len(values) == 1 else values

    def logs(self, contract: str, address: str, event: str, last: int) -> list[dict[str, object]]:
        topic = load_abi(f"perp_v2/{contract}").event(event).topic0
        where = {"address": address, "topics": [topic], "fromBlock": "0x0", "toBlock": hex(last)}
        found = self.rpc("eth_getLogs", where)
        assert isinstance(found, list)
        return found

    def header(self, block: int) -> dict[str, object]:
        found = self.rpc("eth_getBlockByNumber", hex(block), False)
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="session")
def small() -> Iterator[DevnetInfo]:
    """A local chain of 24 accounts; tests only read it."""
    with start(["perp-v2"], accounts=SMALL_ACCOUNTS, seed=SMALL_SEED) as info:
        yield info


@pytest.fixture(scope="session")
def ask(small: DevnetInfo) -> Asker:
    return Asker(small.rpc)
