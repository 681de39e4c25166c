"""The book as arrays: who holds what under which manager, and what its prices start from.

A number that cannot be read (a stale feed, an expiry without data) makes every account that
needs it NaN; it never makes a price of 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analyzer.model.book import Book
from analyzer.protocols.derive_v2.records.options import OptionId, decode_sub_id
from analyzer.protocols.derive_v2.records.perps import PerpMarket
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value import feeds, perps, svi
from analyzer.protocols.derive_v2.value.prices import factor_of
from analyzer.protocols.derive_v2.value.reprice.moves import Moves
from analyzer.protocols.kit.unreadable import Unreadable, attempt, known

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
E18 = 1e18


@dataclass(frozen=True, slots=True)
class Held:
    """The legs of one asset: whose (row numbers, no account twice) and how much, whole units."""

    accounts: Ints
    amounts: Floats


@dataclass(frozen=True, slots=True)
class ForwardMoves:
    """A forward: its fixed portion, its variable one [scenario], and its confidence."""

    fixed: float
    variable: Floats
    confidence: float


EMPTY = Held(np.zeros(0, dtype=np.int64), np.zeros(0))


@dataclass(slots=True)
class Inputs:
    """A state, its book and a stress. Arrays are [account] or [account, scenario].

    options: option asset -> expiry -> [(option, legs)]. unknown: accounts that cannot be priced.
    """

    state: DeriveState
    moves: Moves
    size: int
    manager: npt.NDArray[np.object_]
    numbers: Ints
    cash: Floats
    unknown: npt.NDArray[np.bool_]
    linear: dict[str, Held]
    options: dict[str, dict[int, list[tuple[OptionId, Held]]]]
    factors: dict[str, str] = field(default_factory=dict)

    def factor(self, feed: str) -> str:
        """The risk factor of a spot feed, as the book names its assets' factors."""
        return self.factors.get(feed) or factor_of(self.state, feed)

    def members(self, held: Held, manager: str) -> Held:
        """The legs of accounts under one manager."""
        inside = self.manager[held.accounts] == manager
        return Held(held.accounts[inside], held.amounts[inside])

    def spot(self, feed: str, accounts: Ints) -> Floats:
        """A spot feed's price under every scenario; NaN accounts where it cannot be read."""
        found = self.read(lambda: feeds.spot(self.state, feed)[0], accounts)
        return self.scaled(found, self.factor(feed))

    def confidence(self, feed: str) -> float:
        """A spot feed's confidence (1 where unreadable: its accounts are NaN anyway)."""
        found = attempt(lambda: feeds.spot(self.state, feed)[1])
        return 1.0 if isinstance(found, Unreadable) else found / E18

    def scaled(self, price_e18: int, factor: str) -> Floats:
        """A price moved with its factor."""
        return price_e18 / E18 * self.moves.spot_of(factor)

    def read(self, compute: Callable[[], int], accounts: Ints) -> int:
        """A number that these accounts need; where it is refused they are unknown, and 0 stands
        in its place in arrays whose rows are then blanked."""
        found = attempt(compute)
        if isinstance(found, Unreadable):
            self.unknown[accounts] = True
            return 0
        return found

    def forward(self, feed: str, expiry: int, accounts: Ints) -> ForwardMoves:
        """A forward under every scenario; NaN accounts where it cannot be read.

        Its difference to spot stays; only the share that is still variable moves with spot.
        """
        found = attempt(lambda: feeds.forward(self.state, feed, expiry))
        if isinstance(found, Unreadable):
            self.unknown[accounts] = True
            return ForwardMoves(0.0, np.zeros(self.moves.scenarios), 1.0)
        source = self.state.feeds.forward[feed]
        spot = feeds.spot(self.state, source.spot_feed)[0]
        whole = spot + source.expiries[expiry].diff
        share = found.variable / whole if whole else 0.0
        change = spot / E18 * (self.moves.spot_of(self.factor(source.spot_feed)) - 1.0)
        return ForwardMoves(
            found.fixed / E18, found.variable / E18 + change * share, found.confidence / E18
        )

    def volatility(self, feed: str, option: OptionId, accounts: Ints) -> tuple[float, float]:
        """(volatility, confidence) of a strike; NaN accounts where it cannot be read."""

        def compute() -> tuple[int, int]:
            surface = feeds.vol_data(self.state, feed, option.expiry)
            return svi.volatility(option.strike, surface), surface.confidence

        found = attempt(compute)
        if isinstance(found, Unreadable):
            self.unknown[accounts] = True
            return 0.0, 1.0
        return found[0] / E18, found[1] / E18

    def perp_price(self, perp: str, accounts: Ints) -> tuple[Floats, float]:
        """(price under every scenario, confidence) of a perp."""
        market = self.state.perps[perp]
        found = attempt(lambda: perps.perp_price(self.state, market))
        if isinstance(found, Unreadable):
            self.unknown[accounts] = True
            return np.zeros(self.moves.scenarios), 1.0
        if market.disabled:
            return np.full(self.moves.scenarios, found[0] / E18), 1.0
        index = self.spot(market.spot_feed, accounts)
        return self._beside(market.perp_feed, index), found[1] / E18

    def unsettled(self, perp: str, held: Held, price: Floats) -> Floats:
        """Unsettled cash of a perp's holders: [leg, scenario]."""
        market = self.state.perps[perp]
        positions = [
            market.positions.get(int(number), perps.NO_POSITION)
            for number in self.numbers[held.accounts]
        ]
        owed = np.array([p.last_aggregated_funding / E18 for p in positions])
        marks = np.array([p.last_mark_price / E18 for p in positions])
        stored = np.array([(p.funding + p.pnl) / E18 for p in positions])
        size = held.amounts
        per_contract = price - self._aggregated_funding(market, held.accounts)
        moved: Floats = (stored + size * (owed - marks))[:, None] + size[:, None] * per_contract
        return moved

    def _aggregated_funding(self, market: PerpMarket, accounts: Ints) -> Floats:
        """Funding per contract advanced to the block: the moved index applies to all the time
        since it was last paid, as the contract would have it."""
        self.read(lambda: perps.aggregated_funding(self.state, market), accounts)
        stored = np.full(self.moves.scenarios, market.aggregated_funding / E18)
        rate = attempt(lambda: perps.funding_rate(self.state, market))
        if market.disabled or isinstance(rate, Unreadable):
            return stored
        index = self.spot(market.spot_feed, accounts)
        premium = np.maximum(self._beside(market.impact_bid_feed, index) - index, 0.0)
        premium -= np.maximum(index - self._beside(market.impact_ask_feed, index), 0.0)
        moved = premium / np.maximum(index, 1.0 / E18) / (known(market.convergence_period) / E18)
        hourly = np.clip(
            moved + known(market.static_interest_rate) / E18,
            known(market.min_rate_per_hour) / E18,
            known(market.max_rate_per_hour) / E18,
        )
        hours = (self.state.block_time - market.last_funding_paid_at) / perps.HOUR_S
        advanced: Floats = stored + hourly * hours * index
        return advanced

    def _beside(self, feed: str, index: Floats) -> Floats:
        """The price of a difference feed at a moved spot: the difference stays, up to its cap."""
        source = self.state.feeds.diff[feed]
        cap = known(source.cap) / E18 * index
        price: Floats = index + np.clip(source.diff / E18, -cap, cap)
        return price


