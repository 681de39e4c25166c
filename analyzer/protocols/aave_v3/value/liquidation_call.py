"""One `liquidationCall` as the Pool executes it: how much debt, which collateral, what is left.

    debt to repay   min(asked, close factor)            see `close_factor`
    collateral      debt at the prices, times bonus; where that is more than there is, all of it,
                    and the debt shrinks to what it pays for
    protocol fee    a share of the bonus part, moved to the treasury
    dust            (revisions >= 7) neither side may keep a small remainder
    bad debt        (revisions >= 7) no collateral left: every debt is burned, the unpaid part
                    becomes the reserve's deficit

Token amounts in the token's decimals, values in the base currency. Everything is at one time: for
a liquidation that is still to come, use `state.at_time` of its block.
Source: LiquidationLogic.executeLiquidationCall, ValidationLogic.validateLiquidationCall.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from analyzer.model.integers import WAD
from analyzer.protocols.aave_v3.ray_math import (
    percent_div,
    percent_div_ceil,
    percent_div_floor,
    percent_mul,
    percent_mul_ceil,
    percent_mul_floor,
    ray_div,
)
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.records.balances import Side, balance_of, scaled_taken
from analyzer.protocols.aave_v3.revisions import BadDebt, CloseFactor, LiquidationRounding, Rules
from analyzer.protocols.aave_v3.state.state import AaveState, ReserveState
from analyzer.protocols.aave_v3.value.account import AccountData, Holding, Valuation
from analyzer.protocols.aave_v3.value.close_factor import (
    CLOSE_FACTOR_THRESHOLD,
    MIN_BASE_FOR_PARTIAL,
    of_reserve_debt,
    of_whole_debt,
)
from analyzer.protocols.aave_v3.value.errors import Refusal, error_name

LIQUIDATION_THRESHOLD = WAD
"""Health factor below which an account may be liquidated."""
MIN_LEFTOVER_BASE = MIN_BASE_FOR_PARTIAL // 2
TAKES_TOO_MUCH = "Panic(0x11)"
"""A subtraction below 0: 3.0.0 asks for a fee that, rounded, is more than what is left."""
NO_WORDS = "division by a bonus or price of 0"
"""What stops a liquidation of an asset that lost its parameters or its price; the contract reverts
without an error of its own."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a liquidator asks for. debt_to_cover None = as much as possible."""

    collateral: str
    debt: str
    debt_to_cover: int | None = None
    receive_a_token: bool = False
    liquidator: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """How a seizure is divided. to_liquidator + fee = what the account loses."""

    debt_repaid: int
    to_liquidator: int
    fee: int
    seized_value: int


@dataclass(slots=True)
class Outcome:
    """What one liquidation does to the account.

    fee: as it is moved in the end (a wei less where the account has no more). scaled_*_after: of
    the pair; collateral_flag_after; deficits: asset -> debt burned without payment; burned_scaled:
    asset -> scaled debt left of every debt that the bad-debt rule touched (0).
    """

    debt_repaid: int = 0
    to_liquidator: int = 0
    fee: int = 0
    seized_value: int = 0
    repaid_value: int = 0
    scaled_collateral_after: int = 0
    scaled_debt_after: int = 0
    stable_debt_after: int = 0
    collateral_flag_after: bool = True
    no_collateral_left: bool = False
    deficits: dict[str, int] = field(default_factory=dict)
    reverts: str | None = None


