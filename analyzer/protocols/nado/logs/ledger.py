"""What the fold keeps: what the logs say of balances, sizes, funding and interest.

Nothing here is a source of a margin: prices and perp balances change without a log, so that the
book is read from storage. The ledger is what storage is held against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.model.integers import WAD
from analyzer.protocols.kit.arguments import FoldNote


@dataclass(slots=True)
class Seen:
    """When an account's logs were seen."""

    first_block: int
    last_block: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True)
class LoggedBalance:
    """A spot balance as its last log says it, with the multiplier of that moment."""

    amount: int
    multiplier: int


@dataclass(slots=True)
class LoggedInterest:
    """A spot product's multipliers as its ticks made them. steps: how many."""

    deposit_multiplier: int = WAD
    borrow_multiplier: int = WAD
    steps: int = 0


@dataclass(slots=True)
class NadoLedger:
    """The venue as its logs say it.

    sizes: (account, perp product) -> size; isolated_sizes: (parent, perp product) -> what orders
    of its isolated account traded, because their logs name the parent. funding: perp product -> sum
    of payments per contract. builder_fees: product -> charged in all; builder_claims: quote -> paid
    out in all. builders: whose fees the logs name.
    """

    accounts: dict[str, Seen] = field(default_factory=dict)
    spot: dict[tuple[str, int], LoggedBalance] = field(default_factory=dict)
    spot_before: dict[tuple[str, int], LoggedBalance] = field(default_factory=dict)
    """What the log before the last one said of the same balance."""
    sizes: dict[tuple[str, int], int] = field(default_factory=dict)
    isolated_sizes: dict[tuple[str, int], int] = field(default_factory=dict)
    closed_sizes: dict[int, int] = field(default_factory=dict)
    """Perp product -> what the logs had left in isolated accounts that were closed: a delisting
    closes their positions without a log."""
    funding: dict[int, int] = field(default_factory=dict)
    funding_steps: dict[int, int] = field(default_factory=dict)
    interest: dict[int, LoggedInterest] = field(default_factory=dict)
    builder_fees: dict[int, int] = field(default_factory=dict)
    builder_claims: dict[int, int] = field(default_factory=dict)
    paid_in: dict[int, int] = field(default_factory=dict)
    """Product -> deposits less withdrawals."""
    builders: list[int] = field(default_factory=list)
    products: dict[str, list[int]] = field(default_factory=dict)
    """Engine -> products that its logs name, in order."""
    upgraded: dict[str, str] = field(default_factory=dict)
    fills: int = 0
    liquidations: int = 0
    events: int = 0
    notes: list[FoldNote] = field(default_factory=list)

    def account_ids(self) -> Sequence[str]:
        """Every account that a log names, in order of first appearance."""
        return list(self.accounts)