def read_inputs(state: DeriveState, book: Book, moves: Moves) -> Inputs:
    """The arrays of a book. Accounts that the rebuild could not read are unknown."""
    size = len(book)
    owner_of_leg = np.repeat(np.arange(size), np.diff(book.indptr))
    amounts = book.amounts_f64()
    numbers = np.array([int(account) for account in book.account_ids], dtype=np.int64)
    accounts = [state.accounts[int(number)] for number in numbers]
    managers = {state.srm.address, *state.pmrms}
    inputs = Inputs(
        state=state,
        moves=moves,
        size=size,
        manager=np.array([account.manager for account in accounts], dtype=object),
        numbers=numbers,
        cash=np.zeros(size),
        unknown=np.array(
            [a.number in state.unreadable or a.manager not in managers for a in accounts],
            dtype=np.bool_,
        ),
        linear={},
        options={},
    )
    order = np.argsort(book.asset, kind="stable")
    bounds = np.searchsorted(book.asset[order], np.arange(len(book.assets) + 1))
    for number, asset in enumerate(book.assets):
        legs = order[bounds[number] : bounds[number + 1]]
        held = Held(owner_of_leg[legs], amounts[legs])
        _place(inputs, asset.asset_id, asset.factor, held)
    return inputs


def _place(inputs: Inputs, asset_id: str, factor: str, held: Held) -> None:
    """Puts one asset's legs where they are priced."""
    state = inputs.state
    contract, _, sub_id = asset_id.partition(":")
    if contract == state.cash.address:
        inputs.cash[held.accounts] += held.amounts
        return
    _name_factor(inputs, contract, factor)
    if sub_id:
        option = decode_sub_id(int(sub_id))
        by_expiry = inputs.options.setdefault(contract, {})
        by_expiry.setdefault(option.expiry, []).append((option, held))
    else:
        inputs.linear[contract] = held


def _name_factor(inputs: Inputs, contract: str, factor: str) -> None:
    """Remembers the factor of the feeds that an asset is priced with."""
    state = inputs.state
    perp = state.perps.get(contract)
    if perp is not None:
        inputs.factors[perp.spot_feed] = factor
    _, number = state.srm.assets.get(contract, (None, 0))
    market = state.srm.markets.get(number)
    if market is not None and not isinstance(market, Unreadable):
        inputs.factors[market.spot_feed] = factor
    for manager in state.pmrms.values():
        if contract in (manager.perp, manager.option):
            inputs.factors[manager.spot_feed] = factor
        params = manager.collateral.get(contract)
        if params is not None and not isinstance(params, Unreadable):
            inputs.factors[params.feed] = factor


def dense(columns: list[Held]) -> tuple[Ints, Floats]:
    """(accounts that hold any of the columns, their amounts [account, column])."""
    everyone = np.unique(np.concatenate([held.accounts for held in columns]))
    out = np.zeros((len(everyone), len(columns)))
    for number, held in enumerate(columns):
        out[np.searchsorted(everyone, held.accounts), number] = held.amounts
    return everyone, out
