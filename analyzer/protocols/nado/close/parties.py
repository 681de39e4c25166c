"""Who stands on the other side of what an account gives and gets."""

from __future__ import annotations

LIQUIDATOR = "liquidator"
INSURANCE = "insurance_fund"
OWNER = "owner"
"""Receives what is withdrawn."""
TREASURY = "treasury"
"""Receives fees of withdrawals."""
ROUNDING = "rounding"
"""Takes or gives what balances and values round: a few wei a closure."""
