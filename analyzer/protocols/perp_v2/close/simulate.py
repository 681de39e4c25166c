"""Perp V2's accounts in motion: what a cascade drives (see `protocols.simulation`).

Prices are the protocol's once all its averages have converged: the reference price of an open
market, its mark, its index and its pool are all at the given price, so that maker ranges hold
what they hold there. Funding and fees are those of the block. Every closure is worked out by
`liquidate` and `liquidate_collateral`, in the contract's own integers; here it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

from analyzer.model.book import Book, Prices
from analyzer.model.closure import Executed, Transfer
from analyzer.model.rows import BackstopRow
from analyzer.protocols.kit.holders import Holders
from analyzer.protocols.kit.slippage import slippage
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.close.backstops import waterfall
from analyzer.protocols.perp_v2.close.breaching import Breaching
from analyzer.protocols.perp_v2.close.motion import Motion
from analyzer.protocols.perp_v2.close.possible import (
    Possible,
    next_liquidation,
    possible_closures,
    settled,
    stake,
    terms,
)
from analyzer.protocols.perp_v2.close.settled import Settled
from analyzer.protocols.perp_v2.close.steps import keep, move_in_vault, standing_of
from analyzer.protocols.perp_v2.close.unwinding import next_unwinding
from analyzer.protocols.perp_v2.close.withdrawal import withdraw_all
from analyzer.protocols.perp_v2.fixed_point import to_settlement
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.float_filter import FloatFilter
from analyzer.protocols.perp_v2.value.reprice import holdings
from analyzer.protocols.perp_v2.value.takeover import settlement_value
from analyzer.protocols.perp_v2.value.valuation import Valuation
from analyzer.protocols.perp_v2.value.value import PerpValued
from analyzer.protocols.simulation import Offer, Receipt, Stake, Standing, Terms

Step = Callable[[Valuation, Account], Settled | None]


class PerpSimulation:
    """A `Simulation` of one Perp V2 book.

    Markets that are paused or closed, and the settlement token, keep their prices whatever is
    given. An account of which a number is unknown stays unknown: it is listed, it has no
    standing, it never breaches and nothing of it is closed.
    """

    def __init__(
        self,
        book: Book,
        state: PerpState,
        prices: Prices,
        float_filter: Callable[[], FloatFilter] | None = None,
        still: Mapping[str, object] | None = None,
    ) -> None:
        """float_filter, still: of the same book, where they are shared with other simulations."""
        self._account_ids = tuple(book.account_ids)
        self._motion = Motion(state, prices, still)
        self._numbers_now: dict[str, AccountMath] = {}
        self._standings: dict[str, Standing | None] = {}
        self._tried: dict[str, Mapping[str, Possible]] = {}
        self._versions: dict[str, object] = {}
        self._on_fund: set[str] = set()
        self._holders = Holders(self._account_ids, self._assets_of)
        self._breaching = Breaching(
            self._account_ids,
            float_filter
            or (
                lambda: FloatFilter(
                    holdings(state, prices, self._account_ids), state, self._account_ids
                )
            ),
        )

    @property
    def state(self) -> PerpState:
        """The protocol's state as it is now (a copy of the book's, changed by this simulation)."""
        return self._motion.state

    def valuation(self) -> Valuation:
        """What the accounts are valued with now: state and prices in use."""
        return self._motion.valuation

    def _moved(self, assets: Iterable[str]) -> None:
        """Forgets what depended on these prices. What the fund can bear depends on its positions,
        and whether others can be closed on that."""
        of_fund = self._assets_of(self.state.insurance_fund)
        if not of_fund.isdisjoint(assets):
            self._forget(*self._account_ids)
        else:
            self._forget(*self._holders.of(assets))

    def _assets_of(self, account_id: str) -> set[str]:
        """The markets that the account is in, and the tokens that it holds."""
        account = self.state.accounts.get(account_id)
        return set() if account is None else {*account.markets, *account.balances}

    def prices_e18(self) -> Mapping[str, int]:
        """Every usable price: markets, tokens, the settlement token (1). A stale or missing price
        is none: whoever needs it is unknown."""
        return self._motion.quotes.in_use()

    def set_prices(self, prices_e18: Mapping[str, int]) -> None:
        """Moves prices, and with an open market's price its pool; see `motion.Quotes.moved`.

        A price that is in use already moves nothing, so that exactly given prices of the book's
        own block leave its pools where they were observed.
        Raises: KeyError for an asset without a usable price; ValueError for one below 1 wei.
        """
        self._motion.set_prices(prices_e18)
        self._moved(prices_e18)

    def set_pool(self, base_token: str, sqrt_price_x96: int) -> None:
        """Puts a market's pool somewhere else than at its price, as it was observed to be.

        The next `set_prices` that moves this market's price moves its pool again.
        Raises: KeyError for no such market.
        """
        self._motion.set_pool(base_token, sqrt_price_x96)
        self._moved([base_token])

    def scale_requirements(self, factor: Fraction) -> None:
        """The block's maintenance ratio times `factor` from now on, rounded up to 1e-6.

        Raises: ValueError for a factor below 1, or one that leads above 100 %.
        """
        self._motion.scale_requirements(factor)
        self._forget(*self._account_ids)

    def account_ids(self) -> Sequence[str]:
        """Every account in book order, the insurance fund included."""
        return self._account_ids

    def standing(self, account_id: str) -> Standing | None:
        """The account now; None when unknown. Raises: KeyError for no such account."""
        if account_id not in self._standings:
            # Everybody is measured; only the numbers of those who are looked at closer are kept.
            numbers = self._numbers_now.get(account_id) or self._worked_out(account_id)
            self._standings[account_id] = standing_of(numbers)
        return self._standings[account_id]

    def _numbers(self, account_id: str) -> AccountMath:
        """The account's numbers now, each worked out when it is asked for. Raises: KeyError."""
        found = self._numbers_now.get(account_id)
        if found is None:
            found = self._numbers_now[account_id] = self._worked_out(account_id)
        return found

    def _worked_out(self, account_id: str) -> AccountMath:
        """The same, not kept. Raises: KeyError."""
        return AccountMath(self._motion.valuation, self._motion.state.accounts[account_id])

    def equity_at(self, account_id: str, prices_e18: Mapping[str, int]) -> int | None:
        """Its equity with these prices, and pools that followed them; None when unknown.

        Raises: KeyError and ValueError as `set_prices`, KeyError for no such account.
        """
        account = self._motion.state.accounts[account_id]
        valuation = self._motion.valuation_at(prices_e18)
        if account_id in self._motion.state.unreadable:
            return None
        try:
            return AccountMath(valuation, account).equity
        except UnreadableNumberError:
            return None

    def breaching(self) -> Sequence[str]:
        """The accounts with a liquidation that would not revert now, in book order.

        Orders that stand in the way do not count: anyone may cancel them. An account that only
        the fund's capacity, a paused market or a share beyond 24 bits protects is not among them.
        """
        return self._breaching.found(
            self._motion.valuation, self._motion.quotes.prices, self._numbers
        )

    def _step(self, step: Step, account_id: str) -> Settled | None:
        """The account's next step; None for an unknown account. Raises: KeyError."""
        account = self._motion.state.accounts[account_id]
        if self.standing(account_id) is None:
            return None
        try:
            return step(self._motion.valuation, account)
        except UnreadableNumberError:
            return None

    def offers(self, account_id: str) -> Sequence[Offer]:
        """The liquidation of each position and each token; whoever calls may ask for less. Its
        orders are cancelled first, as in `liquidate`. Raises: KeyError for no such account."""
        return [
            Offer(
                account_id=account_id,
                offer_id=offer_id,
                most=abs(possible.maximum),
                choosable=True,
                largest=_executed(found),
            )
            for offer_id, possible in self._possible(account_id).items()
            if (found := self._settled(possible, possible.maximum)) is not None
        ]

    def version(self, account_id: str) -> object:
        """See `protocols.simulation.Versioned`: it ends with the account, with its prices, and for
        one that cannot pay its penalty with what the fund can bear."""
        return self._versions.setdefault(account_id, object())

    def preview(self, offer: Offer, amount: int) -> Executed | None:
        """The liquidation of so much of the position or token."""
        found = self._asked(offer, amount)
        return None if found is None else _executed(found)

    def terms(self, offer: Offer, amount: int) -> Terms | None:
        """See `protocols.simulation.Quick`."""
        possible = self._possible(offer.account_id)[offer.offer_id]
        signed = amount if possible.maximum > 0 else -amount
        try:
            found = terms(possible, signed, self._value_of_fund())
        except UnreadableNumberError:
            return None
        # Whoever cannot pay the penalty depends on the fund, whether it bears it or not.
        if found is None or found.by_fund:
            self._on_fund.add(offer.account_id)
        return found

    def stake(self, account_id: str) -> Stake | None:
        """See `protocols.simulation.Quick`."""
        numbers = self._numbers(account_id)
        try:
            return stake(numbers) if self.standing(account_id) is not None else None
        except UnreadableNumberError:
            return None

    def _value_of_fund(self) -> int | None:
        """The settlement value of the fund's account; None where it cannot be had."""
        state = self._motion.state
        fund = state.accounts.get(state.insurance_fund) or Account(state.insurance_fund)
        return settlement_value(self._motion.valuation, fund)

    def execute(self, offer: Offer, amount: int) -> Executed:
        """It happens. Raises: ValueError where the contract would revert."""
        found = self._asked(offer, amount)
        if found is None:
            raise ValueError(f"{offer.offer_id} of {offer.account_id}: {amount} cannot be closed")
        return self._happened(found)

    def _possible(self, account_id: str) -> Mapping[str, Possible]:
        """What may be tried of the account now, by offer id; nothing of an unknown one."""
        if account_id not in self._tried:
            tried = dict[str, Possible]()
            if self.standing(account_id) is not None:
                with suppress(UnreadableNumberError):
                    for possible in possible_closures(self._numbers(account_id)):
                        tried[f"{possible.kind} {possible.asset_id}"] = possible
            self._tried[account_id] = tried
        return self._tried[account_id]

    def _asked(self, offer: Offer, amount: int) -> Settled | None:
        """The liquidation that an amount of an offer asks for."""
        possible = self._possible(offer.account_id)[offer.offer_id]
        return self._settled(possible, amount if possible.maximum > 0 else -amount)

    def _settled(self, possible: Possible, amount: int) -> Settled | None:
        """The liquidation of an amount; None where it would revert or repay nothing."""
        try:
            found = settled(possible, amount)
        except UnreadableNumberError:
            return None
        if found.closure.after.get("account_value_after_penalty", 0) < 0:
            self._on_fund.add(found.closure.account_id)
        repays = possible.kind == "position" or found.closure.after["repaid_settlement"]
        return found if repays and found.closure.reverts is None else None

    def liquidate(self, account_id: str) -> Sequence[Executed]:
        """All that may be closed: positions first, then tokens, always as much as is allowed.

        Its orders in open markets are cancelled first where they stand in the way. The fund's
        capacity counts, and what it earns or takes over is in it at once.
        Raises: KeyError for no such account.
        """
        return self._visit(next_liquidation, account_id)

    def unwind(self, account_id: str) -> Sequence[Executed]:
        """Winds the account up: orders cancelled, positions in open markets taken over whole at
        their price, tokens sold at theirs as far as there is debt, the rest passed to the fund (a
        closure of the kind `bad_debt` where that is all). Raises: KeyError for no such account."""
        return self._visit(next_unwinding, account_id)

    def bear(self, account_id: str, lost_e18: int) -> Sequence[Transfer]:
        """Settlement tokens less or more in the account, rounded against it. Raises: KeyError."""
        state = self._motion.state
        if self.standing(account_id) is None:
            return ()
        token, account = state.settlement_token, state.accounts[account_id]
        gained = to_settlement(-lost_e18, state.settlement_decimals)
        held = account.balances.get(token, 0)
        state.accounts[account_id] = replace(
            account, balances={**account.balances, token: held + gained}
        )
        self._changed(account_id)
        return slippage(account_id, lost_e18)

    def _visit(self, step: Step, account_id: str) -> list[Executed]:
        """Steps until there is none."""
        done: list[Executed] = []
        while (settled := self._step(step, account_id)) is not None:
            done.append(self._happened(settled))
        return done

    def _happened(self, found: Settled) -> Executed:
        """Makes a step happen; the fund can bear more or less after it."""
        keep(self._motion.state, found)
        self._changed(found.closure.account_id, self._motion.state.insurance_fund)
        for account_id in self._on_fund:
            self._versions.pop(account_id, None)
        self._on_fund.clear()
        return _executed(found)

    def _changed(self, *account_ids: str) -> None:
        """These accounts are others now."""
        self._breaching.changed(account_ids)
        self._forget(*account_ids)

    def _forget(self, *account_ids: str) -> None:
        """What was remembered of accounts that changed, or whose prices did."""
        self._breaching.forget(account_ids)
        for account_id in account_ids:
            self._numbers_now.pop(account_id, None)
            self._standings.pop(account_id, None)
            self._tried.pop(account_id, None)
            self._versions.pop(account_id, None)

    def withdraw(self, account_id: str) -> Sequence[Transfer]:
        """`Vault.withdrawAll` of every token, the settlement token last; nothing while the Vault
        is paused, or of an unknown account. Raises: KeyError for no such account."""
        if self.standing(account_id) is None or self._motion.state.vault_paused:
            return ()
        try:
            taken = withdraw_all(self._motion.valuation, self._motion.state.accounts[account_id])
        except UnreadableNumberError:
            return ()
        if taken.amounts:
            self._motion.state.accounts[account_id] = taken.account
            for token, amount in taken.amounts.items():
                move_in_vault(self._motion.state, token, -amount)
            self._changed(account_id)
        return taken.transfers

    def backstops(self) -> Sequence[BackstopRow]:
        """The loss waterfall at the prices and balances of now."""
        return waterfall(self._motion.valuation)

    def receipts(self) -> Sequence[Receipt]:
        """None: the Vault gives out no tokens, and an account cannot be handed on."""
        return ()


def _executed(settled: Settled) -> Executed:
    """A step with what its liquidator has to trade: what was taken over, for settlement tokens."""
    closure = settled.closure
    return Executed(closure, {closure.asset_id: closure.amount} if closure.amount else {})


def simulate(valued: PerpValued) -> PerpSimulation:
    """The book in motion, from its block and these prices on. The book itself is not changed."""
    return PerpSimulation(
        valued.book, valued.state, valued.prices, valued.float_filter, valued.still()
    )
