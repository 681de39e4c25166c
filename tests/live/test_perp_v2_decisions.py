"""Decisions about Perp V2 against the real contracts: ratios that change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attached import attached
from past import past_of

from analyzer.abi.contract import parse_abi
from analyzer.devnet.world import Contract
from analyzer.protocols.perp_v2.fixed_point import RATIO_ONE
from analyzer.protocols.perp_v2.plug import PerpV2
from analyzer.protocols.perp_v2.state.state import state_of
from analyzer.runs.risk.decisions.inputs import decisions_of

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain

MANAGER = parse_abi(
    "CollateralManager",
    [
        {
            "type": "function", "name": name, "outputs": [], "stateMutability": "nonpayable",
            "inputs": [{"name": f"a{n}", "type": kind} for n, kind in enumerate(kinds)],
        }
        for name, kinds in (
            ("setCollateralRatio", ("address", "uint24")), ("setMmRatioBuffer", ("uint24",)),
        )
    ],
)  # fmt: skip
BUFFER = 20_000
"""Above maintenance, of 1e6: other than the deployment's."""


def folder(parent: Path, name: str) -> Path:
    """A folder for an index."""
    (parent / name).mkdir()
    return parent / name


def test_a_what_if_to_a_later_parameter_set_gives_that_blocks_numbers(
    perp_devnet: DevnetInfo, tmp_path: Path
) -> None:
    plug = PerpV2()
    contracts = perp_devnet.deployments["perp-v2"].contracts
    with attached(perp_devnet) as world:
        before = world.anvil.block_number()
        manager = Contract(contracts["collateral_manager"], MANAGER)
        owner = world.address("perp owner")
        with past_of(replace(perp_devnet, last_block=before), folder(tmp_path, "before")) as past:
            old = plug.value(past.book(before), plug.prices(past.book(before)))
        [token] = [t for t, info in state_of(old.book).collateral.items() if info.symbol == "WETH"]
        later = {"ratio:WETH": RATIO_ONE // 5, "buffer": BUFFER}
        world.queue(
            manager.send(owner, "setCollateralRatio", token, later["ratio:WETH"]),
            manager.send(owner, "setMmRatioBuffer", BUFFER),
        )
        world.mine(0, must_succeed=True)
        last = before + 1
        with past_of(replace(perp_devnet, last_block=last), folder(tmp_path, "after")) as past:
            new = plug.value(past.book(last), plug.prices(past.book(last)))
            other = decisions_of(plug, old).with_parameters(later)
            expected = plug.margin(plug.value(other, old.prices))
            assert plug.margin(new) == expected
            changed = [
                row
                for row, now in zip(expected, plug.margin(old), strict=True)
                if row.margin_equity_e18 != now.margin_equity_e18
            ]
            assert len(changed) > 5
            # The contract's own account value, in the settlement token, of those who change.
            for row in changed[:20]:
                (value,) = past.view(last, "Vault", "getAccountValue", row.account_id)
                assert row.margin_equity_e18 is not None
                assert row.margin_equity_e18 // 10**12 == value
