"""What the node answers for a chain without an EVM, held against anvil's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from analyzer.chain.node import Node
from analyzer.model.logs import LogFilter
from analyzer.model.reads import ReadRequest, Reverted, Value
from analyzer.testing import Fault, FaultNode, Upstream

pytestmark = pytest.mark.chain

VIEW = "0x" + "ab" * 20
# Even calldata length: returns its first word and logs nothing; odd: reverts with it.
#   CALLDATALOAD(0) -> MSTORE(0); CALLDATASIZE AND 1 -> @revert; RETURN(0, 32) / REVERT(0, 32)
CODE = "0x6000356000523660011660105760206000f35b60206000fd"


@pytest.fixture(scope="module")
def anvil() -> Iterator[Any]:
    from analyzer.devnet.chain import Anvil
    from analyzer.devnet.packages import anvil_binary, fetch

    with Anvil(anvil_binary(fetch()), 777_002, 1_700_000_000) as anvil:
        anvil.rpc("anvil_setCode", VIEW, CODE)
        for slot in range(40):
            anvil.rpc("anvil_setStorageAt", VIEW, f"0x{slot:064x}", f"0x{slot * 11 + 1:064x}")
        anvil.rpc("anvil_mine", "0x8")
        yield anvil


def requests() -> list[ReadRequest]:
    """Calls that return and that revert, and slots: enough of them to travel in bulk."""
    words = [f"0x{n:064x}{'00' * (n % 3 == 2)}" for n in range(40)]
    calls = [ReadRequest("call", VIEW, word) for word in words]
    return calls + [ReadRequest("slot", VIEW, f"0x{n:064x}") for n in range(40)]


@pytest.mark.parametrize("refused", [(), (Fault("overrides-refused"),)])
def test_bulk_calls_taken_apart_answer_as_the_programs_in_an_evm(
    anvil: Any, refused: tuple[Fault, ...]
) -> None:
    direct = Node([anvil.url])
    block = direct.resolve("latest")
    expected = direct.read(block, requests())
    assert sum(isinstance(answer, Reverted) for answer in expected) == 13
    assert expected[40 + 7] == Value((7 * 11 + 1).to_bytes(32, "big"))
    with FaultNode(Upstream(anvil.url), refused) as node:
        through = Node([node.url])
        assert through.resolve("latest") == block
        assert through.read(block, requests()) == expected
        assert through.headers(range(8)) == direct.headers(range(8))
        assert list(through.logs([LogFilter((VIEW,))], 0, 8)) == list(
            direct.logs([LogFilter((VIEW,))], 0, 8)
        )
        through.close()
    direct.close()


def test_a_reorg_of_the_node_behind_is_seen_through_it(anvil: Any) -> None:
    with FaultNode(Upstream(anvil.url)) as node:
        through = Node([node.url])
        snapshot = anvil.rpc("evm_snapshot")
        anvil.rpc("anvil_mine", "0x2")
        before = through.headers([8, 10])
        assert anvil.rpc("evm_revert", snapshot) is True
        anvil.rpc("evm_increaseTime", "0x3e8")
        anvil.rpc("anvil_mine", "0x2")
        after = through.headers([8, 10])
        through.close()
    assert before[0] == after[0]
    assert before[1] != after[1]
