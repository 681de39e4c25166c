"""What the small local chain holds, asked of the contracts and the logs themselves."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.abi.keccak import checksum, keccak
from analyzer.devnet.perp_v2.opening import STRAY_USDC
from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain

OPEN, PAUSED, CLOSED = "open", "paused", "closed"
EIP1967_LABEL = b"eip1967.proxy.implementation"


def contract(info: DevnetInfo, role: str) -> str:
    return info.deployments["perp-v2"].contracts[role]


def address_topic(log: dict[str, object], index: int) -> str:
    topics = log["topics"]
    assert isinstance(topics, list)
    return checksum("0x" + topics[index][-40:])


def markets(info: DevnetInfo, ask: Any) -> dict[str, str]:
    """Symbol -> base token, from the registry's events."""
    registry = contract(info, "market_registry")
    added = ask.logs("MarketRegistry", registry, "PoolAdded", info.last_block)
    bases = [address_topic(log, 1) for log in added]
    return {ask.view("BaseToken", b, "symbol", block=info.last_block): b for b in bases}


def status(ask: Any, base: str, block: int) -> str:
    for name, view in ((OPEN, "isOpen"), (PAUSED, "isPaused"), (CLOSED, "isClosed")):
        if ask.view("BaseToken", base, view, block=block):
            return name
    raise AssertionError("a market has no status")


def test_every_account_has_deposited_before_the_first_pinned_block(
    small: DevnetInfo, ask: Any
) -> None:
    logs = ask.logs("Vault", contract(small, "vault"), "Deposited", small.blocks["calm"])
    deposited = {address_topic(log, 2) for log in logs}
    everybody = {address for addresses in small.addresses.values() for address in addresses}
    assert len(everybody) == small.accounts
    assert everybody - deposited == set()


def test_markets_open_pause_and_close_as_the_scenario_says(small: DevnetInfo, ask: Any) -> None:
    found = {
        label: {s: status(ask, base, block) for s, base in markets(small, ask).items()}
        for label, block in small.blocks.items()
    }
    all_open = dict.fromkeys(("vETH", "vBTC", "vOP", "vLINK"), OPEN)
    assert found == {
        "calm": all_open,
        "stressed": all_open | {"vLINK": PAUSED},
        "mid_liquidation": all_open | {"vLINK": PAUSED},
        "after": all_open | {"vLINK": CLOSED},
        "paused": all_open | {"vLINK": CLOSED, "vOP": PAUSED},
    }


def test_prices_fall_by_a_fifth_at_least_in_the_crash(small: DevnetInfo, ask: Any) -> None:
    for symbol in ("vETH", "vBTC", "vOP"):
        base = markets(small, ask)[symbol]
        before, after = (
            ask.view("BaseToken", base, "getIndexPrice", 0, block=small.blocks[label])
            for label in ("calm", "stressed")
        )
        assert after < before * 0.81


def test_the_contracts_views_answer_for_everybody_at_every_pinned_block(
    small: DevnetInfo, ask: Any
) -> None:
    vault = contract(small, "vault")
    for block in small.blocks.values():
        for addresses in small.addresses.values():
            for address in addresses:
                value = ask.view("Vault", vault, "getAccountValue", address, block=block)
                assert isinstance(value, int)


def test_proxies_name_their_implementation_in_the_standard_slot(
    small: DevnetInfo, ask: Any
) -> None:
    slot = hex(int.from_bytes(keccak(EIP1967_LABEL), "big") - 1)
    for role, address in small.deployments["perp-v2"].contracts.items():
        word = str(ask.rpc("eth_getStorageAt", address, slot, "latest"))
        code = ask.rpc("eth_getCode", "0x" + word[-40:], "latest")
        assert len(str(code)) > 1_000, role


def test_each_liquidation_is_alone_in_its_block_at_the_time_of_the_block_before(
    small: DevnetInfo, ask: Any
) -> None:
    assert {row.kind for row in small.liquidations} == {"position", "collateral"}
    for row in small.liquidations:
        header = ask.header(row.block)
        assert header["transactions"] == [row.tx_hash]
        assert header["timestamp"] == ask.header(row.block - 1)["timestamp"] == hex(row.time)


def test_the_log_of_liquidations_is_what_the_contracts_say_happened(
    small: DevnetInfo, ask: Any
) -> None:
    house, vault = contract(small, "clearing_house"), contract(small, "vault")
    last = small.last_block
    happened = {
        (log["transactionHash"], address_topic(log, 1), address_topic(log, 2))
        for log in ask.logs("ClearingHouse", house, "PositionLiquidated", last)
        + ask.logs("Vault", vault, "CollateralLiquidated", last)
    }
    assert {(r.tx_hash, r.trader, r.asset) for r in small.liquidations} == happened
    stressed, mid, after = (small.blocks[b] for b in ("stressed", "mid_liquidation", "after"))
    blocks = [row.block for row in small.liquidations]
    assert stressed < min(blocks) <= mid < max(blocks) < after


def test_the_vault_holds_usdc_that_nobody_deposited(small: DevnetInfo, ask: Any) -> None:
    vault = contract(small, "vault")
    block = small.blocks["calm"]
    usdc = ask.view("Vault", vault, "getSettlementToken", block=block)
    topic = "0x" + "0" * 24 + vault[2:].lower()
    transfer = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    where = {"address": usdc, "topics": [transfer, None, topic], "fromBlock": "0x0"}
    received = sum(int(log["data"], 16) for log in ask.rpc("eth_getLogs", where))
    where["toBlock"] = hex(small.last_block)
    credited = 0
    for log in ask.logs("Vault", vault, "Deposited", small.last_block):
        credited += int(log["data"], 16) if address_topic(log, 1) == usdc else 0
    repaid = sum(
        int(log["data"][2:][64:128], 16) + int(log["data"][2:][128:192], 16)
        for log in ask.logs("Vault", vault, "CollateralLiquidated", small.last_block)
    )
    assert received - credited - repaid == round(STRAY_USDC * 10**6)


def test_some_funding_is_settled_without_any_event_of_it(small: DevnetInfo, ask: Any) -> None:
    """The snapshot of a tiny position moves, its payment truncates to 0, and nothing is logged."""
    balance = contract(small, "account_balance")
    house = contract(small, "clearing_house")
    settled = {
        (address_topic(log, 1), log["blockNumber"])
        for log in ask.logs("ClearingHouse", house, "FundingPaymentSettled", small.last_block)
    }
    changed = {
        (address_topic(log, 1), log["blockNumber"])
        for event in ("PositionChanged", "LiquidityChanged")
        for log in ask.logs("ClearingHouse", house, event, small.last_block)
    }
    base = markets(small, ask)["vOP"]
    silent = 0
    (tiny, *_) = small.addresses["tiny"]
    before = None
    for block in range(30, small.blocks["calm"]):
        info = ask.view("AccountBalance", balance, "getAccountInfo", tiny, base, block=block)
        if before is not None and before[0] == info[0] != 0 and before[2] != info[2]:
            silent += (tiny, hex(block)) not in settled | changed
        before = info
    assert silent > 0
