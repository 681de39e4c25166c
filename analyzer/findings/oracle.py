"""Prices that must not be trusted."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult

CAUTIONS = {"stale_oracle": Severity.MEDIUM, "invalid_oracle": None}
"""Kinds of `Caution` about a price source, with the severity where it is not the detector's."""

_BAD = {
    "stale": Severity.MEDIUM,
    "invalid": Severity.HIGH,
    "missing": Severity.HIGH,
}


class BadOracle(Detector):
    """One finding a price that is stale, invalid or missing."""

    id = "bad-oracle"
    title = "Stale or invalid oracle"
    severity = Severity.HIGH
    about = "price"
    measures = ("unknown_accounts_count", "accounts_count")
    cause_in = ("detail",)
    proves = (
        "At this block the price source of the market or token did not give a fresh, valid "
        "price, by the source's own rules (its time-out, its validity checks, or a revert)."
    )
    does_not_prove = (
        "That the price is wrong: a stale one may still be right. Accounts that need an invalid "
        "or missing price are unknown, not solvent."
    )
    remedy = (
        "Find out why the feed stopped; until it is back, treat every verdict that leans on the "
        "price as open."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """The protocol's own cautions, then prices whose status is stale, invalid or missing."""
        yield from self.of_cautions(result, CAUTIONS)
        for price in result.details.prices:
            if price.status not in _BAD:
                continue
            age_s = None if price.updated_at is None else result.block.time - price.updated_at
            yield self.finding(
                result,
                title=f"Price of {price.symbol} is {price.status}",
                market=price.asset_id,
                amounts={"price_e18": price.price_e18, "age_s": age_s},
                evidence={"source": price.source, "detail": price.detail or price.status},
                severity=_BAD[price.status],
            )
