"""The protocol in motion: prices move, auctions are bid on, owners withdraw; all in integers.

    visit = startAuction under the worst scenario (or the auction that is live, terminated or
            converted where it has to be), and a bid for any share up to the largest, at the
            present discount or at a later one

`motion` holds what moves, `bidding`, `unwinding` and `withdrawal` are the steps, `bids` what a bid
changes in the state, `before` what no transfer explains.

Time stands still at the book's block for prices, interest and funding; whoever waits for a better
discount waits while they do. An auction that starts now has its first discount, and an insolvent
one pays its first bidder exactly what the portfolio lacks. Bidders are nobody in the book.
Source: v2-core `DutchAuction.sol`, `BaseManager.sol`; spec sections 6 to 8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

from analyzer.model.closure import Closure, Executed, Transfer
from analyzer.model.integers import WAD
from analyzer.model.rows import BackstopRow
from analyzer.protocols.derive_v2.close.backstops import waterfall
from analyzer.protocols.derive_v2.close.liquidate import PORTFOLIO, Lot
from analyzer.protocols.derive_v2.close.simulate import bids
from analyzer.protocols.derive_v2.close.simulate.before import Before
from analyzer.protocols.derive_v2.close.simulate.bidding import (
    Bid,
    apply_bid,
    find_bid,
    find_lot,
    later,
    longest_wait_s,
    taken_by,
)
from analyzer.protocols.derive_v2.close.simulate.hedge import Deltas, hedged
from analyzer.protocols.derive_v2.close.simulate.motion import Motion, known
from analyzer.protocols.derive_v2.close.simulate.parties import OWNER, ROUNDING
from analyzer.protocols.derive_v2.close.simulate.unwinding import close_out, positions
from analyzer.protocols.derive_v2.close.simulate.withdrawal import largest_withdrawals
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.startable import live
from analyzer.protocols.derive_v2.value.value import DeriveValued
from analyzer.protocols.kit.slippage import slippage
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.simulation import Offer, Receipt, Standing, Waiting

__all__ = ["ROUNDING", "DeriveSimulation", "simulate"]


def simulate(valued: DeriveValued) -> DeriveSimulation:
    """The book in motion, from its block and these prices on. The book itself is not changed."""
    factors = {asset.asset_id: asset.factor for asset in valued.book.assets}
    motion = Motion(valued.state, valued.prices, factors)
    return DeriveSimulation(valued.book.account_ids, motion)


class DeriveSimulation:
    """A `Simulation` of one Derive V2 deployment (see `protocols.simulation`)."""

    def __init__(self, account_ids: Sequence[str], motion: Motion) -> None:
        self._ids = list(account_ids)
        self._motion = motion
        self._lots: dict[str, Lot | None] = {}
        self._deltas = Deltas()

    @property
    def state(self) -> DeriveState:
        """The protocol as it is now. To read, not to change."""
        return self._motion.state

    def prices_e18(self) -> Mapping[str, int]:
        """Every price in use: spot feeds and perps as they were given, the rest made of them."""
        return self._motion.prices_e18()

    def set_prices(self, prices_e18: Mapping[str, int]) -> None:
        """Spot feeds and perps take the given price. What is made of them follows: base assets and
        cash their feed, forwards (and so options) their difference to spot, and so does a perp
        that is not named while its spot feed is; a price given for those is not used, nor one for
        a closed perp."""
        self._motion.set_prices(prices_e18)
        self._lots.clear()
        self._deltas.clear()

    def scale_requirements(self, factor: Fraction) -> None:
        """Every requirement (mark to market less margin) is the managers' own times `factor`."""
        self._motion.scale_requirements(factor)
        self._lots.clear()

    def account_ids(self) -> Sequence[str]:
        """Every account in book order."""
        return self._ids

    def standing(self, account_id: str) -> Standing | None:
        """The account now; None when a number that it needs is unknown."""
        valuation = self._motion.valuation
        found = known(valuation, int(account_id))
        if found is None:
            return None
        mtm, mm = found
        initial = valuation.numbers(int(account_id)).im
        free = None if isinstance(initial, Unreadable) else initial
        return Standing(mtm, mm, self._lot(account_id) is not None, free)

    def equity_at(self, account_id: str, prices_e18: Mapping[str, int]) -> int | None:
        """Its mark to market if these assets had these prices."""
        found = known(self._motion.valuation_at(prices_e18), int(account_id))
        return None if found is None else found[0]

    def breaching(self) -> Sequence[str]:
        """The accounts on which somebody can bid now (an auction is live, or can be started)."""
        return [account for account in self._ids if self._lot(account) is not None]

    def offers(self, account_id: str) -> Sequence[Offer]:
        """A bid at the present discount, for any share up to the largest, or none; it gets better
        with time."""
        lot = self._lot(account_id)
        offer = None if lot is None else self._offer(lot, 0)
        return () if offer is None else (offer,)

    def _offer(self, lot: Lot, waited_s: int) -> Offer | None:
        """The bid so many seconds on; None where nobody can make it."""
        found = find_bid(self._motion.valuation, later(self._motion.valuation, lot, waited_s))
        if found is None:
            return None
        return Offer(
            account_id=found.closure.account_id,
            offer_id="bid",
            most=found.closure.amount,
            choosable=True,
            largest=self._executed(found),
            waiting=Waiting(
                waited_s, longest_wait_s(self._motion.valuation, lot), partial(self._offer, lot)
            ),
        )

    def preview(self, offer: Offer, amount: int) -> Executed | None:
        """The bid for that share."""
        found = self._bid(offer, amount)
        return None if found is None else self._executed(found)

    def execute(self, offer: Offer, amount: int) -> Executed:
        """It happens. Raises: ValueError where nobody can bid so much."""
        found = self._bid(offer, amount)
        if found is None or amount != found.closure.amount:
            raise ValueError(f"nobody can bid for {amount} of account {offer.account_id}")
        executed = self._executed(found)
        number, apply = int(offer.account_id), partial(apply_bid, self._motion.valuation, found)
        return replace(executed, closure=self._changing(number, found.closure, apply))

    def _bid(self, offer: Offer, share: int) -> Bid | None:
        """The bid that an offer stands for, for that share."""
        lot, valuation = self._lot(offer.account_id), self._motion.valuation
        return (
            None
            if lot is None
            else find_bid(valuation, later(valuation, lot, offer.waited_s), share)
        )

    def _executed(self, made: Bid) -> Executed:
        """A bid with what its bidder then has to trade."""
        return Executed(made.closure, hedged(self.state, taken_by(self.state, made), self._deltas))

    def liquidate(self, account_id: str) -> Sequence[Executed]:
        """The largest bid at the present discount, until nobody can bid any more."""
        done: list[Executed] = []
        while offers := self.offers(account_id):
            done.append(self.execute(offers[0], offers[0].most))
        return done

    def unwind(self, account_id: str) -> Sequence[Executed]:
        """Sells the whole portfolio at its mark to market; what cash then lacks is paid for by the
        security module and by everybody's cash. A live auction freezes the account."""
        number = int(account_id)
        found = known(self._motion.valuation, number)
        account = self.state.accounts[number]
        if found is None or live(self._motion.valuation, number) or not account.balances:
            return []
        if not positions(self.state, number) and found[0] >= 0:
            return []
        closure = Closure(account_id, "position", PORTFOLIO, WAD, found[0], abs(found[0]), 0)
        sold: dict[str, int] = {}

        def apply() -> tuple[Transfer, ...]:
            sold.update(hedged(self.state, account.balances, self._deltas))
            return close_out(self._motion.valuation, number)

        return [Executed(self._changing(number, closure, apply), sold)]

    def bear(self, account_id: str, lost_e18: int) -> Sequence[Transfer]:
        """Cash less or more in the account."""
        number = int(account_id)
        if known(self._motion.valuation, number) is None:
            return ()

        def apply() -> tuple[Transfer, ...]:
            bids.add_cash(self._motion.valuation, number, -lost_e18)
            return slippage(account_id, lost_e18)

        closure = self._changing(number, Closure(account_id, "", "", 0, 0, 0, 0), apply)
        return closure.transfers

    def withdraw(self, account_id: str) -> Sequence[Transfer]:
        """Cash first, then base assets in the account's own order, as long as initial margin
        stays 0 or more; nothing in an auction or while withdrawals are blocked."""
        number, done = int(account_id), list[Transfer]()
        if known(self._motion.valuation, number) is None:
            return done

        def apply() -> tuple[Transfer, ...]:
            done.extend(
                Transfer(account_id, OWNER, value, "withdrawn", asset_id=asset)
                for asset, value in largest_withdrawals(self._motion.valuation, number)
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

    def _lot(self, account_id: str) -> Lot | None:
        """The lot on which somebody can bid now, or None."""
        if account_id not in self._lots:
            self._lots[account_id] = find_lot(self._motion.valuation, account_id)
        return self._lots[account_id]

    def _changing(
        self, number: int, closure: Closure, apply: Callable[[], tuple[Transfer, ...]]
    ) -> Closure:
        """Lets `apply` change accounts and returns the closure with its transfers, and with what
        else the equity of each party changed by (see `Before`)."""
        state, valuation = self.state, self._motion.valuation
        parties = {number, state.security_account, state.auction_house.sm_account}
        before = Before.of(valuation, parties)
        transfers = apply()
        for party in parties:
            self._lots.pop(str(party), None)
        self._motion.changed()
        return replace(closure, transfers=(*transfers, *before.unexplained(valuation, transfers)))
