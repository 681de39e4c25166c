"""What a protocol says to whoever decides: how an account may grow, what a governor may change,
what can leave.

Everything is exact integers under the contract's own rules, and copies: the book that it was asked
about never changes. Optional: a protocol that gives none of it has no `decide`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from analyzer.model.book import Book

ResizeKind = Literal["trade", "borrow", "withdraw"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that governance sets. name: what a user writes (`LT:WETH`). value, low, high: as the
    contract stores it, divided by 10^decimals what a user writes, plus `offset` (a bonus is stored
    as 1.05 and written 0.05). unit: for people. text: what it is."""

    name: str
    value: int
    decimals: int
    low: int
    high: int
    unit: str
    text: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Resize:
    """A way in which an account may take more risk.

    kind: `trade`, a position that grows by a signed amount at the reference price; `borrow`, a debt
    that grows by an amount which leaves the account; `withdraw`, a collateral that leaves it.
    decimals: of amounts. most: the largest amount
    that something other than margin allows (liquidity, a cap), None = nothing does that is known;
    bound: what it is. sides: of a trade, which signs it may have. unjudged: what else the protocol
    asks and was not read, in words.
    """

    kind: ResizeKind
    asset_id: str
    symbol: str
    decimals: int
    most: int | None = None
    bound: str = ""
    sides: tuple[int, ...] = (1, -1)
    unjudged: str = ""


@dataclass(frozen=True, slots=True)
class Reduction:
    """A way in which an account's risk is taken down by its owner, who pays no penalty.

    kind: `close`, a position sold (or bought back); `repay`, a collateral sold and `debt_symbol`
    repaid with what it fetches. sign: 1 = the asset is sold, -1 = it is bought. most: all of it,
    raw.
    """

    kind: Literal["close", "repay"]
    asset_id: str
    symbol: str
    decimals: int
    most: int
    sign: int
    debt_id: str = ""
    debt_symbol: str = ""


@dataclass(frozen=True, slots=True)
class OwnPool:
    """The protocol's own market of an asset, a Uniswap V3 pool of base (token0) and quote, both of
    18 decimals: what a swap there needs. ticks: (tick, liquidityNet), all of them, lowest first;
    fee_ppm: what the protocol takes of the quote side, parts per million."""

    sqrt_price_x96: int
    tick: int
    liquidity: int
    ticks: tuple[tuple[int, int], ...]
    fee_ppm: int
    tick_spacing: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What an account has in a pool, raw: all of it, and what the protocol would let go of it if
    the pool held enough (its own margin allowing)."""

    account_id: str
    amount: int
    free: int


@dataclass(frozen=True, slots=True)
class ExitPool:
    """What claims on one asset are paid from. available: what can be paid out now, raw; lent: what
    is lent out of it.."""

    asset_id: str
    symbol: str
    decimals: int
    available: int
    lent: int
    claims: Sequence[Claim]


class Decisions(Protocol):
    """What one protocol's book allows. Made by a plug's `decide(valued)`."""

    def parameters(self) -> Sequence[Parameter]:
        """What a what-if may set, as it stands at the block."""
        ...

    def with_parameters(self, values: Mapping[str, int]) -> Book:
        """The book under other parameters (name -> as stored). Raises: KeyError for no such
        parameter; ValueError for a set that the contract itself refuses."""
        ...

    def resizes(self, account_id: str) -> Sequence[Resize]:
        """How the account may grow. Raises: KeyError for no such account."""
        ...

    def resized(
        self, account_id: str, resize: Resize, amount: int, price_e18: int | None = None
    ) -> Book:
        """The book of this account alone after it, fees aside. price_e18: what a trade is executed
        at; None = the reference price. Raises: KeyError; UnreadableNumberError when a number that
        it needs cannot be had."""
        ...

    def reductions(self, account_id: str) -> Sequence[Reduction]:
        """How the account's owner may take risk down. Raises: KeyError for no such account."""
        ...

    def reduced(
        self, account_id: str, reduction: Reduction, amount: int, received_e18: int
    ) -> Book:
        """The book of this account alone after `amount` (raw) of it was traded for `received_e18`
        (paid, where it is bought). Raises: KeyError; UnreadableNumberError."""
        ...

    # Optional: allows(account_id, resize, amount), the protocol's own test of taking so much more,
    # where it is not free collateral after it, to the last unit. executed_e18(account_id,
    # reduction, amount), what a close fetches (costs) where the protocol itself is the other side
    # and is no Uniswap pool.

    def own_pool(self, asset_id: str) -> OwnPool | None:
        """Where the protocol itself trades the asset; None where it is traded outside."""
        ...

    def exit_pools(self) -> Sequence[ExitPool]:
        """What everybody's claims are paid from; one whose holdings were not read is left out."""
        ...
