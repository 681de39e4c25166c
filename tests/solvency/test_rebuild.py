from __future__ import annotations

from dataclasses import replace

import pytest
from bank import (
    ALICE,
    BOB,
    BRANCH,
    MAINTENANCE,
    MOVED,
    OPENED,
    PLUG,
    REGISTRY,
    bank,
    contract_answers,
)
from memory_chain import MemoryChain

from analyzer.contagion.linear import linear_book
from analyzer.model.integers import WAD
from analyzer.model.logs import Event
from analyzer.model.reads import Answer, NotRead, ReadRequest
from analyzer.model.rows import ImplementationRow
from analyzer.model.verdict import Verdict
from analyzer.solvency.rebuild import Rebuilt, rebuild, verify
from analyzer.solvency.result import Completeness
from analyzer.solvency.verify import VerifyMode


@pytest.fixture
def chain() -> MemoryChain:
    chain = MemoryChain()
    chain.mine()
    chain.emit(REGISTRY, OPENED, BRANCH)
    chain.emit(BRANCH, MOVED, ALICE, 100 * WAD, 0)
    chain.emit(BRANCH, MOVED, BOB, -3 * WAD, 0)
    chain.answer = contract_answers(chain)
    return chain


def events(chain: MemoryChain) -> list[Event]:
    return [
        Event(number, index, "0x", BRANCH, "branch", event.name,
              dict(zip(("who", "amount", "memo"), values, strict=False)), chain.ref(number).time)
        for number, _, event, values, index in chain.log_list
        if event.name == "Moved"
    ]  # fmt: skip


def run(chain: MemoryChain) -> Rebuilt:
    return rebuild(
        PLUG,
        bank(),
        chain=chain,
        block=chain.ref(1),
        events=events(chain),
        completeness=Completeness(1, 1, 3, 1, 2, 1),
        progress=lambda *_: None,
    )


def test_a_rebuild_gives_margins_verdicts_and_the_key_of_the_scan(chain: MemoryChain) -> None:
    result = run(chain).result
    assert [(r.margin.account_id, r.margin.equity_e18, r.verdict) for r in result.margin] == [
        (ALICE, 100 * WAD, Verdict.HEALTHY),
        (BOB, -3 * WAD, Verdict.INSOLVENT),
    ]
    # S='\x1f'; printf "bank${S}4242${S}registry=0xa1..(20 bytes)${S}(hash below)${S}1" | sha256sum
    assert REGISTRY.lower() == "0x" + "a1" * 20
    assert chain.ref(1).hash == "0x3092bc354156a47faa3dfe8680de96dc9557f5e5b02e7512e13b5854cf3362c0"
    assert result.scan_id == "c09359ea6ebf4975"
    assert (result.verify_mode, result.checks) == ("none", ())


def test_whoever_waits_is_told_what_is_done_step_by_step(chain: MemoryChain) -> None:
    told: list[tuple[str, int, int]] = []
    rebuild(
        PLUG,
        bank(),
        chain=chain,
        block=chain.ref(1),
        events=events(chain),
        completeness=Completeness(1, 1, 3, 1, 2, 1),
        progress=lambda what, done, total: told.append((what, done, total)),
    )
    assert told == [
        ("fold the events", 0, 5),
        ("read the block's state", 1, 5),
        ("rebuild the book", 2, 5),
        ("compute margin", 3, 5),
        ("write the statements", 4, 5),
        ("rebuilt", 5, 5),
    ]


def test_the_rebuild_asks_no_judge(chain: MemoryChain) -> None:
    honest = run(chain).result
    selectors = PLUG.judge_selectors()
    chain.asked.clear()

    def refusing(number: int, request: ReadRequest) -> Answer:
        assert request.data[:10] not in selectors, "the rebuild asked a judge"
        return contract_answers(chain)(number, request)

    chain.answer = refusing
    again = verify(PLUG, run(chain), VerifyMode.NONE)
    assert list(again.margin) == list(honest.margin)


def test_verification_changes_nothing_of_the_rebuild_but_verified(chain: MemoryChain) -> None:
    rebuilt = run(chain)
    result = verify(PLUG, rebuilt, VerifyMode.ALL)
    assert [row.verified for row in result.margin] == [True, True]
    assert [replace(row, verified=None) for row in result.margin] == list(rebuilt.result.margin)
    assert (result.verified_accounts, len(result.checks), result.mismatches) == (2, 2, [])


