"""Numbers of ours that the contract contradicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.model.rows import CheckRow
from analyzer.solvency.result import ScanResult


class ContractDivergence(Detector):
    """One finding an account and market with at least one field that the contract denies."""

    id = "contract-divergence"
    title = "Divergence from the contract"
    severity = Severity.CRITICAL
    measures = ("fields_count",)
    needs_comparison = True
    proves = (
        "The contract's own view, asked at the same block, gives another number than the one "
        "rebuilt. Nothing about this account is published as verified."
    )
    does_not_prove = (
        "Which side is wrong: the rebuild, the node that answered, or an implementation that "
        "follows other rules (see unknown-implementation)."
    )
    remedy = (
        "Ask a second endpoint for the same view. If it agrees with the first, the rules of the "
        "contract have changed: report it with `analyzer account` of the account and the block."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """Mismatches, grouped by account and market, each field with both numbers."""
        groups: dict[tuple[str | None, str | None], list[CheckRow]] = defaultdict(list)
        for check in result.mismatches:
            groups[check.account_id, check.market_id].append(check)
        for (account_id, market), checks in groups.items():
            fields = ", ".join(sorted({f"{check.contract}.{check.field}" for check in checks}))
            yield self.finding(
                result,
                title=f"The contract gives another value for {fields}",
                account_id=account_id,
                market=market,
                amounts={"fields_count": len(checks)},
                evidence={
                    f"{check.contract}.{check.field}": (
                        f"rebuilt {check.expected}, contract {check.actual}"
                        + (f" ({check.note})" if check.note else "")
                    )
                    for check in checks
                },
            )
