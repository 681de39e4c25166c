"""What the small local chain holds, asked of the contracts and the logs themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from analyzer.abi.keccak import checksum
from analyzer.devnet.aave_v3.plans import CATEGORIES, RESERVES
from analyzer.devnet.up import DevnetInfo, start

pytestmark = pytest.mark.chain

NOBODY = "0x" + "00" * 20
WAD = 10**18
FROZEN_BIT, PAUSED_BIT = 57, 60
THRESHOLD_SHIFT, THRESHOLD_MASK = 16, 0xFFFF


def contract(info: DevnetInfo, role: str) -> str:
    return info.deployments["aave-v3"].contracts[role]


def revision(info: DevnetInfo, ask: Any) -> int:
    return int(ask.view("Pool", contract(info, "pool"), "POOL_REVISION", block=info.last_block))


def assets(info: DevnetInfo, ask: Any, block: int) -> dict[str, str]:
    """Symbol -> asset, in the order of the list."""
    found = ask.view("Pool", contract(info, "pool"), "getReservesList", block=block)
    return {ask.view("ERC20", asset, "symbol", block=block): asset for asset in found}


def configuration(info: DevnetInfo, ask: Any, asset: str, block: int) -> int:
    (word,) = ask.view("Pool", contract(info, "pool"), "getConfiguration", asset, block=block)
    return int(word)


def account(info: DevnetInfo, ask: Any, user: str, block: int) -> tuple[int, ...]:
    found: tuple[int, ...] = ask.view(
        "Pool", contract(info, "pool"), "getUserAccountData", user, block=block
    )
    return found


def everybody(info: DevnetInfo) -> list[str]:
    return [address for addresses in info.addresses.values() for address in addresses]


def test_the_pool_is_of_the_revision_that_was_asked_for(
    aave: DevnetInfo, ask_aave: Any, request: pytest.FixtureRequest
) -> None:
    asked = request.node.callspec.params["aave"]
    assert revision(aave, ask_aave) == asked


def test_the_registry_names_the_contracts_of_the_deployment(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    registry = contract(aave, "pool_addresses_provider")
    roles = {
        "pool": "getPool",
        "pool_configurator": "getPoolConfigurator",
        "oracle": "getPriceOracle",
        "data_provider": "getPoolDataProvider",
        "acl_manager": "getACLManager",
        "price_oracle_sentinel": "getPriceOracleSentinel",
    }
    for block in aave.blocks.values():
        found = {
            role: ask_aave.view("PoolAddressesProvider", registry, name, block=block)
            for role, name in roles.items()
        }
        assert found == {role: contract(aave, role) for role in roles}


def test_the_same_seed_and_accounts_give_the_same_chain_again(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    protocol = f"aave-v3@{revision(aave, ask_aave)}"
    with start([protocol], accounts=aave.accounts, seed=aave.seed) as again:
        assert replace(again, rpc=aave.rpc) == aave


def test_every_account_has_something_in_the_market_at_the_first_pin(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    supplied = ask_aave.logs("Pool", contract(aave, "pool"), "Supply", aave.blocks["calm"])
    on_behalf_of = {checksum("0x" + log["topics"][2][-40:]) for log in supplied}
    assert len(set(everybody(aave))) == aave.accounts
    assert set(everybody(aave)) - on_behalf_of == set()


def test_the_list_of_reserves_has_a_hole_where_one_was_dropped(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    block = aave.blocks["calm"]
    at = ask_aave.view("Pool", contract(aave, "pool"), "getReserveAddressById", 3, block=block)
    listed = [plan.symbol for plan in RESERVES]
    assert at == NOBODY
    assert list(assets(aave, ask_aave, block)) == listed[:3] + listed[4:]


def test_reserves_freeze_pause_and_lose_their_role_as_the_scenario_says(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    found = {}
    for label, block in aave.blocks.items():
        words = {
            symbol: configuration(aave, ask_aave, asset, block)
            for symbol, asset in assets(aave, ask_aave, block).items()
        }
        found[label] = (
            [s for s, word in words.items() if word >> FROZEN_BIT & 1],
            [s for s, word in words.items() if word >> PAUSED_BIT & 1],
            [s for s, word in words.items() if not word >> THRESHOLD_SHIFT & THRESHOLD_MASK],
        )
    before = (["LINK"], [], ["EURC"])
    assert found == {
        "calm": before,
        "stressed": before,
        "mid_liquidation": before,
        "after": before,
        "paused": (["LINK"], ["WETH"], ["EURC", "MKR"]),
    }


def test_somebody_holds_collateral_without_a_threshold_in_the_end(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    block = aave.blocks["paused"]
    asset, provider = assets(aave, ask_aave, block)["MKR"], contract(aave, "data_provider")
    rows = [
        ask_aave.view(
            "AaveProtocolDataProvider", provider, "getUserReserveData", asset, user, block=block
        )
        for user in everybody(aave)
    ]
    assert [row for row in rows if row[0] and row[8]]


def test_prices_come_from_sources_and_from_the_fallback_oracle(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    oracle = contract(aave, "oracle")
    first = aave.deployments["aave-v3"].from_block + 2
    last = aave.last_block
    asset = assets(aave, ask_aave, last)["DAI"]
    sources = [
        ask_aave.view("AaveOracle", oracle, "getSourceOfAsset", asset, block=block)
        for block in (first, last)
    ]
    prices = [
        ask_aave.view("AaveOracle", oracle, "getAssetPrice", asset, block=block)
        for block in (first, last)
    ]
    assert sources[0] == NOBODY != sources[1]
    assert all(90_000_000 < price < 110_000_000 for price in prices)


def test_every_account_can_be_read_at_every_pin_and_many_owe(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    for block in aave.blocks.values():
        rows = [account(aave, ask_aave, user, block) for user in everybody(aave)]
        assert sum(row[1] > 0 for row in rows) > aave.accounts / 2


def test_the_crash_makes_accounts_liquidatable_and_some_insolvent(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    counts = {}
    for label in ("calm", "stressed", "after"):
        rows = [account(aave, ask_aave, u, aave.blocks[label]) for u in everybody(aave)]
        counts[label] = (sum(r[5] < WAD for r in rows), sum(r[1] > r[0] for r in rows))
    assert counts["calm"][0] <= 2
    assert counts["calm"][1] == 0
    assert counts["stressed"][0] >= 10
    assert counts["stressed"][1] >= 2
    assert counts["after"][0] < counts["stressed"][0]


def test_people_are_in_every_emode_category(aave: DevnetInfo, ask_aave: Any) -> None:
    pool, block = contract(aave, "pool"), aave.blocks["stressed"]
    found = {ask_aave.view("Pool", pool, "getUserEMode", u, block=block) for u in everybody(aave)}
    categories = {c.id for c in CATEGORIES}
    assert found == {0, *categories} - ({3} if revision(aave, ask_aave) == 1 else set())


def test_each_liquidation_is_alone_in_its_block_at_the_time_of_the_block_before(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    assert len(aave.liquidations) == aave.accounts // 4
    for row in aave.liquidations:
        header = ask_aave.header(row.block)
        assert header["transactions"] == [row.tx_hash]
        before = ask_aave.header(row.block - 1)["timestamp"]
        assert header["timestamp"] == before == hex(row.time)


def test_the_log_of_liquidations_is_what_the_pool_says_happened(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    logs = ask_aave.logs("Pool", contract(aave, "pool"), "LiquidationCall", aave.last_block)
    happened = [
        (log["transactionHash"], *(checksum("0x" + topic[-40:]) for topic in log["topics"][1:]))
        for log in logs
    ]
    assert [
        (r.tx_hash, r.collateral_asset, r.debt_asset, r.user) for r in aave.liquidations
    ] == happened
    assert {r.keep_supply for r in aave.liquidations} == {True, False}


def test_what_the_pool_refused_it_refuses_again_on_the_state_of_that_block(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    from analyzer.abi.codec import encode_values
    from analyzer.abi.keccak import selector

    types = ["address", "address", "address", "uint256", "bool"]
    name = selector(f"liquidationCall({','.join(types)})")
    assert len({row.reason for row in aave.refused}) >= 5
    for row in aave.refused:
        args = (row.collateral_asset, row.debt_asset, row.user, row.requested, row.keep_supply)
        call = {
            "from": row.liquidator,
            "to": contract(aave, "pool"),
            "data": name + encode_values(types, args).hex(),
        }
        with pytest.raises(AssertionError, match="revert"):
            ask_aave.rpc("eth_call", call, hex(row.block))


def test_bad_debt_becomes_a_deficit_that_is_partly_covered_in_the_later_revision_only(
    aave: DevnetInfo, ask_aave: Any
) -> None:
    pool = contract(aave, "pool")
    created = ask_aave.logs("Pool", pool, "DeficitCreated", aave.last_block)
    covered = ask_aave.logs("Pool", pool, "DeficitCovered", aave.last_block)
    if revision(aave, ask_aave) == 1:
        assert (created, covered) == ([], [])
    else:
        assert len(created) >= 2
        assert 1 <= len(covered) <= len(created)


def test_the_rarer_events_of_each_revision_are_there(aave: DevnetInfo, ask_aave: Any) -> None:
    pool = contract(aave, "pool")
    common = ("FlashLoan", "MintedToTreasury", "Repay", "Withdraw", "IsolationModeTotalDebtUpdated")
    own = {
        1: ("MintUnbacked", "BackUnbacked", "SwapBorrowRateMode"),
        10: ("PositionManagerApproved", "PositionManagerRevoked"),
    }[revision(aave, ask_aave)]
    found = {n: ask_aave.logs("Pool", pool, n, aave.last_block) for n in (*common, *own)}
    assert [name for name, logs in found.items() if not logs] == []
