"""What the contract's views should answer of one account: its values, balances and positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from analyzer.model.integers import INT256_MAX, INT256_MIN
from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Judge
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.fixed_point import from_settlement
from analyzer.protocols.perp_v2.judge.judges import Answer, Bench, always
from analyzer.protocols.perp_v2.records import Order
from analyzer.protocols.perp_v2.state.state import MarketState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.funding import pending_fee
from analyzer.protocols.perp_v2.value.limits import (
    collateral_requirement,
    floored_account_value,
    free_collateral_by_ratio,
    free_collateral_by_token,
    has_open_order,
    is_collateral_liquidatable,
    maintenance_margin,
    max_position_size,
    max_repayment,
)
from analyzer.protocols.perp_v2.value.position import MarketMath


class Claim:
    """What the scan says of one account: its row of margin where that is known, else computed."""

    def __init__(self, numbers: AccountMath, row: MarginRow | None) -> None:
        self.numbers = numbers
        self.row = row if row is not None and row.unknown_reason is None else None

    @property
    def account_value(self) -> int:
        """Account value, 18 decimals, not floored."""
        written = None if self.row is None else self.row.margin_equity_e18
        return self.numbers.account_value if written is None else written

    @property
    def free_collateral(self) -> int:
        """Free collateral at the initial ratio, 18 decimals, signed, not floored."""
        written = None if self.row is None else self.row.free_collateral_e18
        if written is not None:
            return written
        ratio = self.numbers.valuation.state.config.im_ratio
        return free_collateral_by_ratio(self.numbers, ratio)

    @property
    def maintenance(self) -> int:
        """Maintenance requirement, 18 decimals."""
        written = None if self.row is None else self.row.maintenance_margin_e18
        return maintenance_margin(self.numbers) if written is None else written

    @property
    def collateral_liquidatable(self) -> bool:
        """Whether tokens may be liquidated."""
        written = None if self.row is None else self.row.collateral_liquidatable
        return is_collateral_liquidatable(self.numbers) if written is None else written


def account_judges(bench: Bench, numbers: AccountMath, row: MarginRow | None) -> Iterator[Judge]:
    """Every question about one account: as a whole, each token, each market, each order."""
    yield from _value_judges(bench, Claim(numbers, row))
    yield from _balance_judges(bench, numbers)
    yield from _total_judges(bench, Claim(numbers, row))
    for base, market in bench.state.markets.items():
        if base in numbers.markets:
            yield from _market_judges(bench, numbers, numbers.markets[base], market)
        else:
            yield from _absence_judges(bench, numbers.account.address, base)


def _absence_judges(bench: Bench, address: str, base: str) -> Iterator[Judge]:
    """A market that the account is not in: neither size, nor notional, nor debts of orders."""
    for call in ("AccountBalance.getBase", "AccountBalance.getQuote"):
        yield bench.ask(call, (address, base), always(0), account=address, market=base)


_ACCOUNT_INFO = ("takerPositionSize", "takerOpenNotional", "lastTwPremiumGrowthGlobalX96")


def _value_judges(bench: Bench, claim: Claim) -> Iterator[Judge]:
    """Account value and free collateral, by the Vault and by the clearing house."""
    numbers, address = claim.numbers, claim.numbers.account.address
    config, decimals = bench.state.config, bench.state.settlement_decimals

    def ask(
        call: str, expected: Callable[[], Answer], arguments: Sequence[object] = (), note: str = ""
    ) -> Judge:
        return bench.ask(call, (address, *arguments), expected, account=address, detail=note)

    def by_mm_ratio() -> int:
        return bench.floored(free_collateral_by_ratio(numbers, config.mm_ratio))

    yield ask("Vault.getAccountValue", lambda: bench.floored(claim.account_value))
    yield ask(
        "ClearingHouse.getAccountValue",
        lambda: from_settlement(bench.floored(claim.account_value), decimals),
    )
    yield ask("Vault.getFreeCollateral", lambda: bench.floored(max(claim.free_collateral, 0)))
    yield ask(
        "Vault.getFreeCollateralByRatio",
        lambda: bench.floored(claim.free_collateral),
        (config.im_ratio,),
        "im",
    )
    yield ask("Vault.getFreeCollateralByRatio", by_mm_ratio, (config.mm_ratio,), "mm")
    yield ask("Vault.getSettlementTokenValue", lambda: bench.floored(numbers.settlement_value))
    yield ask("Vault.isLiquidatable", lambda: claim.collateral_liquidatable)
    yield ask(
        "Vault.getMarginRequirementForCollateralLiquidation",
        lambda: collateral_requirement(numbers),
    )


def _balance_judges(bench: Bench, numbers: AccountMath) -> Iterator[Judge]:
    """Balances of every token, and what may be withdrawn and liquidated of those held."""
    address, state = numbers.account.address, bench.state
    yield bench.ask("Vault.getBalance", (address,), lambda: numbers.balance, account=address)
    yield bench.ask(
        "Vault.getFreeCollateralByToken",
        (address, state.settlement_token),
        lambda: free_collateral_by_token(numbers, state.settlement_token),
        account=address,
        detail=state.settlement_symbol,
    )
    for token, info in state.collateral.items():
        held = numbers.tokens.get(token)
        balance = 0 if held is None else held.balance
        yield bench.ask(
            "Vault.getBalanceByToken",
            (address, token),
            always(balance),
            account=address,
            detail=info.symbol,
        )
        if held is None:
            continue
        yield bench.ask(
            "Vault.getFreeCollateralByToken",
            (address, token),
            partial(free_collateral_by_token, numbers, token),
            account=address,
            detail=info.symbol,
        )
        yield bench.ask(
            "Vault.getMaxRepaidSettlementAndLiquidatableCollateral",
            (address, token),
            partial(max_repayment, numbers, token),
            account=address,
            labels=("settlement", "collateral"),
            detail=info.symbol,
        )


def _total_judges(bench: Bench, claim: Claim) -> Iterator[Judge]:
    """PnL, position values, debts, requirement, funding and orders over all markets."""
    numbers, address = claim.numbers, claim.numbers.account.address
    yield bench.ask(
        "AccountBalance.getPnlAndPendingFee",
        (address,),
        lambda: (
            numbers.account.owed_realized_pnl,
            numbers.unrealized_pnl,
            numbers.pending_fee,
        ),
        account=address,
        labels=("owedRealizedPnl", "unrealizedPnl", "pendingFee"),
    )
    totals: dict[str, Callable[[], Answer]] = {
        "AccountBalance.getTotalAbsPositionValue": lambda: numbers.total_abs_position_value,
        "AccountBalance.getTotalDebtValue": lambda: numbers.total_debt_value,
        "AccountBalance.getMarginRequirementForLiquidation": lambda: claim.maintenance,
        "AccountBalance.hasOrder": lambda: has_open_order(numbers),
        "Exchange.getAllPendingFundingPayment": lambda: numbers.pending_funding,
    }
    for call, expected in totals.items():
        yield bench.ask(call, (address,), expected, account=address)


def _market_judges(
    bench: Bench, numbers: AccountMath, held: MarketMath, market: MarketState
) -> Iterator[Judge]:
    """One account in one market it is registered in, with its orders."""
    place = _Place(bench, numbers.account.address, held.base_token)
    yield from _position_judges(place, held)
    yield from _closing_judges(place, numbers)
    for order in held.held.orders.values():
        yield from _order_judges(place, market, order)


@dataclass(frozen=True, slots=True)
class _Place:
    """One account in one market."""

    bench: Bench
    address: str
    base: str

    def ask(
        self,
        call: str,
        expected: Callable[[], Answer | tuple[Answer, ...]],
        *arguments: object,
        labels: Sequence[str] = (),
        note: str = "",
    ) -> Judge:
        """A question whose first arguments are the account and the market."""
        return self.bench.ask(
            call,
            (self.address, self.base, *arguments),
            expected,
            account=self.address,
            market=self.base,
            labels=labels,
            detail=note,
        )


def _position_judges(place: _Place, held: MarketMath) -> Iterator[Judge]:
    """The position's stored words, its sizes and values, and the debts of its orders."""
    stored = held.held
    info = (
        stored.taker_position_size,
        stored.taker_open_notional,
        stored.last_tw_premium_growth_global_x96,
    )
    yield place.ask("AccountBalance.getAccountInfo", always(info), labels=_ACCOUNT_INFO)
    values: dict[str, Callable[[], Answer]] = {
        "AccountBalance.getTakerPositionSize": lambda: held.taker_size,
        "AccountBalance.getTakerOpenNotional": lambda: stored.taker_open_notional,
        "AccountBalance.getBase": lambda: held.base,
        "AccountBalance.getQuote": lambda: held.quote,
        "AccountBalance.getTotalPositionSize": lambda: held.size,
        "AccountBalance.getTotalPositionValue": lambda: held.value,
        "AccountBalance.getTotalOpenNotional": lambda: held.open_notional,
        "Exchange.getPendingFundingPayment": lambda: held.pending_funding,
    }
    for call, expected in values.items():
        yield place.ask(call, expected)
    yield place.ask("OrderBook.getTotalOrderDebt", lambda: held.base_debt, True, note="base")
    yield place.ask("OrderBook.getTotalOrderDebt", lambda: held.quote_debt, False, note="quote")


