"""Aave V3 on a local chain with the real contracts: everything rebuilt equals what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aave_past import check_liquidations, silent
from fake_node import FakeNode, plus_one_wei
from live_scan import deployment_files, scan_all_blocks, scan_live

from analyzer.model.errors import ExitCode
from analyzer.protocols.registry import load_plug
from analyzer.runs.scanning.scan import ScanOptions, scan

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain

GET_USER_ACCOUNT_DATA = "0xbf92857c"


def test_every_field_of_every_account_equals_the_contracts_view_at_five_blocks(
    aave_devnet: DevnetInfo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = scan_all_blocks(aave_devnet, tmp_path)
    with capsys.disabled():
        print(
            f"\naave-v3 seed {aave_devnet.seed}: {tally.checks} checks of {tally.accounts}"
            f" account states at 5 blocks, {len(tally.faults)} faults,"
            f" {tally.silent_changes} silent changes, verdicts {dict(tally.verdicts)}"
        )
    assert tally.faults == []
    assert tally.accounts >= 5 * 200
    assert tally.checks > 5 * 200 * 8
    assert tally.silent_changes == 0
    assert set(tally.verdicts) >= {"insolvent", "liquidatable", "below_initial", "healthy"}


def test_every_liquidation_and_every_refusal_comes_out_as_predicted(
    aave_devnet: DevnetInfo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = check_liquidations(aave_devnet, tmp_path)
    with capsys.disabled():
        print(
            f"\naave-v3 seed {aave_devnet.seed}: {found.executed} liquidations, {found.kept} for"
            f" aTokens, {found.deficits} deficits; {found.refused} refusals;"
            f" {len(found.faults)} not as predicted"
        )
    assert found.faults == []
    assert found.executed > 0
    assert found.refused > 0


def test_the_rebuild_never_uses_a_judge(aave_devnet: DevnetInfo, tmp_path: Path) -> None:
    free, denied = tmp_path / "free", tmp_path / "denied"
    block = aave_devnet.blocks["stressed"]
    with_judges = scan_live(aave_devnet, free, block, verify="all")
    judges = set(load_plug("aave-v3").judge_selectors())
    with FakeNode(upstream=aave_devnet.rpc) as node:
        node.refuse_selectors = judges
        without = scan_live(aave_devnet, denied, block, verify="none", rpc=node.url)
        asked = {p[0]["data"][:10].lower() for p in node.asked("eth_call")}
    assert [row.margin for row in without.results[0].margin] == [
        row.margin for row in with_judges.results[0].margin
    ]
    assert [row.verdict for row in without.results[0].margin] == [
        row.verdict for row in with_judges.results[0].margin
    ]
    assert asked & judges == set()


def test_a_recording_gives_the_same_numbers_without_a_chain(
    aave_devnet: DevnetInfo, tmp_path: Path
) -> None:
    evidence = tmp_path / "evidence.zip"
    block = aave_devnet.blocks["paused"]
    files = deployment_files(aave_devnet, tmp_path)
    recorded = scan(
        ScanOptions(
            db=tmp_path / "live.duckdb",
            rpc=(aave_devnet.rpc,),
            deployments=files,
            block=str(block),
            verify="all",
            record=evidence,
        ),
        silent,
    )
    replayed = scan(
        ScanOptions(db=tmp_path / "replayed.duckdb", recording=evidence, verify="all"), silent
    )
    assert replayed.results[0].margin == recorded.results[0].margin
    assert replayed.results[0].checks == recorded.results[0].checks
    assert replayed.results[0].mismatches == []
    assert replayed.exit_code == recorded.exit_code == ExitCode.FINDINGS


def test_a_view_that_lies_by_one_wei_is_named_and_ends_with_exit_4(
    aave_devnet: DevnetInfo, tmp_path: Path
) -> None:
    pool = aave_devnet.deployments["aave-v3"].contracts["pool"].lower()
    with FakeNode(upstream=aave_devnet.rpc) as node:
        node.refuse_selectors = {"0xffffffff"}
        node.lies[pool, GET_USER_ACCOUNT_DATA] = plus_one_wei
        outcome = scan_live(
            aave_devnet, tmp_path, aave_devnet.blocks["calm"], verify="all", rpc=node.url
        )
    lied = {(check.contract, check.field) for check in outcome.results[0].mismatches}
    assert outcome.exit_code == ExitCode.DIVERGENCE
    assert lied == {("Pool", "totalCollateralBase")}
    divergent = [f for f in outcome.results[0].findings if f.detector == "contract-divergence"]
    assert divergent
    assert {row.verified for row in outcome.results[0].margin} == {False}
