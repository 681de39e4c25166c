"""A token of which a share of the backing is gone: it is worth less than its feed says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

EVERYWHERE = "all"
"""Where an impairment happened when it is not said."""


class Oracle(StrEnum):
    """What the protocols' feeds make of an impairment."""

    STANDS = "stands"
    """They do not hear of it: the protocol's price has no part of it, the market's has."""
    FOLLOWS = "follows"


@dataclass(frozen=True, slots=True)
class Impairment:
    """A share of what backs a token is gone, from the first step of a scenario to the last.

        market price = price without it x (1 - share)

    asset: id or symbol, in letters of either size. share: above 0, at most 1. where: `all`, the
    name of a deployment, or the number of a chain as text: a bridged token may be hollow on one
    chain only.
    """

    asset: str
    share: Fraction
    where: str = EVERYWHERE
    oracle: Oracle = Oracle.STANDS

    @property
    def left(self) -> Fraction:
        """What a price is multiplied with."""
        return 1 - self.share

    def names(self, asset_id: str, symbol: str) -> bool:
        """Whether it is about this asset, wherever that is."""
        return self.asset.lower() in (asset_id.lower(), symbol.lower())

    def reaches(self, deployment: str, chain_id: int) -> bool:
        """Whether it happened in this deployment."""
        return self.where in (EVERYWHERE, deployment, str(chain_id))
