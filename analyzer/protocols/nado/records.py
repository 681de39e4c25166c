"""What the contracts store, as integers: products and accounts.

Numbers have 18 decimals, tokens too (the contracts scale them up at the door), unless a name says
otherwise. Weights are shares of 1e18.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.model.integers import WAD


@dataclass(frozen=True, slots=True)
class Risk:
    """A product's weights and its price in the engine, which is the one that health uses."""

    long_initial: int
    short_initial: int
    long_maintenance: int
    short_maintenance: int
    price: int


@dataclass(frozen=True, slots=True)
class InterestConfig:
    """A spot product's curve of interest, its fee on withdrawals, and the yield that depositors get
    without any borrower paying it."""

    inflection: int
    floor: int
    small_cap: int
    large_cap: int
    withdraw_fee: int
    min_deposit_rate: int


@dataclass(slots=True)
class SpotProduct:
    """A spot product.

    deposit_multiplier, borrow_multiplier: what one normalised unit is worth on either side.
    deposits, borrows: the sums of normalised balances, both not negative. decimals: the token's
    own. quote_id: the spot product that it is traded against, None for none. sequencer_fees: what
    the sequencer took in it, None = not read; collected_fees: what its market was charged.
    """

    product_id: int
    asset_id: str
    token: str
    symbol: str
    decimals: int
    factor: str
    risk: Risk
    config: InterestConfig
    deposit_multiplier: int = WAD
    borrow_multiplier: int = WAD
    deposits: int = 0
    borrows: int = 0
    quote_id: int | None = None
    sequencer_fees: int | None = 0
    collected_fees: int = 0
    size_increment: int = 0


@dataclass(slots=True)
class PerpProduct:
    """A perp product. funding_long, funding_short: cumulative funding per contract of either side.
    available: what winners may turn into quote. open_interest: the sum of sizes without sign."""

    product_id: int
    asset_id: str
    symbol: str
    factor: str
    risk: Risk
    funding_long: int = 0
    funding_short: int = 0
    available: int = 0
    open_interest: int = 0
    size_increment: int = 0
    collected_fees: int = 0


@dataclass(frozen=True, slots=True)
class PerpBalance:
    """A perp balance as stored: size, quote, and the cumulative funding that it was settled at."""

    amount: int = 0
    v_quote: int = 0
    last_funding: int = 0


@dataclass(slots=True)
class Account:
    """One sub-account. spot: product -> normalised balance, none of them 0. perps: product ->
    balance, none of them without size and quote. parent: of an isolated account that is open."""

    account_id: str
    spot: dict[int, int] = field(default_factory=dict)
    perps: dict[int, PerpBalance] = field(default_factory=dict)
    parent: str | None = None
