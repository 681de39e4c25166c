"""Perp V2's accounts in motion: what a cascade drives (see `protocols.simulation`).

Prices are the protocol's once all its averages have converged: the reference price of an open
market, its mark, its index and its pool are all at the given price, so that maker ranges hold
what they hold there. Funding and fees are those of the block. Every closure is worked out by
`liquidate` and `liquidate_collateral`, in the contract's own integers; here it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from analyzer.model.book import Book, Prices
from analyzer.model.closure import Executed, Transfer
from analyzer.model.rows import BackstopRow
from analyzer.protocols.kit.simulation import Accept, Receipt, Standing
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.close.backstops import waterfall
from analyzer.protocols.perp_v2.close.motion import Quotes, in_motion, scaled
from analyzer.protocols.perp_v2.close.next_closure import (
    NO_CAPACITY,
    capacity_needed_e18,
    next_liquidation,
    next_unwinding,
)
from analyzer.protocols.perp_v2.close.settled import Settled
from analyzer.protocols.perp_v2.close.withdrawal import withdraw_all
from analyzer.protocols.perp_v2.fixed_point import from_settlement
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.float_filter import Screen
from analyzer.protocols.perp_v2.value.limits import (
    free_collateral_by_ratio,
    is_collateral_liquidatable,
    is_liquidatable,
    maintenance_margin,
)
from analyzer.protocols.perp_v2.value.settlement import insurance_fund
from analyzer.protocols.perp_v2.value.valuation import Valuation
from analyzer.protocols.perp_v2.value.value import PerpValued

Step = Callable[[Valuation, Account], Settled | None]
VALUATIONS_KEPT = 64
"""So many price vectors of `equity_at` are remembered at once."""


class PerpSimulation:
    """A `Simulation` of one Perp V2 book.

    Markets that are paused or closed, and the settlement token, keep their prices whatever is
    given. An account of which a number is unknown stays unknown: it is listed, it has no
    standing, it never breaches and nothing of it is closed.
    """

    def __init__(self, book: Book, state: PerpState, prices: Prices) -> None:
        self._account_ids = tuple(book.account_ids)
        self._own_mm_ratio = state.config.mm_ratio
        self._state = in_motion(state)
        self._quotes = Quotes.of(self._state, prices)
        self._screen: Screen | None = None
        self._changed: set[str] = set()
        self._reset()

    @property
    def state(self) -> PerpState:
        """The protocol's state as it is now (a copy of the book's, changed by this simulation)."""
        return self._state

    def valuation(self) -> Valuation:
        """What the accounts are valued with now: state and prices in use."""
        return self._valuation

    def _reset(self) -> None:
        """Forgets what depended on prices and requirements."""
        self._valuation = Valuation(self._state, self._quotes.prices)
        self._standings: dict[str, Standing | None] = {}
        self._needed: dict[str, int | None] = {}
        self._elsewhere: dict[frozenset[tuple[str, int]], Valuation] = {}

    def prices_e18(self) -> Mapping[str, int]:
        """Every usable price: markets, tokens, the settlement token (1). A stale or missing price
        is none: whoever needs it is unknown."""
        return self._quotes.in_use()

    def set_prices(self, prices_e18: Mapping[str, int]) -> None:
        """Moves prices, and with an open market's price its pool; see `motion.Quotes.moved`.

        A price that is in use already moves nothing, so that exactly given prices of the book's
        own block leave its pools where they were observed.
        Raises: KeyError for an asset without a usable price; ValueError for one below 1 wei.
        """
        self._quotes, markets = self._quotes.moved(self._state, prices_e18)
        self._state.markets.update(markets)
        self._reset()

    def set_pool(self, base_token: str, sqrt_price_x96: int) -> None:
        """Puts a market's pool somewhere else than at its price, as it was observed to be.

        The next `set_prices` that moves this market's price moves its pool again.
        Raises: KeyError for no such market.
        """
        market = self._state.markets[base_token]
        self._state.markets[base_token] = replace(market, sqrt_price_x96=sqrt_price_x96)
        self._reset()

    def scale_requirements(self, factor: Fraction) -> None:
        """The block's maintenance ratio times `factor` from now on, rounded up to 1e-6.

        Raises: ValueError for a factor below 1, or one that leads above 100 %.
        """
        self._state.config = scaled(self._state.config, self._own_mm_ratio, factor)
        self._reset()

    def account_ids(self) -> Sequence[str]:
        """Every account in book order, the insurance fund included."""
        return self._account_ids

    def standing(self, account_id: str) -> Standing | None:
        """The account now; None when unknown. Raises: KeyError for no such account."""
        if account_id not in self._standings:
            self._standings[account_id] = self._stand(account_id)
        return self._standings[account_id]

    def _stand(self, account_id: str) -> Standing | None:
        """The standing, worked out."""
        account = self._state.accounts[account_id]
        if account_id in self._state.unreadable:
            return None
        numbers = AccountMath(self._valuation, account)
        try:
            # What free collateral needs makes the margin row unknown too.
            free_collateral_by_ratio(numbers, 0)
            return Standing(
                equity_e18=numbers.equity,
                headroom_e18=numbers.account_value - maintenance_margin(numbers),
                breaches=is_liquidatable(numbers) or is_collateral_liquidatable(numbers),
            )
        except UnreadableNumberError:
            return None

    def equity_at(self, account_id: str, prices_e18: Mapping[str, int]) -> int | None:
        """Its equity with these prices, and pools that followed them; None when unknown.

        Raises: KeyError and ValueError as `set_prices`, KeyError for no such account.
        """
        account = self._state.accounts[account_id]
        valuation = self._valuation_at(prices_e18)
        if account_id in self._state.unreadable:
            return None
        try:
            return AccountMath(valuation, account).equity
        except UnreadableNumberError:
            return None

    def _valuation_at(self, prices_e18: Mapping[str, int]) -> Valuation:
        """A valuation at other prices; it shares the accounts."""
        key = frozenset(prices_e18.items())
        found = self._elsewhere.get(key)
        if found is None:
            quotes, markets = self._quotes.moved(self._state, prices_e18)
            state = replace(self._state, markets={**self._state.markets, **markets})
            found = Valuation(state, quotes.prices)
            if len(self._elsewhere) >= VALUATIONS_KEPT:
                self._elsewhere.clear()
            self._elsewhere[key] = found
        return found

    def breaching(self) -> Sequence[str]:
        """The accounts with a liquidation that would not revert now, in book order.

        Orders that stand in the way do not count: anyone may cancel them. An account that only
        the fund's capacity, a paused market or a share beyond 24 bits protects is not among them.
        """
        capacity_e18 = self._fund_capacity_e18()
        return [a for a in self._suspects() if self._is_closable(a, capacity_e18)]

    def _suspects(self) -> Iterable[str]:
        """Whoever may breach, in book order: by float64, and all that changed since."""
        if self._screen is None:
            self._screen = Screen(self._state, self._quotes.prices, self._account_ids)
            self._changed.clear()
        rows = self._screen.suspects(self._state, self._quotes.prices).tolist()
        chosen = {self._account_ids[row] for row in rows} | self._changed
        if not self._changed:
            return [self._account_ids[row] for row in rows]
        return [account_id for account_id in self._account_ids if account_id in chosen]

    def _is_closable(self, account_id: str, capacity_e18: int | None) -> bool:
        """Whether something of the account can be closed now, with what the fund can bear.

        What it needs of the fund is remembered while the account, prices and requirements stay.
        """
        if account_id not in self._needed:
            try:
                account = self._state.accounts[account_id]
                known = self.standing(account_id) is not None
                needed = capacity_needed_e18(self._valuation, account) if known else None
            except UnreadableNumberError:
                needed = None
            self._needed[account_id] = needed
        needed = self._needed[account_id]
        if needed is None or needed == NO_CAPACITY:
            return needed is not None
        return capacity_e18 is not None and capacity_e18 >= needed

    def _fund_capacity_e18(self) -> int | None:
        """The fund's settlement value and its wallet, not floored; None when not known."""
        wallet, fund = self._state.insurance_fund_wallet, insurance_fund(self._valuation)
        if wallet is None:
            return None
        try:
            value = AccountMath(self._valuation, fund).settlement_value
        except UnreadableNumberError:
            return None
        return value + from_settlement(wallet, self._state.settlement_decimals)

    def _step(self, step: Step, account_id: str) -> Settled | None:
        """The account's next step; None for an unknown account. Raises: KeyError."""
        account = self._state.accounts[account_id]
        if self.standing(account_id) is None:
            return None
        try:
            return step(self._valuation, account)
        except UnreadableNumberError:
            return None

    def liquidate(self, account_id: str, accept: Accept | None = None) -> Sequence[Executed]:
        """One liquidator's visit: positions first, then tokens, always as much as is allowed.

        Its orders in open markets are cancelled first where they stand in the way. The fund's
        capacity counts, and what it earns or takes over is in it at once.
        Raises: KeyError for no such account.
        """
        return self._visit(next_liquidation, account_id, accept)

    def unwind(self, account_id: str) -> Sequence[Executed]:
        """Winds the account up: orders cancelled, positions in open markets taken over whole at
        their price, tokens sold at theirs as far as there is debt, the rest passed to the fund (a
        closure of the kind `bad_debt` where that is all). Raises: KeyError for no such account."""
        return self._visit(next_unwinding, account_id, None)

    def _visit(self, step: Step, account_id: str, accept: Accept | None) -> list[Executed]:
        """Steps until there is none, or one is not accepted."""
        done: list[Executed] = []
        while (settled := self._step(step, account_id)) is not None:
            closure = settled.closure
            sold = {closure.asset_id: closure.amount} if closure.amount else {}
            executed = Executed(closure, sold)
            if accept is not None and not accept(executed):
                break
            self._keep(settled)
            done.append(executed)
        return done

    def _keep(self, settled: Settled) -> None:
        """Makes a step happen: the account, the fund, and what the Vault holds."""
        state, closure = self._state, settled.closure
        state.accounts[closure.account_id] = settled.account
        state.accounts[state.insurance_fund] = settled.fund
        if closure.kind == "collateral":
            self._moved_in_vault(closure.asset_id, -closure.amount)
            repaid = closure.after["repaid_settlement"]
            self._moved_in_vault(state.settlement_token, repaid)
        self._forget(closure.account_id, state.insurance_fund)

    def _forget(self, *account_ids: str) -> None:
        """What was remembered of accounts that changed; from now on only integers decide them."""
        self._changed.update(account_ids)
        for account_id in account_ids:
            self._standings.pop(account_id, None)
            self._needed.pop(account_id, None)

    def _moved_in_vault(self, token: str, amount: int) -> None:
        """Adds to what the Vault holds of a token, where that was read."""
        state = self._state
        if token == state.settlement_token:
            if state.vault_settlement_balance is not None:
                state.vault_settlement_balance += amount
            return
        info = state.collateral[token]
        if info.vault_token_balance is not None:
            info.vault_token_balance += amount

    def withdraw(self, account_id: str) -> Sequence[Transfer]:
        """`Vault.withdrawAll` of every token, the settlement token last; nothing while the Vault
        is paused, or of an unknown account. Raises: KeyError for no such account."""
        if self.standing(account_id) is None or self._state.vault_paused:
            return ()
        try:
            taken = withdraw_all(self._valuation, self._state.accounts[account_id])
        except UnreadableNumberError:
            return ()
        if taken.amounts:
            self._state.accounts[account_id] = taken.account
            for token, amount in taken.amounts.items():
                self._moved_in_vault(token, -amount)
            self._forget(account_id)
        return taken.transfers

    def backstops(self) -> Sequence[BackstopRow]:
        """The loss waterfall at the prices and balances of now."""
        return waterfall(self._valuation)

    def receipts(self) -> Sequence[Receipt]:
        """None: the Vault gives out no tokens, and an account cannot be handed on."""
        return ()


def simulate(valued: PerpValued) -> PerpSimulation:
    """The book in motion, from its block and these prices on. The book itself is not changed."""
    return PerpSimulation(valued.book, valued.state, valued.prices)
