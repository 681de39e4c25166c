"""Who pays whom when a defaulted account bears what the sale of its positions lost or gained."""

from __future__ import annotations

from analyzer.model.closure import Transfer

LIQUIDATOR = "liquidator"
"""The party that took the positions over and sold them."""


def slippage(account_id: str, lost_e18: int) -> tuple[Transfer, ...]:
    """The account makes good what the sale lost; below 0 it receives what the sale gained."""
    what = "what its sale fetched less than its price"
    if lost_e18 > 0:
        return (Transfer(account_id, LIQUIDATOR, lost_e18, what),)
    if lost_e18 < 0:
        return (Transfer(LIQUIDATOR, account_id, -lost_e18, "what its sale fetched more"),)
    return ()
