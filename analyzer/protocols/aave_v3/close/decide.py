"""What may be decided about an Aave V3 market: debts that grow, parameters, what can leave.

A larger debt is a borrowing of the variable rate whose tokens leave the account; what else than
margin bounds it (liquidity, caps, the ceiling of an isolated collateral) is said beside it. The
test is the borrowing's own, which rounds other than `availableBorrows` of the account's data:

    to revision 8   percentDiv(debt before + amount x price, LTV) <= collateral
    from 9 on       percentDivCeil(debt after, LTV) <= collateral

Source: `BorrowLogic.executeBorrow`, `ValidationLogic.validateBorrow`, `.validateHFAndLtv`,
`SupplyLogic.executeWithdraw`, `PoolConfigurator.configureReserveAsCollateral` of the revisions
named in `revisions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analyzer.model.book import Book
from analyzer.model.integers import WAD
from analyzer.protocols.aave_v3.close.simulate.applied import (
    apply_slippage,
    apply_withdrawal,
    copied,
    liquidity,
)
from analyzer.protocols.aave_v3.close.simulate.closing import Withdrawals
from analyzer.protocols.aave_v3.ray_math import (
    PERCENT,
    percent_div,
    percent_div_ceil,
    percent_mul,
)
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.records.balances import (
    Side,
    balance_of,
    scaled_minted,
    scaled_taken,
)
from analyzer.protocols.aave_v3.revisions import EMode, Rounding
from analyzer.protocols.aave_v3.state.state import AaveState, Category, ReserveState, state_of
from analyzer.protocols.aave_v3.value.account import Valuation
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.aave_v3.words import has_bit
from analyzer.protocols.decisions import (
    Claim,
    ExitPool,
    OwnPool,
    Parameter,
    Reduction,
    Resize,
)
from analyzer.protocols.kit.unreadable import Unreadable

BPS_DECIMALS = 4
_NAMES = {
    "LT": ("threshold_bps", 0, "liquidation threshold"),
    "LTV": ("ltv_bps", 0, "loan to value that may be borrowed"),
    "bonus": ("bonus_bps", PERCENT, "what a liquidator is paid above what is repaid"),
}
_CEILING_DECIMALS = 2
"""Of debt ceilings: cents of the base currency."""


def decide(valued: AaveValued) -> AaveDecisions:
    """What the market allows."""
    return AaveDecisions(valued)


class AaveDecisions:
    """See `decisions.Decisions`."""

    def __init__(self, valued: AaveValued) -> None:
        self._valued = valued
        self._state = valued.state

    def parameters(self) -> Sequence[Parameter]:
        """Threshold, LTV and bonus of every reserve, then of every efficiency mode."""
        places: list[tuple[str, object]] = [
            (name, reserve.config) for name, reserve in self._by_name().items()
        ]
        places += [(f"emode{n}", category) for n, category in self._state.categories.items()]
        found = []
        for place, holder in places:
            for name, (at, offset, text) in _NAMES.items():
                found.append(
                    Parameter(
                        f"{name}:{place}", getattr(holder, at), BPS_DECIMALS, 0,
                        offset + PERCENT, "ratio", text, offset,
                    )
                )  # fmt: skip
        return found

    def with_parameters(self, values: Mapping[str, int]) -> Book:
        """The market under other ratios; the packed words of reserves, which no number here reads,
        stay. Raises: KeyError; ValueError where the configurator would revert."""
        state, names = self._state, self._by_name()
        reserves, categories = dict(state.reserves), dict(state.categories)
        for name, value in values.items():
            kind, _, place = name.partition(":")
            changed: dict[str, Any] = {_NAMES[kind][0]: value}
            if place.startswith("emode") and place not in names:
                number = int(place.removeprefix("emode"))
                categories[number] = replace(categories[number], **changed)
            else:
                asset = names[place].asset
                config = replace(reserves[asset].config, **changed)
                reserves[asset] = replace(reserves[asset], config=config)
        for asset, reserve in reserves.items():
            if reserve is not state.reserves[asset]:
                _check(reserve.symbol, reserve.config.ltv_bps, reserve.config.threshold_bps,
                       reserve.config.bonus_bps)  # fmt: skip
        for number, category in categories.items():
            if category is not state.categories[number]:
                _check_mode(number, category)
        after = replace(state, reserves=reserves, categories=categories)
        return replace(self._valued.book, state=after)

    def _by_name(self) -> Mapping[str, ReserveState]:
        """Symbol -> reserve; the address where two reserves have one symbol."""
        reserves = list(self._state.reserves.values())
        symbols = [reserve.symbol for reserve in reserves]
        return {(r.symbol if symbols.count(r.symbol) == 1 else r.asset): r for r in reserves}

    def resizes(self, account_id: str) -> Sequence[Resize]:
        """A borrowing of every reserve that lends to the account now."""
        account = self._state.accounts[account_id]
        isolated = _isolated(self._state, account)
        return [
            _borrowing(self._state, reserve, isolated, account.emode)
            for reserve in self._state.reserves.values()
            if _lends(self._state, account, reserve, isolated)
        ]

    def resized(
        self, account_id: str, resize: Resize, amount: int, price_e18: int | None = None
    ) -> Book:
        """The account's book after a borrowing; it has no price of its own."""
        state, asset = self._state, resize.asset_id
        account, reserve = state.accounts[account_id], state.reserves[asset]
        more = scaled_minted(state.rules, Side.DEBT, amount, reserve.debt_ray)
        borrowed = {**account.borrowed, asset: account.borrowed.get(asset, 0) + more}
        changed = replace(account, borrowed=borrowed)
        number = list(self._valued.book.account_ids).index(account_id)
        alone = replace(state, accounts={**state.accounts, account_id: changed})
        return replace(self._valued.book.part([number]), state=alone)

    def allows(self, account_id: str, resize: Resize, amount: int) -> bool:
        """Whether the pool lends so much to the account, its collateral asked alone; 0 =
        whether its LTV covers what it owes. Raises: KeyError, UnreadableNumberError."""
        state, valuation = self._state, self._valued.valuation
        data = valuation.account_data(account_id)
        if isinstance(data, Unreadable):
            return False
        if not amount:
            return data.debt_base <= data.borrow_limit_base
        if not data.ltv_bps:
            return False
        if state.rules.rounding is Rounding.HALF_UP:
            reserve = state.reserves[resize.asset_id]
            price = valuation.prices.for_account(reserve, state.accounts[account_id].emode)
            more = amount * price // reserve.unit
            needed = percent_div(data.debt_base + more, data.ltv_bps)
            return needed <= data.collateral_base
        book = self.resized(account_id, resize, amount)
        after = Valuation(state_of(book), self._valued.prices).account_data(account_id)
        if isinstance(after, Unreadable):
            return False
        return percent_div_ceil(after.debt_base, after.ltv_bps) <= after.collateral_base

    def reductions(self, account_id: str) -> Sequence[Reduction]:
        """Every pair of a collateral and a debt."""
        data = self._valued.valuation.account_data(account_id)
        if isinstance(data, Unreadable):
            return []
        return [
            Reduction(
                "repay",
                collateral.reserve.asset,
                collateral.reserve.symbol,
                collateral.reserve.config.decimals,
                collateral.supplied,
                1,
                debt.reserve.asset,
                debt.reserve.symbol,
            )
            for collateral in data.holdings
            if collateral.counted and collateral.supplied
            for debt in data.holdings
            if debt.owed and _moves(collateral.reserve) and _moves(debt.reserve)
        ]

    def reduced(
        self, account_id: str, reduction: Reduction, amount: int, received_e18: int
    ) -> Book:
        """The account's book after a collateral was sold and a debt repaid with it; what is beyond
        the debt is supplied. Raises: KeyError, UnreadableNumberError."""
        state, valuation = copied(self._state), self._valued.valuation
        collateral, debt = state.reserves[reduction.asset_id], state.reserves[reduction.debt_id]
        account = state.accounts[account_id]
        scaled = account.supplied.get(collateral.asset, 0)
        taken = scaled_taken(state.rules, Side.SUPPLY, amount, collateral.income_ray)
        left = 0 if amount >= reduction.most else max(scaled - taken, 0)
        holding = valuation.holding(account, collateral)
        apply_withdrawal(
            state, account_id, holding, amount=amount, scaled_after=left, flag=left > 0
        )
        price = valuation.prices.asset(debt)
        repaid = received_e18 * state.base_unit * debt.unit // (WAD * price)
        apply_slippage(state, account_id, debt.asset, -repaid)
        number = list(self._valued.book.account_ids).index(account_id)
        return replace(self._valued.book.part([number]), state=state)

    def own_pool(self, asset_id: str) -> OwnPool | None:
        """The market trades nothing itself."""
        return None

    def exit_pools(self) -> Sequence[ExitPool]:
        """Every reserve whose liquidity was read."""
        endless = replace(
            self._state,
            reserves={
                asset: replace(r, virtual_balance=None, underlying_held=None)
                for asset, r in self._state.reserves.items()
            },
        )
        valuation = Valuation(endless, self._valued.prices)
        pools = []
        for asset, reserve in self._state.reserves.items():
            there = liquidity(reserve)
            if there is None:
                continue
            claims = [
                Claim(address, amount, _free(valuation, address, reserve, amount))
                for address in self._valued.book.account_ids
                if (amount := self._state.supply(self._state.accounts[address], reserve)) > 0
            ]
            lent = balance_of(
                self._state.rules, Side.DEBT, reserve.scaled_debt or 0, reserve.debt_ray
            )
            decimals = reserve.config.decimals
            pools.append(ExitPool(asset, reserve.symbol, decimals, max(there, 0), lent, claims))
        return pools


