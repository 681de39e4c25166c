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
AAVE_ACCOUNTS = 60
SHARED_ACCOUNTS = 60


@dataclass(frozen=True)
class Asker:
    """Plain JSON-RPC to a running chain, by nothing that the devnet itself uses.

    `abis`: the folder of the ABIs that `view` and `logs` take contracts' names from.
    """

    url: str
    abis: str = "perp_v2"

    def rpc(self, method: str, *params: object) -> object:
        from urllib.request import Request, urlopen

        body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        request = Request(self.url, body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=60) as answer:
            row = orjson.loads(answer.read())
        assert "error" not in row, row["error"]
        return row["result"]

    def view(self, contract: str, address: str, name: str, *args: object, block: int) -> object:
        abi = load_abi(f"{self.abis}/{contract}")
        request = abi.request(address, name, *args)
        raw = self.rpc("eth_call", {"to": request.to, "data": request.data}, hex(block))
        values = abi.decode(name, bytes.fromhex(str(raw)[2:]))
        return values[0] if len(values) == 1 else values

    def logs(self, contract: str, address: str, event: str, last: int) -> list[dict[str, object]]:
        topic = load_abi(f"{self.abis}/{contract}").event(event).topic0
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


@pytest.fixture(scope="session", params=[1, 10], ids=lambda revision: f"revision {revision}")
def aave(request: pytest.FixtureRequest) -> Iterator[DevnetInfo]:
    """A local chain with Aave V3, of 60 accounts, in each revision; tests only read it."""
    with start([f"aave-v3@{request.param}"], accounts=AAVE_ACCOUNTS, seed=SMALL_SEED) as info:
        yield info


@pytest.fixture(scope="session")
def ask_aave(aave: DevnetInfo) -> Asker:
    return Asker(aave.rpc, "aave_v3")


@pytest.fixture(scope="session")
def both() -> Iterator[DevnetInfo]:
    """A local chain with both protocols, of 60 accounts in each; tests only read it."""
    with start(["perp-v2,aave-v3"], accounts=SHARED_ACCOUNTS, seed=SMALL_SEED) as info:
        yield info


@pytest.fixture(scope="session")
def ask_both(both: DevnetInfo) -> Asker:
    return Asker(both.rpc)
