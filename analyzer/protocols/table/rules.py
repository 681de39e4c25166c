"""The rules of a book that comes from a table: what counts how much, what is closed, who pays."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from analyzer.model.integers import WAD

E36 = WAD * WAD
"""One, in the 36 decimals of a weight that is a product of two shares."""


class Kind(StrEnum):
    """What a leg of a table's account is."""

    COLLATERAL = "collateral"
    """Something pledged, never below zero."""
    DEBT = "debt"
    """Something owed: its amount is negative in the book."""
    POSITION = "position"
    """Units of a market, signed, against money at the entry price."""
    CASH = "cash"
    """Money of the unit of account, signed: what positions were entered for, and what closing
    them brought. It counts in full."""


class Adl(StrEnum):
    """How winners pay for a deficit (see `contagion.linear.adl`)."""

    NONE = ""
    QUEUE = "queue"
    PRO_RATA = "pro-rata"
    CAPPED = "capped"
    RISK_AWARE = "risk-aware"


class Rest(StrEnum):
    """Who bears what fund and winners do not."""

    NOBODY = "nobody"
    """It stays where it is, and is told as unsettled."""
    SUPPLIERS = "suppliers"
    """Whoever supplied the asset that is owed, asset by asset."""
    EVERYBODY = "everybody"
    """All who have a claim on the venue, together."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for the legs of one kind, asset and set of numbers; shares in 18 decimals.

    collateral   threshold_e18: share of the value that counts against liquidation, 0 = not entered;
                 initial_e18: share that counts for new risk; bonus_e18: what a liquidator gets on
                 top; haircut_e18: taken off the value before any of that
    position     threshold_e18, initial_e18: share of |value| that is required; bonus_e18: share of
                 |value| that a liquidator gets
    debt, cash   nothing: they count in full
    """

    kind: Kind
    threshold_e18: int = 0
    initial_e18: int = 0
    bonus_e18: int = 0
    haircut_e18: int = 0

    @property
    def weight_e36(self) -> int:
        """What maintenance counts: of a collateral less its haircut, of a position as it is."""
        return self._after_haircut(self.threshold_e18)

    @property
    def initial_weight_e36(self) -> int:
        """What the initial requirement counts, as `weight_e36`."""
        return self._after_haircut(self.initial_e18)

    def _after_haircut(self, share_e18: int) -> int:
        if self.kind is Kind.COLLATERAL:
            return share_e18 * (WAD - self.haircut_e18)
        return share_e18 * WAD


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for the whole book; amounts and shares in 18 decimals.

    unit: the unit of account, whose price is 1. close_factor_e18: share of a debt or a position
    that one liquidation closes at most; all of it below the health `full_below_e18`, and where
    what is owed (or held) is worth less than `dust_e18`. fund_e18: what the insurance fund has.
    adl, adl_cap_e18: how winners pay after it, and of how much of their profit at most (capped).
    rest: who bears what is then left.
    """

    unit: str
    close_factor_e18: int = WAD
    full_below_e18: int = 0
    dust_e18: int = 0
    fund_e18: int = 0
    adl: Adl = Adl.NONE
    adl_cap_e18: int = WAD
    rest: Rest = Rest.NOBODY
