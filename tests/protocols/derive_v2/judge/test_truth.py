"""The judges of Derive V2: equal on every account at every pin, never used, and they bite."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from derive_recording import LABELS
from derive_scan import Change, rebuilt, scanned, verified

from analyzer.abi.contract import load_abi
from analyzer.model.reads import Answer, NotRead, ReadRequest, Reverted, Value
from analyzer.protocols.derive_v2 import PLUG
from analyzer.solvency.drive import REBUILD
from analyzer.solvency.result import ScanResult

CHECKS = {
    "auction": 19496,
    "balances": 5250,
    "cash": 5292,
    "feeds": 2595,
    "margin": 11450,
    "perp": 21247,
    "scenario": 45344,
    "startable": 16810,
}
"""How many comparisons of each kind the 14 pins of the recording give."""


def selector(contract: str, function: str) -> str:
    """The selector of a function of one of our ABIs."""
    return load_abi(f"derive_v2/{contract}").functions[function].selector


def test_every_view_of_every_account_at_every_pin_is_equal_to_the_wei(shared: Path) -> None:
    kinds: Counter[str] = Counter()
    for label in LABELS:
        result = scanned(shared, label)
        assert (label, result.mismatches, result.not_compared) == (label, [], [])
        kinds.update(check.field.partition(".")[0] for check in result.checks)
    assert dict(kinds) == CHECKS


@pytest.mark.parametrize("label", ["C", "F", "N", "L"])
def test_a_chain_that_refuses_every_judge_gives_the_same_rows(shared: Path, label: str) -> None:
    judges = PLUG.judge_selectors()

    def refuse(request: ReadRequest, answer: Answer) -> Answer:
        assert request.data[:10] not in judges, request.label
        return answer

    alone = rebuilt(shared, label, refuse).result
    asked = scanned(shared, label)
    assert [row.margin for row in alone.margin] == [row.margin for row in asked.margin]
    assert alone.details == asked.details


def changed(function: str, contract: str, account: int) -> Change:
    """Adds one to the first word of that view's answer about one account."""
    wanted = selector(contract, function) + f"{account:064x}"

    def change(request: ReadRequest, answer: Answer) -> Answer:
        if not request.data.startswith(wanted) or not isinstance(answer, Value):
            return answer
        word = (int.from_bytes(answer.data[:32], "big") + 1) % 2**256
        return Value(word.to_bytes(32, "big") + answer.data[32:])

    return change


@pytest.mark.parametrize(
    ("contract", "function", "account", "fields"),
    [
        ("StandardManager", "getMargin", 50, ["margin.im", "margin.mm"]),
        ("PMRM_2", "getScenarioPnL", 99, ["scenario.pnl"] * 33),
        ("CashAsset", "calculateBalanceWithInterest", 50, ["cash.with_interest"]),
        ("PerpAsset", "getUnsettledAndUnrealizedCash", 50, ["perp.unsettled"] * 2),
        ("DutchAuction", "getCurrentBidPrice", 97, ["auction.bid_price"]),
    ],
)
def test_one_wei_in_one_answer_is_a_divergence_of_that_account(
    shared: Path, contract: str, function: str, account: int, fields: list[str]
) -> None:
    result = verified(shared, "H", changed(function, contract, account))
    assert sorted(check.field for check in result.mismatches) == fields
    assert {check.account_id for check in result.mismatches} == {str(account)}
    verdicts = {row.margin.account_id: row.verified for row in result.margin}
    assert [number for number, equal in verdicts.items() if not equal] == [str(account)]


def test_an_auction_that_could_start_after_all_is_a_divergence(shared: Path) -> None:
    starts = selector("DutchAuction", "startAuction")

    def allow(request: ReadRequest, answer: Answer) -> Answer:
        return Value(b"") if request.data.startswith(starts) else answer

    def refuse(request: ReadRequest, answer: Answer) -> Answer:
        return Reverted(b"", "no") if request.data.startswith(starts) else answer

    started = sum(check.field == "startable.starts" for check in scanned(shared, "G").checks)
    refused = sum(check.field == "startable.reverts" for check in scanned(shared, "G").checks)
    assert len(verified(shared, "G", allow).mismatches) == refused
    assert len(verified(shared, "G", refuse).mismatches) == started + refused


def test_judges_that_were_not_recorded_are_not_compared_and_change_nothing(shared: Path) -> None:
    judges = PLUG.judge_selectors()

    def forget(request: ReadRequest, answer: Answer) -> Answer:
        return NotRead("not recorded") if request.data[:10] in judges else answer

    result = verified(shared, "M", forget)
    complete = scanned(shared, "M")
    assert (result.mismatches, len(result.not_compared)) == ([], len(result.checks))
    assert [row.margin for row in result.margin] == [row.margin for row in complete.margin]
    assert {row.verified for row in result.margin} == {None}
    assert unread(result) == 0


def unread(result: ScanResult) -> int:
    """How many reads of the rebuild got no answer."""
    return sum(row.not_read for row in result.reads if row.purpose == REBUILD)
