"""Two held instruments that no longer move as they did."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.findings.risk_detector import Changed, Profiled, RiskDetector
from analyzer.model.finding import Finding, Severity


class CorrelationChanged(RiskDetector):
    """One finding a pair: its latest change, the earlier ones as evidence."""

    id = "correlation-changed"
    title = "Correlation changed"
    severity = Severity.LOW
    about = "pair"
    proves = (
        "Over the price history named, the mean product of the standardised returns of two held "
        "factors breaks at the date named, and the correlations of both sides differ with a "
        "p-value below 0.001, corrected for the pairs and breaks that were tried."
    )
    does_not_prove = (
        "That the correlation stays where it is now, or why it changed: returns are fat-tailed and "
        "the break was looked for. Neither that any account is nearer to liquidation."
    )
    remedy = (
        "Compare hedges and collateral of the two by the later correlation: `risk account` and "
        "`risk owner` with a history that begins at the change."
    )

    def detect(self, profiled: Profiled) -> Iterable[Finding]:
        """Pairs whose correlation changed, one finding each."""
        pairs: dict[tuple[str, str], list[Changed]] = {}
        for change in sorted(profiled.changes, key=lambda one: one.at, reverse=True):
            first, second = sorted((change.first, change.second))
            pairs.setdefault((first, second), []).append(change)
        for (first, second), changes in sorted(pairs.items()):
            last = changes[0]
            yield self.finding(
                profiled,
                about=f"{first} / {second}",
                title=f"{first} and {second} correlate otherwise than before",
                evidence={
                    "since": f"{last.at:%Y-%m-%d}",
                    "before": f"{last.before:+.3f}",
                    "after": f"{last.after:+.3f}",
                    "p-value": f"{last.p_value:.1e}",
                    **(
                        {"earlier changes": "; ".join(map(_told, changes[1:]))}
                        if changes[1:]
                        else {}
                    ),
                },
            )


def _told(change: Changed) -> str:
    """One change in words."""
    return f"{change.at:%Y-%m-%d} {change.before:+.3f} -> {change.after:+.3f}"
