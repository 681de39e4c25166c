"""Before the shock: everybody takes out what they may, where the scenario says so."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.contagion.cascade.venue import Venue


def withdraw_all(venues: Sequence[Venue]) -> dict[str, int]:
    """Takes out all free collateral, of all accounts but backstops. venue -> how much, 18 decimals.

    The venues' simulations are changed by it.
    """
    return {
        venue.name: sum(
            transfer.amount_e18
            for account in venue.simulation.account_ids()
            if account not in venue.funds
            for transfer in venue.simulation.withdraw(account)
        )
        for venue in venues
    }
