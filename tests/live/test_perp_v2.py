"""Perp V2 on a local chain with the real contracts: everything rebuilt equals what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fake_node import FakeNode, plus_one_wei
from live_scan import scan_all_blocks, scan_live

from analyzer.model.errors import ExitCode
from analyzer.protocols.registry import load_plug

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain


def test_every_field_of_every_account_equals_the_contracts_view_at_five_blocks(
    perp_devnet: DevnetInfo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = scan_all_blocks(perp_devnet, tmp_path)
    with capsys.disabled():
        print(
            f"\nperp-v2 seed {perp_devnet.seed}: {tally.checks} checks of {tally.accounts}"
            f" account states at 5 blocks, {len(tally.faults)} faults,"
            f" {tally.silent_changes} silent changes, verdicts {dict(tally.verdicts)}"
        )
    assert tally.faults == []
    assert tally.accounts >= 5 * 300
    assert tally.checks > 35_000
    assert tally.silent_changes > 0
    assert set(tally.verdicts) >= {"insolvent", "liquidatable", "below_initial", "healthy"}


def test_the_rebuild_never_uses_a_judge(perp_devnet: DevnetInfo, tmp_path: Path) -> None:
    free, denied = tmp_path / "free", tmp_path / "denied"
    block = perp_devnet.blocks["stressed"]
    with_judges = scan_live(perp_devnet, free, block, verify="all")
    with FakeNode(upstream=perp_devnet.rpc) as node:
        node.refuse_selectors = set(load_plug("perp-v2").judge_selectors())
        without = scan_live(perp_devnet, denied, block, verify="none", rpc=node.url)
        asked = {p[0]["data"][:10].lower() for p in node.asked("eth_call")}
    assert len(with_judges.results[0].margin) >= 300
    assert [row.margin for row in without.results[0].margin] == [
        row.margin for row in with_judges.results[0].margin
    ]
    assert [row.verdict for row in without.results[0].margin] == [
        row.verdict for row in with_judges.results[0].margin
    ]
    assert asked & load_plug("perp-v2").judge_selectors() == set()


def test_a_view_that_lies_by_one_wei_is_named_and_ends_with_exit_4(
    perp_devnet: DevnetInfo, tmp_path: Path
) -> None:
    vault = perp_devnet.deployments["perp-v2"].contracts["vault"].lower()
    get_account_value = "0x5ae80951"
    liar = perp_devnet.addresses["trader"][0]

    with FakeNode(upstream=perp_devnet.rpc) as node:
        node.refuse_selectors = {"0xffffffff"}
        node.lies[vault, get_account_value] = plus_one_wei
        outcome = scan_live(
            perp_devnet, tmp_path, perp_devnet.blocks["calm"], verify="all", rpc=node.url
        )
    lied = {(check.account_id, check.contract, check.field)
            for check in outcome.results[0].mismatches}  # fmt: skip
    assert outcome.exit_code == ExitCode.DIVERGENCE
    assert (liar, "Vault", "getAccountValue") in lied
    assert {(contract, field) for _, contract, field in lied} == {("Vault", "getAccountValue")}
    divergent = [f for f in outcome.results[0].findings if f.detector == "contract-divergence"]
    assert divergent
    assert {row.verified for row in outcome.results[0].margin} == {False}
