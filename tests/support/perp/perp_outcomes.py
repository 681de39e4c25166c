"""A liquidation as it was predicted, and as the receipt and the contracts say it came out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from past import Past

from analyzer.model.closure import Closure
from analyzer.protocols.perp_v2.state.state import PerpState

if TYPE_CHECKING:
    from analyzer.devnet.perp_v2.play import Liquidation


def prediction(closure: Closure, state: PerpState) -> dict[str, object]:
    """What has to be said after this closure, whatever its kind."""
    if closure.kind == "position":
        return position_prediction(closure)
    return collateral_prediction(closure, state.collateral[closure.asset_id].discount_ratio)


def outcome(past: Past, done: Liquidation, state: PerpState) -> dict[str, object]:
    """The same, as the receipt and the contracts say it."""
    if done.kind == "position":
        return position_outcome(past, done, state)
    return collateral_outcome(past, done, state)


def position_prediction(closure: Closure) -> dict[str, object]:
    """What the receipt and the contracts have to say after this closure of a position."""
    after, sign = closure.after, 1 if closure.amount > 0 else -1
    return {
        "size": -closure.amount,
        "notional": sign * closure.value_e18,
        "realized": after["realized_pnl"],
        "liquidated": (closure.value_e18, abs(closure.amount), closure.penalty_e18),
        "liquidator": (after["liquidator_size"], after["liquidator_notional"]),
        "funding": after["funding_paid"],
        "fund income": after["penalty_to_insurance_fund"],
        "bad debt": after["bad_debt_settled"],
        "taker": (after["taker_position_size"], after["taker_open_notional"]),
        "owed": (after["owed_realized_pnl"], after["insurance_fund_owed_realized_pnl"]),
        "balances": (after["settlement_balance"], after["insurance_fund_settlement_balance"]),
    }


def position_outcome(past: Past, done: Liquidation, state: PerpState) -> dict[str, object]:
    """The same, as the receipt and the contracts say it."""
    logs = past.receipt(done.block)

    def of(name: str, key: str, who: str) -> list[dict[str, object]]:
        return [args for event, args in logs if event == name and args[key] == who]

    (trader,) = of("PositionChanged", "trader", done.trader)
    (liquidator,) = of("PositionChanged", "trader", done.liquidator)
    (liquidated,) = of("PositionLiquidated", "trader", done.trader)
    info = past.view(done.block, "AccountBalance", "getAccountInfo", done.trader, done.asset)[0]
    return {
        "size": trader["exchangedPositionSize"],
        "notional": trader["exchangedPositionNotional"],
        "realized": trader["realizedPnl"],
        "liquidated": tuple(
            liquidated[name] for name in ("positionNotional", "positionSize", "liquidationFee")
        ),
        "liquidator": (
            liquidator["exchangedPositionSize"],
            liquidator["exchangedPositionNotional"],
        ),
        "funding": total(of("FundingPaymentSettled", "trader", done.trader), "fundingPayment"),
        "fund income": total(of("PnlRealized", "trader", state.insurance_fund), "amount"),
        "bad debt": total(of("BadDebtSettled", "trader", done.trader), "amount"),
        "taker": tuple(info[:2]),
        "owed": owed(past, done, state),
        "balances": balances(past, done, state),
    }


def total(logs: list[dict[str, object]], name: str) -> int:
    """The sum of one argument; 0 where nothing was logged."""
    return sum(int(str(args[name])) for args in logs)


def owed(past: Past, done: Liquidation, state: PerpState) -> tuple[int, ...]:
    """Owed realized PnL of the trader and of the fund, afterwards."""
    return tuple(
        past.view(done.block, "AccountBalance", "getPnlAndPendingFee", who)[0]
        for who in (done.trader, state.insurance_fund)
    )


def balances(past: Past, done: Liquidation, state: PerpState) -> tuple[int, ...]:
    """Settlement balances of the trader and of the fund, afterwards."""
    return tuple(
        past.view(done.block, "Vault", "getBalance", who)[0]
        for who in (done.trader, state.insurance_fund)
    )


def collateral_prediction(closure: Closure, discount_ratio: int) -> dict[str, object]:
    """What the receipt and the Vault have to say after this closure of collateral."""
    after = closure.after
    fee = after["insurance_fund_fee"]
    return {
        "liquidated": (closure.amount, after["repaid_settlement"] - fee, fee, discount_ratio),
        "bad debt": after["bad_debt_settled"],
        "token": after["token_balance"],
        "owed": (after["owed_realized_pnl"], after["insurance_fund_owed_realized_pnl"]),
        "balances": (after["settlement_balance"], after["insurance_fund_settlement_balance"]),
    }


def collateral_outcome(past: Past, done: Liquidation, state: PerpState) -> dict[str, object]:
    """The same, as the receipt and the Vault say it."""
    logs = past.receipt(done.block)
    (sold,) = [args for event, args in logs if event == "CollateralLiquidated"]
    names = (
        "collateral",
        "repaidSettlementWithoutInsuranceFundFeeX10_S",
        "insuranceFundFeeX10_S",
        "discountRatio",
    )
    return {
        "liquidated": tuple(sold[name] for name in names),
        "bad debt": total([args for event, args in logs if event == "BadDebtSettled"], "amount"),
        "token": past.view(done.block, "Vault", "getBalanceByToken", done.trader, done.asset)[0],
        "owed": owed(past, done, state),
        "balances": balances(past, done, state),
    }
