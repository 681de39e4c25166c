from __future__ import annotations

from typing import Any

import pytest

from analyzer.abi.contract import load_abi
from analyzer.devnet.markets import Wanted, wanted
from analyzer.devnet.up import DevnetInfo


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["perp-v2"], [Wanted("perp-v2")]),
        (["aave-v3@1"], [Wanted("aave-v3", "1")]),
        (["aave-v3@10", "perp-v2"], [Wanted("perp-v2"), Wanted("aave-v3", "10")]),
        (["aave-v3, perp-v2"], [Wanted("perp-v2"), Wanted("aave-v3")]),
    ],
)
def test_protocols_are_read_from_one_or_several_texts_and_begin_in_a_fixed_order(
    texts: list[str], found: list[Wanted]
) -> None:
    assert wanted(texts, 300) == found


def answer(asker: Any, abi: str, address: str, name: str, *args: object, block: int) -> Any:
    """The only return value of a view of any contract."""
    request = load_abi(abi).request(address, name, *args)
    raw = asker.rpc("eth_call", {"to": request.to, "data": request.data}, hex(block))
    return load_abi(abi).decode(name, bytes.fromhex(raw[2:]))[0]


@pytest.mark.chain
def test_two_protocols_on_one_chain_share_their_tokens(both: DevnetInfo, ask_both: Any) -> None:
    perp, aave = both.deployments["perp-v2"].contracts, both.deployments["aave-v3"].contracts
    block = both.last_block
    reserves = answer(ask_both, "aave_v3/Pool", aave["pool"], "getReservesList", block=block)
    settlement = answer(ask_both, "perp_v2/Vault", perp["vault"], "getSettlementToken", block=block)
    added = ask_both.logs("CollateralManager", perp["collateral_manager"], "CollateralAdded", block)
    tokens = {"0x" + log["topics"][1][-40:] for log in added} | {settlement.lower()}
    assert len(tokens) == 4
    assert tokens - {address.lower() for address in reserves} == set()


@pytest.mark.chain
def test_a_third_of_the_lending_accounts_belongs_to_traders(
    both: DevnetInfo, ask_both: Any
) -> None:
    perp, aave = both.deployments["perp-v2"].contracts, both.deployments["aave-v3"].contracts
    block = both.blocks["calm"]
    traders = {
        address
        for role in ("trader", "holder", "maker")
        for address in both.addresses[f"perp-v2 {role}"]
        if answer(ask_both, "perp_v2/Vault", perp["vault"], "getAccountValue", address, block=block)
    }
    lenders = {
        address
        for address in traders
        if answer(
            ask_both, "aave_v3/Pool", aave["pool"], "getUserConfiguration", address, block=block
        )[0]
    }
    assert len(lenders) >= both.accounts // 3 - 3


@pytest.mark.chain
def test_every_trader_can_be_valued_at_every_pinned_block_of_a_shared_chain(
    both: DevnetInfo, ask_both: Any
) -> None:
    vault = both.deployments["perp-v2"].contracts["vault"]
    for block in both.blocks.values():
        for address in both.addresses["perp-v2 trader"]:
            args = ("perp_v2/Vault", vault, "getAccountValue", address)
            assert isinstance(answer(ask_both, *args, block=block), int)


@pytest.mark.chain
def test_both_protocols_are_liquidated_on_a_shared_chain(both: DevnetInfo) -> None:
    protocols = [row.protocol for row in both.liquidations]
    assert protocols.count("perp-v2") >= 6
    assert protocols.count("aave-v3") >= 6
