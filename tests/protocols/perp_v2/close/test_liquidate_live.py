"""Every liquidation that was executed on the local chain, predicted from the block before it.

The block before has the same time, so its state is what the liquidation met. Predictions are
compared with the receipt's events and with the contracts' own numbers afterwards.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from past import Past
from perp_outcomes import outcome, prediction

from analyzer.abi.codec import decode_values, encode_values
from analyzer.abi.contract import load_abi
from analyzer.abi.keccak import keccak
from analyzer.model.closure import Closure
from analyzer.protocols.perp_v2.close.liquidate import close_position
from analyzer.protocols.perp_v2.close.liquidate_collateral import close_collateral
from analyzer.protocols.perp_v2.plug import PerpV2
from analyzer.protocols.perp_v2.records import MarketStatus
from analyzer.protocols.perp_v2.state.state import PerpState, state_of
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import has_open_order, is_liquidatable
from analyzer.protocols.perp_v2.value.valuation import Valuation

if TYPE_CHECKING:
    from analyzer.devnet.perp_v2.play import Liquidation

pytestmark = [pytest.mark.chain, pytest.mark.long]


def closed(state: PerpState, done: Liquidation) -> Closure:
    """The liquidation with what was asked for, at the contract's own prices."""
    valuation, account = Valuation(state), state.accounts[done.trader]
    if done.kind == "position":
        return close_position(valuation, account, done.asset, done.requested)
    return close_collateral(
        valuation, account, done.asset, done.requested, in_settlement=done.in_settlement
    )


def is_the_most(done: Liquidation, most: Closure) -> bool:
    """Whether the liquidator asked for everything there was."""
    if done.kind == "position":
        return done.requested == 0
    return (
        done.requested == most.after["repaid_settlement"]
        if done.in_settlement
        else (done.requested == most.amount)
    )


def test_every_executed_liquidation_came_out_as_predicted(
    past: Past, capsys: pytest.CaptureFixture[str]
) -> None:
    plug = PerpV2()
    wrong: dict[int, object] = {}
    kinds: Counter[str] = Counter()
    for done in past.info.liquidations:
        book = past.book(done.block - 1)
        state = state_of(book)
        closure = closed(state, done)
        assert closure.reverts is None
        (most,) = [
            c
            for c in plug.liquidate(plug.value(book, plug.prices(book)), done.trader)
            if (c.kind, c.asset_id) == (done.kind, done.asset)
        ]
        whole = is_the_most(done, most)
        predicted, found = prediction(closure, state), outcome(past, done, state)
        if predicted != found or (whole and most != closure):
            wrong[done.block] = {
                name: (predicted[name], found[name])
                for name in predicted
                if predicted[name] != found[name]
            }
        kinds[done.kind] += 1
        kinds[f"{done.kind}, {'as much as possible' if whole else 'a part'}"] += 1
        kinds["with bad debt settled"] += bool(predicted["bad debt"])
    with capsys.disabled():
        print(f"\nliquidations predicted to the wei: {dict(kinds)}")
    assert wrong == {}
    assert kinds["position"] >= 30
    assert kinds["collateral"] >= 15


def test_every_refused_liquidation_is_predicted_to_revert_in_the_same_words(past: Past) -> None:
    refusals = [r for r in past.info.refused if r.kind == "position"]
    predicted = []
    for refused in refusals:
        state = state_of(past.book(refused.block))
        account = state.accounts[refused.trader]
        predicted.append(close_position(Valuation(state), account, refused.asset).reverts)
    assert predicted == [refused.reason for refused in refusals]
    assert refusals


def after_cancelling(
    past: Past, number: int, trader: str, base: str
) -> tuple[dict[str, object], dict[str, object]]:
    """(the event of the liquidation, the numbers after it) of cancelling all orders of `trader`
    and liquidating him in one simulated block on the state of block `number`, at its time."""
    contracts = past.info.deployments["perp-v2"].contracts
    house, books = load_abi("perp_v2/ClearingHouse"), load_abi("perp_v2/AccountBalance")
    vault = load_abi("perp_v2/Vault")
    state = state_of(past.book(number))
    open_markets = [b for b, m in state.markets.items() if m.status == MarketStatus.OPEN]
    fund, accounts = state.insurance_fund, contracts["account_balance"]

    def write(function: str, *arguments: str) -> str:
        signature = f"{function}({','.join(['address'] * len(arguments))})"
        return (
            "0x"
            + (
                keccak(signature.encode())[:4]
                + encode_values(["address"] * len(arguments), arguments)
            ).hex()
        )

    calls = [
        *(
            (contracts["clearing_house"], write("cancelAllExcessOrders", trader, market))
            for market in open_markets
        ),
        (contracts["clearing_house"], write("liquidate", trader, base)),
        (accounts, books.request(accounts, "getAccountInfo", trader, base).data),
        (accounts, books.request(accounts, "getPnlAndPendingFee", trader).data),
        (accounts, books.request(accounts, "getPnlAndPendingFee", fund).data),
        (contracts["vault"], vault.request(contracts["vault"], "getBalance", trader).data),
        (contracts["vault"], vault.request(contracts["vault"], "getBalance", fund).data),
    ]
    liquidator = past.info.addresses["arbitrageur"][0]
    results = past.simulate(number, liquidator, calls)
    assert [result.get("error") for result in results] == [None] * len(calls)
    liquidated = house.events["PositionLiquidated"]
    (log,) = [
        log for log in results[len(open_markets)]["logs"] if log["topics"][0] == liquidated.topic0
    ]
    words = decode_values(
        ["uint256", "uint256", "uint256", "address"], bytes.fromhex(log["data"][2:])
    )
    views = [bytes.fromhex(result["returnData"][2:]) for result in results[-5:]]
    info = books.decode("getAccountInfo", views[0])[0]
    return (
        {"liquidated": words[:3]},
        {
            "taker_position_size": info[0],
            "taker_open_notional": info[1],
            "owed_realized_pnl": books.decode("getPnlAndPendingFee", views[1])[0],
            "insurance_fund_owed_realized_pnl": books.decode("getPnlAndPendingFee", views[2])[0],
            "settlement_balance": vault.decode("getBalance", views[3])[0],
            "insurance_fund_settlement_balance": vault.decode("getBalance", views[4])[0],
        },
    )


def test_makers_are_liquidated_as_predicted_once_their_orders_are_cancelled(past: Past) -> None:
    """Nobody is liquidated with open orders: their removal and the rest are simulated."""
    wrong, compared = [], 0
    for label in ("stressed", "mid_liquidation"):
        number = past.info.blocks[label]
        book = past.book(number)
        plug, valuation = PerpV2(), Valuation(state_of(book))
        prices = plug.prices(book)
        for address in book.account_ids:
            account = AccountMath(valuation, state_of(book).accounts[address])
            if not (is_liquidatable(account) and has_open_order(account)):
                continue
            for closure in plug.liquidate(plug.value(book, prices), address):
                if closure.kind != "position" or closure.reverts != "CH_CLWTISO":
                    continue
                event, numbers = after_cancelling(past, number, address, closure.asset_id)
                said = {"liquidated": (closure.value_e18, abs(closure.amount), closure.penalty_e18)}
                predicted = {name: closure.after[name] for name in numbers}
                compared += 1
                if (said, predicted) != (event, numbers):
                    wrong.append((label, address, said, event, predicted, numbers))
    assert wrong == []
    assert compared > 0
