"""What every question to the Reader has in common: its address, its first arguments, its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from analyzer.abi.keccak import keccak
from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Expected, Judge
from analyzer.protocols.gmx_v2.deployments import ABI_FOLDER
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.gmx_v2.value.market_prices import MarketPrices
from analyzer.protocols.gmx_v2.value.valuation import Valuation
from analyzer.protocols.gmx_v2.value.value import GmxValued
from analyzer.protocols.kit import judging
from analyzer.protocols.kit.judging import Question
from analyzer.protocols.kit.unreadable import Unreadable

Values: TypeAlias = Sequence[Expected] | Unreadable


_SELECTORS = {
    signature.partition("(")[0]: "0x" + keccak(signature.encode()).hex()[:8]
    for signature in (
        "UnableToGetBorrowingFactorEmptyPoolUsd()",
        "UsdDeltaExceedsLongOpenInterest(int256,uint256)",
        "UsdDeltaExceedsShortOpenInterest(int256,uint256)",
    )
}
"""Errors of `Errors.sol` by name: a node says them by their selectors."""


def revert_words(reason: str) -> str:
    """What a node says where a view refuses for that reason."""
    return _SELECTORS.get(reason, reason)


@dataclass(frozen=True, slots=True)
class Bench:
    """What the judges' expectations are computed from. rows: margin by position."""

    valued: GmxValued
    rows: Mapping[str, MarginRow]

    @property
    def state(self) -> GmxState:
        """The book's state."""
        return self.valued.state

    @property
    def valuation(self) -> Valuation:
        """Its numbers."""
        return self.valued.valuation

    def ask(
        self,
        function: str,
        args: tuple[object, ...],
        fields: Sequence[str],
        values: Values,
        *,
        account_id: str | None = None,
        market_id: str | None = None,
    ) -> Iterator[Judge]:
        """A question to the Reader; the DataStore comes first among its arguments."""
        contracts = self.state.contracts
        question = Question(
            f"{ABI_FOLDER}/Reader",
            contracts["Reader"],
            function,
            (contracts["DataStore"], *args),
            tuple(fields),
            account_id,
            market_id,
            f"Reader.{function}",
        )
        return judging.ask(question, values, revert_words)


def market_props(state: GmxState, market: str) -> tuple[str, str, str, str]:
    """`Market.Props`: market, index, long and short token."""
    found = state.markets[market].ledger
    return found.market_token, found.index_token, found.long_token, found.short_token


def price_props(prices: MarketPrices) -> tuple[tuple[int, int], ...]:
    """`MarketUtils.MarketPrices`."""
    return prices.index, prices.long, prices.short
