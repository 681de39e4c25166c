"""Which accounts are worth a second look: float64 says who is far from every threshold.

The filter only leaves out; whoever it lets through is decided in integers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analyzer.model.book import Prices
from analyzer.protocols.kit.float_filter import slack
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.reprice import (
    RATIO,
    Holdings,
    debt_thresholds,
    holdings,
    present,
    worth_of,
)

NEAR_AT_LEAST = 1e-5
"""Whole units within which float64 does not decide: above the settlement token's last
digit, to which a test rounds."""


class FloatFilter:
    """The accounts' holdings at the time of its making, as float64.

    It knows nothing of what an account does afterwards: whoever changed is asked about exactly.
    """

    def __init__(self, state: PerpState, prices: Prices, account_ids: Sequence[str]) -> None:
        self._held: Holdings = holdings(state, prices, account_ids)
        self._threshold = debt_thresholds(state, account_ids)

    def known(self) -> npt.NDArray[np.bool_]:
        """Whether everything that the account's margin needs could be had. Shape: [account]."""
        return self._held.known

    def suspects(self, state: PerpState, prices: Prices) -> npt.NDArray[np.int64]:
        """The rows of the accounts that may breach at the prices and pools of now, ascending."""
        found = worth_of(state, self._held, present(state, prices))
        config = state.config
        value = found.settlement + found.token_margin
        size = np.abs(found.settlement) + found.gross + found.tokens + np.abs(found.balance)
        near = slack(size + np.abs(self._held.open_notional)[:, None], NEAR_AT_LEAST)
        buffered = (config.mm_ratio + config.collateral_mm_ratio_buffer) / RATIO
        debt = -found.settlement + near
        limit = found.token_margin * (config.debt_non_settlement_token_value_ratio / RATIO)
        by_position = value < found.gross * (config.mm_ratio / RATIO) + near
        by_token = (found.tokens > 0) & (
            (value < found.gross * buffered + near)
            | (debt > limit)
            | (debt > self._threshold[:, None])
        )
        # A comparison with NaN is false, so unknown accounts are never among them.
        return np.flatnonzero(self._held.known & (by_position | by_token)[:, 0])
