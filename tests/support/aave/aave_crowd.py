"""The shipped recording's Aave V3 market with each of its people many times over.

A made-up crowd for benchmarks and for what has to hold at size: everybody's twin has the same
balances and flags, and what the chain says of all of them together is so many times as much. The
numbers are the fold's own, so that every control total holds; the contracts never saw them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from analyzer.abi.codec import encode_values
from analyzer.abi.contract import load_abi
from analyzer.abi.keccak import checksum, keccak
from analyzer.chain.base import Chain
from analyzer.chain.replay import Replay
from analyzer.indexer import Index
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.logs import Event
from analyzer.model.reads import Answer, ReadRequest, Value
from analyzer.protocols.aave_v3 import PLUG
from analyzer.protocols.aave_v3.logs.fold import AaveLedger
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.solvency.drive import CountedReads

LABEL = "calm"


@cache
def twin(address: str, number: int) -> str:
    """The address of somebody's twin; the first twin is the person."""
    if number == 0:
        return address
    return checksum("0x" + keccak(f"{address} {number}".encode())[:20].hex())


@dataclass(slots=True)
class Crowd:
    """The market at the pinned block. ledger: the recording's own; events: what it is made of."""

    replay: Replay
    deployment: Deployment
    block: BlockRef
    events: list[Event]

    def people(self) -> AaveLedger:
        """What the recording's logs come to."""
        reads = CountedReads(self.replay, self.block)
        ledger = reads.drive(PLUG.fold(self.deployment, self.events))
        assert isinstance(ledger, AaveLedger)
        return ledger

    def ledger(self, times: int) -> AaveLedger:
        """What the logs come to with everybody there so many times; the treasury and what the
        reserves hold are as many times as much."""
        one = self.people()
        many = deepcopy(one)
        many.accounts = {}
        for number in range(times):
            for address, account in one.accounts.items():
                name = twin(address, number)
                many.accounts[name] = replace(
                    account,
                    address=name,
                    supplied=dict(account.supplied),
                    borrowed=dict(account.borrowed),
                    stable=deepcopy(account.stable),
                    debt_indexes=dict(account.debt_indexes),
                )
        for reserve in many.reserves.values():
            for name in ("scaled_supply", "scaled_debt", "accrued_to_treasury", "liquidity"):
                setattr(reserve, name, getattr(reserve, name) * times)
            reserve.deficit *= times
            reserve.isolation_debt *= times
        return many

    def chain(self, ledger: AaveLedger) -> Chain:
        """The recording, whose sums over everybody are those of a ledger."""
        return _Summed(self.replay, self.deployment, ledger)


class _Summed:
    """A chain whose answers about all accounts together are a ledger's."""

    def __init__(self, replay: Replay, deployment: Deployment, ledger: AaveLedger) -> None:
        self._replay = replay
        self._sums = dict(summed_words(deployment, ledger))

    def __getattr__(self, name: str) -> object:
        return getattr(self._replay, name)

    def read(self, block: BlockRef, requests: Sequence[ReadRequest]) -> list[Answer]:
        """The recording's answers, with the ledger's sums in them."""
        answers = self._replay.read(block, requests)
        return [self._summed(r, a) for r, a in zip(requests, answers, strict=True)]

    def _summed(self, request: ReadRequest, answer: Answer) -> Answer:
        """One answer."""
        found = self._sums.get((request.to.lower(), request.data.lower()))
        if found is None or not isinstance(answer, Value):
            return answer
        if isinstance(found, int):
            return Value(encode_values(["uint256"], [found]))
        words = bytearray(answer.data)
        for place, value in found.items():
            words[32 * place : 32 * place + 32] = value.to_bytes(32, "big")
        return Value(bytes(words))


def summed_words(
    deployment: Deployment, ledger: AaveLedger
) -> Iterator[tuple[tuple[str, str], int | dict[int, int]]]:
    """(contract, calldata) -> the number, or the words of a struct that are other ones: what a
    chain says of all accounts together."""
    pool, token, erc20 = (load_abi(f"aave_v3/{name}") for name in ("Pool", "AToken", "ERC20"))
    at = deployment.contracts["pool"].lower()
    scaled = token.request("0x" + "00" * 20, "scaledTotalSupply").data.lower()
    for asset, reserve in ledger.reserves.items():
        yield (reserve.a_token.lower(), scaled), reserve.scaled_supply
        yield (reserve.variable_token.lower(), scaled), reserve.scaled_debt
        held = erc20.request(asset, "balanceOf", reserve.a_token).data.lower()
        yield (asset.lower(), held), reserve.liquidity
        for name, value in (
            ("getReserveDeficit", reserve.deficit),
            ("getVirtualUnderlyingBalance", reserve.liquidity),
        ):
            yield (at, pool.request(asset, name, asset).data.lower()), value
        data = pool.request(asset, "getReserveData", asset).data.lower()
        # Words 12 and 14 of the struct: what is owed to the treasury, and in isolation.
        yield (at, data), {12: reserve.accrued_to_treasury, 14: reserve.isolation_debt}


def crowd(recording: Path | None = None, label: str = LABEL) -> Crowd:
    """The market of a recording, by default the one that ships, at a pinned block."""
    replay = Replay(recording or demo_folder() / RECORDING)
    block = replay.resolve(label)
    (deployment,) = [d for d in replay.deployments() if d.protocol == PLUG.name]
    with TemporaryDirectory() as folder, Index(Path(folder) / "index.duckdb") as index:
        index.advance(replay, deployment, PLUG, to=block, progress=lambda *_: None)
        events = list(index.events(deployment, PLUG, up_to=block.number))
    return Crowd(replay, deployment, block, events)
