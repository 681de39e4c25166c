"""Insolvencies that reach accounts which had no part in them: cash that is frozen or cut."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult

CAUTIONS = frozenset({"withdrawals_blocked", "socialised_loss"})
"""Kinds of `Caution` that mean a loss has reached everybody's cash."""


class WithdrawalsAtRisk(Detector):
    """One finding a way in which the insolvency of some freezes or cuts the cash of all."""

    id = "withdrawals-at-risk"
    title = "Withdrawals blocked or cut"
    severity = Severity.HIGH
    about = "rule"
    measures = ("unbacked_cash_e18", "insolvent_margin_e18", "frozen_cash_e18")
    proves = (
        "At this block the protocol's own rule refuses every withdrawal, or makes it burn more "
        "than it pays out, because of losses of other accounts: the evidence names the rule."
    )
    does_not_prove = (
        "That the cash is lost: a block ends with the auctions that cause it, and a cut when the "
        "hole is refilled."
    )
    remedy = (
        "Close the insolvent auctions or pay into the insurance; treat every holder of the shared "
        "cash as exposed until then."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """What the protocol says of everybody's cash; the kind of caution tells one from the
        other."""
        for caution in result.cautions:
            if caution.kind in CAUTIONS:
                yield self.finding(
                    result,
                    title=caution.text,
                    account_id=caution.account_id,
                    market=f"{caution.market_id} {caution.kind}".strip(),
                    amounts=caution.amounts,
                    evidence={"cause": caution.kind, **caution.evidence},
                )
