"""Liquidations that should happen and cannot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.model.verdict import Verdict
from analyzer.solvency.result import ScanResult

CAUTIONS = frozenset({"liquidation_reverts", "fund_capacity", "paused_market"})
"""Kinds of `Caution` that mean a liquidation would fail."""

_UNSAFE = frozenset({Verdict.INSOLVENT, Verdict.LIQUIDATABLE})


class LiquidationBlocked(Detector):
    """One finding an account and market in which the contract's own liquidation would fail."""

    id = "liquidation-blocked"
    title = "Liquidation blocked"
    severity = Severity.HIGH
    measures = ("value_e18", "positions_count", "borrowers_count")
    cause_in = ("revert", "reverts", "note", "cause")
    proves = (
        "The account ought to be liquidated and the call would revert at this block, for the "
        "reason named: the contract's own arithmetic (a ratio that does not fit its type), a "
        "deficit above what the insurance fund holds, or a paused market."
    )
    does_not_prove = (
        "That no other way exists: another size, another market first, a payment into the fund "
        "or the end of the pause may unblock it. The evidence names the failing step."
    )
    remedy = (
        "Remove the cause named in the evidence: liquidate another market of the account first, "
        "pay into the insurance fund, or reopen or close the market."
    )

    @classmethod
    def measure(cls, amounts: Mapping[str, int]) -> dict[str, int]:
        """For an account: how far it is below maintenance; else the size of what is stuck."""
        if {"maintenance_margin_e18", "margin_equity_e18"} <= amounts.keys():
            short = amounts["maintenance_margin_e18"] - amounts["margin_equity_e18"]
            return {"below_maintenance_e18": max(short, 0)}
        return super().measure(amounts)

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """What the protocol says is blocked, then blocked positions of unsafe accounts."""
        yield from self.of_cautions(result, dict.fromkeys(CAUTIONS))
        unsafe = {row.margin.account_id for row in result.margin if row.verdict in _UNSAFE}
        for position in result.details.positions:
            if position.blocked and position.account_id in unsafe:
                yield self.finding(
                    result,
                    title=f"Position in {position.symbol} cannot be liquidated",
                    account_id=position.account_id,
                    market=position.market_id,
                    amounts={"size_e18": position.size_e18, "value_e18": position.value_e18},
                    evidence={"cause": position.blocked},
                )
