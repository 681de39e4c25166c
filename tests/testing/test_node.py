from __future__ import annotations

from typing import Any

import pytest
from bank import ALICE, BRANCH, BRANCH_2, MOVED, REGISTRY, bank_abi

from analyzer.chain.node import Node
from analyzer.model.logs import LogFilter
from analyzer.model.reads import ReadRequest, Value
from analyzer.testing import Fault, FaultNode, InMemory, MemoryChain

PRICE = bank_abi("bank/Registry").function("price").selector
ALL_LOGS = {"fromBlock": "0x0", "toBlock": "latest"}


def test_an_honest_node_gives_what_the_chain_behind_it_holds(
    chain: MemoryChain, source: InMemory
) -> None:
    addresses = tuple(a.lower() for a in (REGISTRY, BRANCH, BRANCH_2))
    requests = [ReadRequest("call", REGISTRY, PRICE)]
    with FaultNode(source) as faulty:
        node = Node([faulty.url])
        logs = [log for c in node.logs([LogFilter(addresses)], 0, 20) for log in c.logs]
        assert node.chain_id == chain.chain_id
        assert node.resolve("latest") == chain.ref(20)
        assert logs == chain.raw_logs(0, 20)
        assert node.read(chain.ref(20), requests) == chain.read(chain.ref(20), requests)
        node.close()
    assert (faulty.hits.total(), faulty.log) == (0, [])


@pytest.mark.parametrize("refused", [(), ("overrides-refused",)])
def test_bulk_calls_are_answered_as_plain_ones_and_a_lie_reaches_what_is_inside(
    source: InMemory, refused: tuple[str, ...]
) -> None:
    branch = bank_abi("bank/Branch")
    requests = [branch.request(BRANCH, "equityOf", f"0x{n:040x}") for n in range(40)]
    requests[0] = branch.request(BRANCH, "equityOf", ALICE)
    block = source.chain.ref(20)
    honest = source.chain.read(block, requests)
    faults = [Fault(name) for name in refused]
    with FaultNode(source, faults) as node, FaultNode(source, faults) as liar:
        liar.plan([*faults, Fault("call-one-wei-more", first=25, times=1)])
        assert Node([node.url]).read(block, requests) == honest
        found = Node([liar.url]).read(block, requests)
    differing = [i for i, (a, b) in enumerate(zip(found, honest, strict=True)) if a != b]
    assert len(differing) == 1
    assert liar.hits["call-one-wei-more"] == 1
    (place,) = differing
    true, lie = honest[place], found[place]
    assert isinstance(true, Value)
    assert isinstance(lie, Value)
    assert int.from_bytes(lie.data, "big") == int.from_bytes(true.data, "big") + 1
    # All but the probes travelled inside bulk calls, unless these are refused.
    assert (node.asked["eth_call"] < 20) == (not refused)


def test_a_schedule_says_which_requests_from_when_and_how_often(source: InMemory, rpc: Any) -> None:
    plan = [Fault("header-null", methods=("eth_getBlockByNumber",), blocks=(5, 9), first=2,
                  every=2, times=2)]  # fmt: skip
    with FaultNode(source, plan) as node:
        numbers = [1, 5, 6, 7, 20, 8, 9, 5, 6]
        found = [rpc(node.url, "eth_getBlockByNumber", hex(n), False) for n in numbers]
    # Of 5 6 7 8 9 5 6 the second and the fourth, and no third time.
    assert [n for n, header in zip(numbers, found, strict=True) if header is None] == [6, 8]
    assert [hit.exchange for hit in node.log] == [3, 6]
    assert {hit.kind for hit in node.log} == {"header-null"}


def test_equal_seeds_give_equal_faults_and_others_do_not(source: InMemory, rpc: Any) -> None:
    def hits(seed: int) -> list[int]:
        with FaultNode(source, [Fault("log-missing", chance=0.4)], seed=seed) as node:
            for _ in range(25):
                rpc(node.url, "eth_getLogs", ALL_LOGS)
        return [hit.exchange for hit in node.log]

    assert hits(1) == hits(1)
    assert hits(1) != hits(2)
    assert 2 <= len(hits(1)) <= 20


