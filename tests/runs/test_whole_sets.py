"""Sets that are not whole, through the commands that could call them solvent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from bank import BRANCH, MOVED, REGISTRY, bank_abi, contract_answers
from memory_chain import MemoryChain

from analyzer.abi.codec import encode_values
from analyzer.documents.encode import to_json
from analyzer.findings.proof import doubts
from analyzer.model.errors import ExitCode
from analyzer.model.integers import WAD
from analyzer.model.reads import Answer, NotRead, ReadRequest, Value
from analyzer.model.rows import MarketRow
from analyzer.report.answer import answer_lines
from analyzer.report.metrics import scan_families
from analyzer.runs.many.backfill import BackfillOptions, backfill
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.runs.snapshot.reader import Reader
from analyzer.runs.telling.scans import reported_scan
from analyzer.runs.triage.diff import DiffOptions, diff
from analyzer.store.history import open_history
from analyzer.store.snapshot import open_snapshot

RunScan = Callable[..., ScanOutcome]


def lose(chain: MemoryChain, *addresses: str) -> None:
    """The node has no logs of these contracts any more; what the contracts say stays."""
    full = MemoryChain(log_list=list(chain.log_list))
    chain.answer = contract_answers(full)
    gone = {address.lower() for address in addresses}
    chain.log_list = [log for log in full.log_list if log[1].lower() not in gone]


def line(outcome: ScanOutcome) -> str:
    """The answer line of the only scan."""
    return answer_lines(outcome.document.scans[0])[0].text


def rise(chain: MemoryChain) -> None:
    """Everybody gets enough to be healthy."""
    for account in ("01", "02", "03"):
        chain.emit(BRANCH, MOVED, "0x" + account * 20, 500 * WAD, 0)
    chain.mine()


def test_a_whole_bank_is_solvent(run_scan: RunScan, live: MemoryChain) -> None:
    rise(live)
    outcome = run_scan(verify="all")
    assert outcome.exit_code is ExitCode.CLEAN
    assert line(outcome) == "SOLVENT: no account has negative equity"


@pytest.mark.parametrize("verify", ["none", "flagged", "all"])
def test_a_node_without_logs_proves_nothing_whatever_is_compared(
    run_scan: RunScan, live: MemoryChain, verify: str
) -> None:
    lose(live, REGISTRY, BRANCH)
    outcome = run_scan(verify=verify, fail_on="never")
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ
    assert line(outcome).startswith(
        "NOT PROVEN SOLVENT: the logs name no account, and the chain holds branches, coins"
    )
    [scan] = to_json(outcome.document)["scans"]
    asked = "there was no view to ask" in "".join(scan["solvency"]["caveats"])
    assert asked == (verify != "none")
    assert {(f["detector"], f["market"]) for f in to_json(outcome.document)["findings"]} >= {
        ("incomplete-set", "no_account"),
        ("incomplete-set", "smaller"),
    }


def test_a_chain_that_says_zero_is_solvent_over_nobody(
    run_scan: RunScan, live: MemoryChain
) -> None:
    live.log_list = []
    outcome = run_scan(verify="all")
    assert outcome.exit_code is ExitCode.CLEAN
    assert line(outcome) == (
        "SOLVENT: there is no account, and the chain itself says that there is none"
    )


def test_a_first_block_that_is_too_late_is_noticed(
    run_scan: RunScan, live: MemoryChain, deployment_file: Path
) -> None:
    text = deployment_file.read_text()
    deployment_file.write_text(text.replace("from_block = 1", "from_block = 4"))
    outcome = run_scan(fail_on="never")
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ
    assert line(outcome).startswith("NOT PROVEN SOLVENT")


def test_a_total_that_was_not_read_is_not_proven(run_scan: RunScan, live: MemoryChain) -> None:
    rise(live)
    honest = contract_answers(live)
    selector = bank_abi("bank/Registry").function("coins").selector

    def silent(number: int, request: ReadRequest) -> Answer:
        return NotRead("busy") if request.data == selector else honest(number, request)

    live.answer = silent
    outcome = run_scan(fail_on="never")
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ
    assert line(outcome) == "NOT PROVEN SOLVENT: control totals not compared: coins"


def test_a_supply_that_no_account_holds_is_not_proven(run_scan: RunScan, live: MemoryChain) -> None:
    rise(live)
    honest = contract_answers(live)
    selector = bank_abi("bank/Registry").function("coins").selector

    def more(number: int, request: ReadRequest) -> Answer:
        answer = honest(number, request)
        return Value(encode_values(["int256"], [10**30])) if request.data == selector else answer

    live.answer = more
    outcome = run_scan(fail_on="never")
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ
    assert line(outcome) == "NOT PROVEN SOLVENT: less in the logs than on the chain: coins"


def test_the_snapshot_keeps_the_answer_and_gives_it_again(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    lose(live, REGISTRY, BRANCH)
    outcome = run_scan(fail_on="never", verify="none")
    with open_snapshot(tmp_path / "scan.duckdb") as snapshot:
        _, rows = snapshot.query("SELECT answer, caveats <> '[]' FROM scans")
        _, proves = snapshot.query("SELECT name, proves FROM totals ORDER BY name")
        again = Reader(snapshot).results()
    assert rows == [("not_proven", True)]
    assert proves == [("branches", "list"), ("coins", "accounts")]
    assert [doubts(result) for result in again] == [doubts(r) for r in outcome.results]


def test_metrics_say_what_is_not_proven_and_no_zero(run_scan: RunScan, live: MemoryChain) -> None:
    lose(live, REGISTRY, BRANCH)
    outcome = run_scan(fail_on="never", verify="none")
    families = {family.name: family for family in scan_families(outcome.document, [])}
    said = {s.labels["outcome"]: s.value for s in families["analyzer_answer"].samples}
    assert said == {"insolvent": 0, "not_proven": 1, "covered": 0, "solvent": 0}
    assert families["analyzer_doubts"].samples[0].value == 2
    assert families["analyzer_bad_debt"].samples == families["analyzer_shortfall"].samples == []


def test_a_symbol_that_two_tokens_have_hides_neither_in_metrics(
    run_scan: RunScan, live: MemoryChain
) -> None:
    outcome = run_scan(fail_on="never", verify="none")
    (result,) = outcome.results
    now, price = result.block.time, result.details.prices[0]
    market = MarketRow("a", "X", "X", "open", *[None] * 3, WAD, *[None] * 3)
    twice = replace(
        result,
        details=replace(
            result.details,
            prices=[replace(price, symbol="X", updated_at=now - age) for age in (1, 900, 5)],
            markets=[market, replace(market, market_id="b")],
        ),
    )
    families = {
        family.name: family for family in scan_families(outcome.document, [reported_scan(twice)])
    }
    assert [s.value for s in families["analyzer_oracle_age_seconds"].samples] == [900]
    interest = [s.labels for s in families["analyzer_open_interest"].samples]
    assert [labels["market"] for labels in interest] == ["X a", "X b"]


def test_findings_are_not_resolved_by_a_scan_that_sees_nobody(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    run_scan(db=tmp_path / "a.duckdb")
    lose(live, REGISTRY, BRANCH)
    run_scan(db=tmp_path / "b.duckdb", fail_on="never")
    outcome = diff(DiffOptions(tmp_path / "a.duckdb", tmp_path / "b.duckdb", date(2026, 1, 1)))
    gone = [f for f in to_json(outcome.document)["findings"] if f["side"] == "before"]
    assert {(f["state"], f["why"]) for f in gone} == {
        ("undecided", "the set of accounts is not proven whole")
    }
    assert any("after is not proven" in note for note in to_json(outcome.document)["notes"])
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ


def test_a_history_keeps_saying_that_a_block_is_not_proven(
    tmp_path: Path, live: MemoryChain, deployment_file: Path
) -> None:
    lose(live, REGISTRY, BRANCH)
    options = BackfillOptions(
        tmp_path / "history",
        blocks=("12",),
        rpc=("http://node.example",),
        deployments=(str(deployment_file),),
        fail_on="never",
    )
    first = backfill(options, lambda *_: None)
    second = backfill(options, lambda *_: None)
    assert first.exit_code is second.exit_code is ExitCode.NOT_FULLY_READ
    assert to_json(second.document)["deployments"][0]["present"] == 1
    with open_history(tmp_path / "history") as history:
        _, rows = history.query("SELECT answer, accounts FROM history_series")
    assert rows == [("not_proven", 0)]


@pytest.mark.parametrize("verify", ["flagged", "sample", "all"])
def test_a_comparison_that_was_wanted_and_not_answered_proves_nothing(
    run_scan: RunScan, live: MemoryChain, verify: str
) -> None:
    rise(live)
    live.answer = contract_answers(live, judge=False)
    outcome = run_scan(verify=verify, fail_on="never")
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ
    assert line(outcome) == "NOT PROVEN SOLVENT: 3 of 3 comparisons with the contract not answered"
    assert run_scan(verify="none", fail_on="never").exit_code is ExitCode.CLEAN
