"""What a rebuild can show for itself beside its numbers: the ledger, counts, on-chain totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzer.model.rows import ImplementationRow
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger
from analyzer.protocols.derive_v2.state.observe.whole import MustExist


@dataclass(slots=True)
class Evidence:
    """Kept beside the state of a book; no margin number depends on it.

    last_account: SubAccounts.lastAccountId, None when not read. factors: asset id -> factor.
    total_positions: (asset, manager) -> totalPosition, None when not read. must_exist: what else
    the contracts say there is.
    """

    ledger: DeriveLedger
    implementations: list[ImplementationRow] = field(default_factory=list)
    last_account: int | None = None
    factors: Mapping[str, str] = field(default_factory=dict)
    total_positions: Mapping[tuple[str, str], int | None] = field(default_factory=dict)
    must_exist: MustExist = field(default_factory=MustExist)