def test_a_fault_that_has_nothing_to_do_is_no_hit(source: InMemory, rpc: Any) -> None:
    with FaultNode(source, [Fault("logs-empty", times=1)]) as node:
        assert rpc(node.url, "eth_getLogs", {"fromBlock": "0x0", "toBlock": "0x0"}) == []
        assert node.hits.total() == 0
        assert rpc(node.url, "eth_getLogs", ALL_LOGS) == []
        assert len(rpc(node.url, "eth_getLogs", ALL_LOGS)) == 8
    assert node.hits == {"logs-empty": 1}


def test_contract_and_selector_choose_reads(source: InMemory, rpc: Any) -> None:
    plan = [Fault("call-zero", to=REGISTRY, selector=PRICE), Fault("code-empty", to=BRANCH)]
    with FaultNode(source, plan) as node:
        price = rpc(node.url, "eth_call", {"to": REGISTRY, "data": PRICE}, "latest")
        codes = [rpc(node.url, "eth_getCode", a, "latest") for a in (REGISTRY, BRANCH)]
    assert (int(price, 16), codes) == (0, ["0x60016002", "0x"])


def test_a_reorg_replaces_the_branch_after_the_exchanges_it_is_told(
    source: InMemory, rpc: Any
) -> None:
    plan = [Fault("reorg", options={"depth": 6, "after": 1, "rounds": 2})]
    with FaultNode(source, plan) as node:
        hashes, logs = [], []
        for _ in range(3):
            hashes.append(rpc(node.url, "eth_getBlockByNumber", "latest", False)["hash"])
            logs.append(rpc(node.url, "eth_getLogs", ALL_LOGS))
    assert len(set(hashes)) == 3
    assert hashes[2] == source.chain.ref(20).hash
    assert node.hits == {"reorg": 2}
    # Block 15 is odd: the branches do not have its two logs; what is below them is the same.
    assert [len(found) for found in logs] == [6, 6, 8]
    assert logs[0] == logs[2][:6]


def test_headers_of_a_branch_are_a_chain_and_name_the_block_it_leaves(
    source: InMemory, rpc: Any
) -> None:
    with FaultNode(source, [Fault("two-forks", options={"depth": 4})]) as node:
        headers = [rpc(node.url, "eth_getBlockByNumber", hex(n), False) for n in range(14, 21)]
        last = rpc(node.url, "eth_getBlockByHash", headers[-1]["hash"], False)
    assert [h["parentHash"] for h in headers[1:]] == [h["hash"] for h in headers[:-1]]
    assert [h["hash"] == source.chain.ref(14 + i).hash for i, h in enumerate(headers)] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip
    assert last == headers[-1]


def test_a_lagging_chain_ends_earlier_in_every_answer(source: InMemory, rpc: Any) -> None:
    with FaultNode(source, [Fault("head-lags", options={"by": 8})]) as node:
        assert rpc(node.url, "eth_blockNumber") == hex(12)
        assert rpc(node.url, "eth_getBlockByNumber", hex(13), False) is None
        logs = rpc(node.url, "eth_getLogs", ALL_LOGS)
        state = rpc(node.url, "eth_call", {"to": REGISTRY, "data": PRICE}, hex(13))
    assert max(int(log["blockNumber"], 16) for log in logs) <= 12
    assert state == {"code": -32000, "message": "header not found"}


def test_faults_of_a_batch_keep_the_batch(source: InMemory, post: Any) -> None:
    asked = [{"jsonrpc": "2.0", "id": n, "method": "eth_chainId", "params": []} for n in range(6)]
    right = [{"jsonrpc": "2.0", "id": n, "result": hex(4242)} for n in range(6)]
    expected = {
        "batch-shuffled": right[1:] + right[:1],
        "batch-short": right[:4],
        "batch-doubled": right + right,
        "batch-none": [],
        "object-for-list": right[0],
        "id-text": [a | {"id": str(a["id"])} for a in right],
    }
    with FaultNode(source) as node:
        for name, answer in expected.items():
            node.plan([Fault(name)])
            assert post(node.url, asked) == answer
    assert node.hits == dict.fromkeys(expected, 1)


def test_logs_are_filtered_by_every_topic(chain: MemoryChain, source: InMemory, rpc: Any) -> None:
    alice = "0x" + "00" * 12 + ALICE[2:].lower()
    query = ALL_LOGS | {"topics": [[MOVED.topic0], alice]}
    with FaultNode(source) as node:
        assert [int(g["blockNumber"], 16) for g in rpc(node.url, "eth_getLogs", query)] == [2, 5]
