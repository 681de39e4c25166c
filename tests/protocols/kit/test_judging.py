"""Questions to a view: what should be answered, a refusal, or none where a read is missing."""

from __future__ import annotations

import json
from pathlib import Path

from analyzer.abi.keccak import selector
from analyzer.protocols.kit.judging import Question, ask, judge_selectors
from analyzer.protocols.kit.unreadable import Unreadable, reverts

ABIS = Path(__file__).resolve().parents[3] / "abis"
TOKEN = "0x" + "1" * 40


def test_an_expected_answer_has_the_types_of_the_view() -> None:
    question = Question("aave_v3/ERC20", TOKEN, "balanceOf", (TOKEN,), (), "ann", "usd")
    (judge,) = ask(question, [7])
    assert (judge.fields, judge.types, judge.expected) == (("balanceOf",), ("uint256",), (7,))
    assert (judge.account_id, judge.market_id, judge.contract) == ("ann", "usd", "ERC20")
    assert judge.expected_revert is None
    assert judge.request.data.startswith(selector("balanceOf(address)"))


def test_what_the_contract_refuses_should_revert_and_what_was_not_read_is_not_asked() -> None:
    question = Question("aave_v3/ERC20", TOKEN, "balanceOf", (TOKEN,), named="USDC.balanceOf")
    (judge,) = ask(question, reverts("x", "TooOld"), {"TooOld": "0x01"}.__getitem__)
    assert (judge.expected, judge.expected_revert) == ((None,), "0x01")
    assert judge.contract == "USDC.balanceOf"
    assert list(ask(question, Unreadable("x", "not recorded"))) == []


def test_a_struct_is_taken_apart_where_it_is_compared_field_by_field() -> None:
    view = "getUserConfiguration"
    entries = json.loads((ABIS / "aave_v3" / "Pool.json").read_text(encoding="utf-8"))
    (output,) = next(e for e in entries if e.get("name") == view)["outputs"]
    assert output["type"] == "tuple"
    (word,) = ask(Question("aave_v3/Pool", TOKEN, view, (TOKEN,)), [6])
    assert (word.types, word.expected) == (("uint256",), (6,))
    struct = Question("derive_v2/DutchAuction", TOKEN, "getAuctionParams", (), tuple("abcdefg"))
    (judge,) = ask(struct, range(7))
    assert len(judge.types) == 7
    assert not any("(" in kind for kind in judge.types)


def test_the_selectors_of_judges_are_those_of_their_signatures() -> None:
    wanted = {selector("balanceOf(address)"), selector("decimals()")}
    assert judge_selectors("aave_v3", {"ERC20": ("balanceOf", "decimals")}) == wanted
