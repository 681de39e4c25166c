"""A view of many accounts at one block: ours, ours as it was, Multicall3 through web3.py's codec.

The node is a static one on 127.0.0.1, its CPU not counted: a view of one address returns four
words. It takes state overrides, and has Multicall3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.suite import Benchmark, Setting, Way, Work

VIEW = "0x" + "5e" * 20
SELECTOR = "0xbf92857c"
AT_ONCE = 500
"""Calls in one of web3.py's."""


@contextmanager
def node(_folder: Path, size: int) -> Iterator[dict[str, Any]]:
    """The static node with the view."""
    import sys

    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support" / "chains"))
    from viewed_node import ViewedNode

    with ViewedNode("0x" + "96" * 32, blocks=300) as server:
        yield {"url": server.url, "block": 100}


def _data(number: int) -> str:
    """The calldata for an account."""
    return SELECTOR + hashlib.sha256(b"account %d" % number).hexdigest()[:40].rjust(64, "0")


def ours(setting: Setting) -> Work:
    """`Chain.read`, the requests made beforehand."""
    from analyzer.chain.node import Node
    from analyzer.model.reads import ReadRequest

    chain = Node([setting.given["url"]])
    block = chain.resolve(str(setting.given["block"]))
    requests = [ReadRequest("call", VIEW, _data(number)) for number in range(setting.size)]
    chain.read(block, requests[:10])
    return lambda: [answer.data for answer in chain.read(block, requests)]  # type: ignore[union-attr]


def multicall3(setting: Setting) -> Work:
    """aggregate3 by web3.py's contract, encoded and decoded by its codec."""
    from web3 import Web3

    struct = {"name": "calls", "type": "tuple[]", "components": [
        {"name": "target", "type": "address"}, {"name": "allowFailure", "type": "bool"},
        {"name": "callData", "type": "bytes"}]}  # fmt: skip
    result = {"name": "returnData", "type": "tuple[]", "components": [
        {"name": "success", "type": "bool"}, {"name": "returnData", "type": "bytes"}]}  # fmt: skip
    abi = [{"type": "function", "name": "aggregate3", "stateMutability": "payable",
            "inputs": [struct], "outputs": [result]}]  # fmt: skip
    web3 = Web3(Web3.HTTPProvider(setting.given["url"]))
    address = Web3.to_checksum_address("0xca11bde05977b3631167028862be2a173976ca11")
    contract = web3.eth.contract(address=address, abi=abi)
    target = Web3.to_checksum_address(VIEW)
    calls = [(target, True, bytes.fromhex(_data(n)[2:])) for n in range(setting.size)]
    block = setting.given["block"]
    contract.functions.aggregate3(calls[:2]).call(block_identifier=block)

    def work() -> list[bytes]:
        out: list[bytes] = []
        for at in range(0, len(calls), AT_ONCE):
            part = contract.functions.aggregate3(calls[at : at + AT_ONCE])
            out += [data for _, data in part.call(block_identifier=block)]
        return out

    return work


def contents(_setting: Setting, found: Any) -> str:
    """A digest over what every account's view returned."""
    return hashlib.sha256(b"".join(found)).hexdigest()


BENCHMARK = Benchmark(
    name="reads",
    title="A view of four words for many accounts at one block",
    unit="account",
    size=20_000,
    growth=(1_000, 10_000, 100_000),
    quick=100_000,
    setup=node,
    ways=(
        Way("analyzer", ours, contents),
        Way("analyzer before", ours, contents, base=True),
        Way("web3.py Multicall3", multicall3, contents),
    ),
)