def test_a_judge_that_lies_by_one_wei_is_named_with_account_and_field(chain: MemoryChain) -> None:
    honest = contract_answers(chain)
    lying = contract_answers(chain, lie=1)
    chain.answer = lambda n, r: (lying if r.data.endswith(BOB[2:].lower()) else honest)(n, r)
    result = verify(PLUG, run(chain), VerifyMode.ALL)
    (check,) = result.mismatches
    assert (check.account_id, check.contract, check.field) == (BOB, "Branch.equityOf", "equity")
    assert (check.expected, check.actual) == (str(-3 * WAD), str(-3 * WAD + 1))
    assert [row.verified for row in result.margin] == [True, False]


def test_a_judge_that_does_not_answer_leaves_accounts_not_compared(chain: MemoryChain) -> None:
    chain.answer = contract_answers(chain, judge=False)
    result = verify(PLUG, run(chain), VerifyMode.ALL)
    assert [row.verified for row in result.margin] == [None, None]
    assert (len(result.not_compared), result.mismatches) == (2, [])


def over(rebuilt: Rebuilt, status: str) -> Rebuilt:
    """The same rebuild, over code of that status."""
    row = ImplementationRow("registry", REGISTRY, None, "0x" + "ee" * 32, status)
    details = replace(rebuilt.result.details, implementations=[row])
    return replace(rebuilt, result=replace(rebuilt.result, details=details))


@pytest.mark.parametrize("status", ["unknown", "no code", "changed without event"])
def test_over_code_that_is_not_known_only_equal_views_of_all_accounts_verify(
    chain: MemoryChain, status: str
) -> None:
    def verified(mode: VerifyMode, **changes: object) -> list[bool | None]:
        answers = contract_answers(chain)
        different = contract_answers(chain, **changes)  # type: ignore[arg-type]
        chain.answer = lambda n, r: (different if r.data.endswith(BOB[2:].lower()) else answers)(
            n, r
        )
        result = verify(PLUG, over(run(chain), status), mode)
        assert {row.status for row in result.unproven_code} == (
            set() if [r.verified for r in result.margin] == [True, True] else {status}
        )
        return [row.verified for row in result.margin]

    assert verified(VerifyMode.ALL) == [True, True]
    # Bob's view is not answered, or differs: Alice's equal one proves nothing by itself.
    assert verified(VerifyMode.ALL, judge=False) == [None, None]
    assert verified(VerifyMode.ALL, lie=1) == [None, False]
    assert verified(VerifyMode.FLAGGED) == [None, None]
    assert verified(VerifyMode.NONE) == [None, None]


@pytest.mark.parametrize("status", ["known", "not recorded"])
def test_over_other_code_what_was_compared_is_verified(chain: MemoryChain, status: str) -> None:
    result = verify(PLUG, over(run(chain), status), VerifyMode.FLAGGED)
    assert [row.verified for row in result.margin] == [True, True]


def test_a_price_that_is_not_read_makes_accounts_unknown_and_never_zero(
    chain: MemoryChain,
) -> None:
    chain.answer = lambda number, request: NotRead("the node is down")
    rebuilt = run(chain)
    assert {row.verdict for row in rebuilt.result.margin} == {Verdict.UNKNOWN}
    assert {row.margin.equity_e18 for row in rebuilt.result.margin} == {None}
    assert {row.reason for row in rebuilt.result.margin} == {"Registry.price was not read"}
    assert rebuilt.reads.unread() == 1


def test_progress_goes_from_the_first_stage_to_the_last(chain: MemoryChain) -> None:
    told: list[tuple[str, int, int]] = []
    rebuild(
        PLUG,
        bank(),
        chain=chain,
        block=chain.ref(1),
        events=[],
        completeness=Completeness(1, 1, 0, 0, 1, 0),
        progress=lambda *step: told.append(step),
    )
    assert [(done, total) for _, done, total in told] == [(i, 5) for i in range(6)]


def test_the_linear_twin_of_a_rebuilt_book_says_what_its_integers_say(chain: MemoryChain) -> None:
    rebuilt = run(chain)
    twin = linear_book(PLUG, rebuilt.valued.book)
    assert twin.factors == ("COIN",)
    for place, row in enumerate(rebuilt.result.margin):
        equity = row.margin.equity_e18
        assert equity is not None
        assert twin.equity[place] + twin.equity_cash[place] == equity / WAD
        headroom = (equity - MAINTENANCE) / WAD
        assert twin.headroom[place] + twin.headroom_cash[place] == headroom
