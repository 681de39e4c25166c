from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fake_node import FakeNode, RefusedError

from analyzer.abi.keccak import keccak
from analyzer.chain.bulk import IDENTITY
from analyzer.chain.carriers import (
    MULTICALL3,
    CarrierError,
    Multicall3,
    OverrideSlots,
    unpack_entries,
)
from analyzer.chain.evm import assemble
from analyzer.model.block import BlockRef
from analyzer.model.errors import UnreadError
from analyzer.model.reads import Answer, NotRead, ReadRequest, Reverted, Value

VIEW = "0x" + "ab" * 20


def call(number: int) -> ReadRequest:
    return ReadRequest("call", VIEW, f"0x{number:08x}", f"View.f({number})")


@pytest.fixture
def answered(fake: FakeNode) -> FakeNode:
    """A node that answers call n with n, and reverts every seventh."""
    for number in range(50):
        fake.calls[VIEW, f"0x{number:08x}"] = (
            RefusedError(3, "execution reverted: no", "0xae769b25")
            if number % 7 == 3
            else f"0x{number:064x}"
        )
        fake.storage[VIEW, number] = f"0x{number * 5:064x}"
    fake.code[VIEW] = "0x6001"
    return fake


def expected(number: int) -> Answer:
    if number % 7 == 3:
        return Reverted(bytes.fromhex("ae769b25"), "0xae769b25")
    return Value(number.to_bytes(32, "big"))


def test_plain_requests_bring_values_reverts_slots_and_code_hashes(
    answered: FakeNode, open_node: Any
) -> None:
    node = open_node(answered.url)
    requests = [call(n) for n in range(50)]
    requests += [ReadRequest("slot", VIEW, f"0x{n:064x}") for n in range(50)]
    requests += [ReadRequest("code_hash", VIEW, "0x"), ReadRequest("code_hash", IDENTITY, "0x")]
    assert node.read(node.resolve("10"), requests) == [
        *[expected(n) for n in range(50)],
        *[Value((5 * n).to_bytes(32, "big")) for n in range(50)],
        Value(keccak(b"\x60\x01")),
        Value(keccak(b"")),
    ]


def test_a_node_that_ignores_overrides_is_not_believed(answered: FakeNode, open_node: Any) -> None:
    # The fake answers a call of the zero address with 0x, whatever is installed there.
    node = open_node(answered.url)
    ((_, strategy, details),) = node.capabilities()
    assert strategy == "JSON-RPC batch"
    assert "no state override for calls: the node answered a bulk call with something" in details
    assert "no Multicall3 for calls: no contract at its address at this block" in details


def test_a_node_without_batches_gets_single_requests(answered: FakeNode, open_node: Any) -> None:
    answered.largest_batch = 1
    node = open_node(answered.url)
    assert node.read(node.resolve("10"), [call(n) for n in range(50)]) == [
        expected(n) for n in range(50)
    ]


def test_equal_requests_are_asked_once_whatever_their_case(
    answered: FakeNode, open_node: Any
) -> None:
    node = open_node(answered.url)
    block = node.resolve("10")
    again = ReadRequest("call", "0x" + "AB" * 20, "0x0000000A".replace("A", "a"))
    assert node.read(block, [call(10), again, call(10)]) == [expected(10)] * 3
    assert len([p for p in answered.asked("eth_call") if p[0]["to"] == VIEW]) == 1


def test_reads_are_pinned_by_block_hash(answered: FakeNode, open_node: Any) -> None:
    node = open_node(answered.url)
    block = node.resolve("10")
    node.read(block, [call(1)])
    assert answered.asked("eth_call")[-1][1] == {"blockHash": block.hash, "requireCanonical": True}


def test_a_node_that_takes_only_numbers_is_checked_afterwards(
    answered: FakeNode, open_node: Any
) -> None:
    answered.no_hash_pin = True
    node = open_node(answered.url)
    block = node.resolve("28")
    assert node.read(block, [call(1)]) == [expected(1)]
    assert answered.asked("eth_call")[-1][1] == "0x1c"
    answered.reorg(5)
    with pytest.raises(UnreadError, match="block 28 changed while it was read"):
        node.read(block, [call(1)])


def test_a_block_that_was_reorged_away_has_no_state(answered: FakeNode, open_node: Any) -> None:
    node = open_node(answered.url)
    block = node.resolve("28")
    answered.reorg(5)
    with pytest.raises(UnreadError, match=r"no state at block 28 \(header not found\)"):
        node.read(block, [call(1)])


