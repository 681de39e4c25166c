"""GMX V2's positions in motion: what a cascade drives (see `protocols.simulation`).

A keeper closes against the pool and trades nothing; it neither pays nor gains by it. What a closed
position does not pay is the loss of all who hold the market's token. Winners of a side that may be
deleveraged are among those that can be closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from analyzer.model.book import Book
from analyzer.model.closure import Executed, Transfer
from analyzer.model.integers import ceil_div
from analyzer.model.rows import BackstopRow
from analyzer.protocols.gmx_v2.close import adl
from analyzer.protocols.gmx_v2.close.backstops import waterfall
from analyzer.protocols.gmx_v2.close.decrease import Decrease, decrease
from analyzer.protocols.gmx_v2.close.liquidate import (
    ADL,
    LIQUIDATION,
    closure,
    equity_closed_e18,
    pool_party,
)
from analyzer.protocols.gmx_v2.close.motion import accrue, apply, in_motion
from analyzer.protocols.gmx_v2.records import Position
from analyzer.protocols.gmx_v2.settings import DISABLED, FOR_WITHDRAWALS
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.gmx_v2.value.margin import down_e18, initial_e18, up_e18
from analyzer.protocols.gmx_v2.value.position import NOTHING_LEFT, PositionNumbers
from analyzer.protocols.gmx_v2.value.prices import GmxPrices
from analyzer.protocols.gmx_v2.value.valuation import Valuation
from analyzer.protocols.gmx_v2.value.value import GmxValued
from analyzer.protocols.kit.slippage import slippage
from analyzer.protocols.kit.unreadable import Unreadable, attempt
from analyzer.protocols.simulation import Offer, Receipt, Standing

GONE = Standing(0, 0, False, 0)
"""Of a position that was closed."""
_KEPT = 16
"""So many price vectors of `equity_at` are remembered at once."""


class GmxSimulation:
    """A `Simulation` of one GMX V2 book. A position of which a number is unknown has no standing
    and is never closed."""

    def __init__(self, book: Book, state: GmxState, prices: GmxPrices) -> None:
        self._account_ids = tuple(book.account_ids)
        self._known = frozenset(self._account_ids)
        self._state = in_motion(state)
        self._prices = prices
        self._factor = Fraction(1)
        self._valuation = Valuation(self._state, prices.pairs)
        self._elsewhere: dict[tuple[tuple[str, int], ...], Valuation] = {}
        self._accrued: set[str] = set()

    @property
    def state(self) -> GmxState:
        """The protocol's state as it is now (a copy of the book's, changed by this simulation)."""
        return self._state

    @property
    def valuation(self) -> Valuation:
        """What the positions are valued with now."""
        return self._valuation

    def prices_e18(self) -> Mapping[str, int]:
        """Tokens, and markets by their index."""
        return {
            asset: price.price_e18
            for asset, price in self._prices.by_asset.items()
            if price.price_e18 is not None
        }

    def set_prices(self, prices_e18: Mapping[str, int]) -> None:
        """Moves prices; both bounds of each in proportion. Raises: KeyError for an asset without a
        price; ValueError for one that is not positive."""
        self._prices = self._moved(prices_e18)
        self._renew()

    def _moved(self, prices_e18: Mapping[str, int]) -> GmxPrices:
        """The prices in use with some replaced."""
        now, changed = self.prices_e18(), dict[str, int]()
        for asset, price_e18 in prices_e18.items():
            if price_e18 <= 0:
                raise ValueError(f"the price of {asset} is not positive: {price_e18}")
            if price_e18 != now[asset]:
                changed[asset] = price_e18
        return self._prices.with_e18(changed)

    def _renew(self) -> None:
        """Forgets what depended on prices and amounts."""
        self._valuation = Valuation(self._state, self._prices.pairs)
        self._elsewhere.clear()

    def scale_requirements(self, factor: Fraction) -> None:
        """The keeper's floors times `factor`. Raises: ValueError for a factor below 1."""
        if factor < 1:
            raise ValueError(f"requirements cannot be scaled by {factor}")
        self._factor = factor

    def account_ids(self) -> Sequence[str]:
        """Every position of the block in book order, closed ones included."""
        return self._account_ids

    def standing(self, account_id: str) -> Standing | None:
        """The position now; None when unknown. Raises: KeyError for no such position."""
        if account_id not in self._state.positions:
            if account_id not in self._known:
                raise KeyError(account_id)
            return GONE
        numbers = self._valuation.numbers(account_id)
        if isinstance(numbers, Unreadable):
            return None
        margin, wanted = down_e18(numbers.keeper.remaining), up_e18(self._required(numbers))
        return Standing(
            equity_e18=down_e18(numbers.equity),
            headroom_e18=margin - wanted,
            breaches=self._breaches(numbers),
            free_collateral_e18=margin - initial_e18(numbers),
        )

    def _required(self, numbers: PositionNumbers) -> int:
        """What a keeper's test wants to remain now, USD of 1e30."""
        least = max(numbers.keeper.min_usd, numbers.keeper.min_for_leverage)
        return ceil_div(least * self._factor.numerator, self._factor.denominator)

    def _breaches(self, numbers: PositionNumbers) -> bool:
        """The keeper's test, with the requirements of now."""
        test = numbers.keeper
        return test.reason == NOTHING_LEFT or test.remaining < self._required(numbers)

    def equity_at(self, account_id: str, prices_e18: Mapping[str, int]) -> int | None:
        """Its equity with these prices. Raises: KeyError and ValueError as `set_prices`."""
        if account_id not in self._known:
            raise KeyError(account_id)
        if account_id not in self._state.positions:
            return 0
        at = tuple(sorted(prices_e18.items()))
        if at not in self._elsewhere:
            if len(self._elsewhere) >= _KEPT:
                self._elsewhere.clear()
            self._elsewhere[at] = Valuation(self._state, self._moved(prices_e18).pairs)
        numbers = self._elsewhere[at].numbers(account_id)
        return None if isinstance(numbers, Unreadable) else down_e18(numbers.equity)

    def breaching(self) -> Sequence[str]:
        """Positions that a keeper may liquidate or deleverage now, in book order."""
        return [key for key in self._account_ids if self._next(key) is not None]

    def _next(self, account_id: str) -> tuple[Decrease, str] | None:
        """What a keeper may close of a position now, and by which right."""
        position = self._state.positions.get(account_id)
        if position is None:
            return None
        numbers = self._valuation.numbers(account_id)
        if isinstance(numbers, Unreadable):
            return None
        if self._state.markets[position.market].settings[DISABLED] == 1:
            return None
        if not self._accrues(position.market):
            return None
        if self._breaches(numbers):
            whole = attempt(lambda: self._whole(position, liquidation=True))
            return None if isinstance(whole, Unreadable) else (whole, LIQUIDATION)
        found = adl.largest(self._valuation, position)
        return None if found is None else (found, ADL)

    def _accrues(self, market: str) -> bool:
        """Whether funding, impact pool and the indexes of both sides can be written up to the
        block, as every order does first: else the contract refuses all orders of the market, or
        something of it was not read."""
        valuation = self._valuation

        def written() -> None:
            valuation.funding(market)
            _ = valuation.pool(market).distribution
            for is_long in (True, False):
                valuation.cumulative(market, is_long)

        return not isinstance(attempt(written), Unreadable)

    def _whole(self, position: Position, *, liquidation: bool) -> Decrease:
        """A close of all of it."""
        size = position.size_in_usd
        return decrease(self._valuation, position, size, liquidation=liquidation)

    def offers(self, account_id: str) -> Sequence[Offer]:
        """The one closure that a keeper may make; its size is the contract's. Raises: KeyError."""
        if account_id not in self._known:
            raise KeyError(account_id)
        found = self._next(account_id)
        if found is None:
            return []
        size = down_e18(found[0].usd)
        executed = Executed(closure(self._valuation, *found), {})
        return [Offer(account_id, found[1], max(size, 1), False, executed)]

    def preview(self, offer: Offer, amount: int) -> Executed | None:
        """What the offer comes to; None for another size than its own."""
        return offer.largest if amount == offer.most else None

    def execute(self, offer: Offer, amount: int) -> Executed:
        """It happens. Raises: ValueError for another size, or an offer of another state."""
        found = self._next(offer.account_id)
        if found is None or found[1] != offer.offer_id or amount != offer.most:
            raise ValueError(f"{offer.offer_id} of {offer.account_id}: {amount} cannot be closed")
        return self._happen(*found)

    def liquidate(self, account_id: str) -> Sequence[Executed]:
        """The liquidation of the position, or the largest deleveraging order against it."""
        if account_id not in self._known:
            raise KeyError(account_id)
        found = self._next(account_id)
        return [] if found is None else [self._happen(*found)]

    def unwind(self, account_id: str) -> Sequence[Executed]:
        """Closes the position as its owner would, without the liquidation fee."""
        position = self._state.positions.get(account_id)
        if position is None or isinstance(self._valuation.numbers(account_id), Unreadable):
            return []
        if not self._accrues(position.market):
            return []
        return [self._happen(self._whole(position, liquidation=False), LIQUIDATION)]

    def _happen(self, found: Decrease, kind: str) -> Executed:
        """Makes a close happen: what its pool pays differently to others because of it goes to them
        or comes from them."""
        position = found.position
        made, before = closure(self._valuation, found, kind), self._of_market(position.market)
        fallen = equity_closed_e18(self._valuation, found)
        if position.market not in self._accrued:
            accrue(self._valuation, position.market)
            self._accrued.add(position.market)
        apply(self._state, found)
        self._renew()
        after = self._of_market(position.market)
        moved = _moved_profits(position, fallen, before, after)
        return Executed(replace(made, transfers=(*made.transfers, *moved)), {})

    def _of_market(self, market: str) -> dict[str, int | None]:
        """Equity of every position of the market, 18 decimals; None where unknown."""
        out: dict[str, int | None] = {}
        for key, position in self._state.positions.items():
            if position.market == market:
                numbers = self._valuation.numbers(key)
                known = isinstance(numbers, PositionNumbers)
                out[key] = down_e18(numbers.equity) if known else None  # type: ignore[union-attr]
        return out

    def bear(self, account_id: str, lost_e18: int) -> Sequence[Transfer]:
        """Nothing of a position is sold by anybody, so that no sale fetches less: what is asked to
        be borne is told and changes nothing."""
        return slippage(account_id, lost_e18) if account_id in self._state.positions else ()

    def withdraw(self, account_id: str) -> Sequence[Transfer]:
        """Takes out collateral down to the trader's own floor; nothing of an unknown position."""
        position = self._state.positions.get(account_id)
        numbers = None if position is None else self._valuation.numbers(account_id)
        if position is None or numbers is None or isinstance(numbers, Unreadable):
            return ()
        wanted = max(numbers.user.min_usd, numbers.user.min_for_leverage)
        spare = (numbers.user.remaining - wanted) // numbers.collateral_price
        taken = min(spare, position.collateral_amount)
        if taken <= 0:
            return ()
        left = position.collateral_amount - taken
        self._state.positions[account_id] = replace(position, collateral_amount=left)
        side = self._state.markets[position.market].ledger.side(position.is_long)
        side.collateral_sum[position.collateral_token] -= taken
        self._renew()
        usd = down_e18(taken * numbers.collateral_price)
        return (Transfer(account_id, f"owner:{position.account}", usd, "collateral"),)

    def backstops(self) -> Sequence[BackstopRow]:
        """The loss waterfall as it is now."""
        return waterfall(self._valuation)

    def receipts(self) -> Sequence[Receipt]:
        """The token of each market: its holders bear the losses of that pool alone."""
        out = []
        for market in self._state.markets:
            value: Callable[[], int] = self._pool_value(market)
            found = attempt(value)
            if not isinstance(found, Unreadable) and found > 0:
                out.append(Receipt(market, market, down_e18(found)))
        return out

    def _pool_value(self, market: str) -> Callable[[], int]:
        """What a pool is worth to who withdraws, USD of 1e30."""
        return lambda: self._valuation.pool_value(market, FOR_WITHDRAWALS, False).pool_value


def _moved_profits(
    closed: Position,
    fallen_e18: int,
    before: Mapping[str, int | None],
    after: Mapping[str, int | None],
) -> list[Transfer]:
    """Who of a market is paid more or less because a close moved the cap of profits. fallen_e18:
    what the closed position's own equity fell by in the close's transfers."""
    out, party = [], pool_party(closed.market)
    for key, was in before.items():
        now = after.get(key, 0)
        if was is None or now is None:
            continue
        change = now - was + (fallen_e18 if key == closed.key else 0)
        if change:
            ends = (party, key) if change > 0 else (key, party)
            out.append(Transfer(*ends, abs(change), "the cap of profits moves"))
    return out


def simulate(valued: GmxValued) -> GmxSimulation:
    """The book in motion, from its block and these prices on. The book itself is not changed."""
    return GmxSimulation(valued.book, valued.state, valued.prices)
