"""A made-up protocol of linear positions, for tests of what comes after a protocol.

Accounts hold cash and signed amounts of assets with 18 decimals; maintenance is a share of gross
value; a closure sells a share of every position at the present price and takes a penalty. What an
emptied account lacks goes to a fund, then to winners (auto-deleveraging), then to LPs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial

from analyzer.contagion.cascade.venue import Venue
from analyzer.model.closure import Closure, Executed, Transfer
from analyzer.model.integers import mul_div, trunc_div
from analyzer.model.rows import BackstopKind, BackstopRow
from analyzer.protocols.simulation import Offer, Receipt, Standing

E18 = 10**18


@dataclass(slots=True)
class Holder:
    """One account: cash and amounts, 18 decimals."""

    cash: int
    amounts: dict[str, int]


@dataclass(slots=True)
class House:
    """A simulation of linear accounts. The settings may be changed before it runs.

    maintenance: share of gross value; initial margin is twice that. penalty: share of what is
    closed, to the liquidator. close: share of every position that one closure sells (1 = all).
    fund: its cash, paid first.
    winners: after the fund, accounts whose positive equity is cut. lp_token, lp_supply: a receipt
    token of the last layer, who bear the rest.
    """

    prices: dict[str, int]
    holders: dict[str, Holder]
    maintenance: Fraction = Fraction(1, 10)
    penalty: Fraction = Fraction(0)
    close: Fraction = Fraction(1)
    fund: int = 0
    winners: bool = False
    lp_token: str | None = None
    lp_supply: int = 0
    unknown: frozenset[str] = frozenset()
    scale: Fraction = Fraction(1)
    asked: list[str] = field(default_factory=list)

    def prices_e18(self) -> Mapping[str, int]:
        return dict(self.prices)

    def set_prices(self, prices_e18: Mapping[str, int]) -> None:
        for asset, price in prices_e18.items():
            if asset not in self.prices:
                raise KeyError(asset)
            if price <= 0:
                raise ValueError(f"{asset} would cost {price}")
            self.prices[asset] = price

    def scale_requirements(self, factor: Fraction) -> None:
        self.scale = factor

    def account_ids(self) -> Sequence[str]:
        return list(self.holders)

    def _equity(self, holder: Holder, prices: Mapping[str, int]) -> int:
        return holder.cash + sum(mul_div(a, prices[k], E18) for k, a in holder.amounts.items())

    def _requirement(self, holder: Holder) -> int:
        gross = sum(abs(mul_div(a, self.prices[k], E18)) for k, a in holder.amounts.items())
        ratio = self.maintenance * self.scale
        return gross * ratio.numerator // ratio.denominator

    def standing(self, account_id: str) -> Standing | None:
        if account_id in self.unknown:
            return None
        holder = self.holders[account_id]
        equity = self._equity(holder, self.prices)
        headroom = equity - self._requirement(holder)
        free = headroom - self._requirement(holder)
        return Standing(equity, headroom, headroom < 0 and any(holder.amounts.values()), free)

    def equity_at(self, account_id: str, prices_e18: Mapping[str, int]) -> int | None:
        if account_id in self.unknown:
            return None
        return self._equity(self.holders[account_id], {**self.prices, **prices_e18})

    def breaching(self) -> Sequence[str]:
        out = []
        for account in self.holders:
            standing = self.standing(account)
            if standing is not None and standing.breaches:
                out.append(account)
        return out

    def offers(self, account_id: str) -> Sequence[Offer]:
        standing = self.standing(account_id)
        if standing is None or not standing.breaches:
            return []
        return [
            Offer(account_id, asset, abs(executed.closure.amount), True, executed)
            for asset in sorted(self.holders[account_id].amounts)
            if (executed := self._closure(account_id, asset, self.close, self.penalty)) is not None
        ]

    def preview(self, offer: Offer, amount: int) -> Executed | None:
        return self._part(offer.account_id, offer.offer_id, amount, self.penalty)

    def execute(self, offer: Offer, amount: int) -> Executed:
        self.asked.append(offer.account_id)
        executed = self._part(offer.account_id, offer.offer_id, amount, self.penalty)
        done = [self._apply(offer.account_id, executed)]
        return self._settled(offer.account_id, done)[0]

    def liquidate(self, account_id: str) -> Sequence[Executed]:
        self.asked.append(account_id)
        out = []
        for asset in sorted(self.holders[account_id].amounts):
            executed = self._closure(account_id, asset, self.close, self.penalty)
            if executed is not None:
                out.append(self._apply(account_id, executed))
        return self._settled(account_id, out)

    def unwind(self, account_id: str) -> Sequence[Executed]:
        out = []
        for asset in sorted(self.holders[account_id].amounts):
            executed = self._closure(account_id, asset, Fraction(1), Fraction(0))
            if executed is not None:
                out.append(self._apply(account_id, executed))
        if not out and self.holders[account_id].cash < 0:
            out.append(Executed(Closure(account_id, "bad_debt", "cash", 0, E18, 0, 0), {}))
        return self._settled(account_id, out)

    def bear(self, account_id: str, lost_e18: int) -> Sequence[Transfer]:
        self.holders[account_id].cash -= lost_e18
        if lost_e18 > 0:
            return [Transfer(account_id, "liquidator", lost_e18, "slippage")]
        return [Transfer("liquidator", account_id, -lost_e18, "slippage")] if lost_e18 else []

    def _closure(
        self, account_id: str, asset: str, share: Fraction, penalty: Fraction
    ) -> Executed | None:
        held = self.holders[account_id].amounts[asset]
        amount = trunc_div(held * share.numerator, share.denominator)
        if abs(held) - abs(amount) < 10**12:
            amount = held
        return self._part(account_id, asset, abs(amount), penalty) if amount else None

    def _part(self, account_id: str, asset: str, size: int, penalty: Fraction) -> Executed:
        held = self.holders[account_id].amounts[asset]
        amount = size if held > 0 else -size
        value = abs(mul_div(amount, self.prices[asset], E18))
        fee = value * penalty.numerator // penalty.denominator
        parts = (Transfer(account_id, "liquidator", fee, "penalty"),) if fee else ()
        closure = Closure(
            account_id, "position", asset, amount, self.prices[asset], value, fee, parts
        )
        return Executed(closure, {asset: amount})

    def _apply(self, account_id: str, executed: Executed) -> Executed:
        holder, closure = self.holders[account_id], executed.closure
        value = mul_div(closure.amount, self.prices[closure.asset_id], E18)
        holder.amounts[closure.asset_id] -= closure.amount
        holder.cash += value - closure.penalty_e18
        return executed

    def _settled(self, account_id: str, done: list[Executed]) -> Sequence[Executed]:
        """An emptied account with negative cash hands its hole on, in the last closure."""
        holder = self.holders[account_id]
        if not done or any(holder.amounts.values()) or holder.cash >= 0:
            return done
        hole, parts = -holder.cash, list[Transfer]()
        holder.cash = 0
        paid = min(self.fund, hole)
        self.fund -= paid
        if paid:
            parts.append(Transfer("insurance_fund", account_id, paid, "bad debt", True))
        hole -= paid
        if hole and self.winners:
            hole = self._cut(account_id, hole, parts)
        if hole:
            parts.append(Transfer("lps", account_id, hole, "bad debt", True))
        last = done[-1].closure
        closure = Closure(
            last.account_id, last.kind, last.asset_id, last.amount, last.price_e18,
            last.value_e18, last.penalty_e18, (*last.transfers, *parts),
        )  # fmt: skip
        return [*done[:-1], Executed(closure, done[-1].sold)]

    def _cut(self, account_id: str, hole: int, parts: list[Transfer]) -> int:
        """Takes what is left of a hole from the richest accounts first; what stays uncovered."""
        rich = sorted(
            (-self._equity(h, self.prices), who)
            for who, h in self.holders.items()
            if who != account_id and who not in self.unknown
        )
        for worth, who in rich:
            taken = min(hole, max(-worth, 0))
            if taken:
                self.holders[who].cash -= taken
                parts.append(Transfer(who, account_id, taken, "profit cut", True))
                hole -= taken
        return hole

    def withdraw(self, account_id: str) -> Sequence[Transfer]:
        standing = self.standing(account_id)
        holder = self.holders[account_id]
        if standing is None:
            return []
        free = min(standing.headroom_e18, holder.cash)
        if free <= 0:
            return []
        holder.cash -= free
        return [Transfer(account_id, "owner", free, "withdrawn")]

    def backstops(self) -> Sequence[BackstopRow]:
        last = BackstopRow(2, "LPs", None, None, True, "the rest", BackstopKind.LP)
        return [BackstopRow(1, "fund", "fund", self.fund, False, "first"), last]

    def receipts(self) -> Sequence[Receipt]:
        if self.lp_token is None:
            return []
        return [Receipt(self.lp_token, None, self.lp_supply)]


def venue_of(house: House, name: str = "house", **settings: object) -> Venue:
    """The house as a venue whose assets are their own factors."""
    return Venue(
        name,
        house,
        {asset: asset for asset in house.prices},
        dict.fromkeys(house.prices, 18),
        restart=partial(deepcopy, deepcopy(house)),
        **settings,  # type: ignore[arg-type]
    )


def long_only(
    positions: Mapping[str, Mapping[str, float]], debts: Mapping[str, float], price: float = 1.0
) -> House:
    """A house of accounts that hold `positions` (account -> asset -> amount) against cash debts,
    every asset at `price`."""
    assets = sorted({asset for held in positions.values() for asset in held})
    return House(
        {asset: int(price * E18) for asset in assets},
        {
            who: Holder(-int(debts[who] * E18), {a: int(q * E18) for a, q in held.items()})
            for who, held in positions.items()
        },
    )