def test_a_block_without_state_is_an_unread_error_that_says_what_to_do(
    answered: FakeNode, open_node: Any
) -> None:
    answered.no_state_before = 20
    node = open_node(answered.url)
    assert node.read(node.resolve("20"), [call(1)]) == [expected(1)]
    with pytest.raises(UnreadError) as caught:
        node.read(node.resolve("19"), [call(1)])
    assert str(caught.value) == (
        "the node has no state at block 19 (missing trie node 5e1f (path ) state 0x5e1f is not"
        " available): it takes a node that keeps it, usually an archive node"
    )


def test_a_refused_call_is_not_read_and_never_a_revert(answered: FakeNode, open_node: Any) -> None:
    answered.refuse_selectors = {"0x00000005"}
    node = open_node(answered.url)
    answers = node.read(node.resolve("10"), [call(4), call(5), call(6)])
    assert answers == [
        expected(4),
        NotRead("View.f(5): this node does not answer 0x00000005 (code -32000)"),
        expected(6),
    ]


def test_out_of_gas_under_the_nodes_cap_is_not_read(answered: FakeNode, open_node: Any) -> None:
    answered.calls[VIEW, "0x00000001"] = RefusedError(-32000, "out of gas")
    node = open_node(answered.url)
    (answer,) = node.read(node.resolve("10"), [call(1)])
    assert answer == NotRead("View.f(1): out of gas (code -32000)")


def test_an_answer_that_is_no_hex_is_not_read(answered: FakeNode, open_node: Any) -> None:
    answered.calls[VIEW, "0x00000001"] = {"surprise": 1}
    answered.calls[VIEW, "0x00000002"] = None
    node = open_node(answered.url)
    answers = node.read(node.resolve("10"), [call(1), call(2)])
    assert [type(a) for a in answers] == [NotRead, NotRead]


def test_a_lie_reaches_every_read_through_the_proxy(answered: FakeNode, open_node: Any) -> None:
    from fake_node import plus_one_wei

    with FakeNode(upstream=answered.url) as proxy:
        proxy.lies[VIEW, "0x00000005"] = plus_one_wei
        node = open_node(proxy.url)
        answers = node.read(node.resolve("10"), [call(n) for n in range(50)])
        node.close()
    assert [n for n in range(50) if answers[n] != expected(n)] == [5]
    assert answers[5] == expected(6)


def test_a_carrier_that_stops_working_is_given_up_and_plain_requests_go_on(
    answered: FakeNode, open_node: Any
) -> None:
    node = open_node(answered.url)
    block = node.resolve("10")
    node.read(block, [call(1)])
    node._bulk.abilities.calls = Multicall3()  # there is none: it answers 0x
    node._bulk.abilities.probed.add("call")
    posts = node.requests
    assert node.read(block, [call(n) for n in range(50)]) == [expected(n) for n in range(50)]
    assert node.requests - posts < 15


def test_an_endpoint_that_dies_during_a_read_is_replaced(
    answered: FakeNode, other: FakeNode, open_node: Any
) -> None:
    other.calls, other.headers = answered.calls, answered.headers
    node = open_node(answered.url, other.url)
    block = node.resolve("10")
    node.read(block, [call(1)])
    answered.fail_next(1000, drop=True)
    assert node.read(block, [call(n) for n in range(50)]) == [expected(n) for n in range(50)]


@pytest.mark.parametrize(
    "answer",
    [b"", b"\0" * 31, b"\2" + b"\0" * 31, b"\1" + b"\0" * 30 + b"\5" + b"abcd", b"\1" + b"\0" * 40],
)
def test_a_bulk_answer_that_is_cut_or_foreign_is_refused(answer: bytes) -> None:
    with pytest.raises(CarrierError):
        unpack_entries(answer, 5)


def test_multicall3_calldata_is_what_another_encoder_makes() -> None:
    import eth_abi

    requests = [ReadRequest("call", VIEW, "0x" + "12" * n) for n in (0, 4, 32, 36)]
    items = [(r.to, True, bytes.fromhex(r.data[2:])) for r in requests]
    (packed,) = Multicall3().pack(requests)
    encoded = eth_abi.encode(["(address,bool,bytes)[]"], [items]).hex()
    assert packed == {
        "to": "0xca11bde05977b3631167028862be2a173976ca11",
        "data": "0x" + keccak(b"aggregate3((address,bool,bytes)[])")[:4].hex() + encoded,
    }