class Liquidation:
    """One account's liquidations at a valuation. Raises nothing: a refusal is in the outcome."""

    def __init__(self, valuation: Valuation, data: AccountData) -> None:
        self.valuation = valuation
        self.data = data
        self.state: AaveState = valuation.state
        self.rules: Rules = valuation.state.rules
        self.account: Account = self.state.accounts[data.address]
        self._holdings = {h.reserve.asset: h for h in data.holdings}

    def collaterals(self) -> list[Holding]:
        """The holdings that a liquidator may take: flagged, and something there."""
        return [h for h in self.data.holdings if h.flagged and h.supplied]

    def debts(self) -> list[Holding]:
        """The holdings with debt."""
        return [h for h in self.data.holdings if h.debt]

    def execute(self, call: Call) -> Outcome:
        """The outcome of one call, or its refusal with nothing worked out."""
        return self.asked(call).outcome(call.debt_to_cover)

    def asked(self, call: Call) -> Asked:
        """What is the same whatever part of the debt a call covers."""
        collateral, debt = self._of(call.collateral), self._of(call.debt)
        refusal = self._refusal(call, collateral, debt)
        if refusal is not None or collateral is None or debt is None:
            name = error_name(self.rules, refusal or Refusal.NOT_COLLATERAL)
            return Asked(self, call, None, 0, name)
        return Asked(self, call, (collateral, debt), self.max_debt(collateral, debt), None)

    def largest(self, call: Call) -> Outcome:
        """The outcome for as much debt as may be repaid; where the dust rule (in 3.0.0 the fee's
        rounding) refuses the maximum, for the largest debt that passes (the maximum's refusal where
        there is none)."""
        refused = self.execute(call)
        if refused.reverts not in (error_name(self.rules, Refusal.DUST), TAKES_TOO_MUCH):
            return refused
        collateral, debt = self._of(call.collateral), self._of(call.debt)
        if collateral is None or debt is None:
            return refused
        # Both remainders shrink as more is repaid, so what passes is everything up to some debt.
        low, high = 0, self.max_debt(collateral, debt)
        while high - low > 1:
            middle = (low + high) // 2
            passes = self.executed(call, collateral, debt, middle).reverts is None
            low, high = (middle, high) if passes else (low, middle)
        if not low:
            return refused
        found, asked = self.executed(call, collateral, debt, low), low
        # What is paid may be less than what was asked: the outcome is that of asking for it.
        while found.debt_repaid < asked:
            asked = found.debt_repaid
            exact = self.executed(call, collateral, debt, asked)
            if exact.reverts is not None:
                break
            found = exact
        return found

    def _of(self, asset: str) -> Holding | None:
        """The account's holding of an asset."""
        return self._holdings.get(asset)

    def _refusal(
        self, call: Call, collateral: Holding | None, debt: Holding | None
    ) -> Refusal | None:
        """The first check of the contract that stops the call before any arithmetic."""
        state, rules = self.state, self.rules
        sides = [state.reserves.get(call.collateral), state.reserves.get(call.debt)]
        reserves = [reserve for reserve in sides if reserve is not None]
        if not rules.self_liquidation and call.liquidator == self.account.address:
            return Refusal.SELF
        if len(reserves) < len(sides) or any(not r.config.active for r in reserves):
            return Refusal.INACTIVE
        if any(reserve.config.paused for reserve in reserves):
            return Refusal.PAUSED
        if self._sentinel_refuses():
            return Refusal.SENTINEL
        if rules.grace_period and any(r.grace_until >= state.block_time for r in reserves):
            return Refusal.GRACE
        if self.data.health_factor >= LIQUIDATION_THRESHOLD:
            return Refusal.HEALTHY
        needs_threshold = rules.collateral_needs_threshold
        if collateral is None or not collateral.flagged:
            return Refusal.NOT_COLLATERAL
        if needs_threshold and collateral.reserve.config.threshold_bps == 0:
            return Refusal.NOT_COLLATERAL
        return Refusal.NO_DEBT if debt is None or debt.owed == 0 else None

    def _sentinel_refuses(self) -> bool:
        """Whether the sentinel stops it: not asked at a health factor below 0.95. One that was
        not read is taken as refusing; the cautions say so."""
        if not self.rules.sentinel or self.data.health_factor < CLOSE_FACTOR_THRESHOLD:
            return False
        return self.state.sentinel_allows is not True

    def max_debt(self, collateral: Holding, debt: Holding) -> int:
        """How much of the reserve's debt one call may repay at most."""
        health, total = self.data.health_factor, debt.owed
        if self.rules.close_factor is CloseFactor.OF_RESERVE_DEBT:
            return of_reserve_debt(total, health)
        price = self._debt_price(debt)
        return of_whole_debt(
            total,
            health,
            collateral_value=self._value(collateral, collateral.supplied),
            debt_value=self.valuation.debt_value(total, price, debt.reserve),
            whole_debt=self.data.debt_base,
            price=price,
            unit=debt.reserve.unit,
        )

    def _debt_price(self, holding: Holding) -> int:
        """The debt's price: the account's category's own, whatever the asset's category, because
        in a category only its assets can be borrowed."""
        return self.valuation.prices.override(self.account.emode) or holding.price

    def _value(self, holding: Holding, amount: int) -> int:
        """A collateral amount in the base currency, down."""
        return amount * holding.price // holding.reserve.unit

    def bonus_bps(self, holding: Holding) -> int:
        """The liquidation bonus: 10,500 = the liquidator gets 105 % of what is repaid."""
        category = self.valuation.prices.category(self.account.emode)
        if category and self.valuation.prices.in_category(holding.reserve, self.account.emode):
            return category.bonus_bps
        return holding.reserve.config.bonus_bps

    def split(self, collateral: Holding, debt: Holding, amount: int) -> Split:
        """The collateral that `amount` of debt buys, and the protocol's part of the bonus."""
        rounding = self.rules.liquidation_rounding
        against = rounding is LiquidationRounding.AGAINST_LIQUIDATOR
        bonus = self.bonus_bps(collateral)
        price, debt_price = collateral.price, self._debt_price(debt)
        unit, debt_unit = collateral.reserve.unit, debt.reserve.unit
        base = debt_price * amount * unit // (price * debt_unit)
        seized = (percent_mul_floor if against else percent_mul)(base, bonus)
        needed = amount
        if seized > collateral.supplied:
            seized = collateral.supplied
            worth = price * seized * debt_unit // (debt_price * unit)
            halves = rounding is LiquidationRounding.HALF_UP
            needed = (percent_div if halves else percent_div_ceil)(worth, bonus)
        fee, share = 0, collateral.reserve.config.protocol_fee_bps
        if share:
            part = seized - (percent_div_floor if against else percent_div)(seized, bonus)
            fee = (percent_mul_ceil if against else percent_mul)(part, share)
        return Split(needed, seized - fee, fee, self._value(collateral, seized))

    def executed(self, call: Call, collateral: Holding, debt: Holding, amount: int) -> Outcome:
        """The call with `amount` of debt, after every check but the dust rule."""
        try:
            split = self.split(collateral, debt, amount)
        except ZeroDivisionError:
            return Outcome(reverts=NO_WORDS)
        if self._leaves_dust(collateral, debt, split):
            return Outcome(reverts=error_name(self.rules, Refusal.DUST))
        outcome = Outcome(
            debt_repaid=split.debt_repaid,
            to_liquidator=split.to_liquidator,
            fee=split.fee,
            seized_value=split.seized_value,
            repaid_value=split.debt_repaid * self._debt_price(debt) // debt.reserve.unit,
        )
        self._take_collateral(outcome, collateral)
        if outcome.reverts is not None:
            return Outcome(reverts=outcome.reverts)
        outcome.no_collateral_left = self._nothing_left(collateral, split)
        counted_fee = split.fee if self.rules.flag_counts_fee else 0
        emptied = split.to_liquidator + counted_fee == collateral.supplied
        if self.rules.bad_debt is BadDebt.BURNED_BY_SCALED:
            emptied = outcome.scaled_collateral_after == 0 or outcome.no_collateral_left
        outcome.collateral_flag_after = not emptied
        self._burn_debt(outcome, debt)
        if self._burns_nothing(call, outcome, collateral, debt):
            outcome.reverts = error_name(self.rules, Refusal.BURNS_NOTHING)
        return outcome

    def _burns_nothing(
        self, call: Call, outcome: Outcome, collateral: Holding, debt: Holding
    ) -> bool:
        """Whether a token would be asked to burn a scaled amount of 0, which it refuses."""
        variable = self.account.borrowed.get(debt.reserve.asset, 0)
        repays_variable = outcome.debt_repaid <= debt.variable_balance or debt.variable_balance > 0
        if repays_variable and outcome.scaled_debt_after == variable:
            return True
        taken = self._taken(outcome.to_liquidator, collateral.reserve)
        return taken == 0 and not call.receive_a_token

    def _leaves_dust(self, collateral: Holding, debt: Holding, split: Split) -> bool:
        """Whether both sides keep something, and one of them less than it may."""
        debt_left = debt.owed - split.debt_repaid
        collateral_left = collateral.supplied - split.to_liquidator - split.fee
        if not self.rules.dust_rule or debt_left <= 0 or collateral_left <= 0:
            return False
        price = self._debt_price(debt)
        return (
            self.valuation.debt_value(debt_left, price, debt.reserve) < MIN_LEFTOVER_BASE
            or self._value(collateral, collateral_left) < MIN_LEFTOVER_BASE
        )

    def _take_collateral(self, outcome: Outcome, collateral: Holding) -> None:
        """The scaled balance after the liquidator's part and the fee; the fee shrinks to what is
        left where two roundings together ask for more."""
        reserve = collateral.reserve
        scaled = self.account.supplied.get(reserve.asset, 0)
        left = scaled - self._taken(outcome.to_liquidator, reserve)
        fee_scaled = self._taken(outcome.fee, reserve)
        if fee_scaled > left and not self.rules.fee_shrinks:
            outcome.reverts = TAKES_TOO_MUCH
        elif fee_scaled > left:
            fee_scaled = left
            outcome.fee = balance_of(self.rules, Side.SUPPLY, left, reserve.income_ray)
            if not self.rules.directed:
                fee_scaled = self._taken(outcome.fee, reserve)
        outcome.scaled_collateral_after = left - fee_scaled

    def _taken(self, amount: int, reserve: ReserveState) -> int:
        """What burning or moving aTokens takes from a scaled balance."""
        return scaled_taken(self.rules, Side.SUPPLY, amount, reserve.income_ray)

    def _nothing_left(self, collateral: Holding, split: Split) -> bool:
        """Whether the account's whole collateral value was taken (then its debts are burned)."""
        rule = self.rules.bad_debt
        if rule is BadDebt.STAYS:
            return False
        if rule is BadDebt.BURNED_BY_VALUE:
            return split.seized_value == self.data.collateral_base
        reserve = collateral.reserve
        scaled = self.account.supplied.get(reserve.asset, 0)
        consumed = min(
            self._taken(split.to_liquidator, reserve) + self._taken(split.fee, reserve), scaled
        )
        worth = balance_of(self.rules, Side.SUPPLY, consumed, reserve.income_ray)
        return self._value(collateral, worth) == self.data.collateral_base

    def _burn_debt(self, outcome: Outcome, debt: Holding) -> None:
        """What is left of the debts, and the deficits of those that are burned unpaid."""
        reserve, paid = debt.reserve, outcome.debt_repaid
        scaled = self.account.borrowed.get(reserve.asset, 0)
        burned = debt.owed if outcome.no_collateral_left else paid
        from_variable = min(burned, debt.variable_balance)
        taken = scaled_taken(self.rules, Side.DEBT, from_variable, reserve.debt_ray)
        discount = self.state.discount(self.account, reserve)
        if discount:
            # The token burns what it takes off as well; of the whole balance, all that there is.
            whole = from_variable == debt.variable_balance
            taken = scaled if whole else taken + ray_div(discount, reserve.debt_ray)
        outcome.scaled_debt_after = scaled - taken
        outcome.stable_debt_after = debt.stable_debt - (burned - from_variable)
        if not outcome.no_collateral_left:
            return
        if debt.owed > paid:
            outcome.deficits[reserve.asset] = debt.owed - paid
        for other in self.debts():
            if other.reserve.asset != reserve.asset and other.reserve.config.active:
                outcome.deficits[other.reserve.asset] = other.owed


