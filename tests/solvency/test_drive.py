from __future__ import annotations

import pytest
from memory_chain import MemoryChain

from analyzer.model.errors import UnreadError
from analyzer.model.reads import Answer, NotRead, Reading, ReadRequest, Reverted, Value
from analyzer.model.rows import ReadRow
from analyzer.protocols.kit.code import PROXY_SLOTS
from analyzer.solvency.drive import JUDGE, CountedReads, kind_of_read

A, B = "0x" + "0a" * 20, "0x" + "0b" * 20


def call(to: str, data: str, label: str = "") -> ReadRequest:
    return ReadRequest("call", to, data, label)


def answer(number: int, request: ReadRequest) -> Answer:
    return {
        "0x01": Value(b"\x01"),
        "0x02": Reverted(b"", "CH_NL"),
        "0x03": NotRead("not in the recording"),
    }.get(request.data, Value(b"\x00" * 32))


@pytest.fixture
def chain() -> MemoryChain:
    chain = MemoryChain(answer=answer)
    chain.mine(3)
    return chain


def test_a_reading_gets_the_answers_of_each_batch_in_order(chain: MemoryChain) -> None:
    def reading() -> Reading[list[Answer]]:
        first = yield [call(A, "0x01"), call(A, "0x02")]
        second = yield []
        third = yield [call(A, "0x03")]
        return [*first, *second, *third]

    assert CountedReads(chain, chain.ref(3)).drive(reading()) == [
        Value(b"\x01"),
        Reverted(b"", "CH_NL"),
        NotRead("not in the recording"),
    ]


def test_a_reading_that_asks_for_nothing_just_returns(chain: MemoryChain) -> None:
    def reading() -> Reading[int]:
        return 7
        yield []

    assert CountedReads(chain, chain.ref(3)).drive(reading()) == 7


def test_equal_requests_of_a_batch_are_asked_once_and_answered_each(chain: MemoryChain) -> None:
    reads = CountedReads(chain, chain.ref(3))
    same = [call(A, "0x01", "one name"), call(A, "0x02"), call(A, "0x01", "another name")]
    assert reads.ask(same, purpose=JUDGE) == [
        Value(b"\x01"),
        Reverted(b"", "CH_NL"),
        Value(b"\x01"),
    ]
    assert [what for what, _ in chain.asked] == ["read", "read"]


def test_every_read_is_counted_by_contract_and_function(chain: MemoryChain) -> None:
    reads = CountedReads(chain, chain.ref(3))

    def reading() -> Reading[None]:
        yield [call(A, "0x01", "Vault.balance(alice)"), call(B, "0x01", "Vault.balance(bob)")]
        yield [call(A, "0x02", "Vault.balance(carol)"), call(A, "0x03", "Vault.balance(dora)")]
        yield [ReadRequest("slot", A, min(PROXY_SLOTS).upper().replace("0X", "0x"), "proxy")]
        yield [ReadRequest("code_hash", A, "0x03", "code of vault")]

    reads.drive(reading())
    reads.ask([call(A, "0x03", "Vault.getAccountValue(alice)")], purpose=JUDGE)
    assert reads.rows() == [
        ReadRow(
            "implementation", "code of vault", 1, 0, 0, 1, "code of vault: not in the recording"
        ),
        ReadRow("implementation", "proxy", 1, 1, 0, 0, ""),
        ReadRow(
            "judge",
            "Vault.getAccountValue",
            1,
            0,
            0,
            1,
            "Vault.getAccountValue(alice): not in the recording",
        ),
        ReadRow(
            "rebuild",
            "Vault.balance",
            4,
            2,
            1,
            1,
            "Vault.balance(dora): not in the recording",
        ),
    ]
    assert reads.unread() == 1


def test_what_is_only_shown_or_compared_is_counted_apart_and_does_not_count_as_unread(
    chain: MemoryChain,
) -> None:
    reads = CountedReads(chain, chain.ref(3))
    symbol = ReadRequest("call", A, "0x03", "Token.symbol(a)", evidence=True)

    def reading() -> Reading[None]:
        yield [symbol, call(B, "0x01", "Vault.balance(bob)")]

    reads.drive(reading())
    said = "Token.symbol(a): not in the recording"
    assert reads.rows() == [
        ReadRow("evidence", "Token.symbol", 1, 0, 0, 1, said),
        ReadRow("rebuild", "Vault.balance", 1, 1, 0, 0, ""),
    ]
    assert reads.unread() == 0


def test_a_read_that_somebody_needs_is_no_mere_evidence(chain: MemoryChain) -> None:
    reads = CountedReads(chain, chain.ref(3))
    shown = ReadRequest("call", A, "0x03", "Token.held(a)", evidence=True)

    def reading() -> Reading[None]:
        yield [shown, call(A, "0x03", "Token.held(a)")]

    reads.drive(reading())
    assert [(row.purpose, row.not_read) for row in reads.rows()] == [("rebuild", 1)]
    assert reads.unread() == 1


def test_a_block_without_state_ends_the_reading(chain: MemoryChain) -> None:
    gone = chain.ref(3)
    chain.reorganise(2)
    with pytest.raises(UnreadError):
        CountedReads(chain, gone).ask([call(A, "0x01")], purpose=JUDGE)


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (call(A, "0x01", "Vault.getBalance(0x1)"), "Vault.getBalance"),
        (call(A, "0x01", "AccountBalance.accountMarket[0x1].size"), "AccountBalance.accountMarket"),
        (call(A, "0x0011223344556677"), f"{A}.0x00112233"),
        (ReadRequest("slot", A, "0x" + "00" * 32), f"slot of {A}"),
    ],
)
def test_reads_are_named_without_their_arguments(request_: ReadRequest, kind: str) -> None:
    assert kind_of_read(request_) == kind


def test_what_names_an_earlier_block_is_asked_there() -> None:
    chain = MemoryChain(answer=lambda number, request: Value(bytes([number])))
    chain.mine(3)
    earlier = ReadRequest("call", A, "0x01", block=1)
    found = CountedReads(chain, chain.ref(3)).ask([call(A, "0x01"), earlier], purpose=JUDGE)
    assert found == [Value(b"\x03"), Value(b"\x01")]


@pytest.mark.parametrize("number", [2, 3])
def test_the_block_that_is_judged_is_no_anchor_nor_is_a_later_one(
    chain: MemoryChain, number: int
) -> None:
    reads = CountedReads(chain, chain.ref(2))
    (found,) = reads.ask([ReadRequest("call", A, "0x01", block=number)], purpose=JUDGE)
    assert isinstance(found, NotRead)
    assert "judged" in found.reason


def test_an_earlier_block_without_state_is_not_read_and_counted() -> None:
    def pruned(number: int, request: ReadRequest) -> Answer:
        if number < 3:
            raise UnreadError("no state")
        return Value(b"\x01")

    chain = MemoryChain(answer=pruned)
    chain.mine(3)
    reads = CountedReads(chain, chain.ref(3))

    def reading() -> Reading[list[Answer]]:
        return list((yield [call(A, "0x01"), ReadRequest("call", A, "0x01", block=1)]))

    now, then = reads.drive(reading())
    assert now == Value(b"\x01")
    assert isinstance(then, NotRead)
    assert reads.unread() == 1