def test_multicall3_answers_are_read_as_another_decoder_reads_them() -> None:
    import eth_abi

    results = [(True, b""), (False, b"\1\2\3\4"), (True, b"x" * 32), (True, b"y" * 65)]
    answer = eth_abi.encode(["(bool,bytes)[]"], [results])
    assert Multicall3().unpack(answer, 4) == results
    for cut in (answer[:40], answer[:-32], b""):
        with pytest.raises(CarrierError):
            Multicall3().unpack(cut, 4)
    with pytest.raises(CarrierError):
        Multicall3().unpack(answer, 5)


def test_multicall3_carries_calls_where_overrides_are_refused(
    answered: FakeNode, open_node: Any
) -> None:
    import eth_abi

    single = answered._before

    def multicall(params: list[Any]) -> str:
        """What Multicall3 does, over the fake's own calls."""
        if params[0]["to"] != MULTICALL3:
            return str(single_call(params))
        raw = bytes.fromhex(params[0]["data"][10:])
        results = []
        for to, allow, data in eth_abi.decode(["(address,bool,bytes)[]"], raw)[0]:
            assert allow
            try:
                answer = answered._own_call(to, "0x" + data.hex())
                results.append((True, bytes.fromhex(answer[2:])))
            except RefusedError as refusal:
                results.append((False, bytes.fromhex(refusal.error["data"][2:])))
        return "0x" + eth_abi.encode(["(bool,bytes)[]"], [results]).hex()

    def single_call(params: list[Any]) -> Any:
        answered.methods.pop("eth_call")
        try:
            return single("eth_call", params)
        finally:
            answered.methods["eth_call"] = multicall

    answered.no_overrides = True
    answered.code[MULTICALL3] = "0x6001"
    answered.methods["eth_call"] = multicall
    node = open_node(answered.url)
    answers = node.read(node.resolve("10"), [call(n) for n in range(50)])
    assert answers == [expected(n) for n in range(50)]
    assert [line[1] for line in node.capabilities()] == ["Multicall3"]
    plain = [p[0]["to"] for p in answered.asked("eth_call") if p[0]["to"] == VIEW]
    reverts = sum(n % 7 == 3 for n in range(50))
    assert len(plain) == 4 + reverts  # the sample, and what failed inside


def test_slots_are_grouped_by_contract_and_cut_into_runs() -> None:
    carrier = OverrideSlots(run=2)
    requests = [ReadRequest("slot", "0xa", f"0x{n}") for n in range(5)]
    requests += [ReadRequest("slot", "0xb", "0x9")]
    assert carrier.runs(requests) == [
        ("0xa", ["0x0", "0x1"]),
        ("0xa", ["0x2", "0x3"]),
        ("0xa", ["0x4"]),
        ("0xb", ["0x9"]),
    ]


# The test contract, assembled like the bulk caller. It answers calldata word 0 as a command:
# 0: returns slot (calldata word 1); 1: reverts with the second word; 2: burns all gas (INVALID);
# 3: returns msg.sender; 4: writes storage (fails in a static call), returns 7.
@pytest.fixture(scope="module")
def chain_with_contract() -> Iterator[Any]:
    from analyzer.devnet.chain import Anvil
    from analyzer.devnet.packages import anvil_binary, fetch

    with Anvil(anvil_binary(fetch()), 777_001, 1_700_000_000) as anvil:
        anvil.rpc("anvil_setCode", VIEW, "0x" + contract().hex())
        for slot in range(300):
            anvil.rpc("anvil_setStorageAt", VIEW, f"0x{slot:064x}", f"0x{slot * 11 + 1:064x}")
        anvil.rpc("anvil_mine", "0x1")
        yield anvil


def contract() -> bytes:
    """The bytecode of the test contract: a jump table by hand."""
    push = lambda n: f"60{n:02x}"  # noqa: E731
    bodies = {
        0: "6020355460005260206000f3",  # mstore(0, sload(calldata[32])) return
        1: "60203560005260206000fd",  # mstore(0, calldata[32]) revert
        2: "fe",
        3: "3360005260206000f3",  # mstore(0, caller) return
        4: "600160005560076000526020" + "6000f3",  # sstore(0, 1); return 7
    }
    table_size = 9 * len(bodies) + 1
    table, code, position = "", "", table_size
    for command, body in bodies.items():
        # calldataload(0) == command ? jump
        table += "600035" + push(command) + "14" + push(position) + "57"
        code += "5b" + body
        position += 1 + len(body) // 2
    return bytes.fromhex(table + "00" + code)


def ask(command: int, argument: int = 0) -> ReadRequest:
    return ReadRequest("call", VIEW, f"0x{command:064x}{argument:064x}", f"{command}({argument})")


