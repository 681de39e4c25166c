"""Sums that ought to meet and do not."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult


class ControlTotalOff(Detector):
    """One finding a control total that is off by more than its named roundings allow."""

    id = "control-total-off"
    title = "Control total off"
    severity = Severity.CRITICAL
    about = "control total"
    measures = ("difference_e18", "difference_raw")
    proves = (
        "The sum over all rebuilt accounts differs from what the chain holds by more than the "
        "roundings named for it can make: an account is missing or wrong in the rebuild, or the "
        "protocol's books do not add up."
    )
    does_not_prove = "Which of the two it is, nor which account. It names the sum, not the cause."
    remedy = (
        "Run `analyzer verify` on all accounts: a divergence there names the account and field. "
        "If every account agrees, the protocol itself is off by the difference."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """Totals whose difference is beyond what is allowed; `market` is the total's name."""
        for total in result.details.totals:
            if total.holds is False:
                unit = "e18" if total.unit == "e18" else "raw"
                yield self.finding(
                    result,
                    title=f"Control total {total.name} is off",
                    market=total.name,
                    amounts={
                        f"rebuilt_{unit}": total.rebuilt,
                        f"on_chain_{unit}": total.on_chain,
                        f"difference_{unit}": total.difference,
                        f"allowed_{unit}": total.allowed,
                    },
                    evidence={
                        "identity": total.identity,
                        "unit": total.unit,
                        "allowed because": total.why,
                    },
                )
