"""What a rebuild can show for itself beside its numbers: the ledger, counts, on-chain totals."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.model.rows import ImplementationRow
from analyzer.protocols.base import SilentChange
from analyzer.protocols.nado.logs.ledger import NadoLedger

_EXAMPLES_KEPT = 3


@dataclass(slots=True)
class Comparison:
    """One kind of number: how often the logs were held against storage, and how it came out.

    equal includes silent: numbers that only a change without a log explains.
    """

    compared: int = 0
    equal: int = 0
    silent: int = 0
    examples: list[str] = field(default_factory=list)

    def differs(self, words: str) -> None:
        """One number differs, and nothing explains it."""
        if len(self.examples) < _EXAMPLES_KEPT:
            self.examples.append(words)


@dataclass(slots=True)
class Evidence:
    """Kept beside the state of a book; no margin number depends on it.

    listed: how many accounts the Endpoint counts. engines: of the Clearinghouse, by type; None =
    not read. held: token -> what the Clearinghouse holds of it, in the token's own units.
    pending: product -> deposits in the queue, 18 decimals; None where an entry was not read.
    builder_fees: quote product -> what builders may claim. endpoint_prices: product -> the
    Endpoint's copy of the price. balances, sizes: the logs against storage.
    """

    ledger: NadoLedger
    implementations: list[ImplementationRow] = field(default_factory=list)
    listed: int = 0
    engines: tuple[str | None, str | None] = (None, None)
    held: dict[int, int | None] = field(default_factory=dict)
    pending: dict[int, int] | None = field(default_factory=dict)
    builder_fees: dict[int, int | None] = field(default_factory=dict)
    endpoint_prices: dict[int, int | None] = field(default_factory=dict)
    balances: Comparison = field(default_factory=Comparison)
    sizes: Comparison = field(default_factory=Comparison)
    silent_changes: list[SilentChange] = field(default_factory=list)
