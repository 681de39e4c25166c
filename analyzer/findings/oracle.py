"""Prices that must not be trusted."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.detector import Detector
from analyzer.model.finding import Finding, Severity
from analyzer.solvency.result import ScanResult

CAUTIONS = {
    "stale_oracle": Severity.MEDIUM,
    "invalid_oracle": None,
    "sequencer_feed": Severity.MEDIUM,
}
"""Kinds of `Caution` about a price source, with the severity where it is not the detector's."""

_NAMED = 20
"""Prices that a finding names."""
_BAD = {
    "stale": Severity.MEDIUM,
    "doubtful": Severity.MEDIUM,
    "invalid": Severity.HIGH,
    "missing": Severity.HIGH,
}


class BadOracle(Detector):
    """One finding a price that is stale, doubtful, invalid or missing."""

    id = "bad-oracle"
    title = "Stale or invalid oracle"
    severity = Severity.HIGH
    about = "price"
    measures = ("unknown_accounts_count", "accounts_count")
    cause_in = ("detail",)
    proves = (
        "At this block the price source of the market or token did not give a fresh, valid "
        "price: by the source's own rules (its time-out, its validity checks, or a revert), "
        "because its last answer is older than 26 hours, or because what it says of its round "
        "contradicts itself (no time, a time after the block, an answer carried over)."
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
        """The protocol's own cautions, then prices that are not as they should be by status."""
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


class UnknownPriceAge(Detector):
    """One finding for all prices of a deployment whose age nobody can tell."""

    id = "unknown-price-age"
    title = "Prices of unknown age"
    severity = Severity.LOW
    about = "price"
    measures = ("prices_count",)
    proves = (
        "The sources of these prices give no time (adapters that have only latestAnswer), or the "
        "recording was made before their time was read: nobody can say how old they are."
    )
    does_not_prove = (
        "That a price is old or wrong, or that the protocol should not use it: no verdict changes "
        "by an unknown age."
    )
    remedy = (
        "Look at the feeds behind the adapters; make the recording anew where a time was not "
        "recorded."
    )

    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """The prices whose status is undated, as one; the first twenty by name."""
        undated = [price for price in result.details.prices if price.status == "undated"]
        if undated:
            yield self.finding(
                result,
                title="Nobody says how old these prices are",
                amounts={"prices_count": len(undated)},
                evidence={
                    f"{price.symbol} ({price.asset_id})": f"{price.detail}; {price.source}"
                    for price in undated[:_NAMED]
                },
            )
