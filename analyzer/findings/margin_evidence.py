"""The amounts and the evidence that every finding about one account's margin carries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from analyzer.model.rows import JudgedRow
from analyzer.protocols.kit.statement import statements_of
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verdicts import has_amount, headroom_e18

_SECTIONS = ("requirement", "result")

_VERIFIED = {
    True: "every compared field equals the contract's view",
    False: "differs from the contract's view: see contract-divergence",
    None: "not compared with the contract in this scan",
}


def margin_amounts(row: JudgedRow) -> dict[str, int | None]:
    """Equity, margin equity, maintenance and what is missing, in 18 decimals, signed.

    `below_maintenance_e18` = maintenance - margin equity, positive when the account is short. A
    requirement that is no amount is left out of both.
    """
    margin, bounded = row.margin, has_amount(row)
    headroom = headroom_e18(margin) if bounded else None
    return {
        "below_maintenance_e18": None if headroom is None else -headroom,
        "equity_e18": margin.equity_e18,
        "margin_equity_e18": margin.margin_equity_e18,
        "maintenance_margin_e18": margin.maintenance_margin_e18 if bounded else None,
    }


class MarginEvidence:
    """Where each account's margin comes from: made once for a scan, then asked per account."""

    def __init__(self, result: ScanResult, accounts: Collection[str]) -> None:
        """Indexes the requirement and result lines of these accounts' statements."""
        self._sources: dict[str, dict[str, str]] = defaultdict(dict)
        for line in statements_of(result.details.statements, accounts):
            if line.section in _SECTIONS:
                self._sources[line.account_id][line.label] = line.source

    def of(self, row: JudgedRow) -> dict[str, str]:
        """The verdict's reason, the formula and source of each number that decided it, and
        whether the contract's own views agree."""
        return {
            "verdict": row.reason,
            "status": row.margin.status,
            **self._sources.get(row.margin.account_id, {}),
            "verified": _VERIFIED[row.verified],
        }
