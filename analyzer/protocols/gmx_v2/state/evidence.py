"""What a rebuild can show for itself beside its numbers: notes of the fold, what must exist."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.model.rows import ImplementationRow
from analyzer.protocols.gmx_v2.logs.fold.ledger import GmxLedger
from analyzer.protocols.gmx_v2.state.whole import MustExist


@dataclass(slots=True)
class Evidence:
    """Kept beside the state of a book; no margin number depends on it."""

    ledger: GmxLedger
    must_exist: MustExist = field(default_factory=MustExist)
    implementations: list[ImplementationRow] = field(default_factory=list)
