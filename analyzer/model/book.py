"""Every account's cross-margin state, protocol-free: accounts x legs in CSR form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt


class LegKind(StrEnum):
    """What a leg is: something pledged, or an exposure."""

    COLLATERAL = "collateral"
    POSITION = "position"


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that a leg is an amount of: a collateral token or a market.

    `asset_id`: token or market address (or number) as text. `decimals`: of the amounts.
    `factor`: its risk factor, chain-independent text (`ETH`, `BTC`, `stETH/ETH`).
    """

    asset_id: str
    symbol: str
    kind: LegKind
    decimals: int
    factor: str


@dataclass(frozen=True, slots=True)
class Book:
    """Accounts and their legs.

    Shape: account `i` owns legs `indptr[i] : indptr[i + 1]`; `asset[leg]` indexes `assets`;
    `amount[leg]` is the exact signed amount in the asset's own decimals (a Python int).
    `state` is owned by the protocol: what is not a linear leg (maker ranges, funding) lives
    there, and nobody else looks into it.
    """

    account_ids: Sequence[str]
    owners: Sequence[str]
    assets: Sequence[Asset]
    indptr: npt.NDArray[np.int64]
    asset: npt.NDArray[np.int32]
    amount: Sequence[int]
    state: object

    def __len__(self) -> int:
        """How many accounts the book holds."""
        return len(self.account_ids)

    def legs(self, account: int) -> list[tuple[Asset, int]]:
        """The legs of account number `account`: (asset, exact amount) pairs."""
        start, stop = int(self.indptr[account]), int(self.indptr[account + 1])
        return [(self.assets[int(self.asset[leg])], self.amount[leg]) for leg in range(start, stop)]

    def part(self, accounts: Sequence[int]) -> Book:
        """The book of some accounts (by number), in that order; assets and state are shared.

        The state stays whole: markets, indexes and prices belong to every account, so the margin
        of a part is the margin of these accounts.
        """
        rows = np.asarray(accounts, dtype=np.int64)
        starts = self.indptr[rows]
        counts = self.indptr[rows + 1] - starts
        ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
        legs = np.arange(ends[-1]) + np.repeat(starts - ends[:-1], counts)
        return Book(
            account_ids=[self.account_ids[account] for account in accounts],
            owners=[self.owners[account] for account in accounts],
            assets=self.assets,
            indptr=ends,
            asset=self.asset[legs],
            amount=[self.amount[leg] for leg in legs.tolist()],
            state=self.state,
        )

    def amounts_f64(self) -> npt.NDArray[np.float64]:
        """The float64 twin of `amount`, in whole units of each asset. Shape: [leg]. Filter only."""
        scale = np.array([10.0**-a.decimals for a in self.assets], dtype=np.float64)
        exact = np.array([float(a) for a in self.amount], dtype=np.float64)
        return exact * scale[self.asset] if len(exact) else exact


def make_book(
    account_ids: Sequence[str],
    assets: Sequence[Asset],
    legs: Iterable[Sequence[tuple[int, int]]],
    state: object,
) -> Book:
    """A book in CSR form of accounts that own themselves.

    legs: account by account, (number of the asset in `assets`, exact amount).
    """
    counts, numbers, amounts = [0], [], []
    for account in legs:
        for number, amount in account:
            numbers.append(number)
            amounts.append(amount)
        counts.append(len(numbers))
    return Book(
        account_ids=account_ids,
        owners=account_ids,
        assets=assets,
        indptr=np.array(counts, dtype=np.int64),
        asset=np.array(numbers, dtype=np.int32),
        amount=amounts,
        state=state,
    )


PriceStatus: TypeAlias = str
"""`fresh` (its source gives a time that is not too long ago), `undated` (it gives none), `stale`,
`doubtful` (it contradicts itself: a time after the block, an answer carried over), `invalid`,
`fixed` (paused or closed market) or `missing`."""


@dataclass(frozen=True, slots=True)
class Price:
    """A price at the block, in 18 decimals, and where it comes from.

    `price_e18` is None when there is none (`status` `missing` or `invalid`): never 0.
    `updated_at`: unix seconds of the source's last update, None when it has no such time.
    `source`: formula and contract, for people.
    """

    asset_id: str
    symbol: str
    factor: str
    price_e18: int | None
    status: PriceStatus
    source: str
    updated_at: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Prices:
    """The reference prices of the protocol at one block, by asset id."""

    by_asset: Mapping[str, Price] = field(default_factory=dict)

    def e18(self, asset_id: str) -> int | None:
        """The price of `asset_id` in 18 decimals; None when it is missing or invalid."""
        price = self.by_asset.get(asset_id)
        return None if price is None else price.price_e18

    def with_e18(self, changes: Mapping[str, int]) -> Prices:
        """These prices with some replaced (18 decimals), their status kept."""
        out = dict(self.by_asset)
        for asset_id, value in changes.items():
            old = out[asset_id]
            out[asset_id] = Price(
                old.asset_id,
                old.symbol,
                old.factor,
                value,
                old.status,
                "given",
                old.updated_at,
                old.detail,
            )
        return Prices(out)
