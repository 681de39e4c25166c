"""What a protocol closes, what it moves to whom, and what absorbs the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Transfer:
    """An amount that goes from one party to another, in 18 decimals of the settlement unit.

    Parties are account ids, or roles: `liquidator`, `insurance_fund`, `market`.
    bad_debt: the giver takes over a loss that the account could not bear (nothing is paid back).
    asset_id: the asset that such a loss is in, where the protocol keeps losses apart by asset.
    """

    from_party: str
    to_party: str
    amount_e18: int
    what: str
    bad_debt: bool = False
    asset_id: str | None = None


@dataclass(frozen=True, slots=True)
class Closure:
    """One liquidation as the contract would execute it at this block and these prices.

    kind: `position` or `collateral`. asset_id: the market or the token. amount: what is taken
    over or seized (18 decimals for a position, the token's decimals for collateral), signed as
    the position. price_e18: at which. value_e18: |amount| at that price. penalty_e18: in all.
    reverts: the contract's own error name when the call would revert now; everything else then
    says what it would have done.
    """

    account_id: str
    kind: str
    asset_id: str
    amount: int
    price_e18: int
    value_e18: int
    penalty_e18: int
    transfers: tuple[Transfer, ...] = ()
    reverts: str | None = None
    after: dict[str, int] = field(default_factory=dict)
    """Named numbers of the account and the fund after it, for comparison with the receipt."""


@dataclass(frozen=True, slots=True)
class Executed:
    """A closure that has happened in a simulation, and what its liquidator then has to trade.

    sold: asset id -> amount in the asset's decimals that goes to the market (> 0: the liquidator
    sells it, < 0: has to buy it, as the debt that was repaid). What the protocol keeps (a fee in
    kind) is not in it. An asset that is the protocol's unit of account is left out.
    """

    closure: Closure
    sold: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Depth:
    """How much of an asset a market takes at what price: float (cumulative amount, price) steps."""

    asset_id: str
    steps: tuple[tuple[float, float], ...]
    source: str
