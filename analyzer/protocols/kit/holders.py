"""Whom a price concerns: which accounts of a simulation hold which assets.

A number that was worked out for an account stays until the account changes, or the price of
something that it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence


class Holders:
    """Asset -> the accounts that hold it, or held it once: whoever is in too much is only worked
    out again. assets_of: account -> everything whose price its numbers depend on."""

    def __init__(
        self, account_ids: Sequence[str], assets_of: Callable[[str], Iterable[str]]
    ) -> None:
        self._account_ids = account_ids
        self._assets_of = assets_of
        self._holders: dict[str, set[str]] | None = None

    def of(self, assets: Iterable[str]) -> set[str]:
        """The accounts that hold any of these."""
        if self._holders is None:
            self._holders = {}
            for account_id in self._account_ids:
                self.changed(account_id)
        return set().union(*(self._holders.get(asset, ()) for asset in assets))

    def changed(self, account_id: str) -> None:
        """The account may hold something that it did not hold before."""
        if self._holders is not None:
            for asset in self._assets_of(account_id):
                self._holders.setdefault(asset, set()).add(account_id)