@dataclass(frozen=True, slots=True)
class Asked:
    """A liquidation of one pair of which only the amount is open. pair: collateral and debt, None
    where it is refused (then `refused` is the contract's word); most: debt that it may repay."""

    liquidation: Liquidation
    call: Call
    pair: tuple[Holding, Holding] | None
    most: int
    refused: str | None

    def outcome(self, debt_to_cover: int | None) -> Outcome:
        """The outcome of covering so much of the debt; None = as much as possible."""
        if self.pair is None:
            return Outcome(reverts=self.refused)
        collateral, debt = self.pair
        wanted = debt.owed if debt_to_cover is None else debt_to_cover
        return self.liquidation.executed(self.call, collateral, debt, min(wanted, self.most))


Pair: TypeAlias = tuple[Holding, Holding, Outcome]
"""A collateral, a debt, and what a liquidation of the two does."""


def pair_outcomes(valuation: Valuation, data: AccountData) -> Iterator[Pair]:
    """(collateral, debt, what the largest liquidation of the pair does) of a liquidatable account,
    in the order of reserve ids; nothing for one that is not liquidatable."""
    if data.health_factor >= LIQUIDATION_THRESHOLD:
        return
    liquidation = Liquidation(valuation, data)
    for collateral in liquidation.collaterals():
        for debt in liquidation.debts():
            call = Call(collateral.reserve.asset, debt.reserve.asset)
            yield collateral, debt, liquidation.largest(call)
