"""Losses that nobody has booked yet."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.findings.shortfall import hidden_bad_debt
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult


class HiddenBadDebtFound(Detector):
    """One finding a deployment: the sum of negative equity not yet charged to a backstop."""

    id = "hidden-bad-debt"
    title = "Hidden bad debt"
    severity = Severity.HIGH
    measures = ("hidden_bad_debt_e18", "hidden_bad_debt_by_contract_value_e18")
    adds_accounts = True
    proves = (
        "The accounts with negative equity owe this much more than they have, at the protocol's "
        "reference prices, and no backstop has been charged with it: the protocol's books show "
        "the money as still there."
    )
    does_not_prove = (
        "That the loss is final, nor that a backstop cannot bear it (that is "
        "insurance-fund-shortfall). Accounts that are unknown are in no sum: the true figure may "
        "be larger, and `unknown_accounts_count` says how many."
    )
    remedy = (
        "Liquidate the accounts named by insolvent-account and settle their bad debt, so that "
        "the backstop's balance says what is left of it."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """The hidden bad debt of the deployment, when there is any."""
        debt = hidden_bad_debt(result)
        if debt.at_prices_e18 == 0 and not debt.by_contract_e18:
            return
        yield self.finding(
            result,
            title="Accounts owe more than they have, and no backstop has been charged with it",
            amounts={
                "hidden_bad_debt_e18": debt.at_prices_e18,
                "hidden_bad_debt_by_contract_value_e18": debt.by_contract_e18,
                "accounts_count": debt.accounts,
                "unknown_accounts_count": debt.unknown,
            },
            evidence={
                "formula": "-(sum of min(equity, 0)) over accounts but the backstops' own; by "
                "contract value: the same over the contract's own haircut account value",
                "accounts": "the insolvent-account findings of this scan",
            },
        )
