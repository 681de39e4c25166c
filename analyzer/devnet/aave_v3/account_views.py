"""What people hold and owe in the market, asked of the contracts' own views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.devnet.aave_v3.market import Aave
from analyzer.devnet.world import View, World
from analyzer.model.errors import UnreadError

WAD = 10**18


@dataclass(frozen=True, slots=True)
class Holding:
    """One person in one reserve, in units of the asset."""

    supplied: int
    owed: int
    owed_fixed: int
    as_collateral: bool


@dataclass(frozen=True, slots=True)
class AccountView:
    """One person in the market: base amounts have 8 decimals, `health_factor` 18."""

    address: str
    collateral_base: int
    debt_base: int
    available_base: int
    health_factor: int
    category: int
    holdings: Mapping[str, Holding]

    @property
    def liquidatable(self) -> bool:
        """Whether the health factor is below one."""
        return self.health_factor < WAD

    def supplied(self) -> list[str]:
        """Symbols of what is supplied."""
        return [s for s, h in self.holdings.items() if h.supplied]

    def collateral(self) -> list[str]:
        """Symbols of what stands as collateral."""
        return [s for s, h in self.holdings.items() if h.as_collateral and h.supplied]

    def debts(self) -> list[str]:
        """Symbols of what is owed, at any rate."""
        return [s for s, h in self.holdings.items() if h.owed or h.owed_fixed]


def account_views(world: World, aave: Aave, addresses: Sequence[str]) -> list[AccountView]:
    """Where each of these people stands at the last block. Raises UnreadError for a revert."""
    views = [view for address in addresses for view in _views(aave, address)]
    answers = world.ask(views)
    width = 2 + len(aave.reserves)
    out = []
    for i, address in enumerate(addresses):
        rows = answers[i * width : (i + 1) * width]
        if any(row is None for row in rows):
            raise UnreadError(f"a view of the market reverts for {address}")
        out.append(_account_view(aave, address, [row or () for row in rows]))
    return out


def _views(aave: Aave, address: str) -> list[View]:
    return [
        View(aave.pool, "getUserAccountData", (address,)),
        View(aave.pool, "getUserEMode", (address,)),
        *(
            View(aave.data_provider, "getUserReserveData", (reserve.asset, address))
            for reserve in aave.reserves.values()
        ),
    ]


def _account_view(aave: Aave, address: str, rows: Sequence[tuple[object, ...]]) -> AccountView:
    data, (category,), *reserves = rows
    holdings = {
        symbol: Holding(whole(row[0]), whole(row[2]), whole(row[1]), bool(row[8]))
        for symbol, row in zip(aave.reserves, reserves, strict=True)
    }
    collateral, debt, available, _, _, health = (whole(value) for value in data)
    return AccountView(address, collateral, debt, available, health, whole(category), holdings)


def whole(value: object) -> int:
    """A whole number of a contract's answer."""
    return int(str(value))
