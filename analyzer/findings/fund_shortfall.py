"""Losses that the backstops cannot bear."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.findings.shortfall import absorption, hidden_bad_debt
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult


class InsuranceFundShortfall(Detector):
    """One finding a deployment: bad debt beyond the capacity of the insurance fund."""

    id = "insurance-fund-shortfall"
    title = "Insurance fund shortfall"
    severity = Severity.CRITICAL
    proves = (
        "If every account with negative equity were settled now at the reference prices, the "
        "bounded layers of the loss waterfall would be used up and this much would be left for "
        "those who come after them, in the end everybody who has money in the protocol."
    )
    does_not_prove = (
        "That it comes to that: prices may come back, and closing positions may cost more or "
        "less than the reference price says. Unknown accounts are not counted."
    )
    remedy = (
        "Pay into the insurance fund at least the shortfall, or stop withdrawals until the loss "
        "is shared by rule and not by who withdraws first."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """Hidden bad debt less the capacity of the bounded backstops, when positive."""
        debt = hidden_bad_debt(result)
        layers = absorption(result)
        if layers.capacity_e18 is None or not result.backstops:
            return
        # The larger of the two ways to count it: a fund must stand the worse one.
        debt_e18 = max(debt.at_prices_e18, debt.by_contract_e18 or 0)
        shortfall_e18 = debt_e18 - layers.capacity_e18
        if shortfall_e18 <= 0:
            return
        yield self.finding(
            result,
            title="The backstops cannot bear the bad debt that there is",
            amounts={
                "shortfall_e18": shortfall_e18,
                "bad_debt_e18": debt_e18,
                "capacity_e18": layers.capacity_e18,
                "unknown_accounts_count": debt.unknown,
            },
            evidence={
                "formula": "bad debt (the larger of the two values of hidden-bad-debt) - sum of "
                "the capacities of all bounded backstops",
                "waterfall": "; ".join(layers.layers),
            },
        )
