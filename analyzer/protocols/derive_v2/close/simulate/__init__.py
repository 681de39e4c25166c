"""The protocol in motion: prices move, auctions are bid on, owners withdraw; all in integers.

    visit = startAuction under the worst scenario (or the auction that is live, terminated or
            converted where it has to be), and the largest bid at the present discount; again until
            nobody can bid

Time stands still at the book's block, so an auction that starts now has its first discount, and an
insolvent one pays its bidder exactly what the portfolio lacks. Bidders are nobody in the book.
Source: v2-core `DutchAuction.sol`, `BaseManager.sol`; spec sections 6 to 8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from analyzer.model.book import Prices
from analyzer.model.closure import Closure, Executed, Transfer
from analyzer.model.integers import WAD
from analyzer.model.rows import BackstopRow
from analyzer.protocols.derive_v2.close.backstops import waterfall
from analyzer.protocols.derive_v2.close.liquidate import (
    CASH_HOLDERS,
    HAS_ENDED,
    LIQUIDATOR,
    PORTFOLIO,
    SECURITY_MODULE,
    SHOULD_END,
    largest_bid,
)
from analyzer.protocols.derive_v2.close.simulate import bids
from analyzer.protocols.derive_v2.close.simulate.hedge import hedged
from analyzer.protocols.derive_v2.close.simulate.parties import (
    OWNER,
    ROUNDING,
    net,
    portfolio,
    two_way,
)
from analyzer.protocols.derive_v2.close.simulate.repricing import moved
from analyzer.protocols.derive_v2.close.simulate.withdrawal import largest_withdrawals
from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.accounts import Holding
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import NO_CHANGE, AccountNumbers, Valuation
from analyzer.protocols.derive_v2.value.auction import RESERVED_IS_MORE
from analyzer.protocols.derive_v2.value.auction_views import auction_of
from analyzer.protocols.derive_v2.value.cash import security_module_cash
from analyzer.protocols.derive_v2.value.prices import reference_prices
from analyzer.protocols.derive_v2.value.startable import live
from analyzer.protocols.derive_v2.value.value import DeriveValued
from analyzer.protocols.kit.unreadable import Unreadable, attempt
from analyzer.protocols.simulation import Offer, Receipt, Standing

__all__ = ["ROUNDING", "DeriveSimulation", "simulate"]

OTHER_PRICES = 16
"""How many sets of other prices (`equity_at`) are kept ready."""


@dataclass(frozen=True, slots=True)
class _Bid:
    """A bid that is possible. fee: charged because the auction starts with it. payout: what an
    insolvent auction pays the bidder (None in a solvent one); module: the security module's part.
    """

    closure: Closure
    share: int
    paid: int
    fee: int
    reserved: int
    value: int
    payout: int | None
    module: int


def simulate(valued: DeriveValued) -> DeriveSimulation:
    """The book in motion, from its block and these prices on. The book itself is not changed."""
    factors = {asset.asset_id: asset.factor for asset in valued.book.assets}
    return DeriveSimulation(valued.book.account_ids, valued.state, valued.prices, factors)


class DeriveSimulation:
    """A `Simulation` of one Derive V2 deployment (see `protocols.simulation`)."""

    def __init__(
        self,
        account_ids: Sequence[str],
        state: DeriveState,
        prices: Prices,
        factors: Mapping[str, str],
    ) -> None:
        self._ids = list(account_ids)
        self._factors = dict(factors)
        self._requirement = NO_CHANGE
        # An option that is worth nothing now had a price all the same.
        self._priced = frozenset(a for a, p in prices.by_asset.items() if p.price_e18 is not None)
        own = bids.copied(state)
        self._reset(moved(own, {a: p.price_e18 for a, p in prices.by_asset.items() if p.price_e18}))

    @property
    def state(self) -> DeriveState:
        """The protocol as it is now. To read, not to change."""
        return self._valuation.state

    def prices_e18(self) -> Mapping[str, int]:
        """Every price in use: spot feeds and perps as they were given, the rest made of them."""
        prices = reference_prices(self.state, self._factors).by_asset.values()
        return {p.asset_id: p.price_e18 for p in prices if p.price_e18}

    def set_prices(self, prices_e18: Mapping[str, int]) -> None:
        """Spot feeds and perps take the given price. What is made of them follows: base assets and
        cash their feed, forwards (and so options) their difference to spot, and so does a perp
        that is not named while its spot feed is; a price given for those is not used, nor one for
        a closed perp."""
        for asset, price in prices_e18.items():
            if asset not in self._priced:
                raise KeyError(asset)
            if price <= 0:
                raise ValueError(f"a price of {price} for {asset}: prices are positive")
        self._reset(moved(self.state, prices_e18))

    def scale_requirements(self, factor: Fraction) -> None:
        """Every requirement (mark to market less margin) is the managers' own times `factor`."""
        if factor < 1:
            raise ValueError(f"requirements are scaled by 1 or more, not by {factor}")
        self._requirement = factor
        self._reset(self.state)

    def account_ids(self) -> Sequence[str]:
        """Every account in book order."""
        return self._ids

    def standing(self, account_id: str) -> Standing | None:
        """The account now; None when a number that it needs is unknown."""
        found = _known(self._valuation.numbers(int(account_id)))
        if found is None:
            return None
        mtm, mm = found
        return Standing(mtm, mm, self._bid(account_id) is not None)

    def equity_at(self, account_id: str, prices_e18: Mapping[str, int]) -> int | None:
        """Its mark to market if these assets had these prices."""
        valuation = self._valuation
        if prices_e18:
            key = frozenset(prices_e18.items())
            if key not in self._others:
                if len(self._others) >= OTHER_PRICES:
                    self._others.clear()
                other = moved(self.state, prices_e18)
                self._others[key] = Valuation(other, self._requirement)
            valuation = self._others[key]
        found = _known(valuation.numbers(int(account_id)))
        return None if found is None else found[0]

    def breaching(self) -> Sequence[str]:
        """The accounts on which somebody can bid now (an auction is live, or can be started)."""
        return [account for account in self._ids if self._bid(account) is not None]

    def offers(self, account_id: str) -> Sequence[Offer]:
        """The largest bid at the present discount, or none."""
        bid = self._bid(account_id)
        if bid is None:
            return ()
        return (Offer(account_id, "bid", bid.share, False, self._executed(bid)),)

    def preview(self, offer: Offer, amount: int) -> Executed | None:
        """The bid; None for another share than the largest."""
        return offer.largest if amount == offer.most else None

    def execute(self, offer: Offer, amount: int) -> Executed:
        """It happens. Raises: ValueError where nobody can bid so much."""
        bid = self._bid(offer.account_id)
        if bid is None or amount != bid.share:
            raise ValueError(f"nobody can bid for {amount} of account {offer.account_id}")
        executed = self._executed(bid)
        number, apply = int(offer.account_id), partial(self._apply, bid)
        return replace(executed, closure=self._changing(number, bid.closure, apply))

    def _executed(self, bid: _Bid) -> Executed:
        """A bid with what its bidder then has to trade."""
        taken = self._split(int(bid.closure.account_id), bid)
        return Executed(bid.closure, hedged(self.state, taken))

    def liquidate(self, account_id: str) -> Sequence[Executed]:
        """Bids until nobody can bid on the account any more."""
        done: list[Executed] = []
        while offers := self.offers(account_id):
            done.append(self.execute(offers[0], offers[0].most))
        return done

    def unwind(self, account_id: str) -> Sequence[Executed]:
        """Sells the whole portfolio at its mark to market; what cash then lacks is paid for by the
        security module and by everybody's cash. A live auction freezes the account."""
        number = int(account_id)
        found = _known(self._valuation.numbers(number))
        account = self.state.accounts[number]
        if found is None or live(self._valuation, number) or not account.balances:
            return []
        if not self._positions(number) and found[0] >= 0:
            return []
        closure = Closure(account_id, "position", PORTFOLIO, WAD, found[0], abs(found[0]), 0)
        sold: dict[str, int] = {}

        def apply() -> tuple[Transfer, ...]:
            sold.update(hedged(self.state, account.balances))
            return self._close_out(number)

        return [Executed(self._changing(number, closure, apply), sold)]

    def withdraw(self, account_id: str) -> Sequence[Transfer]:
        """Cash first, then base assets in the account's own order, as long as initial margin
        stays 0 or more; nothing in an auction or while withdrawals are blocked."""
        number, done = int(account_id), list[Transfer]()
        if _known(self._valuation.numbers(number)) is None:
            return done

        def apply() -> tuple[Transfer, ...]:
            done.extend(
                Transfer(account_id, OWNER, value, "withdrawn", asset_id=asset)
                for asset, value in largest_withdrawals(self._valuation, number)
            )
            return tuple(done)

        closure = self._changing(number, Closure(account_id, "", "", 0, 0, 0, 0), apply)
        return list(closure.transfers)

    def backstops(self) -> Sequence[BackstopRow]:
        """The loss waterfall as it is now."""
        return waterfall(self.state)

    def receipts(self) -> Sequence[Receipt]:
        """None: cash is no token."""
        return []

    def _reset(self, state: DeriveState) -> None:
        """Other prices or requirements: every valuation is made again."""
        self._valuation = Valuation(state, self._requirement)
        self._others: dict[frozenset[tuple[str, int]], Valuation] = {}
        self._bids: dict[str, _Bid | None] = {}

    def _bid(self, account_id: str) -> _Bid | None:
        """The bid that goes through now, or None."""
        if account_id not in self._bids:
            self._bids[account_id] = self._find_bid(account_id)
        return self._bids[account_id]

    def _find_bid(self, account_id: str) -> _Bid | None:
        number = int(account_id)
        if _known(self._valuation.numbers(number)) is None:
            return None
        closure = self._largest_bid(number)
        if closure is None or closure.reverts is not None or closure.amount == 0:
            return None
        fee, mtm = closure.after["fee"], closure.after["mtm"]
        if "reserved_cash" in closure.after:
            reserved = closure.after["reserved_cash"] - closure.value_e18
            value = mul(mtm - reserved, closure.amount)
            found = _Bid(closure, closure.amount, closure.value_e18, fee, reserved, value, None, 0)
        else:
            module = min(closure.value_e18, max(0, security_module_cash(self.state)))
            found = _Bid(closure, WAD, 0, fee, 0, mtm, closure.value_e18, module)
        return replace(found, closure=replace(closure, transfers=self._transfers(found)))

    def _largest_bid(self, number: int) -> Closure | None:
        """The bid on the account as it is, or after what anybody may do to an auction on which
        nobody can bid: to terminate it (and start another), or to convert one that has run out of
        discount into an insolvent one."""
        closure = largest_bid(self._valuation, number)
        auctions, found = self.state.auction_house.auctions, auction_of(self._valuation, number)
        if closure is None or not found.ongoing:
            return closure
        if closure.reverts in (SHOULD_END, RESERVED_IS_MORE):
            after = replace(found, ongoing=False)
        elif closure.reverts == HAS_ENDED:
            after = replace(
                found, insolvent=True, start_time=self.state.block_time, reserved_cash=0
            )
        else:
            return closure
        auctions[number] = after
        try:
            return largest_bid(self._valuation, number)
        finally:
            auctions[number] = found

    def _transfers(self, bid: _Bid) -> tuple[Transfer, ...]:
        """Who gives what to whom with a bid; parts of 0 are left out."""
        account, house = bid.closure.account_id, self.state.auction_house
        parts = [
            Transfer(LIQUIDATOR, account, bid.paid, "bid"),
            Transfer(account, self._party(house.sm_account), bid.fee, "liquidation fee"),
            *portfolio(account, bid.value),
        ]
        if bid.payout is not None:
            parts += self._loss(account, bid.module, bid.payout - bid.module)
            parts.append(Transfer(account, LIQUIDATOR, bid.payout, "payout"))
        return tuple(part for part in parts if part.amount_e18)

    def _loss(self, account: str, module: int, rest: int) -> list[Transfer]:
        """A loss that the security module and then everybody's cash take over."""
        payer = self._party(self.state.security_account)
        return [
            Transfer(payer, account, module, "security module pays", bad_debt=True),
            Transfer(CASH_HOLDERS, account, rest, "socialised loss", bad_debt=True),
        ]

    def _party(self, number: int) -> str:
        """The security module: its account, or its role where the book has none."""
        return str(number) if number in self.state.accounts else SECURITY_MODULE

    def _split(self, number: int, bid: _Bid) -> list[Holding]:
        """What the bidder takes of the positions (cash is not traded)."""
        account = self.state.accounts[number]
        return bids.split(account, self.state.cash.address, bid.share, reserved=bid.reserved)

    def _apply(self, bid: _Bid) -> tuple[Transfer, ...]:
        """The state after a bid; its transfers."""
        number, valuation = int(bid.closure.account_id), self._valuation
        state = valuation.state
        bids.settle(valuation, number)
        if bid.fee:
            bids.add_cash(valuation, number, -bid.fee)
            if state.auction_house.sm_account in state.accounts:
                bids.add_cash(valuation, state.auction_house.sm_account, bid.fee)
        bids.take(valuation, number, self._split(number, bid), paid=bid.paid)
        if bid.payout is not None and bid.module:
            bids.add_cash(valuation, state.security_account, -bid.module)
        if bid.payout is not None and bid.payout > bid.module:
            bids.socialise(state, bid.payout - bid.module)
        bids.end_auction(state, number, bid.reserved + bid.paid)
        return bid.closure.transfers

    def _positions(self, number: int) -> list[Holding]:
        """What the account holds beside cash."""
        balances = self.state.accounts[number].balances
        return [h for h in balances if h.asset != self.state.cash.address]

    def _close_out(self, number: int) -> tuple[Transfer, ...]:
        """Settles and sells everything at its mark to market; the account keeps what is left."""
        valuation, state, account = self._valuation, self.state, str(number)
        bids.settle(valuation, number)
        found = _known(valuation.numbers(number))
        if found is None:
            return ()
        positions = self._positions(number)
        cash = state.accounts[number].cash(state.cash.address)
        bids.take(valuation, number, positions, paid=found[0] - cash)
        parts = [
            *portfolio(account, found[0] - cash),
            Transfer(LIQUIDATOR, account, found[0] - cash, "sold"),
        ]
        if found[0] - cash < 0:
            parts[-1] = Transfer(account, LIQUIDATOR, cash - found[0], "paid to be rid of it")
        if found[0] < 0:
            module = min(-found[0], max(0, security_module_cash(state)))
            if module:
                bids.add_cash(valuation, state.security_account, -module)
            if -found[0] > module:
                bids.socialise(state, -found[0] - module)
            bids.set_cash(valuation, number, 0)
            parts += self._loss(account, module, -found[0] - module)
        return tuple(part for part in parts if part.amount_e18)

    def _changing(
        self, number: int, closure: Closure, apply: Callable[[], tuple[Transfer, ...]]
    ) -> Closure:
        """Lets `apply` change accounts and returns the closure with its transfers, and with what
        else the equity of each party changed by: interest that was settled, and rounding."""
        parties = {number, self.state.security_account, self.state.auction_house.sm_account}
        present = {p for p in parties if p in self.state.accounts}
        before = {p: self._equity(p) for p in present}
        interest = {p: self._unbooked_interest(p) for p in present}
        transfers = apply()
        # What an insolvent auction pays out depends on what the security module still has.
        self._bids = {
            account: bid
            for account, bid in self._bids.items()
            if int(account) not in parties and (bid is None or bid.payout is None)
        }
        self._others.clear()
        extra: list[Transfer] = []
        for party in sorted(present):
            change = self._equity(party) - before[party] - net(transfers, str(party))
            settled = interest[party] if change else 0
            extra += two_way(CASH_HOLDERS, str(party), settled, "interest settled")
            extra += two_way(ROUNDING, str(party), change - settled, "products are truncated")
        return replace(closure, transfers=(*transfers, *extra))

    def _equity(self, number: int) -> int:
        """An account's mark to market; 0 where it is unknown (nothing of it changes then)."""
        found = _known(self._valuation.numbers(number))
        return 0 if found is None else found[0]

    def _unbooked_interest(self, number: int) -> int:
        """What the account's cash gains when its interest is settled."""
        account = self.state.accounts[number]
        found = attempt(lambda: self._valuation.cash_with_interest(account))
        return 0 if isinstance(found, Unreadable) else found - account.cash(self.state.cash.address)


def _known(numbers: AccountNumbers) -> tuple[int, int] | None:
    """(mark to market, maintenance margin), None when one of the account's numbers is unknown."""
    if numbers.problem is not None:
        return None
    mtm, mm = numbers.mtm, numbers.mm
    return None if isinstance(mtm, Unreadable) or isinstance(mm, Unreadable) else (mtm, mm)