def _moves(reserve: ReserveState) -> bool:
    """Whether anything may be withdrawn from and repaid to the reserve now."""
    return reserve.config.active and not reserve.config.paused


def _free(valuation: Valuation, address: str, reserve: ReserveState, amount: int) -> int:
    """What of its supply the account may take out, its own debts allowing."""
    state = valuation.state
    if not reserve.config.active or reserve.config.paused:
        return 0
    account = state.accounts[address]
    if not has_bit(account.collateral_bits, reserve.id) or not account.has_debt:
        return amount
    data = valuation.account_data(address)
    if isinstance(data, Unreadable):
        return 0
    taken = Withdrawals(valuation, data).largest(reserve.asset)
    return 0 if taken is None else taken.amount


def _isolated(state: AaveState, account: Account) -> ReserveState | None:
    """The isolated collateral that is all the account has; None where it is not in isolation."""
    flagged = [r for r in state.reserves.values() if has_bit(account.collateral_bits, r.id)]
    return flagged[0] if len(flagged) == 1 and flagged[0].config.debt_ceiling else None


def _lends(
    state: AaveState, account: Account, reserve: ReserveState, isolated: ReserveState | None
) -> bool:
    """Whether the reserve lends to the account at all."""
    config = reserve.config
    if config.status != "active" or not config.borrowing:
        return False
    if isinstance(reserve.price.price, Unreadable) or reserve.price.price <= 0:
        return False
    if isolated is not None and not config.borrowable_in_isolation:
        return False
    if state.discounts.get(reserve.asset, {}).get(account.address, 0):
        return False
    owed = [asset for asset in {*account.borrowed, *account.stable} if account.borrows(asset)]
    others = [asset for asset in owed if asset != reserve.asset]
    emode = account.emode and state.rules.emode is EMode.ONE_CATEGORY
    if emode and config.emode_category != account.emode:
        return False
    siloed = any(state.reserves[asset].config.siloed for asset in others if asset in state.reserves)
    return not siloed and not (config.siloed and others)


