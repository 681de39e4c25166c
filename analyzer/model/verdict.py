"""The verdicts, and the columns they are read from."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What is said of an account. The first that applies, in this order."""

    UNKNOWN = "unknown"
    """Something needed was stale, reverted or missing: never solvent, zero or absent."""
    INSOLVENT = "insolvent"
    """Equity is below zero."""
    LIQUIDATABLE = "liquidatable"
    """The protocol's own test is true and there is something to close."""
    BELOW_INITIAL = "below_initial"
    """Free collateral is below zero: no new risk may be taken."""
    HEALTHY = "healthy"
    """None of the above."""
