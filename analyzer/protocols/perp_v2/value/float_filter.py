"""Which accounts are worth a second look: float64 says who is far from every threshold.

Who is far is decided here, on either side; whoever is near one is decided in integers.

    surely not      above every threshold of the protocol's tests
    surely          below one of them, with a position or a token that can be closed whatever the
                    fund can bear, or with what it can bear by far
    to be asked     everybody else
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.model.book import Prices
from analyzer.protocols.kit.float_filter import slack
from analyzer.protocols.perp_v2.fixed_point import RATIO_ONE
from analyzer.protocols.perp_v2.records import Config, MarketStatus
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import UINT24_MAX, WHOLE_BELOW_E18
from analyzer.protocols.perp_v2.value.reprice import (
    E18,
    RATIO,
    Holdings,
    Scenarios,
    Worth,
    debt_thresholds,
    present,
    worth_of,
)

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NEAR_AT_LEAST = 1e-5
"""Whole units within which float64 does not decide: above the settlement token's last
digit, to which a test rounds."""
MOST_SHARE = UINT24_MAX / RATIO_ONE * 0.99
"""Share of all positions over one position up to which it surely fits in 24 bits."""
NEEDED_FOR_POSITIONS = frozenset({"liquidation_penalty_ratio"})
"""Parameters without which it is not known what a liquidation of a position does."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Rows of accounts, ascending: those of which something can be closed now for sure, and those
    that have to be asked. Nothing can be closed of all others."""

    surely: npt.NDArray[np.int64]
    ask: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Tests:
    """How the accounts stand to the protocol's tests. Shapes: [account]. near: within which float64
    does not decide; may_*: may breach the test of positions, of tokens; by_position: surely does.
    """

    value: Floats
    gross: Floats
    near: Floats
    may_position: Flags
    may_token: Flags
    by_position: Flags


class FloatFilter:
    """The accounts' holdings, as float64: held, in the order of account_ids.

    It knows nothing of what an account does afterwards, until it `take`s the account anew; `own`
    gives one that can without touching this one's holdings.
    """

    def __init__(self, held: Holdings, state: PerpState, account_ids: Sequence[str]) -> None:
        self._held = held
        self._threshold = debt_thresholds(state, account_ids)
        self._is_fund = np.array([a == state.insurance_fund for a in account_ids], dtype=np.bool_)

    def own(self) -> FloatFilter:
        """The same with holdings of its own."""
        out = FloatFilter.__new__(FloatFilter)
        out._held, out._threshold = self._held.copied(), self._threshold
        out._is_fund = self._is_fund
        return out

    def take(self, row: int, account: AccountMath) -> None:
        """Puts what the account holds now into its row."""
        self._held.take(row, account)

    def known(self) -> Flags:
        """Whether everything that the account's margin needs could be had. Shape: [account]."""
        return self._held.known

    def decide(self, state: PerpState, prices: Prices, capacity_e18: int | None) -> Decided:
        """Who can be liquidated at the prices and pools of now, as far as float64 can tell.

        capacity_e18: what the fund can bear (`close.breaching`); None where it is not known.
        """
        scenario = present(state, prices)
        tests = self._tests(state.config, worth_of(state, self._held, scenario))
        may = self._held.known & (tests.may_position | tests.may_token)
        surely, cannot = self._by_positions(state, scenario, tests, capacity_e18)
        surely &= may & ~self._is_fund
        cannot &= ~tests.may_token & ~self._is_fund
        return Decided(np.flatnonzero(surely), np.flatnonzero(may & ~surely & ~cannot))

    def _tests(self, config: Config, found: Worth) -> _Tests:
        """Every account against the tests of positions and of tokens. A comparison with NaN is
        false, so unknown accounts may not breach anything."""
        value = (found.settlement + found.token_margin)[:, 0]
        settlement, gross, tokens = found.settlement[:, 0], found.gross[:, 0], found.tokens[:, 0]
        margin = found.token_margin[:, 0]
        size = np.abs(settlement) + gross + tokens + np.abs(found.balance[:, 0])
        near = slack(size + np.abs(self._held.open_notional), NEAR_AT_LEAST)
        buffered = (config.mm_ratio + config.collateral_mm_ratio_buffer) / RATIO
        debt = -settlement + near
        limit = margin * (config.debt_non_settlement_token_value_ratio / RATIO)
        required = gross * (config.mm_ratio / RATIO)
        may_token = (tokens > 0) & (
            (value < gross * buffered + near) | (debt > limit) | (debt > self._threshold)
        )
        return _Tests(
            value, gross, near, value < required + near, may_token, value < required - near
        )

    def _by_positions(
        self, state: PerpState, scenario: Scenarios, tests: _Tests, capacity_e18: int | None
    ) -> tuple[Flags, Flags]:
        """(surely some position can be closed, surely none can), of accounts without orders. None
        can of those that are above the test, either."""
        config, count = state.config, len(tests.value)
        none = np.zeros(count, dtype=np.bool_)
        if state.clearing_house_paused or NEEDED_FOR_POSITIONS & config.unread.keys():
            return none, none
        is_open = [market.status == MarketStatus.OPEN for market in state.markets.values()]
        price = np.where(is_open, np.nan_to_num(scenario.market_price[:, 0]), 0.0)
        value, near = tests.value[:, None], tests.near[:, None]
        legs = np.abs(self._held.size) * price
        held = legs > 0
        share = np.divide(
            tests.gross[:, None], 2 * legs, out=np.full_like(legs, np.inf), where=held
        )
        half = (tests.gross * (config.mm_ratio / RATIO / 2))[:, None]
        is_whole = (legs <= WHOLE_BELOW_E18 / E18) | (value < half)
        # Where it is not sure whether all or a part is closed, neither is what that leaves.
        sure = held & (np.abs(legs - WHOLE_BELOW_E18 / E18) > near) & (np.abs(value - half) > near)
        closed = legs * np.where(is_whole, 1.0, np.minimum(share, 1.0))
        penalty = closed * (config.liquidation_penalty_ratio / RATIO)
        fits = is_whole | (share < MOST_SHARE)
        left = value - penalty
        of_fund = np.where(value < 0, 0.0, penalty / 2)
        capacity = np.nan if capacity_e18 is None else capacity_e18 / E18
        margin = 2 * near + 1e-9 * abs(capacity)
        borne = (left > near) | (capacity + left + of_fund > margin)
        refused = (left < -near) & (capacity + left + of_fund < -margin)
        decided = np.abs(value) > near
        surely = (sure & fits & decided & borne).any(axis=1) & tests.by_position
        hopeless = (~held | (sure & decided & refused)).all(axis=1)
        with_orders = np.zeros(count, dtype=np.bool_)
        with_orders[list(self._held.with_orders)] = True
        return surely & ~with_orders, hopeless & ~with_orders & tests.by_position