def _borrowing(
    state: AaveState, reserve: ReserveState, isolated: ReserveState | None, emode: int
) -> Resize:
    """A borrowing with what bounds it beside margin: the tightest."""
    config, bounds = reserve.config, list[tuple[int, str]]()
    there = liquidity(reserve)
    if there is not None:
        bounds.append((max(there, 0), "liquidity of the reserve"))
    if config.borrow_cap and reserve.scaled_debt is not None:
        owed = balance_of(state.rules, Side.DEBT, reserve.scaled_debt, reserve.debt_ray)
        bounds.append((max(config.borrow_cap * reserve.unit - owed, 0), "borrow cap"))
    if isolated is not None:
        cents = isolated.config.debt_ceiling - isolated.isolation_debt
        amount = max(cents, 0) * reserve.unit // 10**_CEILING_DECIMALS
        bounds.append((amount, "debt ceiling of its isolated collateral"))
    most, bound = min(bounds, default=(None, ""))
    unjudged = ""
    if emode and state.rules.emode is EMode.BITMAP:
        unjudged = "whether the account's efficiency mode lends an asset is not read"
    return Resize(
        "borrow", reserve.asset, reserve.symbol, config.decimals, most, bound, unjudged=unjudged
    )


def _check(name: str, ltv: int, threshold: int, bonus: int) -> None:
    """Raises: ValueError where the configurator reverts InvalidReserveParams."""
    if ltv > threshold:
        raise ValueError(f"{name}: an LTV of {ltv} bps is above its threshold of {threshold} bps")
    if threshold == 0:
        if bonus:
            raise ValueError(f"{name}: without a threshold it may have no bonus")
        return
    if bonus <= PERCENT:
        raise ValueError(f"{name}: a collateral needs a bonus above 0")
    if percent_mul(threshold, bonus) > PERCENT:
        raise ValueError(
            f"{name}: threshold {threshold} bps x bonus {bonus} bps is more than everything: a"
            " liquidation could not be paid"
        )


def _check_mode(number: int, category: Category) -> None:
    """As `_check`, of an efficiency mode."""
    _check(f"emode{number}", category.ltv_bps, category.threshold_bps, category.bonus_bps)