def _closing_judges(place: _Place, numbers: AccountMath) -> Iterator[Judge]:
    """How much of the position a liquidator may close."""
    try:
        tested = floored_account_value(numbers)
    except UnreadableNumberError:
        # The view takes the account value as an argument: without one there is no question.
        return
    # Nor is there one where no argument can hold it: an absurd price.
    if INT256_MIN <= tested <= INT256_MAX:
        yield place.ask(
            "AccountBalance.getLiquidatablePositionSize",
            lambda: max_position_size(numbers, place.base),
            tested,
        )


def _order_judges(place: _Place, market: MarketState, order: Order) -> Iterator[Judge]:
    """One order: its stored words and the fees it has earned."""
    ticks = (order.lower_tick, order.upper_tick)
    note = f"{order.lower_tick},{order.upper_tick}"
    words = always(_order_words(order))
    yield place.ask("OrderBook.getOpenOrder", words, *ticks, labels=_ORDER, note=note)
    fee = always(pending_fee(market, order))
    yield place.ask("OrderBook.getPendingFee", fee, *ticks, note=note)


_ORDER = (
    "liquidity",
    "lowerTick",
    "upperTick",
    "lastFeeGrowthInsideX128",
    "lastTwPremiumGrowthInsideX96",
    "lastTwPremiumGrowthBelowX96",
    "lastTwPremiumDivBySqrtPriceGrowthInsideX96",
    "baseDebt",
    "quoteDebt",
)


def _order_words(order: Order) -> tuple[int, ...]:
    """The stored words of an order, in the order of the contract's struct."""
    return (
        order.liquidity,
        order.lower_tick,
        order.upper_tick,
        order.last_fee_growth_inside_x128,
        order.last_tw_premium_growth_inside_x96,
        order.last_tw_premium_growth_below_x96,
        order.last_tw_premium_div_by_sqrt_price_growth_inside_x96,
        order.base_debt,
        order.quote_debt,
    )
