"""The table's book in motion: prices move, liquidators work, owners withdraw; all in integers.

    liquidate = what is worth most of everything that may be closed (ties: the order of the legs),
                again and again until the account is above maintenance or nothing goes

Deficits go to the fund first; winners and the rest pay in the cascade, which knows all of a round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from analyzer.model.book import Prices
from analyzer.model.closure import Executed, Transfer
from analyzer.model.integers import WAD, ceil_div
from analyzer.model.rows import BackstopRow
from analyzer.protocols.kit.equities import Equities
from analyzer.protocols.kit.slippage import slippage
from analyzer.protocols.simulation import (
    AdlRule,
    Least,
    Offer,
    Receipt,
    Shape,
    Standing,
    Winner,
)
from analyzer.protocols.table.close.backstops import supplied_e18, waterfall
from analyzer.protocols.table.close.equities import move_to, of_book, of_legs
from analyzer.protocols.table.close.float_filter import FloatFilter, MayPay
from analyzer.protocols.table.close.pairs import Account, Choice, Closed, with_cash
from analyzer.protocols.table.close.winners import moving_e18, winner
from analyzer.protocols.table.rules import Adl, Kind, Terms
from analyzer.protocols.table.value.account import Leg, Sums, Valuation
from analyzer.protocols.table.value.value import TableValued

OWNER = "owner"
"""The party that receives what is withdrawn."""
OTHER_PRICES = 64
"""How many sets of other prices (`equity_at`) are kept ready."""


def simulate(valued: TableValued) -> TableSimulation:
    """The book in motion, from these prices on. The book itself is not changed."""
    return TableSimulation(valued)


class TableSimulation:
    """A `Simulation`, and a `Deleveraging`, of one table's book (see `protocols.simulation`)."""

    def __init__(self, valued: TableValued) -> None:
        self._book, self._rules = valued.book, valued.state.rules
        self._valuation = valued.valuation
        self._numbers = {account: n for n, account in enumerate(valued.book.account_ids)}
        self._changed: dict[int, tuple[Leg, ...]] = {}
        self._sums: npt.NDArray[np.object_] = np.empty(len(self._book), dtype=object)
        for number, sums in enumerate(valued.valuation.all()):
            self._sums[number] = sums
        self._fund_e18 = self._rules.fund_e18
        self._supplied = supplied_e18(valued)
        self._filter: FloatFilter | None = None
        self._equities: Equities | None = None
        self._assets: dict[str, list[int]] = {}
        for number, asset in enumerate(self._book.assets):
            self._assets.setdefault(asset.asset_id, []).append(number)
        self._holders: dict[str, npt.NDArray[np.int64]] = {}
        self._others: dict[frozenset[tuple[str, int]], Valuation] = {}

    def prices_e18(self) -> Mapping[str, int]:
        """Every price in use."""
        prices = self._valuation.prices.by_asset.values()
        return {p.asset_id: p.price_e18 for p in prices if p.price_e18 is not None}

    def set_prices(self, prices_e18: Mapping[str, int]) -> None:
        """Prices from now on."""
        known = self.prices_e18()
        for asset, price in prices_e18.items():
            if asset not in known:
                raise KeyError(asset)
            if price <= 0:
                raise ValueError(f"a price of {price} for {asset}: prices are positive")
        moved = [asset for asset, price in prices_e18.items() if known[asset] != price]
        if moved:
            prices = self._valuation.prices.with_e18({a: prices_e18[a] for a in moved})
            self._revalue(prices, self._valuation.terms)
            if self._equities is not None:
                move_to(self._equities, self._assets, {a: prices_e18[a] for a in moved})
            for asset in moved:
                self._sums[self._who_holds(asset)] = None

    def scale_requirements(self, factor: Fraction) -> None:
        """Maintenance ratios times `factor`; thresholds become 1 - (1 - threshold) x factor, cut at
        18 decimals. A collateral stays one, with at least the smallest threshold."""
        if factor < 1:
            raise ValueError(f"requirements are scaled by 1 or more, not by {factor}")
        terms = [_scaled(own, factor) for own in self._valuation.state.terms]
        self._revalue(self._valuation.prices, terms)
        self._sums[:] = None

    def account_ids(self) -> Sequence[str]:
        """Every account in book order."""
        return self._book.account_ids

    def standing(self, account_id: str) -> Standing | None:
        """The account now; None when a price that it needs is missing."""
        sums = self._account_sums(self._numbers[account_id])
        if sums is None:
            return None
        headroom = sums.headroom_e18
        return Standing(sums.equity_e18, headroom, headroom < 0 and sums.closable, sums.free_e18)

    def version(self, account_id: str) -> object:
        """The account's numbers themselves: they are made anew when one of its legs or of their
        prices or terms changes, and nothing else decides its offers."""
        number = self._numbers[account_id]
        self._account_sums(number)
        version: object = self._sums[number]
        return version

    def equity_at(self, account_id: str, prices_e18: Mapping[str, int]) -> int | None:
        """Its equity if these assets had these prices."""
        number = self._numbers[account_id]
        if not prices_e18:
            now = self._account_sums(number)
            return None if now is None else now.equity_e18
        key = frozenset(prices_e18.items())
        if key not in self._others:
            if len(self._others) >= OTHER_PRICES:
                self._others.clear()
            other = self._valuation.prices.with_e18(prices_e18)
            self._others[key] = Valuation(self._book, other, self._valuation.terms)
        sums = self._others[key].sums(self._legs(number))
        return None if isinstance(sums, str) else sums.equity_e18

    def equities(self) -> list[int | None]:
        """Every account's equity now, in book order."""
        self._equities = self._equities or of_book(self._valuation)
        found = self._equities.listed()
        for number in self._changed:
            sums = self._account_sums(number)
            found[number] = None if sums is None else sums.equity_e18
        return found

    def equities_at(
        self, account_ids: Sequence[str], prices_e18: Sequence[Mapping[str, int]]
    ) -> list[list[int | None]]:
        """Some accounts' equities at one set of prices after the other."""
        legs = [self._legs(self._numbers[account]) for account in account_ids]
        moving, now = of_legs(self._valuation, legs), self.prices_e18()
        out = []
        for given in prices_e18:
            move_to(moving, self._assets, {**now, **given})
            out.append(moving.listed())
        return out

    def breaching(self) -> Sequence[str]:
        """The accounts below maintenance of which something can be closed, in book order."""
        surely, near = self._float_filter().below(self._valuation)
        sure, ids = set(surely.tolist()), self._book.account_ids
        found = sure.difference(self._changed)
        asked = {*near.tolist(), *self._changed}
        return [ids[n] for n in sorted(found.union(filter(self._breaches, asked)))]

    def may_pay(self, least: Least) -> MayPay:
        """Who may pay a closure's gas."""
        flags = self._float_filter().may_pay(self._valuation, least)
        return MayPay(flags, self._numbers, self._changed)

    def shapes(self, account_id: str) -> Sequence[tuple[Shape, float]]:
        """What each of its closures is of."""
        account = self._account(account_id)
        if account is None or account.sums.headroom_e18 >= 0:
            return ()
        return account.shapes()

    def offers(self, account_id: str) -> Sequence[Offer]:
        """Each collateral with each debt, and each position; whoever calls may ask for less."""
        account = self._account(account_id)
        if account is None or account.sums.headroom_e18 >= 0:
            return ()
        return [
            Offer(account_id, c.name, c.most, True, account.close(c, c.most).executed)
            for c in account.choices()
        ]

    def preview(self, offer: Offer, amount: int) -> Executed | None:
        """What an offer comes to at `amount`."""
        account, choice = self._chosen(offer)
        return account.close(choice, amount).executed

    def execute(self, offer: Offer, amount: int) -> Executed:
        """It happens. Raises: ValueError for an offer of another state."""
        account, choice = self._chosen(offer)
        return self._apply(offer.account_id, account.close(choice, amount))

    def liquidate(self, account_id: str) -> Sequence[Executed]:
        """All that may be closed, in the order above."""
        done: list[Executed] = []
        while (account := self._account(account_id)) is not None:
            if account.sums.headroom_e18 >= 0:
                break
            closed = [account.close(choice, choice.most) for choice in account.choices()]
            if not closed:
                break
            best = max(closed, key=lambda one: one.executed.closure.value_e18)
            done.append(self._apply(account_id, best))
        return done

    def unwind(self, account_id: str) -> Sequence[Executed]:
        """Positions at their prices, then debts out of collateral, without a bonus."""
        done: list[Executed] = []
        while (account := self._account(account_id)) is not None:
            choices = account.choices(whole=True)
            if not choices:
                break
            first = account.close(choices[0], choices[0].most, paid=False)
            done.append(self._apply(account_id, first))
        return done

    def bear(self, account_id: str, lost_e18: int) -> Sequence[Transfer]:
        """So much less money (or more)."""
        number = self._numbers[account_id]
        if self._account_sums(number) is None or not lost_e18:
            return ()
        self._replace(number, tuple(with_cash(self._valuation, self._legs(number), -lost_e18)))
        return slippage(account_id, lost_e18)

    def withdraw(self, account_id: str) -> Sequence[Transfer]:
        """Takes out of every collateral, in the order of the legs, what free collateral allows:
        one that is not entered, whole."""
        number = self._numbers[account_id]
        done: list[Transfer] = []
        for place, (asset, amount) in enumerate(self._legs(number)):
            sums = self._account_sums(number)
            if sums is None or self._valuation.state.kind(asset) is not Kind.COLLATERAL:
                continue
            taken = min(amount, self._free_amount(asset, sums.free_e18, sums.headroom_e18))
            if taken <= 0:
                continue
            legs = list(self._legs(number))
            legs[place] = (asset, amount - taken)
            self._replace(number, tuple(legs))
            after = self._account_sums(number)
            assert after is not None  # it was known before
            symbol = self._book.assets[asset].symbol
            worth = sums.equity_e18 - after.equity_e18
            done.append(Transfer(account_id, OWNER, worth, f"{symbol} withdrawn"))
        return done

    def backstops(self) -> Sequence[BackstopRow]:
        """The loss waterfall as it is now."""
        profits = sum(w.profit_e18 for w in self.winners())
        return waterfall(self._rules, self._fund_e18, profits, self._supplied)

    def receipts(self) -> Sequence[Receipt]:
        """A table names no receipt tokens."""
        return ()

    def adl(self) -> AdlRule | None:
        """The policy of the rules; None where they have none."""
        if self._rules.adl is Adl.NONE:
            return None
        return AdlRule(self._rules.adl.value, self._rules.adl_cap_e18 / WAD)

    def winners(self) -> Sequence[Winner]:
        """The accounts whose open positions are in profit, in book order; none without a policy."""
        if self._rules.adl is Adl.NONE:
            return ()
        found = []
        for number, account in enumerate(self._book.account_ids):
            sums = self._account_sums(number)
            if sums is None or not sums.held_e18:
                continue
            profit = moving_e18(self._valuation, self._legs(number))
            if profit > 0:
                found.append(winner(account, sums, profit))
        return found

    def deleverage(self, winner_id: str, account_id: str, amount_e18: int) -> Transfer:
        """Closes of each of the winner's positions the share that `amount_e18` is of its profit, at
        prices that give exactly this much less than its own: for the whole profit, at entry."""
        number = self._numbers[winner_id]
        legs = self._legs(number)
        profit = moving_e18(self._valuation, legs)
        if not 0 < amount_e18 <= profit:
            raise ValueError(f"{winner_id} has a profit of {profit}, not of {amount_e18}")
        out, freed = list(legs), 0
        for place, (asset, amount) in enumerate(legs):
            if self._valuation.state.kind(asset) is not Kind.POSITION:
                continue
            taken = ceil_div(abs(amount) * amount_e18, profit)
            left = amount - taken if amount > 0 else amount + taken
            freed += (self._valuation.value_e18(asset, amount) or 0) - (
                self._valuation.value_e18(asset, left) or 0
            )
            out[place] = (asset, left)
        self._replace(number, tuple(with_cash(self._valuation, tuple(out), freed - amount_e18)))
        what = "profit cut by auto-deleveraging"
        return Transfer(winner_id, account_id, amount_e18, what, bad_debt=True)

    def _float_filter(self) -> FloatFilter:
        """What float64 knows of the accounts of the block; made once."""
        self._filter = self._filter or FloatFilter(self._valuation)
        return self._filter

    def _free_amount(self, asset: int, free_e18: int, headroom_e18: int) -> int:
        """How much of a collateral may go before either requirement binds, in its units."""
        terms, price = self._valuation.terms[asset], self._valuation.price_e18(asset) or 1
        unit, most = 10 ** self._book.assets[asset].decimals, []
        for room, weight in (
            (free_e18, terms.initial_weight_e36),
            (headroom_e18, terms.weight_e36),
        ):
            if weight:
                value = max(room - 1, 0) * WAD * WAD // weight
                most.append(value * unit // price)
        return min(most) if most else 2**255

    def _revalue(self, prices: Prices, terms: Sequence[Terms]) -> None:
        self._valuation = Valuation(self._book, prices, terms)
        self._others.clear()

    def _who_holds(self, asset_id: str) -> npt.NDArray[np.int64]:
        """Numbers of the accounts with a leg in an asset at the block. Closures add no asset but
        money, whose price never moves."""
        if not self._holders:
            legs = np.repeat(np.arange(len(self._book)), np.diff(self._book.indptr))
            ids = {asset.asset_id: n for n, asset in enumerate(self._book.assets)}
            of_asset = np.array([ids[asset.asset_id] for asset in self._book.assets])
            group = of_asset[self._book.asset]
            for asset, number in ids.items():
                self._holders[asset] = np.unique(legs[group == number])
        return self._holders.get(asset_id, np.zeros(0, dtype=np.int64))

    def _legs(self, number: int) -> tuple[Leg, ...]:
        found = self._changed.get(number)
        return tuple(self._valuation.legs(number)) if found is None else found

    def _account_sums(self, number: int) -> Sums | None:
        """The account's numbers now; None where they are not known."""
        found = self._sums[number]
        if found is None:
            found = self._valuation.sums(self._legs(number))
            self._sums[number] = found
        return None if isinstance(found, str) else found

    def _breaches(self, number: int) -> bool:
        sums = self._account_sums(number)
        return sums is not None and sums.headroom_e18 < 0 and sums.closable

    def _account(self, account_id: str) -> Account | None:
        number = self._numbers[account_id]
        sums = self._account_sums(number)
        if sums is None:
            return None
        return Account(self._valuation, account_id, self._legs(number), sums)

    def _chosen(self, offer: Offer) -> tuple[Account, Choice]:
        """The account and the choice of an offer. Raises: ValueError when it is no longer one."""
        account = self._account(offer.account_id)
        for choice in [] if account is None else account.choices():
            if choice.name == offer.offer_id:
                assert account is not None
                return account, choice
        raise ValueError(f"{offer.account_id} {offer.offer_id}: nothing of the kind is offered")

    def _apply(self, account_id: str, closed: Closed) -> Executed:
        self._replace(self._numbers[account_id], closed.legs)
        self._fund_e18 -= min(closed.written_off_e18, self._fund_e18)
        return closed.executed

    def _replace(self, number: int, legs: tuple[Leg, ...]) -> None:
        self._changed[number] = legs
        self._sums[number] = None


def _scaled(terms: Terms, factor: Fraction) -> Terms:
    """Terms whose requirement is `factor` times as large."""
    share = terms.threshold_e18
    if terms.kind is Kind.POSITION:
        return replace(terms, threshold_e18=int(share * factor))
    if terms.kind is not Kind.COLLATERAL or not share:
        return terms
    return replace(terms, threshold_e18=max(int(WAD - (WAD - share) * factor), 1))
