"""What a rebuild can show for itself: fold against storage, silent changes, what was counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzer.model.rows import ImplementationRow
from analyzer.protocols.base import SilentChange
from analyzer.protocols.perp_v2.logs.fold.ledger import PerpLedger

_EXAMPLES_KEPT = 3


@dataclass(slots=True)
class Comparison:
    """One kind of number: how often the fold was compared with storage, and how it came out.

    equal includes silent: numbers that only a recognised silent settlement changed.
    """

    what: str
    compared: int = 0
    equal: int = 0
    silent: int = 0
    not_read: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, rebuilt: object, stored: object, where: str) -> bool:
        """Counts one comparison; True when equal."""
        self.compared += 1
        if rebuilt == stored:
            self.equal += 1
            return True
        if len(self.examples) < _EXAMPLES_KEPT:
            self.examples.append(f"{where}: {rebuilt} rebuilt, {stored} stored")
        return False

    def add_silent(self) -> None:
        """Counts one number that a recognised silent change explains."""
        self.compared += 1
        self.equal += 1
        self.silent += 1


@dataclass(slots=True)
class Evidence:
    """Kept beside the state of a book; no margin number depends on it.

    pool_balances: base token -> (base, quote) tokens that its pool holds; pool_liquidity: its
    liquidity at the price; None where not read. quote_in_pools: quote tokens that all pools hold
    together by the quote token's own books. whitelisted_debt: the CollateralManager's sum of
    single traders' debt thresholds. factors: asset id -> risk factor.
    """

    ledger: PerpLedger
    factors: Mapping[str, str] = field(default_factory=dict)
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    silent_changes: list[SilentChange] = field(default_factory=list)
    implementations: list[ImplementationRow] = field(default_factory=list)
    pool_balances: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)
    pool_liquidity: dict[str, int | None] = field(default_factory=dict)
    quote_in_pools: int | None = None
    whitelisted_debt: int | None = None

    def comparison(self, what: str) -> Comparison:
        """The comparison of that name, created at its first use."""
        return self.comparisons.setdefault(what, Comparison(what))
