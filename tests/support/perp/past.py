"""A local chain's whole past: the book of any of its blocks, and what its contracts said there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from analyzer.abi.contract import load_abi
from analyzer.abi.events import decode_log
from analyzer.chain import open_chain
from analyzer.chain.base import Chain
from analyzer.devnet.up import DevnetInfo, silent
from analyzer.indexer.index import Index
from analyzer.model.book import Book
from analyzer.model.logs import Event, LogFilter
from analyzer.model.reads import Value
from analyzer.protocols.perp_v2.plug import PerpV2
from analyzer.solvency.drive import CountedReads

CONTRACTS = {
    "clearing_house": "ClearingHouse",
    "account_balance": "AccountBalance",
    "vault": "Vault",
}
"""Role -> ABI of the contracts that say what a liquidation did."""


@dataclass(frozen=True)
class Past:
    """The chain's whole past, from which the book of any block is rebuilt."""

    info: DevnetInfo
    chain: Chain
    events: list[Event]

    def book(self, number: int) -> Book:
        """The book at a block."""
        plug, deployment = PerpV2(), self.info.deployments["perp-v2"]
        block = self.chain.resolve(str(number))
        reads = CountedReads(self.chain, block)
        past = (event for event in self.events if event.block_number <= number)
        ledger = reads.drive(plug.fold(deployment, past))
        observed = reads.drive(plug.observe(deployment, ledger, block))
        return plug.book(deployment, block, ledger, observed)

    def view(self, number: int, contract: str, function: str, *arguments: object) -> tuple:  # type: ignore[type-arg]
        """What one of the contracts says at a block."""
        role = {name: role for role, name in CONTRACTS.items()}[contract]
        abi = load_abi(f"perp_v2/{contract}")
        address = self.info.deployments["perp-v2"].contracts[role]
        block = self.chain.resolve(str(number))
        (answer,) = self.chain.read(block, [abi.request(address, function, *arguments)])
        assert isinstance(answer, Value), answer
        return abi.decode(function, answer.data)

    def simulate(
        self, number: int, sender: str, calls: list[tuple[str, str]]
    ) -> list[dict[str, Any]]:
        """What the node says of these (to, data) calls, made one after the other in one block on
        the state of block `number`, at the same time; nothing of it is kept."""
        time = self.chain.resolve(str(number)).time
        made = [{"from": sender, "to": to, "data": data, "gas": hex(10**7)} for to, data in calls]
        block = {"blockOverrides": {"time": hex(time)}, "calls": made}
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "eth_simulateV1",
            "params": [{"blockStateCalls": [block]}, hex(number)],
        }
        request = Request(
            self.info.rpc, json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "error" not in answer, answer["error"]
        results: list[dict[str, Any]] = answer["result"][0]["calls"]
        return results

    def receipt(self, number: int) -> list[tuple[str, dict[str, object]]]:
        """Name and arguments of what the protocol's contracts logged in a block, in order."""
        contracts = self.info.deployments["perp-v2"].contracts
        known = {
            (bytes.fromhex(contracts[role][2:]), bytes.fromhex(event.topic0[2:])): event
            for role, name in CONTRACTS.items()
            for event in load_abi(f"perp_v2/{name}").events.values()
        }
        wanted = LogFilter(tuple(contracts[role].lower() for role in CONTRACTS))
        return [
            (
                known[log.address, log.topics[0]].name,
                decode_log(log, known[log.address, log.topics[0]]),
            )
            for chunk in self.chain.logs([wanted], number, number)
            for log in chunk.logs
        ]


@contextmanager
def past_of(info: DevnetInfo, folder: Path) -> Iterator[Past]:
    """Indexes a local chain into `folder` once, and closes the connection in the end."""
    chain = open_chain([info.rpc])
    plug, deployment = PerpV2(), info.deployments["perp-v2"]
    with Index(folder / "index.duckdb") as index:
        to = chain.resolve(str(info.last_block))
        index.advance(chain, deployment, plug, to=to, progress=silent)
        events = list(index.events(deployment, plug, up_to=info.last_block))
    yield Past(info, chain, events)
    chain.close()
