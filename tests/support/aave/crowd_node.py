"""A node with a crowd of Aave V3 accounts and their logs, which reveals a block when it is told to.

    python tests/support/aave/crowd_node.py --copies 107 --url-file URL

The shipped recording's market up to its pinned block, every log that names a person as often as
there are copies, with a twin's address in each. Blocks after it have a few transfers between twins,
so that sums stay what they are. `crowd_reveal` (JSON-RPC) gives the next one. Answers at later
blocks are those of the pinned one; the clock goes on.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from aave_crowd import Crowd, crowd, summed_words, twin

from analyzer.abi.codec import encode_values
from analyzer.abi.contract import load_abi
from analyzer.abi.keccak import checksum, keccak
from analyzer.chain.carriers import MULTICALL3
from analyzer.model.logs import Event
from analyzer.protocols.aave_v3 import PLUG
from analyzer.protocols.aave_v3.logs.fold import AaveLedger
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.solvency.drive import CountedReads
from analyzer.testing.node import FaultNode
from analyzer.testing.recorded import PLACEHOLDER_CODE, Recorded
from analyzer.testing.rpc import JsonObject, LogQuery, RefusedError
from analyzer.testing.source import CallAnswer

MOST_LOGS = 10_000
"""More logs than these are refused, as nodes do."""
SECONDS_PER_BLOCK = 12
TRANSFERS = 20
"""Logs of a block that is revealed."""
_BLOOM_OF_ALL = "0x" + "ff" * 256


def twins_of(events: Sequence[Event], people: set[str], copies: int) -> Iterator[Event]:
    """The events, those that name a person as often as there are copies, transaction by
    transaction."""
    for _, some in groupby(events, key=lambda event: event.tx_hash):
        together = list(some)
        for number in range(copies):
            for event in together:
                named = [v for v in event.args.values() if isinstance(v, str) and v in people]
                if number and not named:
                    continue
                args = {
                    name: twin(value, number)
                    if isinstance(value, str) and value in people
                    else value
                    for name, value in event.args.items()
                }
                yield replace(event, args=args, tx_hash=f"{event.tx_hash}{number}")


class CrowdSource:
    """The chain behind the node (see `testing.source.ChainSource`). transfers: logs of a block
    that is revealed; every: of so many of them one has logs."""

    def __init__(self, copies: int, *, transfers: int = TRANSFERS, every: int = 1) -> None:
        self._transfers_a_block, self._every = transfers, every
        self._recorded = Recorded(demo_folder() / RECORDING)
        self._crowd: Crowd = crowd()
        self.deployment = self._crowd.deployment
        self._copies = copies
        self.pinned = self._crowd.block.number
        self._head = self.pinned
        self.chain_id = self._recorded.chain_id
        self._people = set(self._crowd.people().accounts)
        self._names = {name[2:].lower(): name for name in self._people}
        reads = CountedReads(self._crowd.replay, self._crowd.block)
        events = twins_of(self._crowd.events, self._people, copies)
        ledger = reads.drive(PLUG.fold(self.deployment, events))
        assert isinstance(ledger, AaveLedger)
        self.ledger = ledger
        self._sums = dict(summed_words(self._crowd.deployment, self.ledger))
        self._hashes: dict[str, int] = {}

    def reveal(self, blocks: int = 1) -> int:
        """So many blocks more; the last one's number."""
        self._head += blocks
        return self._head

    def head(self) -> int:
        """The newest block that was revealed."""
        return self._head

    def header(self, number: int) -> JsonObject | None:
        """A recorded header, or the next ones."""
        if number > self._head:
            return None
        if number <= self.pinned:
            found = dict(self._recorded.header(number) or {})
        else:
            last, ahead = self._recorded.header(self.pinned) or {}, number - self.pinned
            found = {
                "number": hex(number),
                "hash": _hash_of(number),
                "parentHash": last["hash"] if ahead == 1 else _hash_of(number - 1),
                "timestamp": hex(int(str(last["timestamp"]), 16) + SECONDS_PER_BLOCK * ahead),
            }
        found["logsBloom"] = _BLOOM_OF_ALL
        self._hashes[str(found["hash"]).lower()] = number
        return found

    def number_of(self, block_hash: str) -> int | None:
        """The number of a block that somebody saw the header of."""
        found = self._hashes.get(block_hash)
        return self._recorded.number_of(block_hash) if found is None else found

    def logs(self, query: LogQuery) -> list[JsonObject]:
        """The logs of a query. Raises: RefusedError for more than a node gives."""
        out: list[JsonObject] = []
        for number in range(query.first, min(query.last, self._head) + 1):
            out += [log for log in self._of_block(number) if query.matches(log)]
            if len(out) > MOST_LOGS and query.first != query.last:
                raise RefusedError(-32005, f"query returned more than {MOST_LOGS} results")
        return out

    def calls(self, number: int, asked: Sequence[tuple[str, str]]) -> list[CallAnswer]:
        """The pinned block's answers, with the crowd's sums in them."""
        answers = self._recorded.calls(min(number, self.pinned), asked)
        return [self._summed(at, found) for at, found in zip(asked, answers, strict=True)]

    def storage(self, number: int, address: str, slot: int) -> str:
        """A word of the pinned block."""
        return self._recorded.storage(min(number, self.pinned), address, slot)

    def code(self, number: int, address: str) -> str:
        """A placeholder, from the deployment's first block on; Multicall3 is not there."""
        before = number < self.deployment.from_block
        return "0x" if before or address == MULTICALL3 else PLACEHOLDER_CODE

    def other(self, method: str, params: list[Any]) -> object:
        """`crowd_reveal`."""
        if method == "crowd_reveal":
            return hex(self.reveal())
        return self._recorded.other(method, params)

    def _summed(self, asked: tuple[str, str], found: CallAnswer) -> CallAnswer:
        """One answer."""
        words = self._sums.get((asked[0].lower(), asked[1].lower()))
        if words is None or not isinstance(found, str):
            return found
        if isinstance(words, int):
            return "0x" + encode_values(["uint256"], [words]).hex()
        data = bytearray.fromhex(found[2:])
        for place, value in words.items():
            data[32 * place : 32 * place + 32] = value.to_bytes(32, "big")
        return "0x" + bytes(data).hex()

    def _of_block(self, number: int) -> Iterator[JsonObject]:
        """All logs of a block, with a place each."""
        logs = self._transfers(number) if number > self.pinned else self._twins(number)
        block_hash = str((self.header(number) or {})["hash"])
        for place, log in enumerate(logs):
            yield {**log, "logIndex": hex(place), "blockHash": block_hash}

    def _twins(self, number: int) -> Iterator[JsonObject]:
        """A recorded block's logs with their twins'."""
        whole = self._recorded.logs(LogQuery(number, number))
        for _, some in groupby(whole, key=lambda log: log["transactionHash"]):
            together = list(some)
            for copy in range(self._copies):
                for log in together:
                    words = [*log["topics"], *_words(str(log["data"]))]
                    named = {w[-40:] for w in words if w[-64:-40] == "0" * 24} & self._names.keys()
                    if copy and not named:
                        continue
                    yield self._renamed(log, named, copy) if copy else log

    def _renamed(self, log: JsonObject, named: set[str], copy: int) -> JsonObject:
        """A log with the addresses of twins."""
        topics, data = [str(t) for t in log["topics"]], str(log["data"])
        for name in named:
            other = twin(self._names[name], copy)[2:].lower()
            topics = [t.replace(name, other) for t in topics]
            data = data.replace("0" * 24 + name, "0" * 24 + other)
        transaction = f"{str(log['transactionHash'])[:-8]}{copy:08x}"
        return {**log, "topics": topics, "data": data, "transactionHash": transaction}

    def _transfers(self, number: int) -> Iterator[JsonObject]:
        """A few smallest transfers of one aToken between those who have some."""
        if (number - self.pinned) % self._every:
            return
        asset, reserve = next(iter(self.ledger.reserves.items()))
        event = load_abi("aave_v3/AToken").event("BalanceTransfer")
        holders = [a for a in self.ledger.accounts.values() if a.supplied.get(asset, 0) > 10**6]
        first = number * self._transfers_a_block
        for place in range(self._transfers_a_block):
            pair = [holders[(first + place + n) % len(holders)] for n in (0, 1)]
            topics = [encode_values(["address"], [one.address]).hex() for one in pair]
            words = encode_values(["uint256", "uint256"], [1, reserve.indexes.supply_ray])
            yield {
                "address": reserve.a_token.lower(),
                "topics": [event.topic0, *("0x" + topic for topic in topics)],
                "data": "0x" + words.hex(),
                "blockNumber": hex(number),
                "transactionHash": "0x" + keccak(b"%d %d" % (number, place)).hex(),
                "transactionIndex": hex(place),
                "removed": False,
            }


def _hash_of(number: int) -> str:
    """The hash of a block that is revealed."""
    return "0x" + keccak(b"crowd %d" % number).hex()


def _words(data: str) -> list[str]:
    """The 32-byte words of a log's data."""
    return [data[place : place + 64] for place in range(2, len(data), 64)]


def deployment_file(source: CrowdSource) -> str:
    """The deployment as a file says it."""
    found = source.deployment
    contracts = "\n".join(f'{role} = "{checksum(at)}"' for role, at in found.contracts.items())
    head = f'protocol = "{found.protocol}"\nchain_id = {source.chain_id}\n'
    return f"{head}from_block = {found.from_block}\n[contracts]\n{contracts}\n"


def main() -> None:
    """Serves until it is ended; says where in a file."""
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--copies", type=int, default=107)
    parse.add_argument("--url-file", type=Path, required=True)
    asked = parse.parse_args()
    source = CrowdSource(asked.copies)
    with FaultNode(source) as node:
        asked.url_file.with_suffix(".toml").write_text(deployment_file(source), encoding="utf-8")
        asked.url_file.write_text(node.url, encoding="utf-8")
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()