def mixed() -> list[ReadRequest]:
    """Values, reverts, gas burners, caller-dependent views and writers, in one read."""
    requests = [ask(0, n) for n in range(300)]
    requests[20:20] = [ask(1, 5), ask(2), ask(3), ask(4), ask(1, 6)]
    requests[200:200] = [ask(2, 1), ask(2, 2), ask(9), ReadRequest("call", IDENTITY, "0x1234")]
    return requests


def plain_answers(anvil: Any, requests: list[ReadRequest]) -> list[object]:
    """What the node says to each request alone: the result or the revert data."""
    from analyzer.devnet.chain import RpcRefusedError

    out: list[object] = []
    for request in requests:
        try:
            out.append(anvil.rpc("eth_call", {"to": request.to, "data": request.data}, "latest"))
        except RpcRefusedError:
            out.append("reverted")
    return out


def shown(answers: list[Answer]) -> list[object]:
    return [
        "0x" + a.data.hex()
        if isinstance(a, Value)
        else "reverted"
        if isinstance(a, Reverted)
        else a.reason
        for a in answers
    ]


def block_of(node: Any) -> BlockRef:
    block: BlockRef = node.resolve("latest")
    return block


@pytest.mark.chain
@pytest.mark.parametrize("strategy", ["state override", "JSON-RPC batch", "single requests"])
def test_every_strategy_agrees_with_plain_calls_on_a_real_node(
    chain_with_contract: Any, open_node: Any, strategy: str
) -> None:
    requests = mixed()
    with FakeNode(upstream=chain_with_contract.url) as proxy:
        proxy.no_overrides = strategy != "state override"
        proxy.largest_batch = 1 if strategy == "single requests" else None
        node = open_node(proxy.url)
        answers = node.read(block_of(node), requests)
        ((_, used, _),) = node.capabilities()
        node.close()
    assert used == strategy
    assert shown(answers) == plain_answers(chain_with_contract, requests)
    assert answers[20] == Reverted((5).to_bytes(32, "big"), "0x00000000")


@pytest.mark.chain
def test_the_bulk_caller_is_the_same_sender_as_a_plain_call(
    chain_with_contract: Any, open_node: Any
) -> None:
    node = open_node(chain_with_contract.url)
    answers = node.read(block_of(node), [*mixed(), ask(3, 9)])
    assert answers[-1] == Value(bytes(32))


@pytest.mark.chain
def test_slots_read_by_override_are_those_of_get_storage_at(
    chain_with_contract: Any, open_node: Any
) -> None:
    node = open_node(chain_with_contract.url)
    requests = [ReadRequest("slot", VIEW, f"0x{n:064x}") for n in range(310)]
    requests += [ReadRequest("slot", IDENTITY, f"0x{n:064x}") for n in range(3)]
    posts = node.requests
    answers = node.read(block_of(node), requests)
    assert [int.from_bytes(a.data, "big") for a in answers if isinstance(a, Value)] == [
        *[11 * n + 1 for n in range(300)],
        *[0] * 13,
    ]
    assert node.requests - posts < 10


@pytest.mark.chain
def test_a_gas_cap_that_is_too_small_for_a_bulk_call_brings_it_in_parts(
    chain_with_contract: Any, open_node: Any
) -> None:
    requests = mixed() + [ask(0, 1000 + n) for n in range(3000)]
    slots = [ReadRequest("slot", VIEW, f"0x{n:064x}") for n in range(3000)]
    with FakeNode(upstream=chain_with_contract.url) as proxy:
        proxy.gas_cap = 3_000_000
        node = open_node(proxy.url)
        answers = node.read(block_of(node), requests + slots)
        bulk = [p for p in proxy.asked("eth_call") if len(p) > 2]
        node.close()
    assert shown(answers[: len(requests)]) == plain_answers(chain_with_contract, requests)
    assert answers[len(requests) :] == [
        Value((11 * n + 1 if n < 300 else 0).to_bytes(32, "big")) for n in range(3000)
    ]
    # Each of the three gas burners ends a bulk call; the rest came in parts as well.
    assert 10 < len(bulk) < 60


@pytest.mark.chain
def test_state_that_a_real_node_has_dropped_is_said_so(
    chain_with_contract: Any, open_node: Any
) -> None:
    node = open_node(chain_with_contract.url)
    gone = BlockRef(10_000, "0x" + "99" * 32, "0x" + "98" * 32, 0)
    with pytest.raises(UnreadError, match="no state at block 10000"):
        node.read(gone, [ask(0)])


def test_the_programs_assemble_to_what_was_checked_by_hand() -> None:
    assert assemble("loop: GAS 2 SHR @loop JUMP ; comment").hex() == "5b5a60021c600056"
