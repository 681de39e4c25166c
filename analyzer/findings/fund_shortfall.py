"""Losses that the backstops cannot bear."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.findings.shortfall import absorption, hidden_bad_debt, shortfall_e18
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult


class InsuranceFundShortfall(Detector):
    """One finding a deployment: bad debt beyond the capacity of the insurance fund."""

    id = "insurance-fund-shortfall"
    title = "Insurance fund shortfall"
    severity = Severity.CRITICAL
    measures = ("shortfall_e18", "shortfall_by_contract_value_e18")
    adds_accounts = True
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
        short_e18 = shortfall_e18(debt.at_prices_e18, layers)
        by_contract = debt.by_contract_e18
        short_by_contract_e18 = None if by_contract is None else shortfall_e18(by_contract, layers)
        if not short_e18 and not short_by_contract_e18:
            return
        yield self.finding(
            result,
            title="The backstops cannot bear the bad debt that there is",
            amounts={
                "shortfall_e18": short_e18,
                "shortfall_by_contract_value_e18": short_by_contract_e18,
                "bad_debt_e18": debt.at_prices_e18,
                "capacity_e18": layers.capacity_e18,
                "unknown_accounts_count": debt.unknown,
            },
            evidence={
                "formula": "hidden bad debt - sum of the capacities of the backstops with an "
                "account of their own; by contract value: the same with every token at the "
                "contract's haircut",
                "waterfall": "; ".join(layers.layers),
            },
            # Only the haircut makes it short: a warning, not yet a loss to others.
            severity=None if short_e18 else Severity.HIGH,
        )
